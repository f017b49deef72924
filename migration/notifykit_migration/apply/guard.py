"""Keeps a campaign from queueing messages while the old program's state of it is still in force.

Before the migration the outbox does not know what the old program queued and sent: a pass would queue it again.
"""

from __future__ import annotations

from pathlib import Path

from notifykit import hookimpl
from notifykit.errors import StoreError
from notifykit.legacy import Disposal, LegacyState
from notifykit_migration.legacy.campaigns import shown_status_file
from notifykit_migration.reading import untouched
from notifykit_migration.store.migrated import holds_old_rows, migrated_as, migrated_campaigns


@hookimpl
def may_generate(campaign: str, legacy: LegacyState, store: Path, folder: Path) -> str | None:
    """Refuse a campaign that was not migrated while its send-status file, or the old task table, is there.

    One whose send-status file is that of a migrated campaign is that campaign, under another name.
    """
    if legacy.disposal is not Disposal.RETIRE:
        return None
    status_file = folder / legacy.status_file
    written = status_file.exists()
    rows = False
    if store.exists():
        try:
            with untouched(store) as connection:
                done = migrated_campaigns(connection)
                if campaign in done:
                    return None
                if (before := migrated_as(done, shown_status_file(folder, legacy))) is not None:
                    return (
                        f"its send-status file {legacy.status_file} is that of campaign {before}, which was migrated: "
                        f'all would be sent again; run `notifykit campaign rename "{before}" "{campaign}" --why TEXT`, '
                        f"or put the name back (`name: {before}` in the file)"
                    )
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
