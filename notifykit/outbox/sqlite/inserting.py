"""Rows for new messages: many by one statement, and with no more columns than they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain

from notifykit.model import Draft
from notifykit.outbox import cells
from notifykit.outbox.sqlite.database import Database

ROWS = 50
"""Rows in one statement."""

# `_statement`: messages, unless they are known. Whose turn it is comes after.
_INSERT = """
INSERT {or_rollback}INTO tasks (task_type, recipient, message, created_at, updated_at, metadata, campaign, record_key,
                   message_name, round, channel, ordered, limit_key, queued_at, not_before, options, period, expires_at,
                   status, attempts, tries)
VALUES {rows}
ON CONFLICT DO NOTHING
"""

# `has_triggers`: whether anything else is done for each row.
_ANY_TRIGGER = """
SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'tasks' COLLATE NOCASE)
"""


def insert(db: Database, drafts: Sequence[Draft], now: float) -> int:
    """Queue those drafts that are not known, in their order, and return how many, within the transaction that is open.

    What does not fill a statement is queued row by row. So is all where there are triggers: one may fail.
    """
    local = db.local_time(now)
    at_once = 0 if has_triggers(db) else len(drafts) - len(drafts) % ROWS
    new = 0
    for at in range(0, at_once, ROWS):
        some = drafts[at : at + ROWS]
        more = any(map(_has_more, some))
        values = list(chain.from_iterable(_values(some, local, now, more=more)))
        new += db.execute(_statement(ROWS, more=more), values).rowcount
    if rest := drafts[at_once:]:
        new += db.executemany(_statement(1, more=True), _values(rest, local, now, more=True))
    return new


def has_triggers(db: Database) -> bool:
    """Whether anything else is done for each row of `tasks` that is written: that may fail."""
    return bool(db.one(_ANY_TRIGGER)[0])


@cache
def _statement(rows: int, *, more: bool) -> str:
    """Return the statement for so many drafts, some of which have `more` than a text to be sent at once.

    One that could end half-way, with the transaction still open, has SQLite copy each page before it is changed: many
    times what is queued. So a row that cannot be kept ends the transaction.
    """
    row = f"({'?, ' * 14}{'?, ?, ?, ?' if more else '0.0, NULL, NULL, NULL'}, 'queued', 0, 0)"
    return _INSERT.format(or_rollback="OR ROLLBACK " if rows > 1 else "", rows=", ".join([row] * rows))


def _has_more(draft: Draft) -> bool:
    return bool(draft.options is not None or draft.period or draft.not_before or draft.expires_at is not None)


def _values(drafts: Iterable[Draft], local: str, now: float, *, more: bool) -> Iterable[tuple[object, ...]]:
    for draft in drafts:
        values: tuple[object, ...] = (
            draft.task_type,
            draft.recipient,
            draft.text,
            local,
            local,
            cells.encode_metadata(draft.metadata),
            draft.campaign,
            draft.key,
            draft.name,
            draft.round,
            draft.channel,
            draft.ordered and draft.batch is None,
            draft.limit_key,
            now,
        )
        if more:
            options = cells.encode_options(draft.options)
            values += (draft.not_before, options, draft.period or None, draft.expires_at)
        yield values
