"""Keeps a campaign from queueing messages while the old program's state of it is still in force.

Before the migration the outbox does not know what the old program queued and sent: a pass would queue it again.
"""

from __future__ import annotations

from pathlib import Path

from notifykit import hookimpl
from notifykit.errors import StoreError
from notifykit.legacy import Disposal, LegacyState
from notifykit_migration.archive.archive import all_archived
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.reading import untouched
from notifykit_migration.store.migrated import holds_old_rows, migrated_campaigns


@hookimpl
def may_generate(campaign: str, legacy: LegacyState, store: Path, folder: Path) -> str | None:
    """Refuse a campaign that was not migrated while its send-status file, or the old task table, is there."""
    if legacy.disposal is not Disposal.RETIRE:
        return None
    status_file = folder / legacy.status_file
    written = status_file.exists()
    rows = False
    if store.exists():
        try:
            with untouched(store) as connection:
                if campaign in migrated_campaigns(connection):
                    return None
                rows = holds_old_rows(connection)
        except StoreError as error:
            return f"whether it was migrated cannot be seen: {error}"
    if written:
        return (
            f"{status_file}: the old program's send-status file is still in force, and the outbox does not know what "
            "it sent; run `notifykit migrate` first"
        )
    if rows:
        return (
            f"{store}: still holds what the old program queued and sent, and the outbox does not know whose it is; "
            "run `notifykit migrate` first"
        )
    return None


@hookimpl
def may_rename(campaign: str, store: Path, folder: Path) -> str | None:
    """Refuse a campaign that is migrated, or that an archive of a rollback has."""
    with untouched(store) as connection:
        if campaign in migrated_campaigns(connection):
            return f"campaign {campaign} was migrated, and the fence, the plan and the backup know it by this name"
    if any(campaign in archive.campaigns for archive in all_archived(MigrationFolder.of(folder))):
        return f"campaign {campaign} was rolled back, and the archive of that knows it by this name"
    return None
