"""What all rollbacks together left: of each campaign, what the newest archive that knows it says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from notifykit_migration.archive.archive import Archived, Identity, RemovedTask, all_archived
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.model import Row


class Archives:
    """The archives of a project, newest first: a campaign that was away while others went back is not forgotten."""

    def __init__(self, archives: Sequence[Archived]) -> None:
        self._archives = archives

    @classmethod
    def of(cls, folder: MigrationFolder) -> Archives:
        """Return those of a project. Raises VerificationError where one is damaged."""
        return cls(all_archived(folder))

    def __bool__(self) -> bool:
        """Whether anything was ever rolled back."""
        return bool(self._archives)

    @property
    def vacant(self) -> int:
        """How many ids rollbacks left without a row."""
        return self._archives[0].vacant if self._archives else 0

    @cached_property
    def removed(self) -> tuple[RemovedTask, ...]:
        """The tasks that are no rows any more."""
        return tuple(
            item for archive, campaigns in self._speaking for item in archive.removed if item.task.campaign in campaigns
        )

    def identity(self, row: Row) -> Identity | None:
        """Say which task a row of the table was, if it is the very same: id, recipient and text."""
        for archive, campaigns in self._speaking:
            if (known := archive.identity(row)) is not None and known.campaign in campaigns:
                return known
        return None

    @cached_property
    def _speaking(self) -> list[tuple[Archived, frozenset[str]]]:
        """Each archive with the campaigns that no newer one knows."""
        found = []
        told: frozenset[str] = frozenset()
        for archive in self._archives:
            if new := archive.campaigns - told:
                found.append((archive, new))
                told |= new
        return found
