"""What stores on SQL keep alike: cells of their tables as values, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from notifykit.messages.receipts import Receipt, ReceiptStatus, SentOutcome
from notifykit.model import Attempt, Metadata, Status, Verdict
from notifykit.outbox.values import Outage, OutageKind, Pause
from notifykit.wording import Reason

ATTEMPT_COLUMNS = (
    *("task_id", "number", "channel", "worker", "started_at", "finished_at", "verdict", "code", "detail", "vendor_id"),
    *("call_seconds", "undelivered"),
)
"""The columns of an attempt, in the order in which `attempt` takes them."""

OUTAGE_COLUMNS = (
    *("channel", "kind", "since", "last_at", "lasted", "failures", "task_id", "several", "wait"),
    *("reason", "reason_code", "reason_params"),
)
"""The columns of an outage, in the order in which `outage` takes them."""

encode = json.JSONEncoder(ensure_ascii=False).encode
"""Metadata as it is stored: readable by people and old programs."""

_quoted = json.encoder.encode_basestring

parse = json.JSONDecoder().raw_decode
"""Returns what JSON text begins with, and where that ends."""


def encode_metadata(metadata: Metadata) -> str:
    """Return `encode` of metadata: sooner where all of it is texts, and objects of texts, as most is."""
    try:
        members = [
            f"{_quoted(name)}: {_of_texts(*value.items()) if isinstance(value, dict) else _quoted(value)}"
            for name, value in metadata.items()
        ]
    except TypeError:  # of something else
        return encode(metadata)
    return f"{{{', '.join(members)}}}"


@lru_cache(maxsize=256)
def _of_texts(*members: tuple[str, str]) -> str:
    """Return an object of texts: the metadata of a campaign's tasks have the same."""
    return f"{{{', '.join([f'{_quoted(name)}: {_quoted(value)}' for name, value in members])}}}"


def encode_options(options: Metadata | None) -> str | None:
    """Return the options of a message as they are stored."""
    return None if options is None else encode(options)


@lru_cache(maxsize=4096)
def reason(text: str, code: str | None, params: str | None) -> Reason:
    """Build a reason from its three columns."""
    return Reason.stored(text, code, parse(params)[0] if params else None)


def reason_values(given: Reason | None, name: str = "reason") -> dict[str, str | None]:
    """Return the values of a reason's three columns, by name."""
    if given is None:
        return {name: None, f"{name}_code": None, f"{name}_params": None}
    params = encode(given.params_data()) if given.names else None
    return {name: given.text, f"{name}_code": given.code, f"{name}_params": params}


def attempt(row: Sequence[Any]) -> Attempt:
    """Build an attempt from ATTEMPT_COLUMNS."""
    cells = dict(zip(ATTEMPT_COLUMNS, row, strict=True))
    verdict, left_out = cells.pop("verdict"), cells.pop("undelivered")
    return Attempt(**cells, verdict=Verdict(verdict) if verdict else None, undelivered=undelivered(left_out))


def undelivered(cell: object) -> tuple[str, ...]:
    """Return the recipients that a service left out. What another program wrote there may be none."""
    if not isinstance(cell, str):
        return ()
    try:
        return tuple(map(str, json.loads(cell)))
    except (ValueError, TypeError, RecursionError):
        return ()


def undelivered_cell(names: Sequence[str]) -> str | None:
    """Return how they are stored."""
    return encode(list(names)) if names else None


def receipt(status: object, at: object) -> Receipt | None:
    """Return what a service told of a task, of its two columns. What another program wrote there is nothing."""
    if status in _RECEIPTS and isinstance(at, float):
        return Receipt(ReceiptStatus(status), at)
    return None


_RECEIPTS = frozenset(one.value for one in ReceiptStatus)


def sent_outcome(
    sent_at: object, status: object, receipt_at: object, verdict: str | None, vendor_id: str | None, left_out: object
) -> SentOutcome:
    """Build what came of a task."""
    return SentOutcome(
        verdict=Verdict(verdict) if verdict else None,
        vendor_id=vendor_id,
        undelivered=undelivered(left_out),
        sent_at=sent_at if isinstance(sent_at, float) else None,
        receipt=receipt(status, receipt_at),
    )


Place = str | tuple[str, str]
"""A key, or a key and the period, of messages that have one."""


def place(key: str, period: str | None) -> Place:
    """Return what messages of a key are told apart by."""
    return (key, period) if period else key


OfKey = dict[tuple[str, str], str]
"""Where the messages of a key stand, by name and period."""


def keep_status(of_key: OfKey, message: str, period: str, status: str) -> None:
    """Keep where a message of a key stands: of several rounds, one that was not cancelled."""
    if of_key.get((message, period), Status.CANCELLED) == Status.CANCELLED:
        of_key[message, period] = status


def status_of(of_key: OfKey, message: str, period: str) -> str | None:
    """Return where a message stands in a period, or else in a later one; None where it was queued in none of them."""
    if (status := of_key.get((message, period))) is not None:
        return status
    return next((status for (name, of), status in of_key.items() if name == message and of > period), None)


NOTHING: Mapping[str, str] = MappingProxyType({})
"""Where the messages stand of a key that has none: one mapping, as of all keys that stand alike."""


class Waiting(NamedTuple):
    """What of a campaign is neither sent nor cancelled."""

    standing: Mapping[Place, Mapping[str, str]]
    """Where the messages of each key stand, and of each period. Those that stand alike share a mapping."""
    in_periods: AbstractSet[str]
    """Keys of which any has a period."""

    def any_of(self, key: str, period: str | None) -> bool:
        """Whether any message of a key waits, in this period; None: in any."""
        if period is None:
            return key in self.standing or key in self.in_periods
        return place(key, period) in self.standing


def waiting(messages: Iterable[tuple[str, str, str, str | None]]) -> Waiting:
    """Return what waits, of (key, message, status, period)."""
    found: dict[Place, Mapping[str, str]] = {}
    in_periods: set[str] = set()
    alike: dict[tuple[int, str, str], Mapping[str, str]] = {}  # by what was found before, which is kept here
    for key, message, status, period in messages:
        at: Place = key
        if period:
            at = (key, period)
            in_periods.add(key)
        others = found.get(at)
        step = (id(others), message, status)
        if (same := alike.get(step)) is None:
            same = alike[step] = {**(others or {}), message: status}
        found[at] = same
    return Waiting(found, in_periods)


def pause(row: Sequence[Any]) -> Pause:
    """Build a pause: channel, until when, and the three columns of its reason."""
    channel, until, *why = row
    return Pause(channel=channel, until=until, reason=reason(*why))


def outage(row: Sequence[Any]) -> Outage:
    """Build an outage from OUTAGE_COLUMNS."""
    cells = dict(zip(OUTAGE_COLUMNS, row, strict=True))
    why = reason(*(cells.pop(name) for name in OUTAGE_COLUMNS[-3:]))
    kind, several = OutageKind(cells.pop("kind")), bool(cells.pop("several"))
    return Outage(**cells, kind=kind, several=several, reason=why)


def outage_values(given: Outage) -> dict[str, Any]:
    """Return the values of an outage's columns, by name."""
    plain = {item.name: getattr(given, item.name) for item in fields(given)}
    return {**plain, "kind": given.kind.value, **reason_values(given.reason)}


EXPIRED_EVENT = ("expired", "dispatch", "")
"""Kind, who and detail of the event of a message that was not sent in time."""
