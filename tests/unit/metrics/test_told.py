"""What was told is kept, so that no counter falls."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.metrics.told import ToldTotals
from notifykit.outbox.totals import SEQUENCE, Total, raised

ONE = Total("attempts", "活动", "robot", "accepted")
STEP = Total(SEQUENCE)


@pytest.fixture
def told(tmp_path: Path) -> ToldTotals:
    project = tmp_path / "notifykit.yaml"
    project.write_text("", encoding="utf-8")
    project.chmod(0o640)
    return ToldTotals.of(project)


def test_what_is_kept_is_read_again_by_whoever_may_read_the_project(told: ToldTotals) -> None:
    assert told.read() == {}
    told.keep({ONE: 3.0, STEP: 1.0})
    assert told.read() == {ONE: 3.0, STEP: 1.0}
    assert told.file.name == "notifykit-totals.json"
    if os.name == "posix":
        assert stat.S_IMODE(told.file.stat().st_mode) == 0o640
    assert [path.name for path in told.file.parent.iterdir() if path.name.startswith(".")] == []


def test_an_older_state_is_not_kept_and_is_told_as_the_later_one(told: ToldTotals) -> None:
    told.keep({ONE: 3.0, STEP: 2.0})
    told.keep({ONE: 1.0, STEP: 1.0})
    assert told.read()[ONE] == 3.0
    assert told.with_store({ONE: 1.0, STEP: 1.0})[ONE] == 3.0
    assert told.with_store({ONE: 1.0, STEP: 3.0})[ONE] == 1.0  # its campaign was renamed, say


@pytest.mark.parametrize("text", ["", "[]", '{"totals": [["attempts"]]}', '{"totals": [["a","b","c","d","much"]]}'])
def test_a_damaged_file_is_told_and_written_anew(told: ToldTotals, text: str, caplog: pytest.LogCaptureFixture) -> None:
    told.file.write_text(text, encoding="utf-8")
    assert told.read() == {}
    assert "is damaged, and is written anew" in caplog.text
    told.keep({ONE: 1.0, STEP: 1.0})
    assert told.read()[ONE] == 1.0


def test_nothing_is_kept_where_the_folder_is_gone(tmp_path: Path) -> None:
    ToldTotals.of(tmp_path / "gone" / "notifykit.yaml").keep({ONE: 1.0, STEP: 1.0})


NUMBERS = st.dictionaries(st.sampled_from([ONE, Total("twice", "b"), Total("calls", channel="c")]), st.floats(0, 1e9))


@given(store=NUMBERS, least=NUMBERS, before=st.integers(0, 5), told=st.integers(0, 5))
def test_no_total_falls_and_none_rises_unless_the_store_is_older(
    store: dict[Total, float], least: dict[Total, float], before: int, told: int
) -> None:
    store, least = {**store, STEP: float(before)}, {**least, STEP: float(told)}
    after = {**store, **raised(store, least)}
    assert all(after[total] >= value for total, value in store.items())
    if before < told:
        assert all(after.get(total, 0.0) >= value for total, value in least.items())
        assert all(after[total] in (store.get(total), least.get(total)) for total in after)
    else:
        assert after == store
