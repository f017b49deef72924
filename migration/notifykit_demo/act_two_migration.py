"""The second act: an old program that a crash left in disorder moves over, goes back, and moves over again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from notifykit.demo.contracts import FLAG, NUMBER
from notifykit.demo.narration import columned
from notifykit.demo.proof import Proof
from notifykit.demo.proving import Name
from notifykit.model import Status
from notifykit.wording.translation import gettext, gettext_noop
from notifykit_demo.proving import arrived
from notifykit_demo.stage import WHO, Stage, named
from notifykit_demo.world import Office

_WIDTHS = (24, 6, 13, 15, 13)


@dataclass(frozen=True, slots=True)
class ActTwo:
    """The act, chapter by chapter."""

    stage: Stage

    def play(self) -> Proof:
        """Live through it, and prove what came of it. Raises CommandFailedError."""
        self.stage.narrator.act("Act two: moving an old program over", "第二幕：旧程序搬家")
        self.introduce()
        self.rehearse()
        self.migrate()
        self.decide()
        held = self.stage.doubts()
        self.go_back()
        self.run_the_old_program(held)
        self.migrate_again()
        return self.stage.prove()

    def introduce(self) -> None:
        """Show how the three old states disagree."""
        world, narrator = self.stage.world, self.stage.narrator
        narrator.chapter("An old program after a crash", "崩溃之后的旧程序")
        narrator.tell(
            gettext(
                "{folder}: a program that keeps three states of each contract: a flag in a CSV file, a word in a "
                "send-status JSON, and rows of a task table that a scheduler sends. It was killed in the middle of "
                "both its loops, and while it wrote a JSON: since then Shanghai stands still. None of the three says "
                "what was sent; the chat's own book does:",
                folder=world.folder,
            )
        )
        headings = (gettext("flag Y"), gettext("send status"), gettext("row completed"), gettext("really sent"))
        narrator.line(columned(("", *headings), _WIDTHS))
        for office in world.offices:
            narrator.line(self._states(office))
        narrator.tell(
            gettext(
                "Besides, in the same table: leftovers of seven weeks ago, rows of the technicians' job, a "
                "report. Some are pending; whoever starts a scheduler on this table sends them all."
            )
        )
        narrator.tell(
            gettext(
                "Had somebody just deleted the send-status files, {number} messages that the chat has already would be "
                "made again: their contracts' flags still say N.",
                number=self._repeated(),
            )
        )

    def rehearse(self) -> None:
        """Show the plan."""
        stage = self.stage
        stage.narrator.chapter("The rehearsal: a plan, and not a byte changed", "先演练：只出计划，一个字节也不动")
        before = stage.snapshot()
        stage.commands.run("migrate", "--dry-run")
        same = stage.snapshot() == before
        told = (
            gettext_noop(
                "All {number} files and their time stamps are as they were. What is proven goes on by itself; what is "
                "not proven is held, with its reason, for a person."
            )
            if same
            else gettext_noop(
                "All {number} files and their time stamps are CHANGED. What is proven goes on by itself; what is "
                "not proven is held, with its reason, for a person."
            )
        )
        stage.narrator.tell(gettext(told, number=len(before)))

    def migrate(self) -> None:
        """Move over."""
        stage = self.stage
        stage.narrator.chapter("Migrate: backup, one transaction, checks", "迁移：备份、一个事务、逐项核对")
        technicians = stage.world.technicians.read_bytes()
        stage.commands.run("migrate", "--yes", news_only=True)
        same = stage.world.technicians.read_bytes() == technicians
        stage.narrator.tell(
            gettext("The technicians' JSON, which nobody migrates, is untouched.")
            if same
            else gettext("The technicians' JSON, which nobody migrates, is CHANGED.")
        )

    def decide(self) -> None:
        """Decide what a person can know, and let notifykit do the rest."""
        stage = self.stage
        stage.narrator.chapter("A person decides, and the rest goes out", "人来定夺，其余照发")
        stage.commands.run("tasks", "--status", "in_doubt")
        stage.narrator.tell(
            gettext(
                "The first days' messages had no contract number, so no row proves them: but the group has "
                "them. The row on which the old scheduler was killed had left already: the group has it, too. "
                "Nobody decides yet about the congratulations of seven weeks ago: they stay held."
            )
        )
        stage.commands.run(
            "resolve",
            "--reason",
            "historic",
            "--sent",
            "--why",
            gettext("they are in the group"),
            "--who",
            gettext(WHO),
            "--yes",
        )
        known = [str(task.id) for task in stage.tasks(Status.IN_DOUBT) if stage.count_copies(named(task))]
        if known:
            stage.commands.run(
                "resolve", *known, "--sent", "--why", gettext("it is in the group"), "--who", gettext(WHO)
            )
        stage.commands.run("run", "--once")
        stage.commands.run("verify", news_only=True)

    def go_back(self) -> None:
        """Roll back with messages sent since, and others queued."""
        stage = self.stage
        stage.narrator.chapter("Back again: what was sent stays sent", "退回旧程序：已发的不会再发")
        new = [(office, office.deliver(count)) for office, count in zip(stage.world.offices, (4, 2), strict=True)]
        for office, rows in new:
            office.append(rows)
        stage.narrator.tell(
            gettext(
                "{number} new contracts come in and are queued. Then somebody wants the old program back, before they "
                "are sent. Putting back the files of the backup would send today's messages again, and forget the new "
                "contracts.",
                number=sum(len(rows) for _, rows in new),
            )
        )
        stage.commands.run("generate")
        stage.commands.run("rollback", "--yes")

    def run_the_old_program(self, held: Collection[Name]) -> None:
        """Let the old program run by its own rule."""
        stage = self.stage
        stage.narrator.chapter("The old program runs once, by its own rule", "旧程序照自己的规矩跑一轮")
        for office in stage.world.offices:
            office.deliver(2)
        stage.narrator.tell(
            gettext(
                "It finds four contracts more. Whatever it sends is counted: the pending rows that the "
                "rollback gave it, its own, and other jobs' rows, among them two reminders of seven weeks ago "
                "that belong to no campaign."
            )
        )
        before = stage.count_arrived()
        stage.commands.run_python("main.py", "--once")
        sent = stage.count_arrived() - before
        loose = sum(stage.count_copies(name) for name in held)
        told = (
            gettext_noop("It sent {sent} messages. Of the {held} that are held it sent {loose}.")
            if loose
            else gettext_noop("It sent {sent} messages. Of the {held} that are held it sent none.")
        )
        stage.narrator.tell(gettext(told, sent=sent, held=len(held), loose=loose))

    def migrate_again(self) -> None:
        """Move over again, with all that happened in between."""
        stage = self.stage
        stage.narrator.chapter("Migrate again: nothing was forgotten", "再次迁移：什么也没忘")
        stage.narrator.tell(gettext("It ended by itself this time, with nothing on the way: so --stopped idle."))
        stage.commands.run("migrate", "--yes", "--stopped", "idle", news_only=True)
        stage.commands.run("run", "--once")

    def _states(self, office: Office) -> str:
        rows = office.file.rows
        completed = {task.text for task in self.stage.world.tasks if task.completed and task.recipient == office.group}
        really = sum(1 for entry in arrived(self.stage.world) if entry.robot == office.group)
        flagged = sum(row[FLAG] == "Y" for row in rows)
        name = gettext("{campaign}, {number} contracts", campaign=office.campaign, number=len(rows))
        statuses = self.stage.statuses(office.status)
        return columned((name, str(flagged), statuses, str(len(completed)), str(really)), _WIDTHS)

    def _repeated(self) -> int:
        """Count what arrived of contracts whose flag says that nothing was done."""
        unflagged = [row[NUMBER] for office in self.stage.world.offices for row in office.file.rows if row[FLAG] == "N"]
        return sum(any(entry.tells_of(number) for number in unflagged) for entry in arrived(self.stage.world))
