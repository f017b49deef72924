"""Whether an alert is on: what one look makes of what the look before it left. Pure: every case can be tested."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from notifykit.outbox.protocol import Outbox
from notifykit.wording import Reason

__all__ = ["Change", "State", "keep_state", "states", "step"]

STATES = "alert"


class Change(StrEnum):
    """What is told of an alert."""

    BEGAN = "began"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A condition that holds, or did. Times are UTC seconds."""

    since: float
    """Since when it holds."""
    said: Reason
    """What was found when it began."""
    told_at: float | None = None
    """When it was told; None: not yet, for it has not lasted or is silenced."""
    clear_since: float | None = None
    """Since when it does not hold any more, where that is not told yet."""
    ended_at: float | None = None
    second: bool = False
    """Whether it was told to the second recipient, who is then told of its end, too."""

    @property
    def is_on(self) -> bool:
        """Whether it was told, and its end was not."""
        return self.told_at is not None and self.ended_at is None


def step(
    state: State | None, said: Reason | None, now: float, *, lasting: float, quiet: float, silenced: bool
) -> tuple[State | None, Change | None]:
    """Return what a look at `now` makes of an alert, and what is to be told.

    `said`: what was found; None where the condition does not hold. It is told when it has held for `lasting` seconds
    and nobody silenced it, and its end when it has not held for `quiet` seconds. An end is told whenever the
    beginning was. Where the clock was set back, times that would be ahead of it are taken as now.
    """
    if state is not None and state.ended_at is not None:
        state, ended = None, state
    else:
        ended = None
    if said is None:
        return _cleared(state, now, quiet) if state is not None else (ended, None)
    if state is None:
        state = State(since=now, said=said)
    if state.clear_since is not None:
        state = replace(state, clear_since=None)
    if state.since > now:
        state = replace(state, since=now)
    if state.told_at is None and not silenced and now - state.since >= lasting:
        return replace(state, told_at=now, said=said), Change.BEGAN
    return state, None


def _cleared(state: State, now: float, quiet: float) -> tuple[State | None, Change | None]:
    if state.told_at is None:
        return None, None
    since = now if state.clear_since is None else min(state.clear_since, now)
    if now - since < quiet:
        return replace(state, clear_since=since), None
    return replace(state, clear_since=None, ended_at=since), Change.ENDED


def states(outbox: Outbox) -> Mapping[str, State]:
    """Return what the looks before left, by the key of each finding."""
    return {name: _read(note) for name, note in outbox.notes(STATES).items()}


def keep_state(outbox: Outbox, key: str, state: State | None) -> None:
    """Keep what a look leaves."""
    if state is None:
        outbox.keep_note(STATES, key, None)
        return
    note = {
        "since": state.since,
        "said": state.said.as_data(),
        "told_at": state.told_at,
        "clear_since": state.clear_since,
        "ended_at": state.ended_at,
        "second": state.second,
    }
    outbox.keep_note(STATES, key, json.dumps(note, ensure_ascii=False))


def _read(note: str) -> State:
    data = json.loads(note)
    return State(said=Reason.of(data.pop("said")), **data)
