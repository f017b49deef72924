"""Whether a campaign is migrated, and by which migration: the store's own record, and nobody else's.

The record is written in the transaction that changes the store, and goes with a rollback. `connection` may be that of
any store, of an archived outbox, or of an old program's database: where nothing was migrated, nothing is found.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import NamedTuple

from notifykit.clock import SystemClock
from notifykit.outbox.address import StoreAddress
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.outbox.values import Filter
from notifykit_migration.model import Plan


class StoredMigration(NamedTuple):
    """One migration, as the store remembers it."""

    id: str
    backup: str
    journal_mode: str
    """Of the old program's database."""
    sequence: int | None
    """The highest id that the old program ever used; None where it never used one."""


class StoredCampaign(NamedTuple):
    """One migrated campaign, as the store remembers it."""

    status_file: str
    """As the plan names it, as the next."""
    csv_file: str
    sent_word: str


def record(
    db: Database, plan: Plan, *, backup: str, soak_until: float | None, journal_mode: str, sequence: int | None
) -> None:
    """Keep what was done, beside what it was done to. `sequence`: the highest id that the old program ever used."""
    db.execute(
        "INSERT INTO migrations (id, at, backup, plan_hash, soak_until, journal_mode, legacy_sequence)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (backup, db.clock.now(), backup, plan.hash, soak_until, journal_mode, sequence),
    )
    db.executemany(
        "INSERT INTO migrated (campaign, migration, status_file, csv_file, sent_word) VALUES (?, ?, ?, ?, ?)",
        ((part.campaign, backup, part.status_file, part.csv_file, part.sent_word) for part in plan.campaigns),
    )


def migrations(connection: sqlite3.Connection) -> tuple[StoredMigration, ...]:
    """Return the migrations in force, oldest first."""
    if not _has(connection, "migrations", "plan_hash"):
        return ()
    found = connection.execute("SELECT id, backup, journal_mode, legacy_sequence FROM migrations ORDER BY at, rowid")
    return tuple(StoredMigration(*row) for row in found)


def is_migrated(connection: sqlite3.Connection) -> bool:
    """Whether any migration is in force."""
    return bool(migrations(connection))


def carried_out(connection: sqlite3.Connection, plan_hash: str) -> bool:
    """Whether this plan was carried out, and not rolled back."""
    if not _has(connection, "migrations", "plan_hash"):
        return False
    found = connection.execute("SELECT 1 FROM migrations WHERE plan_hash = ? LIMIT 1", (plan_hash,)).fetchone()
    return found is not None


def migrated_campaigns(connection: sqlite3.Connection) -> Mapping[str, StoredCampaign]:
    """Return the campaigns that are migrated, by name."""
    if not _has(connection, "migrated", "sent_word"):
        return {}
    found = connection.execute("SELECT campaign, status_file, csv_file, sent_word FROM migrated ORDER BY rowid")
    return {campaign: StoredCampaign(*files) for campaign, *files in found}


def migrated_as(done: Mapping[str, StoredCampaign], status_file: str) -> str | None:
    """Return the name of the campaign that is migrated and owned this send-status file; None where none did."""
    return next((name for name, stored in done.items() if stored.status_file == status_file), None)


def present_names(connection: sqlite3.Connection, migration: str) -> Mapping[str, str]:
    """Return the names that a migration's campaigns have now, by their send-status files: plans keep the old ones."""
    if not _has(connection, "migrated", "sent_word"):
        return {}
    found = connection.execute("SELECT status_file, campaign FROM migrated WHERE migration = ?", (migration,))
    return dict(found.fetchall())


def rename(db: Database, old: str, new: str) -> None:
    """Give a migrated campaign another name, within the transaction that is open."""
    db.execute("UPDATE migrated SET campaign = ? WHERE campaign = ?", (new, old))
    db.execute("UPDATE fence SET campaign = ? WHERE campaign = ?", (new, old))


def holds_old_rows(connection: sqlite3.Connection) -> bool:
    """Whether the task table began as the old program's, and no migration ever read it."""
    if _has(connection, "migrated", "sent_word"):
        return False
    if schema.is_old_table(connection):
        return True
    return schema.is_outbox(connection) and StoredOutbox(connection).begins_foreign()


def _has(connection: sqlite3.Connection, table: str, column: str) -> bool:
    """Whether there is this table with this column: another program's table may have the same name."""
    return any(row[1] == column for row in connection.execute(f"PRAGMA table_info({table})"))


def has_messages(store: StoreAddress, campaign: str) -> bool:
    """Whether a store that a server keeps knows messages of a campaign: it was moved there whole. Raises StoreError."""
    if not store.exists():
        return False
    with closing(store.look(SystemClock())) as outbox:
        return next(outbox.tasks(Filter(campaign=campaign, limit=1)), None) is not None
