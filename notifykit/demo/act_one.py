"""The first act: a worker is killed, the service goes down and limits the rate, and a person decides what is in doubt.

Everything that happens to the messages happens in real `notifykit` processes over real files and real HTTP. What
is here tells the service when to misbehave, decides as a person would, and looks.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from notifykit.clock import SystemClock
from notifykit.demo.commands import PATIENCE, CommandFailedError, Commands
from notifykit.demo.contracts import ID
from notifykit.demo.narration import Narrator
from notifykit.demo.proof import Proof
from notifykit.demo.proving import name_of, prove, typed_entries
from notifykit.demo.request_log import ACCEPTED, Entry, RequestLog, read_requests
from notifykit.demo.service import LIMIT, Service
from notifykit.demo.world import HOOK, REQUEST_LOG, ROBOTS, World, build, write_schemas
from notifykit.model import Status, Task
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project, open_project
from notifykit.wording.translation import gettext

OUTAGE = 1.0
"""Seconds that the service stays down after the first refused connection."""

_TRIES = 5
"""How often a worker is started before something is plainly wrong."""


def play(folder: Path, narrator: Narrator) -> Proof:
    """Live through it in a claimed folder, and prove what came of it. Raises WorldError, CommandFailedError."""
    narrator.act("Act one: a bad day", "第一幕：多事的一天")
    service = Service(ROBOTS, (HOOK,), RequestLog(folder / REQUEST_LOG), SystemClock())
    with service.running():
        world = build(folder, service)
        project = open_project(folder / "notifykit.yaml")
        write_schemas(folder, project.plugins.registry)
        stage = Stage(world, service, project, Commands(folder, narrator.say), narrator)
        stage.introduce()
        stage.generate()
        stage.kill_a_worker()
        stage.recover()
        key = stage.resolve_doubts()
        stage.settle(key)
        stage.repeat()
        return stage.prove()


@dataclass(frozen=True, slots=True)
class Stage:
    """The world, the service and the project of an act, and what happens there in every act."""

    world: World
    service: Service
    project: Project
    commands: Commands
    narrator: Narrator

    def introduce(self) -> None:
        """Say what is there."""
        rows = [row for file in self.world.contracts for row in file.rows]
        due = Counter(item.message for item in self.world.due())
        flagged = len(rows) - due["group"]
        count, seconds = LIMIT
        self.narrator.chapter("A small world", "小小的世界")
        self.narrator.tell(
            gettext(
                "{folder}: {number} invented contracts of two cities in the legacy CSV format, {flagged} of them "
                "flagged as sent already, and {changes} technician changes.",
                folder=self.world.folder,
                number=len(rows),
                flagged=flagged,
                changes=len(self.world.changes),
            )
        )
        self.narrator.tell(
            gettext(
                "{address} answers like group robots: HTTP 200 and an errcode, 45009 above {number} messages "
                "in {seconds:g} s. What it accepts it notes in a book of its own, {file}.",
                address=self.service.address,
                number=count,
                seconds=seconds,
                file=REQUEST_LOG,
            )
        )
        self.narrator.tell(
            gettext(
                "Due: {group} group messages, {award} awards, {technicians} messages about technicians.",
                group=due["group"],
                award=due["award"],
                technicians=due["person"] + due["webhook"],
            )
        )

    def generate(self) -> None:
        """Queue."""
        self.narrator.chapter("Generate: queued is not sent", "入队不等于已发送")
        self.commands.run("generate")
        untouched = all(file.path.read_bytes() == file.before for file in self.world.contracts)
        self.narrator.tell(
            gettext("Nothing says that anything was sent: the CSV files are unchanged.")
            if untouched
            else gettext("Nothing says that anything was sent: the CSV files are CHANGED.")
        )

    def kill_a_worker(self) -> None:
        """Kill one that waits for replies."""
        self.narrator.chapter("A worker is killed on the wire", "发送途中被杀死")
        holds = (
            self.service.hold("beijing-group", 4, accepts=True),
            self.service.hold("shanghai-group", 3, accepts=False),
        )
        self.commands.run_until_killed("dispatch", until=lambda seconds: all(hold.wait(seconds) for hold in holds))
        self.service.let_go()
        self.narrator.tell(
            gettext(
                "Killed (SIGKILL) while it waited for replies. One message the robot had accepted; over "
                "another it broke down. To the worker these two look the same."
            )
        )
        self.commands.run("tasks", "--status", "sending")

    def recover(self) -> None:
        """Have others go on."""
        lease = self.project.configuration.settings.dispatch.lease
        self.narrator.chapter("Recovery, an outage, a rate limit", "恢复、断网、限流")
        self.narrator.tell(
            gettext(
                "The lease of the dead worker runs out after {lease:g} s. Meanwhile the service goes down.", lease=lease
            )
        )
        self.service.go_down()
        self._wait_for_leases()
        with self.commands.running("dispatch"):
            self._wait_for_refused_connections()
            time.sleep(OUTAGE)
            self.service.come_up()
        errors = self._errors()
        answers = Counter(entry.answer for entry in read_requests(self.world.request_log))
        self.narrator.tell(
            gettext(
                "{refused} connections were refused, and {limited} messages came above the limit: "
                "these were tried again.",
                refused=errors["ConnectError"],
                limited=answers["45009"],
            )
        )

    def resolve_doubts(self) -> str | None:
        """Decide as a person would who can ask the service. Returns the key of a message that was sent again."""
        self.narrator.chapter("Doubt is shown, not guessed away", "存疑不猜")
        self.commands.run("tasks", "--status", "in_doubt")
        doubts = self.tasks(Status.IN_DOUBT)
        accepted = [task for task in doubts if self._accepted(task)]
        lost = [task for task in doubts if task not in accepted]
        self._decide(accepted, "--sent", gettext("the service's book has it"))
        self._decide(lost, "--resend", gettext("the service's book does not have it"))
        for _ in range(_TRIES):
            if not self.tasks(Status.QUEUED, Status.SENDING):
                return lost[0].key if lost else None
            self._wait_for_leases()
            self.commands.run("dispatch")
        raise CommandFailedError(
            gettext("messages still wait after {number} runs of dispatch", number=_TRIES),
            mend=gettext("`notifykit tasks` lists them"),
        )

    def _decide(self, tasks: list[Task], decision: str, why: str) -> None:
        if tasks:
            ids = [str(task.id) for task in tasks]
            self.commands.run("resolve", *ids, decision, "--why", why, "--who", gettext("the demonstration"))

    def settle(self, key: str | None) -> None:
        """Write back. `key`: of a record whose story is shown."""
        self.narrator.chapter("Settle: the flags follow", "写回标记")
        self.commands.run("settle")
        self.commands.run("status")
        self.commands.run("trace", key or self.world.contracts[0].rows[-1][ID])

    def repeat(self) -> None:
        """Do it all once more."""
        self.narrator.chapter("Once more: nothing to do", "再来一遍")
        self.commands.run("run", "--once")

    def prove(self) -> Proof:
        """Compare what the service noted with what was due."""
        self.narrator.chapter("The proof", "证明")
        self.narrator.tell(
            gettext(
                "What the service noted in its book ({number:,} requests), against what the data asked for:",
                number=len(self._entries()),
            )
        )
        doubts = {(task.campaign, task.key, task.name) for task in self.tasks(Status.IN_DOUBT)}
        return prove(self.world, self._entries(), doubts)

    # waiting ----------------------------------------------------------------------------------------------

    def _wait_for_leases(self) -> None:
        """Wait until whatever is `sending` was left by a worker that is gone."""
        with self.outbox() as outbox:
            wait_until(
                lambda: all(outbox.ended(claim.worker) for claim in outbox.on_wire()), gettext("a killed worker to end")
            )

    def _wait_for_refused_connections(self) -> None:
        wait_until(lambda: bool(self._errors()["ConnectError"]), gettext("a connection to be refused"))

    # looking ----------------------------------------------------------------------------------------------

    @contextmanager
    def outbox(self) -> Iterator[Outbox]:
        """Open the store."""
        with closing(self.project.open_outbox(create=False)) as outbox:
            yield outbox

    def tasks(self, *statuses: Status) -> list[Task]:
        """Return the tasks in these statuses."""
        with self.outbox() as outbox:
            return list(outbox.tasks(Filter(statuses=statuses)))

    def _errors(self) -> Counter[str]:
        with self.outbox() as outbox:
            return sum((Counter(figures.errors) for figures in outbox.figures()), Counter())

    def _entries(self) -> list[Entry]:
        return read_requests(self.world.request_log) + typed_entries(self.world.typed)

    def _accepted(self, task: Task) -> bool:
        (due,) = (item for item in self.world.due() if name_of(item) == (task.campaign, task.key, task.name))
        return any(
            entry.robot == due.channel and entry.answer == ACCEPTED and entry.tells_of(due.subject)
            for entry in self._entries()
        )


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Wait until something has happened. Raises CommandFailedError where it does not within PATIENCE."""
    clock = SystemClock()
    patience = clock.monotonic() + PATIENCE
    while not happened():
        if clock.monotonic() > patience:
            raise CommandFailedError(
                gettext("waited {seconds:.0f} s for {what}; is this machine very busy?", seconds=PATIENCE, what=what)
            )
        time.sleep(0.1)
