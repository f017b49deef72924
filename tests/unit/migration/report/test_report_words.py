"""Every word that a plan can hold has a name in both languages."""

from __future__ import annotations

import re

import pytest
from notifykit_migration.journal.phase import Phase
from notifykit_migration.model import (
    CheckResult,
    FlagState,
    InputKind,
    OutboxState,
    RowState,
    StatusFileState,
    Treatment,
)
from notifykit_migration.report import words

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Treatment, words.DECISIONS),
        (Treatment, words.MEANINGS),
        (StatusFileState, words.JSONS),
        (RowState, words.ROWS),
        (FlagState, words.COLUMNS),
        (words.Outcome, words.OUTCOMES),
        (CheckResult, words.RESULTS),
        (OutboxState, words.PRESENTS),
        (InputKind, words.KINDS),
        (Phase, words.PHASES),
    ],
)
def test_every_word_has_a_name(kind: type, names: dict[str, words.Words]) -> None:
    assert set(names) == set(kind)  # type: ignore[call-overload]
    for pair in names.values():
        assert CHINESE.search(pair.zh) or pair.zh == pair.en in ("Y", "N")
        assert not CHINESE.search(pair.en)


def test_what_is_not_known_stays_as_it_is() -> None:
    assert words.event("moon_phase") == words.Words("moon phase", "moon phase")
