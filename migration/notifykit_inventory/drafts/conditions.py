"""Reads conditions as Jinja, for a record that was not notified: its flag says unsent, its key is in no status file."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from notifykit_inventory.drafts.loops import Loop
from notifykit_inventory.drafts.model import Test
from notifykit_inventory.drafts.symbols import Kind, plain, single
from notifykit_inventory.drafts.values import Values
from notifykit_inventory.resolution.folding import Scope, Texts, fold

_OPERATORS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
    ast.Lt: ("<", ">="), ast.GtE: (">=", "<"), ast.Gt: (">", "<="), ast.LtE: ("<=", ">"),
}  # fmt: skip
"""Each with its opposite."""
_HOLDS_OF_NOTHING = {ast.NotEq, ast.NotIn, ast.Is}
"""Comparisons that are true of an empty status file: `get(key) != word`, `key not in it`, `get(key) is None`."""
_NOTHING = {"0", "0.0", '""', "false", "none", "[]"}
_EITHER = {'"0"', '"0.0"', '"False"', '"None"'}
"""What a name holds: a text, which is something, or what is written so and is nothing."""
_COLUMN = re.compile(r'record\[("(?:\\.|[^"\\])*")\]')
_TRUTHS = re.compile(r"\.(?:startswith|endswith|isdigit)\([^()]*\)$")


class Conditions:
    """Reads the conditions of one beginning."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.loop: Loop | None = None
        """The loop over records that is being read."""

    def chosen(self, node: ast.expr, scope: Scope, depth: int, *, negated: bool = False) -> bool | str | None:
        """Return what a condition is, or its opposite: known, a Jinja expression, or None."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.chosen(node.operand, scope, depth, negated=not negated)
        if isinstance(node, ast.BoolOp):
            parts = [self.chosen(value, scope, depth, negated=negated) for value in node.values]
            return joined(parts, both=isinstance(node.op, ast.And) is not negated)
        if isinstance(node, ast.Compare):
            return self._comparison(node, scope, depth, negated=negated)
        return self._truth(node, scope, depth, negated=negated)

    def _comparison(self, node: ast.Compare, scope: Scope, depth: int, *, negated: bool) -> bool | str | None:
        if len(node.ops) != 1:
            return None
        kind = type(node.ops[0])
        left, right = fold(node.left, scope, depth), fold(node.comparators[0], scope, depth)
        if self._is_status(left, right, kind):
            return (kind in _HOLDS_OF_NOTHING) is not negated
        if (told := self._flag(left, right, kind)) is not None:
            return told is not negated
        first = self.values.literal(node.left, scope)
        second = self.values.literal(node.comparators[0], scope)
        if first is None or second is None:
            return None
        return f"{first} {_OPERATORS[kind][negated]} {second}"

    def _is_status(self, left: Texts, right: Texts, kind: type[ast.cmpop]) -> bool:
        """Whether one side is what a send-status file says; keeps by what it was looked up."""
        for side, other in ((left, right), (right, left)):
            found = single(side)
            if not found or found[0] is not Kind.STATUS:
                continue
            if self.loop is not None:
                self.loop.statuses.add(self.values.statuses[int(found[1])])
                if kind in (ast.In, ast.NotIn):
                    self.loop.keys.append(other)
                else:
                    self.loop.keys += self.values.keys
                    self.loop.exact |= plain(other) is not None
                self.values.keys.clear()
            return True
        return False

    def _flag(self, left: Texts, right: Texts, kind: type[ast.cmpop]) -> bool | None:
        """Return whether a comparison with a flag is true of a record that was not notified; None for any other."""
        if self.loop is None or kind not in (ast.Eq, ast.NotEq):
            return None
        for side, other in ((left, right), (right, left)):
            column, word = column_of(side), plain(other)
            if column is None or word is None or column not in self.loop.flags:
                continue
            if word == self.loop.flags[column]:
                return kind is ast.NotEq
            self.loop.unsent[column] = word
            return kind is ast.Eq
        return None

    def _truth(self, node: ast.expr, scope: Scope, depth: int, *, negated: bool) -> bool | str | None:
        value = fold(node, scope, depth)
        if self._is_status(value, (), ast.Eq):
            return negated
        found = single(value)
        if found and found[0] is Kind.TEST:
            if found[1] in ("true", "false"):
                return (found[1] == "true") is not negated
            return f"not ({found[1]})" if negated else found[1]
        said = self.values.literal(node, scope)
        if said is None:
            return None
        if found is None or said.startswith("["):  # a constant
            return None if said in _EITHER else (said not in _NOTHING) is not negated
        if _TRUTHS.search(said):
            return f"not {said}" if negated else said
        if found[0] is Kind.VALUE and said.startswith("("):  # a text or a number, by what is chosen
            return f"not {said}" if negated else f"not not {said}"
        nothing = "0" if found[0] is Kind.NUMBER else '""'
        return f"{said} {'==' if negated else '!='} {nothing}"


def column_of(texts: Texts) -> str | None:
    """Return the column that a folded text is; None for anything else."""
    found = single(texts)
    hit = _COLUMN.fullmatch(found[1]) if found and found[0] is Kind.VALUE else None
    value = ast.literal_eval(hit[1]) if hit else None
    return value if isinstance(value, str) else None


def joined(parts: Sequence[bool | str | None], *, both: bool) -> bool | str | None:
    """Join conditions by `and` where `both`, else by `or`. None among them is one that could not be told."""
    if (not both) in parts:
        return not both
    left = [part for part in parts if part is not both]
    if not left:
        return both
    told = [part for part in left if isinstance(part, str)]
    if len(told) < len(left):
        return None
    return told[0] if len(told) == 1 else f"({(' and ' if both else ' or ').join(told)})"


def all_of(tests: Sequence[Test]) -> bool | str | None:
    """Return tests as one condition; None where one of them could not be told."""
    return joined([test if isinstance(test, str) else None for test in tests], both=True)
