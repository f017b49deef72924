"""A strategy that keeps flags tells its columns and words, and the kit for tests sees where they are wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from notifykit_contract.source import CsvSource
from notifykit_contract.strategy import CsvFlag

from notifykit.legacy import FlagWords, KeepsFlags
from notifykit.roles import Source, Strategy
from notifykit.testing import StrategyContract

ROWS = "id,told,name\r\n1,open,a\r\n2,open,b\r\n"
WORDS = FlagWords(key="id", flag="told", unsent="open", sent="done", encoding="utf-8")


@dataclass(kw_only=True)
class Told(CsvFlag):
    """Tells other words than its own."""

    changed: str = "nothing"

    @property
    def flag_words(self) -> FlagWords:
        words = super().flag_words
        return words if self.changed == "nothing" else replace(words, **{self.changed: "name"})


class Kit(StrategyContract):
    def __init__(self, changed: str) -> None:
        self.changed = changed

    def make_source(self, folder: Path) -> Source:
        (folder / "rows.csv").write_bytes(ROWS.encode())
        return CsvSource(path=folder / "rows.csv", key="id", encoding="utf-8")

    def make_strategy(self, folder: Path) -> Strategy:
        return Told(flag="told", unsent="open", sent="done", changed=self.changed)


def test_they_are_those_of_campaign_and_source(tmp_path: Path) -> None:
    strategy = Kit("nothing").world(tmp_path).strategy
    assert isinstance(strategy, KeepsFlags)
    assert strategy.flag_words == WORDS


def test_the_kit_takes_the_right_ones(tmp_path: Path) -> None:
    Kit("nothing").test_its_flag_words_are_those_of_its_flags(tmp_path)


@pytest.mark.parametrize("changed", ["key", "flag", "unsent", "sent"])
def test_the_kit_refuses_wrong_ones(tmp_path: Path, changed: str) -> None:
    with pytest.raises(AssertionError):
        Kit(changed).test_its_flag_words_are_those_of_its_flags(tmp_path)
