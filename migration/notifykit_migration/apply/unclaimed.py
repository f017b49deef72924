"""Finds what the old program left of a campaign that names no old state: whatever it told would be told again."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence

from notifykit.campaign.campaign import Campaign
from notifykit.errors import RenderError
from notifykit.legacy import KeepsFlags
from notifykit.model import Record
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.pipeline.project import Project
from notifykit.wording import Reason
from notifykit_migration.files.paths import shown
from notifykit_migration.files.reading import looked_at
from notifykit_migration.legacy.contracts import Pair
from notifykit_migration.legacy.numbers import Numbers, naming_cells
from notifykit_migration.legacy.unnamed import knowing, records_of, unnamed_files
from notifykit_migration.store.migrated import has_messages, is_migrated, migrated_campaigns
from notifykit_migration.wording.queue_nothing import UNCLAIMED_ROWS, UNCLAIMED_STATUS_FILE


def unclaimed(project: Project, campaign: Campaign) -> Reason | None:
    """Say what speaks of the campaign's records that no campaign claims; None where nothing does.

    Nor is anything said of a campaign that was migrated, or has queued messages: what it sent is known. Raises
    StoreError, PreflightError (a send-status file cannot be read) and CampaignError (the campaign's own file cannot).
    """
    if not isinstance(campaign.strategy, KeepsFlags):
        return None
    project.start(campaign)
    address = project.configuration.settings.store
    store = address.file
    files = unnamed_files(project, campaign.strategy)
    rows: Mapping[Pair, Sequence[str]] = {}
    if store is None:
        if files and has_messages(address, campaign.name):
            return None
    elif store.exists():
        with looked_at(store) as connection:
            if (files or _has_old_rows(connection)) and not _is_known(connection, campaign.name):
                rows = _old_rows(connection)
            else:
                return None
    if not files and not rows:
        return None
    records = records_of(campaign)
    for found in knowing(project, files, records):
        return UNCLAIMED_STATUS_FILE(file=found.file, keys=found.keys)
    if store is not None and (number := _naming(campaign, records, rows)):
        return UNCLAIMED_ROWS(store=shown(project.file.folder, store), rows=number)
    return None


def _has_old_rows(connection: sqlite3.Connection) -> bool:
    """Whether rows without a campaign may be an old program's. A table that a person accepted as it is has none."""
    return is_migrated(connection) or schema.is_old_table(connection)


def _is_known(connection: sqlite3.Connection, campaign: str) -> bool:
    """Whether a campaign was migrated, or has messages."""
    if campaign in migrated_campaigns(connection):
        return True
    return schema.is_outbox(connection) and campaign in StoredOutbox(connection).campaigns()


def _old_rows(connection: sqlite3.Connection) -> Mapping[Pair, Sequence[str]]:
    """Return the texts of rows that no campaign has, by whom they go to."""
    found: dict[Pair, list[str]] = defaultdict(list)
    if _has_old_rows(connection):
        for row in StoredOutbox(connection).foreign_rows():
            found[str(row.task_type), str(row.recipient)].append(str(row.text))
    return found


def _naming(campaign: Campaign, records: Sequence[Record], rows: Mapping[Pair, Sequence[str]]) -> int:
    """Return how many of these rows are messages of the campaign's records.

    They go where these would, and have a cell in their text that its own text has, and no other record.
    """
    columns = naming_cells(records)
    wanted: dict[Pair, set[str]] = defaultdict(set)
    for record in records:
        own = Numbers(cell for column, cells in columns if cells.get(cell := str(record.get(column))) == record.key)
        for plan in campaign.messages:
            try:
                pair = plan.task_type, plan.recipient(record)
                if pair in rows and (plan.when is None or plan.when(record)):
                    wanted[pair] |= own.found_in(plan.text(record))
            except RenderError:
                continue  # nothing is queued for it, which `generate` tells
    numbers = {pair: Numbers(cells) for pair, cells in wanted.items()}
    return sum(bool(number.found_in(text)) for pair, number in numbers.items() for text in rows[pair])
