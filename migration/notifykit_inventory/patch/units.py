"""Looks at one function before anything is taken out of it: which names hold a contract's status, and what blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst

from notifykit_inventory.patch.values import EMPTY, Evaluator, called, harmless, mentions, outside_functions, walk

_LOGS = {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print"}
_CHANGES = {"pop", "update", "setdefault", "clear"}
Statement = cst.Assign | cst.AnnAssign


@dataclass(slots=True)
class Unit:
    """A function with all in it, or the statements at the top of a module."""

    name: str
    node: cst.CSTNode
    evaluator: Evaluator
    is_write: Callable[[cst.Call], bool]
    """Whether a call writes a contract's status file."""
    parameters: set[str] = field(default_factory=set)
    """Names of its parameters that are to go."""
    statuses: set[str] = field(default_factory=set)
    """Names of variables that hold a contract's status, or come from one."""
    carriers: set[str] = field(default_factory=set)
    """Names of variables that only hold the name of a contract's status file, and go with their last use."""

    @property
    def nodes(self) -> Iterator[cst.CSTNode]:
        """All that belongs to it."""
        return walk(self.node) if self.name else outside_functions(self.node)

    def doomed(self, statement: cst.BaseSmallStatement) -> bool:
        """Whether a statement is only there for a contract's status."""
        if isinstance(statement, cst.Expr):
            return self._doomed_expression(statement.value)
        if isinstance(statement, cst.Assign):
            targets = [item.target for item in statement.targets]
        elif isinstance(statement, cst.AnnAssign):
            targets = [statement.target]
        else:
            return isinstance(statement, cst.Del) and self._is_entry(statement.target)
        gone = self.statuses | self.carriers
        if all(isinstance(item, cst.Name) and item.value in gone for item in targets):
            return True
        value = statement.value
        return value is not None and harmless(value) and all(self._is_entry(item) for item in targets)

    def _doomed_expression(self, node: cst.BaseExpression) -> bool:
        if not isinstance(node, cst.Call):
            return False
        given = [item.value for item in node.args]
        if self.is_write(node):
            return all(harmless(item) for item in given)
        if self.evaluator.is_load(node):
            return True
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in _CHANGES:
            base = self.evaluator.of(node.func.value)
            return base is not None and base.empty and all(harmless(item) for item in given)
        gone = self.statuses | self.parameters | self.carriers
        return called(node) in _LOGS and mentions(node, gone) and all(harmless(item) for item in given)

    def _is_entry(self, node: cst.BaseExpression) -> bool:
        """Whether it is `send_status[key]`."""
        if not isinstance(node, cst.Subscript) or not harmless(node.slice[0]):
            return False
        return isinstance(node.value, cst.Name) and self.evaluator.names.get(node.value.value) == EMPTY


def look_at(unit: Unit, is_named: Callable[[cst.CSTNode], bool], needed: Collection[str]) -> None:
    """Find the names that hold a contract's status, and what they are worth; and those that hold its file's name.

    `is_named`: whether an expression names a contract's status file. `needed` are variables that have to stay.
    """
    values, others = _bindings(unit.nodes)
    unit.carriers |= _carriers(values, {*others, *needed}, is_named) if unit.name else set()
    changed = True
    while changed:
        changed = False
        for name, given in values.items():
            if name in unit.evaluator.names or name in others:
                continue
            if not any(_comes_from_status(unit, value) for value in given):
                continue
            if any(isinstance(value, cst.IfExp) for value in given):
                continue  # it chooses between values of another kind
            found = {unit.evaluator.of(value) for value in given}
            if len(found) == 1 and (known := found.pop()) is not None and (known == EMPTY or len(given) == 1):
                unit.evaluator.names[name] = known
                unit.statuses.add(name)
                changed = True


def _carriers(
    values: Mapping[str, Sequence[cst.BaseExpression]], others: Collection[str], is_named: Callable[[cst.CSTNode], bool]
) -> set[str]:
    """Return the names to which nothing but the name of a contract's status file is assigned, or another of them."""

    def carries(value: cst.BaseExpression) -> bool:
        if isinstance(value, cst.Name) and value.value in found:
            return True
        chooses = isinstance(value, cst.IfExp | cst.BooleanOperation)  # perhaps another's file
        return is_named(value) and harmless(value) and not chooses

    found: set[str] = set()
    while True:
        new = {name for name, given in values.items() if name not in others and all(map(carries, given))}
        if new == found:
            return found
        found = new


def _comes_from_status(unit: Unit, node: cst.BaseExpression) -> bool:
    loads = any(isinstance(part, cst.Call) and unit.evaluator.is_load(part) for part in walk(node))
    return loads or mentions(node, unit.statuses)


def _bindings(nodes: Iterable[cst.CSTNode]) -> tuple[dict[str, list[cst.BaseExpression]], set[str]]:
    """Return the names that are plainly assigned, with the values; and the names that are bound in other ways."""
    values: defaultdict[str, list[cst.BaseExpression]] = defaultdict(list)
    others: set[str] = set()
    for part in nodes:
        if isinstance(part, cst.Assign):
            for item in part.targets:
                if isinstance(item.target, cst.Name):
                    values[item.target.value].append(part.value)
                elif isinstance(item.target, cst.Tuple | cst.List):
                    others |= _names(item.target)
        elif isinstance(part, cst.AnnAssign) and isinstance(part.target, cst.Name) and part.value is not None:
            values[part.target.value].append(part.value)
        elif isinstance(part, cst.For | cst.CompFor | cst.AugAssign | cst.NamedExpr):
            others |= _names(part.target)
        elif isinstance(part, cst.AsName | cst.NameItem):
            others |= _names(part)
        elif isinstance(part, cst.Param):
            others.add(part.name.value)
    return values, others


def _names(node: cst.CSTNode) -> set[str]:
    return {part.value for part in walk(node) if isinstance(part, cst.Name)}
