"""The records of a file: all of them, or those that code picks or leaves."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from notifykit.wording.translation import gettext
from notifykit_inventory.drafts.model import Mark, Test
from notifykit_inventory.drafts.symbols import RECORD, Kind, plain, single, symbol
from notifykit_inventory.resolution.folding import Scope, Texts, fold
from notifykit_inventory.source import short

READS_ALL = "get_all_records_from_csv"
"""The old program's own reader."""
WHOLE = {
    "list", "tuple", "sorted", "reversed", "enumerate", "iter", "dict", "copy", "deepcopy", "tqdm",
    READS_ALL, "DictReader", "reader", "open", "StringIO", "BytesIO", "TextIOWrapper", "urlopen",
    "get", "load", "loads", "json", "read", "read_text", "readlines", "splitlines", "split", "strip", "decode",
    "read_csv", "read_excel", "read_json", "to_dict", "iterrows", "itertuples", "items", "values", "sort_values",
}  # fmt: skip
"""Functions and methods that give all records of the file, or all of the records, that they are given or called on."""
CHANGES = {"pop", "popleft", "remove", "clear", "append", "extend", "insert", "readline", "drop", "drop_duplicates"}
"""Methods after which a list or a file has not the records any more that it had."""
_FILE = re.compile(r"[^\n]*\.(?:csv|json|jsonl|txt|xlsx?)|https?://[^\n]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rows:
    """The records of a source, or some of them."""

    path: str
    conditions: tuple[Test, ...] = ()
    """What is true of them."""


class Picking:
    """The lists of records of one beginning, by the numbers of their symbols."""

    def __init__(self, chosen: Callable[[ast.expr, Scope, int], bool | str | None]) -> None:
        """`chosen` reads a condition: known, a Jinja expression, or None."""
        self._chosen = chosen
        self._rows: list[Rows] = []
        self._about: set[Test] = set()

    def rows(self, texts: Texts) -> Rows | None:
        """Return the records that a folded text stands for; None where it is anything else."""
        found = single(texts)
        return self._rows[int(found[1])] if found and found[0] is Kind.ROWS else None

    def some(self, rows: Rows, node: ast.expr, scope: Scope) -> Texts:
        """Return the symbol for those of the records that an expression gives: which, only a run can tell."""
        return self._symbol(replace(rows, conditions=(*rows.conditions, _untold(node, scope))))

    def _symbol(self, rows: Rows) -> Texts:
        self._rows.append(rows)
        return symbol(Kind.ROWS, str(len(self._rows) - 1))

    def change(self, texts: Texts, node: ast.expr, scope: Scope) -> bool:
        """Note that an expression changes a list, under all its names. Returns whether that was not known."""
        found, mark = single(texts), _untold(node, scope)
        if not found or found[0] is not Kind.ROWS or mark in (rows := self._rows[int(found[1])]).conditions:
            return False
        self._rows[int(found[1])] = replace(rows, conditions=(*rows.conditions, mark))
        return True

    def subscript(self, node: ast.Subscript, base: Texts, scope: Scope) -> Texts | None:
        """Return what a key or a slice of records gives; None where they are none."""
        rows, key = self.rows(base), node.slice
        if isinstance(key, ast.Slice):
            is_whole = key.lower is None and key.upper is None and key.step is None
        else:  # a word says where in a file the records are
            is_whole = isinstance(key, ast.Constant) and isinstance(key.value, str)
        return base if rows is None or is_whole else self.some(rows, node, scope)

    def call(self, node: ast.Call, name: str, scope: Scope, depth: int) -> Texts | None:
        """Return the rows of the file, or of the records, that a call is given; None where it is given none."""
        for given in (*node.args, *(item.value for item in node.keywords)):
            value = fold(given, scope, depth)
            text = plain(value)
            if text is not None and _FILE.fullmatch(text):
                value = self._symbol(Rows(text))
            if (rows := self.rows(value)) is not None:
                return value if name in WHOLE else self.some(rows, node, scope)
        return None

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp, scope: Scope, depth: int) -> Texts | None:
        """Return the rows that a comprehension picks; None where it is none that only picks."""
        if len(node.generators) != 1 or not isinstance(node.generators[0].target, ast.Name):
            return None
        one = node.generators[0]
        target = node.generators[0].target.id
        rows = self.rows(fold(one.iter, scope, depth))
        if rows is None or not (isinstance(node.elt, ast.Name) and node.elt.id == target):
            return None
        inner = replace(scope, bound={**scope.bound, target: RECORD})
        tests = [self._chosen(test, inner, depth) for test in one.ifs]
        if None in tests or False in tests:
            return self.some(rows, node, scope)
        told = (test for test in tests if isinstance(test, str))
        return self._symbol(replace(rows, conditions=(*rows.conditions, *told)))

    def about(self, tests: Sequence[Test]) -> tuple[Test, ...]:
        """Return those of conditions outside of loops that are about the records."""
        return tuple(test for test in tests if test in self._about)

    def note(self, mark: Mark, test: ast.expr, scope: Scope) -> None:
        """Note whether a condition, for which a mark stands, is about records."""
        if self._limits(test, scope):
            self._about.add(mark)

    def _limits(self, test: ast.expr, scope: Scope) -> bool:
        """Whether a condition asks more of records than whether there are any: of none, no message is made."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._limits(test.operand, scope)
        if isinstance(test, ast.BoolOp):
            return any(self._limits(value, scope) for value in test.values)
        if isinstance(test, ast.Compare) and all(_is_nothing(value) for value in test.comparators):
            return self._limits(test.left, scope)
        if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "len":
            return any(self._limits(value, scope) for value in test.args)
        names = [part for part in ast.walk(test) if isinstance(part, ast.Name)]
        return test not in names and any(self.rows(fold(name, scope)) is not None for name in names)


def _untold(node: ast.expr, scope: Scope) -> Mark:
    file = scope.modules.file(scope.home.path)
    what = gettext("which of the records are told: {code}", code=short(node))
    return Mark(file=file, line=node.lineno, what=what)


def _is_nothing(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and not node.value) or (isinstance(node, ast.List) and not node.elts)
