"""Takes what is to go out of one file. A function from which it cannot all be taken stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from notifykit.wording.translation import gettext
from notifykit_inventory.patch.removals import Removals, Spot
from notifykit_inventory.patch.stripping import StripReport, strip_module
from notifykit_inventory.patch.units import Unit, look_at
from notifykit_inventory.patch.values import Evaluator, called, mentions, outside_functions, walk
from notifykit_inventory.words import FUNCTIONS


@dataclass(frozen=True, slots=True)
class StrippedFile:
    """A file without what was taken out."""

    text: str
    arguments: frozenset[Spot]
    """Arguments that were taken out."""
    used: frozenset[tuple[str, str]]
    """(function, parameter) of those parameters to go that are still used."""
    blocked: dict[str, tuple[int, str]]
    """Functions that stay as they are, with line and reason."""


class UnfitError(Exception):
    """libcst cannot keep the file's syntax or layout."""


class ParsedFile:
    """A file's code, parsed once."""

    def __init__(self, text: str) -> None:
        try:
            self._module = cst.parse_module(text)
        except (cst.ParserSyntaxError, RecursionError) as error:
            why = str(error).splitlines()[0]
            raise UnfitError(gettext("its syntax cannot be kept: {why}", why=why)) from error
        if self._module.code != text:
            raise UnfitError(gettext("its layout cannot be kept"))
        wrapper = MetadataWrapper(self._module, unsafe_skip_copy=True)
        found = wrapper.resolve(PositionProvider)
        self._spots = {node: (place.start.line, place.start.column) for node, place in found.items()}

    def strip(self, removals: Removals) -> StrippedFile:
        """Take out what is to go."""
        blocked = self._twice()
        removals.left_alone |= blocked.keys()
        needed: set[tuple[str, str]] = set()
        while True:
            new, report, units = self._once(removals, needed)
            found = {**report.blocked, **self._remains(units, new)}
            found = {name: why for name, why in found.items() if name not in removals.left_alone}
            still = _still_used(units, new)
            if not found and not still:
                break
            needed |= still
            blocked |= found
            removals.left_alone |= found.keys()
        used = {
            (name, parameter)
            for name, node in _functions(new)
            for parameter in removals.parameters.get(name, ())
            if mentions(node.body, {parameter})
        }
        return StrippedFile(new.code, frozenset(report.arguments), frozenset(used), blocked)

    def _twice(self) -> dict[str, tuple[int, str]]:
        """Return the functions whose name is defined a second time: which of them is meant is unknown."""
        names: dict[str, cst.FunctionDef] = {}
        found = {}
        for name, node in _outermost(self._module):
            if names.setdefault(name, node) is not node:
                found[name] = (self._spots[node][0], gettext("{name} is defined twice", name=name))
        return found

    def _once(self, removals: Removals, needed: set[tuple[str, str]]) -> tuple[cst.Module, StripReport, list[Unit]]:
        """Take out what is to go, once. `needed`: (function, variable) of those that have to stay."""

        def is_load(node: cst.Call) -> bool:
            return _is_plain(node) and self._spots.get(node) in removals.loads

        def is_write(node: cst.Call) -> bool:
            return _is_plain(node) and self._spots.get(node) in removals.writes

        units = [Unit("", self._module, Evaluator(is_load), is_write)]
        for name, node in _outermost(self._module):
            gone = {item for inner, names in removals.parameters.items() if _within(inner, name) for item in names}
            units.append(Unit(name, node, Evaluator(is_load), is_write, gone))
        for unit in units:
            if unit.name not in removals.left_alone:
                stay = {name for function, name in needed if function == unit.name}
                look_at(unit, lambda node: self._spots.get(node) in removals.named, stay)
        new, report = strip_module(self._module, removals, units, self._spots)
        return new, report, units

    def _remains(self, units: list[Unit], new: cst.Module) -> dict[str, tuple[int, str]]:
        """Return the units in which something of the status is still there, though it should have gone."""
        after = {"": new, **dict(_outermost(new))}
        found = {}
        for unit in units:
            calls = [
                node
                for node in unit.nodes
                if isinstance(node, cst.Call) and (unit.evaluator.is_load(node) or unit.is_write(node))
            ]
            if not calls:
                continue
            line = self._spots[calls[0]][0]
            wanted = _calls(unit.node, unit) - len(calls)
            if unit.statuses and mentions(after[unit.name], unit.statuses):
                names = ", ".join(sorted(unit.statuses))
                found[unit.name] = (
                    line,
                    gettext("{names} is used in a way that cannot be taken out safely", names=names),
                )
            elif _calls(after[unit.name], unit) != wanted:
                found[unit.name] = (
                    line,
                    gettext("what the call gives is used in a way that cannot be taken out safely"),
                )
        return found


def _still_used(units: list[Unit], new: cst.Module) -> set[tuple[str, str]]:
    """Return (function, variable) of what only held a file's name, where something still uses it."""
    after = dict(_outermost(new))
    return {(unit.name, name) for unit in units for name in unit.carriers if mentions(after[unit.name], {name})}


def _calls(node: cst.CSTNode, unit: Unit) -> int:
    """Count the calls by which send status is used in a unit."""
    names = {called(part) for part in walk(unit.node) if isinstance(part, cst.Call)
             and (unit.evaluator.is_load(part) or unit.is_write(part))} | FUNCTIONS.keys()  # fmt: skip
    body = walk(node) if unit.name else outside_functions(node)
    return sum(isinstance(part, cst.Call) and called(part) in names for part in body)


def _is_plain(node: cst.Call) -> bool:
    """Whether a dotted name is called. `load(file).get(key)` starts where `load(file)` does, but is another call."""
    named: cst.BaseExpression = node.func
    while isinstance(named, cst.Attribute):
        named = named.value
    return isinstance(named, cst.Name)


def _within(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith(f"{outer}.")


def _outermost(node: cst.CSTNode, prefix: str = "") -> Iterator[tuple[str, cst.FunctionDef]]:
    """Yield the functions that are in no other function, with their qualified names."""
    for child in node.children:
        if isinstance(child, cst.FunctionDef):
            yield prefix + child.name.value, child
        elif isinstance(child, cst.ClassDef):
            yield from _outermost(child, f"{prefix}{child.name.value}.")
        else:
            yield from _outermost(child, prefix)


def _functions(node: cst.CSTNode, prefix: str = "") -> Iterator[tuple[str, cst.FunctionDef]]:
    """Yield all functions, with their qualified names."""
    for child in node.children:
        inner = prefix
        if isinstance(child, cst.FunctionDef):
            yield prefix + child.name.value, child
        if isinstance(child, cst.FunctionDef | cst.ClassDef):
            inner = f"{prefix}{child.name.value}."
        yield from _functions(child, inner)
