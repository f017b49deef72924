"""Where a migration keeps its things: one folder beside notifykit.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NAME = "notifykit-migration"


@dataclass(frozen=True, slots=True)
class MigrationFolder:
    """The folder `notifykit-migration`. Nothing is made before something is changed."""

    path: Path

    @classmethod
    def of(cls, project: Path) -> MigrationFolder:
        """Return the folder of the project in this folder."""
        return cls(project / NAME)

    @property
    def lock(self) -> Path:
        """Held by whoever migrates, retires or rolls back."""
        return self.path / "lock"

    @property
    def journal(self) -> Path:
        """What was begun and done, a line each."""
        return self.path / "journal.jsonl"

    @property
    def backups(self) -> Path:
        """A folder for each backup."""
        return self.path / "backups"

    @property
    def archive(self) -> Path:
        """The outbox as each rollback found it: what a later migration must not forget."""
        return self.path / "archive"
