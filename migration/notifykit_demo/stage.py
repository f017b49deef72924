"""What the second and third act share: the world, the commands, and looks at both."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from notifykit.demo.commands import Commands
from notifykit.demo.narration import Narrator
from notifykit.demo.proof import Proof
from notifykit.demo.proving import Name, name_of
from notifykit.demo.request_log import read_requests
from notifykit.model import Status, Task
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext, gettext_noop
from notifykit_demo.proving import arrived, prove_legacy
from notifykit_demo.world import LegacyWorld

WHO = gettext_noop("the demonstration")

Snapshot = dict[str, tuple[int, bytes]]
"""Path to time of the last change (ns) and content."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where both acts are played."""

    world: LegacyWorld
    project: Project
    commands: Commands
    narrator: Narrator

    def tasks(self, *statuses: Status) -> list[Task]:
        """Return the outbox's messages in these states."""
        with closing(self.project.open_outbox(create=False)) as outbox:
            return list(outbox.tasks(Filter(statuses=statuses)))

    def count_copies(self, name: Name) -> int:
        """Return how often the chat had this message of a campaign."""
        (due,) = (item for item in self.world.due() if name_of(item) == name)
        return sum(entry.robot == due.channel and entry.tells_of(due.subject) for entry in arrived(self.world))

    def count_arrived(self) -> int:
        """Return how many messages the chat took so far."""
        return len(read_requests(self.world.request_log))

    def doubts(self) -> set[Name]:
        """Return what the outbox lists as in doubt."""
        return {named(task) for task in self.tasks(Status.IN_DOUBT)}

    def snapshot(self) -> Snapshot:
        """Return all files as they are, but for what Python caches."""
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(self.world.folder.rglob("*"))
            if path.is_file() and path.suffix != ".pyc"
        }

    def statuses(self, path: Path) -> str:
        """Return how many contracts a send-status file knows, or that it cannot be read."""
        try:
            return str(len(json.loads(path.read_text("utf-8"))))
        except ValueError:
            return gettext("torn")

    def prove(self) -> Proof:
        """Tell what is compared, and compare."""
        self.narrator.chapter("The proof", "证明")
        self.narrator.tell(
            gettext(
                "What the chat noted in its own book since the first day ({number} messages, whoever sent them), "
                "against what the data asked for:",
                number=self.count_arrived(),
            )
        )
        return prove_legacy(self.world, self.doubts())


def named(task: Task) -> Name:
    """Return what the proof calls a message of the outbox."""
    return task.campaign, task.key, task.name
