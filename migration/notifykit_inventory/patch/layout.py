"""Takes items out of lists and statements out of blocks, so that commas, comments and blank lines stay in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import libcst as cst

_NOTHING = cst.Pass()
_GONE = cst.SimpleStatementLine(body=[_NOTHING])
"""What a statement leaves behind until its block is settled: its comments and blank lines. It holds something, since
libcst would drop an empty line together with them."""

Statements = Sequence[cst.BaseStatement | cst.BaseSmallStatement]


Item = TypeVar("Item", cst.Arg, cst.Param, cst.ImportAlias, cst.BaseElement)


def without(items: Sequence[Item], out: Sequence[bool]) -> list[Item]:
    """Return the items that stay. What follows the last one (a comma, a line end) is what followed the last before."""
    kept = [item for item, goes in zip(items, out, strict=True) if not goes]
    if kept and out[-1]:
        kept[-1] = kept[-1].with_changes(comma=items[-1].comma)
    return kept


def gone(leading: Sequence[cst.EmptyLine]) -> cst.SimpleStatementLine:
    """Return what a statement below these lines leaves behind."""
    return _GONE.with_changes(leading_lines=leading)


def passing() -> cst.SimpleStatementLine:
    """Return a line `pass`."""
    return cst.SimpleStatementLine(body=[cst.Pass()])


def statements(suite: cst.BaseSuite) -> list[cst.BaseStatement]:
    """Return the statements of a suite as they stand in a block."""
    if isinstance(suite, cst.IndentedBlock):
        return list(suite.body)
    assert isinstance(suite, cst.SimpleStatementSuite)  # noqa: S101 - there are only these two
    return [cst.SimpleStatementLine(body=suite.body, trailing_whitespace=suite.trailing_whitespace)]


def without_pass(
    leading: Sequence[cst.EmptyLine], body: Sequence[cst.BaseStatement]
) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
    """Return what takes the place of a compound statement: these statements, below its comments."""
    if not body or (len(body) == 1 and body[0].deep_equals(passing())):
        return gone(leading)
    first = body[0]
    own = getattr(first, "leading_lines", ())
    return cst.FlattenSentinel([first.with_changes(leading_lines=[*leading, *own]), *body[1:]])


def settled(body: Statements) -> list[Any] | None:
    """Return a block's statements without those that are gone; None where none is.

    A comment right above a statement goes with it, unless the next statement follows without a blank line: then it may
    be a heading over both.
    """
    if not any(_is_gone(item) for item in body):
        return None
    result: list[Any] = []
    waiting: list[cst.EmptyLine] = []
    for item in body:
        lines = list(getattr(item, "leading_lines", []))
        if _is_gone(item):
            waiting += lines
            continue
        if waiting:
            starts_new = bool(lines) and lines[0].comment is None
            item = item.with_changes(leading_lines=[*(_before_last_blank(waiting) if starts_new else waiting), *lines])
            waiting = []
        result.append(item)
    return result


def _is_gone(item: object) -> bool:
    return isinstance(item, cst.SimpleStatementLine) and item.body[0] is _NOTHING


def _before_last_blank(lines: list[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """Return the comments that stand apart from the statement that is gone."""
    at = len(lines)
    while at and lines[at - 1].comment is not None:
        at -= 1
    while at and lines[at - 1].comment is None:
        at -= 1
    return lines[:at]
