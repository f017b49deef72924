"""Keeps a campaign from queueing messages while the old program's state of it is still in force.

Before the migration the outbox does not know what the old program queued and sent: a pass would queue it again.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from notifykit import hookimpl
from notifykit.errors import CampaignError, StoreError
from notifykit.legacy import Disposal, LegacyState
from notifykit.outbox.address import StoreAddress
from notifykit.pipeline.project import Project
from notifykit.wording import Reason
from notifykit.wording.translation import untranslated
from notifykit_migration.apply.unclaimed import unclaimed
from notifykit_migration.errors import PreflightError
from notifykit_migration.files.reading import looked_at
from notifykit_migration.legacy import campaigns
from notifykit_migration.legacy.campaigns import shown_status_file
from notifykit_migration.store.migrated import has_messages, holds_old_rows, migrated_as, migrated_campaigns
from notifykit_migration.wording.queue_nothing import (
    MIGRATED_AS,
    MIGRATED_BESIDE,
    NOT_SEEN,
    OLD_ROWS_IN_FORCE,
    STATUS_FILE_IN_FORCE,
    UNCLAIMED_ROWS,
)


@hookimpl
def may_generate(
    campaign: str, legacy: LegacyState | None, store: StoreAddress, folder: Path, project: Project
) -> Reason | None:
    """Refuse a campaign whose messages the old program may have sent, as far as nobody knows of it here.

    Raises StoreError where the store of one without old state cannot be read.
    """
    if legacy is not None:
        if legacy.disposal is not Disposal.RETIRE:
            return None  # its own program goes on with the file
        if (reason := in_force(campaign, legacy, store, folder, project.described_names)) is not None:
            return reason
    if campaign not in project.described_names:  # made by code, as the shim's: nothing of old state is its own
        return None
    try:
        with untranslated():  # a refusal is kept
            found = unclaimed(project, campaigns.described(project, campaign))
    except (CampaignError, PreflightError) as error:
        return NOT_SEEN(error=str(error))
    if legacy is not None and found is not None and found.code == UNCLAIMED_ROWS.code:
        return OLD_ROWS_IN_FORCE(store=str(store))  # it says what it needs to
    return found


def in_force(
    campaign: str, legacy: LegacyState, store: StoreAddress, folder: Path, described: Collection[str]
) -> Reason | None:
    """Refuse a campaign that was not migrated while its send-status file, or the old task table, is there.

    One whose send-status file is that of a migrated campaign is that campaign, under another name, unless that one is
    described itself.
    """
    if legacy.disposal is not Disposal.RETIRE:
        return None
    status_file = folder / legacy.status_file
    written = status_file.exists()
    rows = False
    if store.file is None:
        return STATUS_FILE_IN_FORCE(file=str(status_file)) if written and not has_messages(store, campaign) else None
    if store.file.exists():
        try:
            with untranslated(), looked_at(store.file) as connection:
                done = migrated_campaigns(connection)
                if campaign in done:
                    return None
                if (before := migrated_as(done, shown_status_file(folder, legacy))) is not None:
                    words = MIGRATED_BESIDE if before in described else MIGRATED_AS
                    return words(campaign=campaign, before=before, file=str(legacy.status_file))
                rows = holds_old_rows(connection)
        except StoreError as error:
            return NOT_SEEN(error=str(error))
    if written:
        return STATUS_FILE_IN_FORCE(file=str(status_file))
    return OLD_ROWS_IN_FORCE(store=str(store)) if rows else None
