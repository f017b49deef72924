"""What names a module binds: constants, functions, classes, imports. From its syntax alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class ImportBinding:
    """What `import` or `from … import` binds a name to."""

    module: str
    name: str | None
    """None: the module itself."""
    level: int = 0
    """Leading dots."""


@dataclass(slots=True)
class Bindings:
    """The names of one module."""

    path: Path
    constants: dict[str, list[ast.expr | None]] = field(default_factory=dict)
    """Name, or `Class.NAME`, to all that is assigned to it; None stands for what cannot be followed."""
    functions: dict[str, FunctionNode] = field(default_factory=dict)
    """By qualified name."""
    classes: set[str] = field(default_factory=set)
    imports: dict[str, ImportBinding] = field(default_factory=dict)
    stars: list[ImportBinding] = field(default_factory=list)


def bindings_of(path: Path, tree: ast.Module) -> Bindings:
    """Return what a module binds. Imports inside of functions count as the module's."""
    found = Bindings(path)
    _collect(found, tree.body, "")
    return found


def _collect(found: Bindings, body: Sequence[ast.stmt], prefix: str) -> None:
    for statement in flat(body):
        if isinstance(statement, FunctionNode):
            found.functions[prefix + statement.name] = statement
        elif isinstance(statement, ast.ClassDef):
            found.classes.add(prefix + statement.name)
            _collect(found, statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            add_import(found, statement)
        else:
            for name, value in assigned(statement):
                found.constants.setdefault(prefix + name, []).append(value)


def add_import(found: Bindings, statement: ast.Import | ast.ImportFrom) -> None:
    """Note what an import statement binds."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.asname:
                found.imports[alias.asname] = ImportBinding(alias.name, None)
            else:
                top = alias.name.partition(".")[0]
                found.imports[top] = ImportBinding(top, None)
        return
    for alias in statement.names:
        imported = ImportBinding(statement.module or "", alias.name, statement.level)
        if alias.name == "*":
            found.stars.append(imported)
        else:
            found.imports[alias.asname or alias.name] = imported


def flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a body and of the blocks in it, but not of the functions and classes in it."""
    for statement in body:
        yield statement
        if isinstance(statement, FunctionNode | ast.ClassDef):
            continue
        for block in ("body", "orelse", "finalbody"):
            yield from flat(getattr(statement, block, []))
        for handler in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
            yield from flat(handler.body)


def assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield each name that a statement binds, with the value; None where that cannot be followed."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from _matched(target, statement.value)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield from _matched(statement.target, statement.value)
    elif isinstance(statement, ast.AugAssign):
        yield from _matched(statement.target, None)
    elif isinstance(statement, ast.For | ast.AsyncFor):
        items = statement.iter.elts if isinstance(statement.iter, ast.List | ast.Tuple | ast.Set) else [None]
        for item in items:
            yield from _matched(statement.target, item)
    elif isinstance(statement, ast.With | ast.AsyncWith):
        for context in statement.items:
            if context.optional_vars is not None:
                yield from _matched(context.optional_vars, None)


def _matched(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    return ((part.id, given) for part, given in matched(target, value) if isinstance(part, ast.Name))


def matched(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Yield each target that is no tuple or list, with the value; None where that cannot be followed."""
    if isinstance(target, ast.Starred):
        yield from matched(target.value, None)
    elif isinstance(target, ast.Tuple | ast.List):
        values: Sequence[ast.expr | None] = [None] * len(target.elts)
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            values = value.elts
        for part, item in zip(target.elts, values, strict=True):
            yield from matched(part, item)
    else:
        yield target, value


def parameters(function: FunctionNode) -> tuple[str, ...]:
    """Return the names of a function's parameters, in order; keyword-only ones last."""
    given = function.args
    return tuple(item.arg for item in (*given.posonlyargs, *given.args, *given.kwonlyargs))


def dotted(expression: ast.expr) -> tuple[str, ...] | None:
    """Return `a.b.c` as names; None for anything else."""
    names: list[str] = []
    while isinstance(expression, ast.Attribute):
        names.append(expression.attr)
        expression = expression.value
    if not isinstance(expression, ast.Name):
        return None
    return (expression.id, *reversed(names))
