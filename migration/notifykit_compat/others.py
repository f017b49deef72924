"""Messages of the old program that belong to no campaign: technicians, reports, reminders.

They are queued as they are created, under the name of a campaign that no file describes: the same that the fence
gives them where another program inserts them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from notifykit_migration.legacy.settings import LegacySettings
from notifykit_migration.legacy.task_table import epoch
from notifykit_migration.store.fence import OTHERS, OTHERS_MESSAGE

from notifykit.campaign.campaign import Campaign, MessagePlan, RetryPolicy
from notifykit.model import Draft, Record, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.adopting import Adoption
from notifykit.outbox.sqlite.stored import ForeignRow
from notifykit.pipeline.project import Project
from notifykit.roles import Decision, Ledger, Strategy
from notifykit_compat.activation import Staged
from notifykit_compat.wording import NO_CHANNEL

CREATED_BY = "legacy_program"

MAX_AGE = 7 * 86_400.0
"""Seconds: a pending row of the old program that is older is left alone."""


@dataclass
class _NothingToWrite(Strategy):
    """These messages have no flag."""

    def decide(self, record: Record, outbox: Ledger) -> Decision:  # noqa: ARG002
        return Decision.SKIP


@dataclass(frozen=True, slots=True)
class _NoRecords:
    def read(self) -> list[Record]:
        return []


def campaign_of(project: Project, settings: LegacySettings) -> Campaign:
    """Return what the dispatcher and `settle` are told of these messages."""

    def none(record: Record) -> str:
        raise AssertionError(f"{OTHERS}: nothing is rendered for {record!r}")

    plans = [
        MessagePlan(
            name=OTHERS_MESSAGE,
            channel=channel,
            recipient=none,
            text=none,
            on_unknown=settings.on_unknown,
            retry=RetryPolicy(**settings.retry.model_dump()),
        )
        for channel in list(project.configuration.channels.values())[:1]
    ]
    return Campaign(
        name=OTHERS,
        file=project.file.file,
        source=_NoRecords(),
        strategy=_NothingToWrite(),
        messages=tuple(plans),
    )


def queue_other(outbox: SqliteOutbox, one: Staged, channel: str) -> int:
    """Queue a message that belongs to no campaign, and return its id."""
    draft = _draft(uuid.uuid4().hex, one, channel)
    (id_,) = outbox.enqueue([draft]).ids  # its key is new
    return id_


def adopt_rows(outbox: SqliteOutbox, settings: LegacySettings, now: float) -> int:
    """Queue what the old program left pending, as its scheduler would have sent it. Returns how many rows are too old.

    Those stay as they are: a message of seven weeks ago is out of date. One of an unknown type is never sent.
    """
    if next(outbox.stored().foreign_rows(status="pending"), None) is None:
        return 0
    with outbox.transaction():  # so that nobody else takes them meanwhile
        rows = list(outbox.stored().foreign_rows(status="pending"))
        made = ((row, epoch(str(row.created_at), settings.timezone)) for row in rows)
        young = [row for row, at in made if at is not None and now - at <= MAX_AGE]
        if young:
            outbox.adopt([_adoption(row, settings) for row in young], who=CREATED_BY)
    return len(rows) - len(young)


def _adoption(row: ForeignRow, settings: LegacySettings) -> Adoption:
    channel = settings.channels.get(row.task_type)
    return Adoption(
        draft=_draft(f"row-{row.id}", Staged(row.task_type, row.recipient, row.text), channel or row.task_type),
        status=Status.QUEUED if channel else Status.CANCELLED,
        id=row.id,
        reason=None if channel else NO_CHANNEL(task_type=row.task_type),
        at=epoch(str(row.created_at), settings.timezone) or 0.0,
    )


def _draft(key: str, one: Staged, channel: str) -> Draft:
    return Draft(
        campaign=OTHERS,
        key=key,
        name=OTHERS_MESSAGE,
        recipient=one.recipient,
        text=one.text,
        channel=channel,
        task_type=one.task_type,
        metadata={"created_by": CREATED_BY},
    )
