"""The picture of the flow: nothing lies on anything else, and no contract is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_migration.model import FlagState, RowState, StatusFileState
from notifykit_migration.report.flow import BAR, LABEL, SLOT, STEP, TALL, THINNEST, WIDTH, Bar, Picture, picture
from notifykit_migration.report.summary import Flow
from notifykit_migration.report.words import Outcome
from rich.cells import cell_len

CELL = 7.5
"""About how wide one terminal cell of text is in the picture, in its units; a Chinese character has two."""

NEAR = 1e-6

paths = st.builds(
    Flow,
    st.sampled_from(StatusFileState),
    st.sampled_from(RowState),
    st.sampled_from(FlagState),
    st.sampled_from(Outcome),
)
flows_of_contracts = st.dictionaries(paths, st.integers(1, 100_000), min_size=1, max_size=40)

ALL: Mapping[Flow, int] = {
    Flow(*states): 1 + at for at, states in enumerate(product(StatusFileState, RowState, FlagState, Outcome))
}


def by_column(drawn: Picture) -> Mapping[int, list[Bar]]:
    found = defaultdict(list)
    for bar in drawn.bars:
        found[bar.column].append(bar)
    return found


@given(flows_of_contracts)
def test_bars_do_not_overlap_and_lie_in_the_picture(flows: Mapping[Flow, int]) -> None:
    drawn = picture(flows)
    for bars in by_column(drawn).values():
        for above, below in pairwise(bars):
            assert above.slot[1] < below.slot[0]
        for bar in bars:
            assert bar.slot[0] - NEAR <= bar.y <= bar.y + bar.height <= bar.slot[1] + NEAR
            assert bar.slot[1] - bar.slot[0] >= SLOT - NEAR  # two lines of label fit
            assert bar.slot[1] <= drawn.height


@given(flows_of_contracts)
def test_ribbons_fill_their_bars_without_overlap(flows: Mapping[Flow, int]) -> None:
    drawn = picture(flows)
    for bar in drawn.bars:
        leaving = sorted((r.y0, r.y0 + r.width) for r in drawn.ribbons if r.source is bar)
        coming = sorted((r.y1, r.y1 + r.width) for r in drawn.ribbons if r.target is bar)
        for side in (leaving, coming):
            for above, below in pairwise(side):
                assert above[1] <= below[0] + NEAR
            for low, high in side:
                assert bar.y - NEAR <= low < high <= bar.y + bar.height + NEAR


@given(flows_of_contracts)
def test_no_contract_is_missing(flows: Mapping[Flow, int]) -> None:
    drawn = picture(flows)
    everything = sum(flows.values())
    for bars in by_column(drawn).values():
        assert sum(bar.contracts for bar in bars) == everything
    for column in range(3):
        assert sum(r.contracts for r in drawn.ribbons if r.source.column == column) == everything


@given(flows_of_contracts)
def test_ribbons_of_a_bar_leave_in_the_order_of_their_targets(flows: Mapping[Flow, int]) -> None:
    drawn = picture(flows)
    for bar in drawn.bars:
        leaving = sorted((r for r in drawn.ribbons if r.source is bar), key=lambda r: r.y0)
        assert [r.target.y for r in leaving] == sorted(r.target.y for r in leaving)


def test_labels_end_before_the_next_bars() -> None:
    drawn = picture(ALL)
    assert len(drawn.bars) == 3 + 5 + 4 + 7
    for bar in drawn.bars:
        words = f"{bar.words.zh} {bar.words.en}"
        end = bar.label_x + cell_len(words) * CELL
        assert end < (bar.x + STEP if bar.column < 3 else WIDTH), words


def test_all_states_at_once_stay_a_picture() -> None:
    drawn = picture(ALL)
    assert drawn.height < 1000
    assert all(ribbon.width >= THINNEST for ribbon in drawn.ribbons)


def test_one_of_a_hundred_thousand_is_seen() -> None:
    usual = Flow(StatusFileState.SENT, RowState.COMPLETED, FlagState.SENT, Outcome.SENT)
    odd = Flow(StatusFileState.SENT, RowState.PENDING, FlagState.MISSING, Outcome.HELD)
    drawn = picture({usual: 99_999, odd: 1})
    assert min(ribbon.width for ribbon in drawn.ribbons) == THINNEST
    assert max(ribbon.width for ribbon in drawn.ribbons) == pytest.approx(TALL, rel=0.001)


def test_an_outline_runs_from_bar_to_bar() -> None:
    (first, *_) = picture({Flow(StatusFileState.SENT, RowState.COMPLETED, FlagState.SENT, Outcome.SENT): 3}).ribbons
    assert first.outline.startswith(f"M{first.source.x + BAR:.1f},{first.y0:.1f}C")
    assert f" {first.target.x:.1f},{first.y1:.1f}V" in first.outline
    assert first.outline.endswith("Z")
    assert first.source.label_x == first.source.x + BAR + LABEL
