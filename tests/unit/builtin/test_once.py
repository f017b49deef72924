"""The strategy `once` passes the contract of strategies, and writes nothing."""

from __future__ import annotations

from pathlib import Path

from notifykit_builtin.once import Once

from notifykit.model import Problem, Record, Table
from notifykit.roles import Source, Strategy
from notifykit.testing import StrategyContract


class Two:
    """Two records."""

    def read(self) -> list[Record | Problem]:
        table = Table("two", {"id": 0})
        return [Record("a", ["a"], table, 2), Record("b", ["b"], table, 3)]


class TestOnce(StrategyContract):
    def make_source(self, folder: Path) -> Source:
        return Two()

    def make_strategy(self, folder: Path) -> Strategy:
        return Once()
