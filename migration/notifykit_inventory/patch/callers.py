"""Whether a function may lose a parameter: every call of it must be known, and give it a contract's file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from notifykit.wording.translation import gettext
from notifykit_inventory.facts import Argument, CallFact, Parameter
from notifykit_inventory.model import Owner
from notifykit_inventory.ownership import Ownership
from notifykit_inventory.patch.mentions import calls_of, last_name
from notifykit_inventory.patch.model import Leftover
from notifykit_inventory.source import Code, UnreadableError, column, parse

PassedArguments = list[tuple[CallFact, Argument]]


def given_to(parameter: Parameter, ownership: Ownership) -> PassedArguments:
    """Return the calls that give a status file to a parameter, with the argument."""
    return [
        (call, argument)
        for call in dict.fromkeys(ownership.given.get(parameter, ()))
        for argument in call.arguments
        if ownership.parameter_of(call, argument.at) == parameter
    ]


def obstacles(
    parameter: Parameter, given: PassedArguments, ownership: Ownership, codes: Mapping[str, Code]
) -> Iterator[Leftover]:
    """Yield why a parameter cannot be removed. `codes` are the files that mention the function."""
    (home, function), name = parameter
    plain = function.rpartition(".")[2]
    for call, argument in given:
        owner, _ = ownership.whose(call.marked, argument.evidence, call.caller)
        if owner is not Owner.CONTRACT:
            why = gettext("{function} is not given a contract's status file for certain", function=plain)
            yield Leftover(file=call.place.file, line=call.place.line, why=why)
    if plain.startswith("__"):
        yield Leftover(
            file=home,
            line=1,
            why=gettext(
                "{function} keeps its parameter {name}: it is called by the language", function=function, name=name
            ),
        )
        return
    known = {(call.place.file, call.place.line, call.place.column) for call, _ in given}
    others = {
        (call.place.file, call.place.line, call.place.column)
        for call in ownership.calls
        if call.callee not in (None, (home, function))
    }
    for file, code in codes.items():
        try:
            tree = parse(code)
        except UnreadableError:
            yield Leftover(file=file, line=1, why=gettext("it mentions {function}, but cannot be read", function=plain))
            continue
        yield from _in_file(parameter, ownership, file, code.text.split("\n"), tree, known, others)


def _in_file(
    parameter: Parameter,
    ownership: Ownership,
    file: str,
    lines: list[str],
    tree: ast.Module,
    known: set[tuple[str, int, int]],
    others: set[tuple[str, int, int]],
) -> Iterator[Leftover]:
    (_, function), name = parameter
    plain = function.rpartition(".")[2]
    called = set()
    for call in calls_of(tree, plain):
        called.add(id(call.func))
        spot = (file, call.lineno, column(lines[call.lineno - 1], call.col_offset))
        if spot not in known and spot not in others and _may_give(call, parameter, ownership):
            yield Leftover(
                file=file,
                line=call.lineno,
                why=gettext("what {function} is given for {name} is known only at run time", function=plain, name=name),
            )
    for node in ast.walk(tree):
        handed = isinstance(node, ast.Name | ast.Attribute) and last_name(node) == plain and id(node) not in called
        if handed or (isinstance(node, ast.Constant) and node.value == plain):
            line = getattr(node, "lineno", 1)
            yield Leftover(
                file=file, line=line, why=gettext("{function} is handed on here without being called", function=plain)
            )
        elif isinstance(node, ast.alias) and node.name == plain and node.asname not in (None, plain):
            yield Leftover(
                file=file, line=node.lineno, why=gettext("{function} goes by another name here", function=plain)
            )


def _may_give(call: ast.Call, parameter: Parameter, ownership: Ownership) -> bool:
    key, name = parameter
    names = ownership.functions[key].parameters
    at = names.index(name) - (names[0] in ("self", "cls"))
    if any(isinstance(item, ast.Starred) for item in call.args) or any(item.arg is None for item in call.keywords):
        return True
    return len(call.args) > at or any(item.arg == name for item in call.keywords)
