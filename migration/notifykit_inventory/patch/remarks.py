"""Comments and docstrings that still speak of what a patch takes out. A person mends them."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator

from notifykit_inventory.patch.model import Remark
from notifykit_inventory.resolution.bindings import FunctionNode
from notifykit_inventory.source import Code, parse
from notifykit_inventory.words import STATUS_WORDS

Block = tuple[int, int]
"""First and last line."""


def remarks(file: str, text: str, names: Collection[str], before: str | None = None) -> Iterator[Remark]:
    """Yield the comments and lines of docstrings of a file's code that speak of any of these names.

    `before` is the code of a file that a patch changes: what it changed may not speak of send status at all, nor of
    names that it has no more. Lines as they are in `text`.
    """
    everywhere = _any_of(names)
    changed = list(_changed(before, text)) if before is not None else []
    for line, said in sorted(_said(text)):
        known = [words for (first, last), words in changed if first <= line <= last]
        if (everywhere and everywhere.search(said)) or any(words.search(said) for words in known):
            yield Remark(file=file, line=line, text=said.strip())


def _any_of(names: Collection[str]) -> re.Pattern[str] | None:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names)))})(?!\w)") if names else None


def _changed(before: str, after: str) -> Iterator[tuple[Block, re.Pattern[str]]]:
    """Yield the functions that differ, with what they may not speak of any more."""
    old = dict(_functions(_tree(before)))
    for name, node in _functions(_tree(after)):
        was = old.get(name)
        if was is None or ast.dump(was) == ast.dump(node):
            continue
        gone = _any_of(_names(was) - _names(node))
        words = f"{STATUS_WORDS}|{gone.pattern}" if gone else STATUS_WORDS
        yield (node.lineno, node.end_lineno or node.lineno), re.compile(words)


def _functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, FunctionNode]]:
    """Yield the functions that are in no other function, with their qualified names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode):
            yield prefix + child.name, child
        else:
            yield from _functions(child, f"{prefix}{child.name}." if isinstance(child, ast.ClassDef) else prefix)


def _tree(text: str) -> ast.Module:
    return parse(Code(text, "utf-8", bom=False))


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} | {
        part.arg for part in ast.walk(node) if isinstance(part, ast.arg)
    }


def _said(text: str) -> Iterator[tuple[int, str]]:
    """Yield each comment, and each line of a docstring, with its line."""
    file = io.StringIO(text, newline=None)
    for token in tokenize.generate_tokens(file.readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    lines = file.getvalue().split("\n")
    for node in ast.walk(_tree(text)):
        if not isinstance(node, ast.Module | ast.ClassDef | FunctionNode) or ast.get_docstring(node) is None:
            continue
        first = node.body[0]
        assert isinstance(first, ast.Expr)  # noqa: S101 - a docstring is one
        yield from enumerate(lines[first.lineno - 1 : first.end_lineno], first.lineno)
