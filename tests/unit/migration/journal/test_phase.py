"""Where a migration stands, as the journal's lines tell."""

from __future__ import annotations

import pytest
from notifykit_migration.journal.journal import Entry
from notifykit_migration.journal.phase import Phase, state_of, was_used


def line(kind: str, **fields: object) -> Entry:
    return Entry(kind=kind, at=100.0, fields=fields)


BEGUN = line("migrate_begun", plan_hash="a", plan_made_at=1.0, backup="b1", soak_until=None)
SECOND = line("migrate_begun", plan_hash="c", plan_made_at=2.0, backup="b2", soak_until=700)
STEPS = [line("begun", step="database"), line("done", step="database")]
VERIFIED = line("verified", passed=True)
FAILED = line("verified", passed=False)
DONE = line("migrate_done")
WITH_FILES = line("migrate_done", retire=True)
RETIRED = line("retired")
GOING_BACK = [line("rollback_begun"), line("rollback_done")]


@pytest.mark.parametrize(
    ("entries", "phase", "verified", "retiring"),
    [
        ([], Phase.NONE, None, False),
        ([BEGUN], Phase.MIGRATING, None, False),
        ([BEGUN, *STEPS, FAILED], Phase.MIGRATING, False, False),
        ([BEGUN, *STEPS, VERIFIED], Phase.MIGRATING, True, False),
        ([BEGUN, *STEPS, VERIFIED, DONE], Phase.SOAKING, True, False),
        ([BEGUN, *STEPS, VERIFIED, WITH_FILES], Phase.SOAKING, True, True),
        ([BEGUN, WITH_FILES, line("begun", step="move x")], Phase.SOAKING, None, True),
        ([BEGUN, WITH_FILES, RETIRED], Phase.RETIRED, None, False),
        ([BEGUN, DONE, VERIFIED, RETIRED, FAILED], Phase.RETIRED, False, False),
        ([BEGUN, WITH_FILES, GOING_BACK[0]], Phase.ROLLING_BACK, None, False),
        ([BEGUN, DONE, VERIFIED, *GOING_BACK], Phase.NONE, None, False),
        ([BEGUN, DONE, *GOING_BACK, SECOND], Phase.MIGRATING, None, False),
        ([BEGUN, WITH_FILES, SECOND, DONE], Phase.SOAKING, None, False),
    ],
)
def test_where_it_stands(entries: list[Entry], phase: Phase, verified: bool | None, retiring: bool) -> None:
    state = state_of(entries)
    assert (state.phase, state.verified, state.retiring) == (phase, verified, retiring)


def test_what_is_in_force() -> None:
    state = state_of([BEGUN, DONE, RETIRED, SECOND])
    assert state.migrations == (BEGUN, SECOND)
    assert (state.plan_hash, state.backup, state.soak_until) == ("c", "b2", 700.0)
    assert state_of([BEGUN]).soak_until is None
    assert state_of([BEGUN, DONE, *GOING_BACK]).migrations == ()
    assert state_of([BEGUN, DONE, *GOING_BACK, SECOND]).migrations == (SECOND,)


def test_a_plan_is_used_once_even_where_it_was_rolled_back() -> None:
    entries = [BEGUN, DONE, *GOING_BACK]
    assert was_used(entries, "a", 1.0) is BEGUN
    assert was_used(entries, "a", 1.5) is None, "a new plan of the same world is another plan"
    assert was_used(entries, "c", 1.0) is None
    assert was_used([], "a", 1.0) is None
