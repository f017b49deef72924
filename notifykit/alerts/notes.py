"""What is kept in the store between two looks: passes, sources, errors; which alerts are on, and silences.

Each is a note of a topic of its own, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from notifykit.outbox.protocol import Outbox

PASSES, SOURCES, FAILING, ERRORS, SILENCES = "pass", "source", "failing", "errors", "silence"
HELD, DISPATCHED, SETTLED = "rows_held", "dispatched", "settled"

KEPT = 7 * 86_400.0
"""Seconds for which logged errors are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSeen:
    """How a source was, and since when it is so."""

    state: str
    at: float
    """UTC seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Errors that one process logged."""

    at: float
    """UTC seconds of the latest."""
    number: int
    latest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A condition of which nobody is told for a time."""

    condition: str
    at: float
    """UTC seconds, as all times."""
    until: float
    who: str
    why: str


def passes(outbox: Outbox) -> Mapping[str, float]:
    """Return when each campaign had its last whole pass, in UTC seconds."""
    return {name: float(note) for name, note in outbox.notes(PASSES).items()}


def keep_pass(outbox: Outbox, campaign: str, at: float) -> None:
    """Keep that a campaign had one."""
    outbox.keep_note(PASSES, campaign, repr(at))


def passes_of(outbox: Outbox) -> Mapping[str, Mapping[str, float]]:
    """Return when each verb was last done without a failure, by its name and campaign, in UTC seconds."""
    topics = {"generate": PASSES, "dispatch": DISPATCHED, "settle": SETTLED}
    return {verb: {name: float(note) for name, note in outbox.notes(topic).items()} for verb, topic in topics.items()}


def keep_done(outbox: Outbox, topic: str, campaigns: Iterable[str], at: float) -> None:
    """Keep that campaigns were dispatched or settled: `DISPATCHED`, `SETTLED`."""
    with outbox.transaction():
        for name in campaigns:
            outbox.keep_note(topic, name, repr(at))


def rows_held(outbox: Outbox) -> Mapping[str, int]:
    """Return how many rows of each campaign could not be used at its latest pass."""
    return {name: int(note) for name, note in outbox.notes(HELD).items()}


def keep_rows_held(outbox: Outbox, campaign: str, number: int) -> None:
    """Keep how many there were."""
    outbox.keep_note(HELD, campaign, str(number))


def sources(outbox: Outbox) -> Mapping[str, SourceSeen]:
    """Return how the source of each campaign was seen to be."""
    return {name: SourceSeen(**json.loads(note)) for name, note in outbox.notes(SOURCES).items()}


def keep_source(outbox: Outbox, campaign: str, seen: SourceSeen) -> None:
    """Keep how a source is."""
    outbox.keep_note(SOURCES, campaign, _json(asdict(seen)))


def failing(outbox: Outbox) -> Mapping[str, str]:
    """Return the campaigns that could not go on, each with the error."""
    return outbox.notes(FAILING)


def keep_failing(outbox: Outbox, campaign: str, error: str | None) -> None:
    """Keep that a campaign could not go on; None: it did."""
    outbox.keep_note(FAILING, campaign, error)


def errors(outbox: Outbox) -> list[Errors]:
    """Return the errors that were logged."""
    return [Errors(**json.loads(note)) for note in outbox.notes(ERRORS).values()]


def add_errors(outbox: Outbox, worker: str, found: Errors) -> None:
    """Keep errors that a worker logged, and forget those that are older than `KEPT`."""
    with outbox.transaction():
        for name, note in outbox.notes(ERRORS).items():
            if json.loads(note)["at"] < found.at - KEPT:
                outbox.keep_note(ERRORS, name, None)
        outbox.keep_note(ERRORS, f"{found.at:.3f} {worker}", _json(asdict(found)))


def silences(outbox: Outbox) -> Mapping[str, Silence]:
    """Return the silences that are not over, by condition."""
    now = outbox.now()
    found = {name: Silence(condition=name, **json.loads(note)) for name, note in outbox.notes(SILENCES).items()}
    return {name: one for name, one in found.items() if one.until > now}


def keep_silence(outbox: Outbox, condition: str, silence: Silence | None) -> None:
    """Keep a silence in the place of an earlier one; None: there is none any more."""
    note = None
    if silence is not None:
        note = _json({"at": silence.at, "until": silence.until, "who": silence.who, "why": silence.why})
    outbox.keep_note(SILENCES, condition, note)


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False)
