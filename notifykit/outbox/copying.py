"""What of an outbox is copied to another kind of store: kinds of rows, and what both ends of a copy can do.

A kind has the same columns in every store: texts, whole numbers, times and durations as floating numbers, NULL. What
can be made from the rest is no kind: whose turn it is, and when a channel is worth a look.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from notifykit.errors import StoreError
from notifykit.outbox.address import OpenedOutbox
from notifykit.wording.translation import gettext

Row = Sequence[Any]

_REASON = ("reason", "reason_code", "reason_params")

KINDS: Mapping[str, Sequence[str]] = {
    "tasks": (
        *("id", "campaign", "record_key", "message_name", "round", "channel", "ordered", "task_type", "recipient"),
        *("text", "metadata", "status", "attempts", "tries", "queued_at", "not_before", "hold_until", "sent_at"),
        *("completed_at", "doubted_at", *_REASON, "refusal", "refusal_code", "refusal_params", "limit_key"),
        *("options", "receipt", "receipt_at", "period", "expires_at"),
    ),
    "contents": ("sha256", "size", "data"),
    "attached": ("task_id", "sha256"),
    "attempts": (
        *("task_id", "number", "channel", "worker", "started_at", "finished_at", "verdict", "code", "detail"),
        *("vendor_id", "undelivered", "call_seconds"),
    ),
    "events": ("at", "task_id", "kind", "who", "detail"),
    "starts": ("channel", "at", "task_id", "number"),
    "pauses": ("channel", "set_at", "until", *_REASON),
    "outages": (
        *("channel", "kind", "since", "last_at", "lasted", "failures", "task_id", "several", "wait", *_REASON),
    ),
    "campaigns": ("campaign", "duplicates_prevented"),
    "campaign_data": ("campaign", "source", "target", "record_key", "writes"),
    "held_campaigns": ("campaign", *_REASON),
    "keys": ("campaign", "record_key"),
    "distinct_keys": ("campaign", "one", "other", "at", "who", "why"),
    "decisions": (
        *("id", "at", "kind", "who", "why", "channel", "until", *_REASON, "undone_at", "undone_by", "undone_why"),
    ),
    "decided": (
        *("decision", "task_id", "became", "number", "flagged", "undone", "was", "was_tries", "was_not_before"),
        *("was_hold_until", "was_doubted_at", "was_sent_at", "was_reason", "was_reason_code", "was_reason_params"),
    ),
    "notes": ("topic", "name", "note"),
    "totals": ("name", "campaign", "channel", "detail", "value"),
    "uncounted": ("task_id", "number"),
    "digests": ("task_id", "alike", "members"),
    "digest_members": ("task_id", "digest", "stands", "wait", "most", "ordered"),
    "pruned": ("campaign", "record_key", "message_name", "rounds", "period"),
    "archives": ("path", "host", "since", "until", "tasks"),
    "sources": ("campaign", "place", "host", "path", "since", "who", "why"),
    "sequence": ("highest",),
    "carried": ("name", "sql", "rows"),
}
"""The kinds of rows in the order in which they are copied, each with its columns. Rows come in the order of their keys;
events, campaign data and places of sources in that in which they were written.

`contents`: what files hold, as base64. `pruned`: the messages that are in an archive, by campaign, key and name.
`keys`: those of any message that are not their own normal form. `sequence`: the highest id that was ever given.
`carried`: what others made in an embedded store, such as what a migration keeps: a name, the statement that makes it,
and its rows as JSON."""


MOVED = "moved"
UNPROVEN = "unproven"
ARCHIVE = "archive"


class CopyState(NamedTuple):
    """Why nobody works with an outbox."""

    state: str
    """MOVED: another one took its place; UNPROVEN: it is a copy that is not complete; ARCHIVE: it holds what was pruned
    out of another one."""
    other: str
    """The address of the other one, as people are shown it."""
    copy: str
    """By which the two know each other."""
    at: float
    """UTC seconds."""

    def error(self, where: object) -> StoreError:
        """Return what is said to whoever opens the outbox."""
        if self.state == MOVED:
            mend = gettext("write that behind `store:`; `notifykit store copy` moves it back")
            return StoreError(gettext("was moved to {other}", other=self.other), mend=mend, where=where)
        if self.state == ARCHIVE:
            mend = gettext("let `store:` name the outbox itself")
            return StoreError(
                gettext("is the archive of {other}, and no outbox to work with", other=self.other),
                mend=mend,
                where=where,
            )
        return StoreError(
            gettext("is a copy of {other} that is not complete", other=self.other),
            mend=gettext("run `notifykit store copy` again"),
            where=where,
        )


class Turn(NamedTuple):
    """The first turn of a lane: of a channel's ordered messages to one recipient, or of one without an order."""

    channel: str
    recipient: str
    due: float
    """UTC seconds."""
    id: int


def as_text(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows of `contents` with their bytes as text."""
    for sha256, size, data in rows:
        yield sha256, size, b64encode(data).decode()


def as_bytes(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield such rows with their bytes as these are."""
    for sha256, size, data in rows:
        yield sha256, size, b64decode(data)


class CopyEnd(Protocol):
    """One end of a copy. Everything happens within `held`."""

    outbox: OpenedOutbox

    def held(self) -> AbstractContextManager[None]:
        """One transaction, during which nobody else writes to the store."""
        ...

    def state(self) -> CopyState | None:
        """Return why nobody works with the outbox; None where it is in use."""
        ...

    def mark(self, state: CopyState | None) -> None:
        """Keep that."""
        ...

    def copy_identity(self, identity: str) -> None:
        """Be this outbox from now on."""
        ...

    def clear(self) -> None:
        """Remove all rows of all kinds."""
        ...

    def kept(self, kind: str, row: Row) -> Row | None:
        """Return a row of a kind as this store can keep it; None where it has no need of it.

        Raises StoreError for what it cannot keep.
        """
        ...

    def rows(self, kind: str) -> Iterator[Row]:
        """Yield the rows of a kind."""
        ...

    def add(self, kind: str, rows: Iterable[Row]) -> None:
        """Add rows of a kind."""
        ...

    def give_turns(self) -> None:
        """Find whose turn it is, in every lane, by the time that it is now."""
        ...

    def turns(self) -> Iterator[Turn]:
        """Yield the first turn of each lane that has one, by id."""
        ...


class CopiedAddress(Protocol):
    """The address of a store that can be copied: a capability beside `StoreAddress`."""

    def copy_end(self, *, create: bool) -> CopyEnd:
        """Open the store also where nobody works with it. `create`: make an empty one where there is none."""
        ...


class Digest:
    """Counts rows, and tells whether two series of rows are the same."""

    def __init__(self) -> None:
        self.count = 0
        self._hash = hashlib.sha256()

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows, and take them in."""
        encode, update = json.JSONEncoder(ensure_ascii=False).encode, self._hash.update
        for row in rows:
            update(encode(row).encode("utf-8", "surrogatepass"))
            self.count += 1
            yield row

    @property
    def text(self) -> str:
        """The hash of all of them, as 64 hexadecimal digits."""
        return self._hash.hexdigest()
