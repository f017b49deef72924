"""What belongs to uses and is none itself: conditions on send status, parameters, and functions that nothing calls."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from notifykit_inventory import wording
from notifykit_inventory.facts import FunctionKey
from notifykit_inventory.model import Access, Owner, Place, Use, UseKind
from notifykit_inventory.ownership import Ownership, given
from notifykit_inventory.patch.mentions import files_with, mentioned
from notifykit_inventory.resolution.bindings import FunctionNode, assigned
from notifykit_inventory.resolution.modules import Modules
from notifykit_inventory.source import column, parse, read_code, short
from notifykit_inventory.words import agreed


def around(ownership: Ownership, modules: Modules, read: Iterable[Path]) -> list[Use]:
    """Return them in the order of the code. `read` are all files that could be read."""
    paths = {modules.file(path): path for path in read}
    found = [*_gates(ownership, paths), *_parameters(ownership, modules), *_uncalled(ownership, modules, paths)]
    return sorted(found, key=lambda use: (use.place.file, use.place.line, use.place.column, use.kind))


def _gates(ownership: Ownership, paths: Mapping[str, Path]) -> Iterator[Use]:
    loads: defaultdict[str, list[Use]] = defaultdict(list)
    for use in ownership.uses():
        if use.kind is UseKind.CALL and use.name == "load_send_status" and use.place.file in paths:
            loads[use.place.file].append(use)
    for file, uses in loads.items():
        text = read_code(paths[file]).text
        lines = text.split("\n")
        for name, body in _functions(parse(read_code(paths[file]))):
            own = {(use.place.line, use.place.column): use for use in uses if use.place.function == name}
            yield from _in_function(file, name, body, lines, own) if own else ()


def _in_function(
    file: str, name: str, body: list[ast.stmt], lines: list[str], loads: Mapping[tuple[int, int], Use]
) -> Iterator[Use]:
    """Yield the conditions of a function on what these calls gave."""
    held: dict[str, set[Use]] = {}

    def asked(node: ast.AST) -> set[Use]:
        found: set[Use] = set()
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                found |= held.get(part.id, set())
            elif isinstance(part, ast.Call):
                spot = (part.lineno, column(lines[part.lineno - 1], part.col_offset))
                found |= {loads[spot]} if spot in loads else set()
        return found

    nodes = [node for statement in body for node in ast.walk(statement)]
    statements = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign)]
    for _ in range(2):  # a value of a value
        for statement in statements:
            for target, value in assigned(statement):
                if value is not None and (sources := asked(value)):
                    held[target] = held.get(target, set()) | sources
    for node in nodes:
        for test in _tests(node):
            if not (sources := asked(test)):
                continue
            first = min(sources, key=lambda use: use.place.line)
            yield Use(
                place=Place(
                    file=file,
                    line=test.lineno,
                    column=column(lines[test.lineno - 1], test.col_offset),
                    function=name,
                ),
                kind=UseKind.GATE,
                name=short(test),
                access=Access.READ,
                owner=agreed(use.owner for use in sources) or Owner.UNDECIDED,
                why=first.why,
            )


def _tests(node: ast.AST) -> list[ast.expr]:
    """Return the conditions that a node asks."""
    if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
        return [node.test]
    if isinstance(node, ast.comprehension):
        return node.ifs
    decides = isinstance(node, ast.Assign | ast.Return) and isinstance(node.value, ast.Compare | ast.BoolOp)
    return [node.value] if decides and isinstance(node, ast.Assign | ast.Return) and node.value is not None else []


def _parameters(ownership: Ownership, modules: Modules) -> Iterator[Use]:
    for parameter in sorted(ownership.carried):
        (file, function), name = parameter
        owner = ownership.owner_of_parameter(parameter)
        yield Use(
            place=_definition((file, function), modules),
            kind=UseKind.PARAMETER,
            name=name,
            access=Access.BOTH,
            owner=owner or Owner.UNDECIDED,
            why=given(owner) if owner and owner is not Owner.UNDECIDED else wording.NEVER_GIVEN(),
        )


def _uncalled(ownership: Ownership, modules: Modules, paths: Mapping[str, Path]) -> Iterator[Use]:
    using: defaultdict[FunctionKey, set[Owner]] = defaultdict(set)
    for use in ownership.uses():
        if use.place.function:
            using[use.place.file, use.place.function].add(use.owner)
        elif use.kind is UseKind.DEFINITION:
            using[use.place.file, use.name].add(use.owner)
    names = {function.rpartition(".")[2] for _, function in using}
    spoken: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    for path in files_with(names, paths.values()):
        for name, line in mentioned(parse(read_code(path)), names):
            spoken[name].add((modules.file(path), line))
    for key, owners in using.items():
        home = modules.at(paths[key[0]]) if key[0] in paths else None
        node = home.functions.get(key[1]) if home else None
        plain = key[1].rpartition(".")[2]
        if node is None or node.decorator_list or plain.startswith("__"):
            continue  # others call it
        own = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        if all(file == key[0] and line in own for file, line in spoken[plain]):
            yield Use(
                place=_definition(key, modules),
                kind=UseKind.UNCALLED,
                name=key[1],
                access=Access.NEITHER,
                owner=agreed(owners) or Owner.UNDECIDED,
                why=wording.NEVER_CALLED(),
            )


def _definition(key: FunctionKey, modules: Modules) -> Place:
    home = modules.at(modules.root / key[0])
    node = home.functions.get(key[1]) if home else None
    return Place(file=key[0], line=node.lineno if node else 1, column=node.col_offset if node else 0, function=key[1])


def _functions(tree: ast.Module) -> Iterator[tuple[str, list[ast.stmt]]]:
    """Yield the top of a module and all functions, with their qualified names."""
    yield "", [node for node in tree.body if not isinstance(node, FunctionNode | ast.ClassDef)]
    waiting: list[tuple[str, ast.AST]] = [("", tree)]
    while waiting:
        prefix, node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(child, FunctionNode | ast.ClassDef):
                inner = f"{prefix}.{child.name}".lstrip(".")
            if isinstance(child, FunctionNode):
                yield inner, child.body
            waiting.append((inner, child))
