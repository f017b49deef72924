"""An act of its own: the outbox moves to a PostgreSQL server, and several workers send from it.

One of them is killed on the wire, and the server is restarted as by a crash. The server is the act's own, in a folder
that goes at the end.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from notifykit.clock import SystemClock
from notifykit.demo.act_one import Stage, wait_until
from notifykit.demo.commands import PATIENCE, CommandFailedError, Commands
from notifykit.demo.narration import Narrator
from notifykit.demo.proof import Proof
from notifykit.demo.request_log import RequestLog
from notifykit.demo.server import Server, server
from notifykit.demo.service import Service
from notifykit.demo.world import HOOK, REQUEST_LOG, ROBOTS, build, write_schemas
from notifykit.engine import require_libraries
from notifykit.model import Status
from notifykit.pipeline.project import open_project
from notifykit.terminal.console import some
from notifykit.wording.translation import gettext

WORKERS = 3
_FILE = "state/notifykit.db"


def play(folder: Path, narrator: Narrator) -> Proof:
    """Live through it in a claimed folder, and prove what came of it.

    Raises NoServerError where PostgreSQL is not installed, EngineError where its libraries are not; WorldError,
    CommandFailedError.
    """
    require_libraries()
    narrator.act("Several workers, one outbox on a server", "多个工作进程，同一个服务器上的队列")
    service = Service(ROBOTS, (HOOK,), RequestLog(folder / REQUEST_LOG), SystemClock())
    with server() as database, service.running():
        world = build(folder, service)
        project = open_project(folder / "notifykit.yaml")
        write_schemas(folder, project.plugins.registry)
        commands = Commands(folder, narrator.say)
        stage = _Stage(world, service, project, commands, narrator, database=database)
        stage.introduce()
        stage.generate()
        stage = stage.moved()
        stage.work()
        key = stage.resolve_doubts()
        stage.settle(key)
        return stage.prove()


@dataclass(frozen=True, slots=True)
class _Stage(Stage):
    database: Server

    def moved(self) -> _Stage:
        """Move the outbox to the server; returns the stage with the project as it is then."""
        self.narrator.chapter("The outbox moves to a server", "队列搬到服务器")
        self.commands.run("store", "copy", _FILE, self.database.address)
        file = self.world.folder / "notifykit.yaml"
        text = file.read_text(encoding="utf-8")
        moved = text.replace(f"store: {_FILE}", f"store: {self.database.address}\nengine: {{tick: 1s}}")
        file.write_text(moved, encoding="utf-8")
        self.narrator.tell(
            gettext(
                "notifykit.yaml says `store: {address}` now. Nobody can send from the file.",
                address=self.database.address,
            )
        )
        return replace(self, project=open_project(file))

    def work(self) -> None:
        """Have several workers send; kill one, and have the server crash."""
        self.narrator.chapter("Three workers; one is killed", "三个工作进程，其中一个被杀死")
        hold = self.service.hold("beijing-group", 4, accepts=True)
        with ExitStack() as stack:
            workers = [stack.enter_context(self.commands.beside("worker")) for _ in range(WORKERS)]
            if not hold.wait(PATIENCE):
                raise CommandFailedError(gettext("no worker sends"), mend=gettext("`notifykit worker` says why"))
            victim = self._sending(workers)
            self.commands.run("machines")
            victim.kill()
            self.service.let_go()
            self.narrator.tell(
                gettext("Killed (SIGKILL) while it waited for the reply to what the robot had accepted.")
            )
            self.narrator.chapter("The server crashes, and is back", "服务器崩溃并恢复")
            self.database.restart()
            self.narrator.tell(
                gettext("`pg_ctl restart -m immediate`: every connection is cut, and the log is replayed.")
            )
            wait_until(lambda: not self.tasks(Status.QUEUED, Status.SENDING), gettext("the others to send the rest"))
            for worker in workers:
                if worker is not victim:
                    self.commands.end(worker)

    def _sending(self, workers: Sequence[subprocess.Popen[str]]) -> subprocess.Popen[str]:
        """Return the worker whose call the robot holds."""
        with self.outbox() as outbox:
            senders = {claim.worker for claim in outbox.on_wire() if claim.task.channel == "beijing-group"}
        found = [worker for worker in workers if any(f":{worker.pid}:" in f":{name}:" for name in senders)]
        if not found:
            raise CommandFailedError(gettext("none of the workers is one of {senders}", senders=some(sorted(senders))))
        return found[0]
