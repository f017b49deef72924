"""The third act: the old program, with not one line changed, runs on the outbox by the shim."""

from __future__ import annotations

from dataclasses import dataclass

from notifykit.demo.contracts import AWARD, ID, NUMBER
from notifykit.demo.proof import Proof
from notifykit.model import Status
from notifykit.wording.translation import gettext, gettext_noop
from notifykit_demo.stage import Stage


@dataclass(frozen=True, slots=True)
class ActThree:
    """The act, chapter by chapter."""

    stage: Stage

    def play(self) -> Proof:
        """Live through it, and prove what came of it. Raises CommandFailedError."""
        self.stage.narrator.act("Act three: the old program, unmodified, on the outbox", "第三幕：旧程序一行不改")
        self.start_by_mistake()
        self.kill()
        self.run_again()
        return self.stage.prove()

    def start_by_mistake(self) -> None:
        """Run the old program bare where its campaigns were migrated."""
        stage = self.stage
        stage.narrator.chapter("Started by mistake: the fence", "误启动旧程序：栅栏挡住")
        beijing, shanghai = stage.world.offices
        beijing.deliver(6)
        shanghai.deliver(3)
        stage.world.add_changes(2)
        stage.narrator.tell(
            gettext(
                "Nine contracts more, and two technicians. Somebody starts the old program as ever, though its "
                "campaigns are notifykit's now:"
            )
        )
        before = stage.count_arrived()
        stage.commands.run_python("main.py", "--once", "bj")
        sent = stage.count_arrived() - before
        written = any(office.status.exists() for office in stage.world.offices)
        told = (
            gettext_noop("It stopped at its first message: {sent} was sent, and A send-status file was written.")
            if written
            else gettext_noop("It stopped at its first message: {sent} was sent, and no send-status file was written.")
        )
        stage.narrator.tell(gettext(told, sent=sent or gettext("nothing")))

    def kill(self) -> None:
        """Run it by the shim, and kill it between the two messages of one contract."""
        stage = self.stage
        beijing = stage.world.offices[0]
        last = [row for row in beijing.delivered() if row[AWARD] == "1"][-1]
        stage.narrator.chapter("By the shim, and killed halfway", "经垫片运行，中途被杀")
        stage.narrator.tell(
            gettext(
                "Its functions for tasks, send status and flags are notifykit's as they are imported; its code "
                "is as it was. It is killed where it used to lose or repeat a message: when it has made one of "
                "a contract's two."
            )
        )
        stage.commands.run_until_it_says("shim", "--", "main.py", "--once", line=f"通知 {last[NUMBER]}")
        stage.commands.run("tasks", "--status", "queued")
        queued = sum(task.key == last[ID] for task in stage.tasks(Status.QUEUED))
        # all: this machine was too slow to kill it in between
        part = {0: gettext("nothing"), 2: gettext("all")}.get(queued, gettext("HALF"))
        stage.narrator.tell(
            gettext(
                "Killed (SIGKILL). Of {contract} {part} is queued: a contract's messages are queued "
                "together or not at all. What is not queued, the next run makes.",
                contract=last[NUMBER],
                part=part,
            )
        )

    def run_again(self) -> None:
        """Run it again, to its end."""
        stage = self.stage
        stage.narrator.chapter("Run again: each once", "再跑一遍：各发一次")
        before = stage.count_arrived()
        stage.commands.run("shim", "--", "main.py", "--once")
        stage.narrator.tell(
            gettext(
                "It sent {number} messages, and set the flags of what was accepted.",
                number=stage.count_arrived() - before,
            )
        )
