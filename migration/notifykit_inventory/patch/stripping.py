"""Takes what is to go out of one file's code. Everything else stays as it is written."""

# ruff: noqa: ARG002, N802 - libcst calls the methods by these names and with these arguments

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from notifykit.wording.translation import gettext
from notifykit_inventory.patch.layout import gone, passing, settled, statements, without, without_pass
from notifykit_inventory.patch.removals import Removals, Spot
from notifykit_inventory.patch.units import Unit
from notifykit_inventory.patch.values import KnownValue, harmless, walk

Verdict = KnownValue | cst.BaseExpression
Suite = cst.IndentedBlock | cst.SimpleStatementSuite
Nested = cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]


@dataclass(frozen=True, slots=True)
class StripReport:
    """What was taken out of a module, and what stood in the way."""

    arguments: set[Spot]
    """Arguments that were taken out."""
    blocked: dict[str, tuple[int, str]]
    """What stood in the way: unit to line and reason."""


def strip_module(
    module: cst.Module, removals: Removals, units: Sequence[Unit], spots: Mapping[cst.CSTNode, Spot]
) -> tuple[cst.Module, StripReport]:
    """Return a module without what is to go. The first unit is the top of the module."""
    stripper = _Stripper(removals, {unit.node: unit for unit in units}, spots, units[0])
    return module.visit(stripper), StripReport(stripper.arguments, stripper.blocked)


