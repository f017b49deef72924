"""Where names are still mentioned in the code of a tree: whatever is mentioned may not be taken away."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from notifykit_inventory.source import UnreadableError, read_code


def files_with(names: Collection[str], files: Iterable[Path]) -> dict[Path, set[str]]:
    """Return the files in whose text any of the names stands as a word."""
    if not names:
        return {}
    wanted = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b")
    found: dict[Path, set[str]] = {}
    for path in files:
        try:
            text = read_code(path).text
        except UnreadableError:
            continue  # it changed since the inventory read it
        if hits := set(wanted.findall(text)):
            found[path] = hits
    return found


def mentioned(tree: ast.AST, names: Collection[str], *, imports: bool = True) -> Iterator[tuple[str, int]]:
    """Yield each mention of a name with its line: as a variable, an attribute, a text of its own, or in an import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and node.attr in names:
            yield node.attr, node.lineno
        elif isinstance(node, ast.alias) and imports:
            for name in {node.name, node.asname} & set(names):
                yield str(name), node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
            yield node.value, node.lineno
        elif isinstance(node, ast.Global | ast.Nonlocal):
            for name in set(node.names) & set(names):
                yield name, node.lineno


def calls_of(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """Yield the calls of whatever has this last name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and last_name(node.func) == name:
            yield node


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name, or nothing."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def exported(name: str, home: Path, texts: Mapping[Path, str]) -> bool:
    """Whether another file may take a name from the module at `home`. `texts` are the files that mention the name."""
    stem = home.parent.name if home.name == "__init__.py" else home.stem
    taking = re.compile(rf"\b(?:from|import)\b[^\n#]*\b{re.escape(stem)}\b")
    word = re.compile(rf"\b{re.escape(name)}\b")
    return any(path != home and word.search(text) and taking.search(text) for path, text in texts.items())
