"""When an alert begins and when it ends, over any run of looks."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from notifykit.alerts.state import Change, State, keep_state, states, step
from notifykit.outbox import SqliteOutbox
from notifykit.wording import Reason
from notifykit.wording.host import FOUND_IN_DOUBT

SAID = Reason("it holds")
LOOKS = st.lists(
    st.tuples(st.floats(min_value=0.5, max_value=100.0), st.booleans(), st.booleans()), min_size=1, max_size=60
)


def changes(
    looks: list[tuple[float, bool, bool]], *, lasting: float = 0.0, quiet: float = 0.0
) -> list[tuple[float, Change]]:
    """Return what is told by looks: seconds since the one before, whether the condition holds, whether silenced."""
    state: State | None = None
    now, told = 0.0, []
    for after, holds, silenced in looks:
        now += after
        state, change = step(state, SAID if holds else None, now, lasting=lasting, quiet=quiet, silenced=silenced)
        if change is not None:
            told.append((now, change))
    return told


@given(LOOKS, st.sampled_from([0.0, 30.0]), st.sampled_from([0.0, 30.0]))
def test_a_beginning_and_an_end_are_told_in_turn(
    looks: list[tuple[float, bool, bool]], lasting: float, quiet: float
) -> None:
    told = [change for _, change in changes(looks, lasting=lasting, quiet=quiet)]
    assert told == [Change.BEGAN, Change.ENDED][:2] * (len(told) // 2) + [Change.BEGAN] * (len(told) % 2)


@given(LOOKS)
def test_an_end_is_told_only_after_the_quiet_time(looks: list[tuple[float, bool, bool]]) -> None:
    quiet, now, clear_since = 40.0, 0.0, None
    ends = dict(changes(looks, quiet=quiet))
    for after, holds, _ in looks:
        now += after
        clear_since = None if holds else now if clear_since is None else clear_since
        if ends.get(now) is Change.ENDED:
            assert clear_since is not None
            assert now - clear_since >= quiet


@given(LOOKS)
def test_nothing_begins_while_it_is_silenced(looks: list[tuple[float, bool, bool]]) -> None:
    now, silences = 0.0, {}
    for after, _, silenced in looks:
        now += after
        silences[now] = silenced
    assert not [at for at, change in changes(looks) if change is Change.BEGAN and silences[at]]


def test_what_holds_when_a_silence_is_over_is_told_then() -> None:
    assert changes([(1, True, True), (1, True, True), (1, True, False)]) == [(3, Change.BEGAN)]


def test_the_end_of_what_was_told_is_told_in_a_silence_too() -> None:
    assert changes([(1, True, False), (1, True, True), (1, False, True)]) == [(1, Change.BEGAN), (3, Change.ENDED)]


def test_a_state_must_last_and_starts_anew_after_a_gap() -> None:
    looks = [(10.0, True, False), (10.0, True, False), (1.0, False, False), (10.0, True, False), (20.0, True, False)]
    assert changes(looks, lasting=15.0) == [(51, Change.BEGAN)]


def test_a_clock_that_was_set_back_delays_nothing_for_long() -> None:
    state, _ = step(None, SAID, 1_000_000.0, lasting=60.0, quiet=0.0, silenced=False)
    state, change = step(state, SAID, 100.0, lasting=60.0, quiet=0.0, silenced=False)
    assert (state and state.since, change) == (100.0, None)
    _, change = step(state, SAID, 161.0, lasting=60.0, quiet=0.0, silenced=False)
    assert change is Change.BEGAN


def test_a_state_is_kept_whole(tmp_path: Path) -> None:
    state = State(since=1.5, said=FOUND_IN_DOUBT(number="3"), told_at=2.5, clear_since=3.5)
    with SqliteOutbox.open(tmp_path / "a.db") as outbox:
        keep_state(outbox, "in_doubt", state)
        assert states(outbox) == {"in_doubt": state}
        keep_state(outbox, "in_doubt", None)
        assert states(outbox) == {}