class _Stripper(cst.CSTTransformer):
    def __init__(
        self, removals: Removals, units: Mapping[cst.CSTNode, Unit], spots: Mapping[cst.CSTNode, Spot], top: Unit
    ) -> None:
        super().__init__()
        self.removals = removals
        self.units = units
        self.spots = spots
        self.stack = [top]
        self.names: list[str] = []
        self.classes = 0
        self.verdicts: dict[cst.CSTNode, Verdict] = {}
        self.chained: set[cst.CSTNode] = set()
        self.emptied: set[cst.CSTNode] = set()
        """Blocks in which nothing is left but an inserted `pass`."""
        self.blocked: dict[str, tuple[int, str]] = {}
        self.arguments: set[Spot] = set()
        """Arguments that were taken out."""

    @property
    def unit(self) -> Unit:
        return self.stack[-1]

    def block(self, node: cst.CSTNode, why: str) -> None:
        self.blocked.setdefault(self.unit.name, (self.spots[node][0], why))

    def verdict(self, node: cst.CSTNode, expression: cst.BaseExpression, *, truth: bool) -> None:
        """Note what becomes of an expression, where it is changed."""
        found = self.unit.evaluator.simplified(expression, truth=truth)
        if found is expression:
            return
        if any(isinstance(part, cst.Arg) and self.spots.get(part.value) in self.removals.arguments
               for part in walk(expression)):  # fmt: skip
            self.block(node, gettext("a status file is handed on within a condition that changes"))
        self.verdicts[node] = found

    # Functions and classes

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.names.append(node.name.value)

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        self.names.pop()
        return updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.names.append(node.name.value)
        self.stack.append(self.units.get(node, self.unit))

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        out = self.removals.parameters.get(".".join(self.names), set())
        self.names.pop()
        self.stack.pop()
        if not out:
            return updated_node
        given = updated_node.params
        params = without(given.params, [item.name.value in out for item in given.params])
        keywords = without(given.kwonly_params, [item.name.value in out for item in given.kwonly_params])
        changes: dict[str, Any] = {"params": params, "kwonly_params": keywords}
        if given.kwonly_params and not keywords and isinstance(given.star_arg, cst.ParamStar):
            changes["star_arg"] = cst.MaybeSentinel.DEFAULT
            if params and given.star_kwarg is None:
                params[-1] = params[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(params=given.with_changes(**changes))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        out = [self.spots[item.value] in self.removals.arguments for item in original_node.args]
        if not any(out):
            return updated_node
        self.arguments.update(
            self.spots[item.value] for item, goes in zip(original_node.args, out, strict=True) if goes
        )
        return updated_node.with_changes(args=without(updated_node.args, out))

    # Statements

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        kept = self.kept(original_node.body, updated_node.body)
        if kept is None:
            return updated_node
        return updated_node.with_changes(body=kept) if kept else gone(updated_node.leading_lines)

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.SimpleStatementSuite:
        kept = self.kept(original_node.body, updated_node.body)
        if kept is None:
            return updated_node
        result = updated_node.with_changes(body=kept or [cst.Pass()])
        if not kept:
            self.emptied.add(result)
        return result

    def kept(
        self, before: Sequence[cst.BaseSmallStatement], after: Sequence[cst.BaseSmallStatement]
    ) -> list[cst.BaseSmallStatement] | None:
        """Return the statements of a line that stay; None where nothing changes."""
        found = [self.small(old, new) for old, new in zip(before, after, strict=True)]
        if all(new is old for new, old in zip(found, after, strict=True)):
            return None
        kept = [item for item in found if item is not None]
        if kept:
            kept[-1] = kept[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        return kept

    def small(self, old: cst.BaseSmallStatement, new: cst.BaseSmallStatement) -> cst.BaseSmallStatement | None:
        """Return what stays of a small statement; None where nothing does."""
        if isinstance(old, cst.ImportFrom) and isinstance(new, cst.ImportFrom):
            return self.imported(old, new)
        top = self.unit is self.stack[0]
        if top and isinstance(old, cst.Assign | cst.AnnAssign) and isinstance(new, cst.Assign | cst.AnnAssign):
            target = old.targets[0].target if isinstance(old, cst.Assign) else old.target
            if isinstance(target, cst.Name) and target.value in self.removals.constants:
                return None
            if isinstance(target, cst.Name) and target.value == "__all__":
                return self.public_names(new)
        if self.unit.name in self.removals.left_alone:
            return new
        if self.unit.doomed(old):
            return None
        return self.valued(old, new)

    def imported(self, old: cst.ImportFrom, new: cst.ImportFrom) -> cst.ImportFrom | None:
        if isinstance(old.names, cst.ImportStar) or isinstance(new.names, cst.ImportStar):
            return new
        out = [(item.evaluated_alias or item.evaluated_name) in self.removals.imports for item in old.names]
        if not any(out):
            return new
        names = without(new.names, out)
        if names and new.lpar is None:
            names[-1] = names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return new.with_changes(names=names) if names else None

    def public_names(self, new: cst.Assign | cst.AnnAssign) -> cst.Assign | cst.AnnAssign:
        if not isinstance(new.value, cst.List | cst.Tuple):
            return new
        out = [
            isinstance(item.value, cst.SimpleString) and item.value.evaluated_value in self.removals.constants
            for item in new.value.elements
        ]
        if not any(out):
            return new
        return new.with_changes(value=new.value.with_changes(elements=without(new.value.elements, out)))

    def valued(self, old: cst.BaseSmallStatement, new: cst.BaseSmallStatement) -> cst.BaseSmallStatement:
        """Return an assignment or a return with what is known of its value."""
        if not isinstance(old, cst.Assign | cst.AnnAssign | cst.Return) or old.value is None:
            return new
        found = self.unit.evaluator.simplified(old.value, truth=False)
        if found is old.value or not self.concerns(old.value):
            return new
        self.verdict(old, old.value, truth=False)
        value = found.expression if isinstance(found, KnownValue) else found
        return new if value is None else new.with_changes(value=value)

    def concerns(self, node: cst.CSTNode) -> bool:
        """Whether an expression uses a contract's status. Others are not simplified, not even `if False`."""
        return any(
            (isinstance(part, cst.Name) and part.value in self.unit.statuses)
            or (isinstance(part, cst.Call) and self.unit.evaluator.is_load(part))
            for part in walk(node)
        )

    # Blocks

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        body = settled(updated_node.body)
        if body is None:
            return updated_node
        result = updated_node.with_changes(body=body or [passing()])
        if not body:
            self.emptied.add(result)
        return result

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        body = settled(updated_node.body)
        return updated_node if body is None else updated_node.with_changes(body=body)

    def leave_Try(self, original_node: cst.Try, updated_node: cst.Try) -> Nested:
        if updated_node.body not in self.emptied or updated_node.finalbody is not None:
            return updated_node
        below = statements(updated_node.orelse.body) if updated_node.orelse else []
        return without_pass(updated_node.leading_lines, below)

    # Conditions

    def visit_If(self, node: cst.If) -> None:
        if isinstance(node.orelse, cst.If):
            self.chained.add(node.orelse)
        self.condition(node, node.test)

    def visit_While(self, node: cst.While) -> None:
        self.condition(node, node.test)

    def visit_CompIf(self, node: cst.CompIf) -> None:
        self.condition(node, node.test)

    def visit_IfExp(self, node: cst.IfExp) -> None:
        self.condition(node, node.test)

    def condition(self, node: cst.CSTNode, test: cst.BaseExpression) -> None:
        if self.unit.name not in self.removals.left_alone and self.concerns(test):
            self.verdict(node, test, truth=True)

    def leave_If(self, original_node: cst.If, updated_node: cst.If) -> Nested:
        if (found := self.verdicts.get(original_node)) is not None:
            self.verdicts[updated_node] = found
        if original_node in self.chained:
            return updated_node
        result = self.resolved(updated_node)
        if isinstance(result, cst.If):
            result = result.with_changes(leading_lines=updated_node.leading_lines)
            if result.body in self.emptied and result.orelse is None and harmless(result.test):
                return without_pass(updated_node.leading_lines, [])
            return result
        return without_pass(updated_node.leading_lines, statements(result.body) if result else [])

    def resolved(self, node: cst.If) -> cst.If | cst.Else | None:
        """Return what is left of an `if` or `elif`: itself, what comes else, or nothing."""
        otherwise = self.resolved(node.orelse) if isinstance(node.orelse, cst.If) else node.orelse
        found = self.verdicts.get(node)
        if isinstance(found, KnownValue):
            if not found.true:
                return otherwise
            return cst.Else(body=node.body, leading_lines=node.leading_lines)
        if found is not None:
            node = node.with_changes(test=found)
        return node.with_changes(orelse=otherwise)

    def leave_While(self, original_node: cst.While, updated_node: cst.While) -> cst.While:
        found = self.verdicts.get(original_node)
        if isinstance(found, KnownValue):
            self.block(original_node, gettext("a loop runs by the status"))
            return updated_node
        return updated_node if found is None else updated_node.with_changes(test=found)

    def leave_CompIf(self, original_node: cst.CompIf, updated_node: cst.CompIf) -> cst.CompIf | cst.RemovalSentinel:  # type: ignore[override]
        found = self.verdicts.get(original_node)
        if isinstance(found, KnownValue):
            if found.true:
                return cst.RemoveFromParent()
            self.block(original_node, gettext("nothing would be left in a comprehension"))
            return updated_node
        return updated_node if found is None else updated_node.with_changes(test=found)

    def leave_IfExp(self, original_node: cst.IfExp, updated_node: cst.IfExp) -> cst.BaseExpression:
        found = self.verdicts.get(original_node)
        if not isinstance(found, KnownValue):
            return updated_node if found is None else updated_node.with_changes(test=found)
        chosen = updated_node.body if found.true else updated_node.orelse
        return chosen.with_changes(lpar=[*updated_node.lpar, *chosen.lpar], rpar=[*chosen.rpar, *updated_node.rpar])
