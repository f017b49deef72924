"""What code can say, read from its source: each text with `…` where something is filled in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

HOLE = "…"


def tree(module: ModuleType) -> ast.Module:
    assert module.__file__ is not None
    return ast.parse(Path(module.__file__).read_text(encoding="utf-8"))


def text(node: ast.AST) -> str | None:
    """Return the text of a literal, a joined one, one that is translated, or several that are added; None for anything
    else."""
    match node:
        case ast.Call(func=ast.Name(id="gettext"), args=[ast.Constant(value=str(value))], keywords=values) if values:
            return re.sub(r"\{\w+(?:![rs])?(?::[^{}]*)?\}", HOLE, value)
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=values):
            return "".join(part.value if isinstance(part, ast.Constant) else HOLE for part in values)  # type: ignore[misc]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return (text(left) or HOLE) + (text(right) or HOLE)
    return None


def texts(node: ast.AST) -> Iterator[str]:
    """Yield every text in a part of a tree, the largest first; docstrings too."""
    if (found := text(node)) is not None:
        yield found
        if not isinstance(node, ast.Call):
            return
    for child in ast.iter_child_nodes(node):
        yield from texts(child)


def plain(said: str) -> str:
    """Return a text as a page shows it: without the backticks, which would end a code span."""
    return re.sub(rf"{HOLE}+", HOLE, said.replace("`", ""))
