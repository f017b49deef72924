"""What all rollbacks together left: of each campaign, what the newest archive that knows it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from notifykit.outbox.sqlite.database import Database
from notifykit_migration.archive.archive import Archived, Identity, RemovedTask, all_archived
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.model import Row


class Archives:
    """The archives of a project, newest first: a campaign that was away while others went back is not forgotten.

    Campaigns have the names that they have now, whatever an archive calls them.
    """

    def __init__(self, archives: Sequence[Archived], owners: Mapping[str, str]) -> None:
        """`owners`: the campaigns by what their send-status files are called."""
        self._archives = archives
        self._owners = owners

    @classmethod
    def of(cls, folder: MigrationFolder, owners: Mapping[str, str]) -> Archives:
        """Return those of a project. Raises VerificationError where one is damaged."""
        return cls(all_archived(folder), owners)

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
            replace(item, task=replace(item.task, campaign=names[item.task.campaign]))
            for archive, names in self._speaking
            for item in archive.removed
            if item.task.campaign in names
        )

    def identity(self, row: Row) -> Identity | None:
        """Say which task a row of the table was, if it is the very same: id, recipient and text."""
        for archive, names in self._speaking:
            if (known := archive.identity(row)) is not None and known.campaign in names:
                return replace(known, campaign=names[known.campaign])
        return None

    def sent(self) -> Iterator[tuple[Identity, Row]]:
        """Yield the tasks that were sent, and the rows as which rollbacks left them: they may be gone since."""
        for archive, names in self._speaking:
            for known, row in archive.sent():
                if known.campaign in names:
                    yield replace(known, campaign=names[known.campaign]), row

    def restore_history(self, db: Database) -> None:
        """Put back what a plan knows nothing of, each campaign's from the archive that speaks for it."""
        for archive, names in self._speaking:
            archive.restore_history(db, names)

    @cached_property
    def _speaking(self) -> list[tuple[Archived, Mapping[str, str]]]:
        """Each archive with the campaigns that no newer one knows: the names in it, and those of now."""
        found: list[tuple[Archived, Mapping[str, str]]] = []
        told: set[str] = set()
        for archive in self._archives:
            names = archive.present_names(self._owners)
            if new := {before: now for before, now in names.items() if now not in told}:
                found.append((archive, new))
                told.update(new.values())
        return found
