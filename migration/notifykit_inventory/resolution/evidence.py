"""Follows an expression to the constants, paths and parameters that it comes from."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from notifykit_inventory.facts import Evidence, FunctionKey
from notifykit_inventory.resolution.bindings import Bindings, FunctionNode, assigned, dotted, flat, parameters
from notifykit_inventory.resolution.folding import PATH_MAKERS, UNKNOWN, Scope, Texts, fold
from notifykit_inventory.resolution.modules import Class, Constant, ExternalName, Function, Meaning, Modules
from notifykit_inventory.words import StatusFiles, is_status_constant, is_status_path

_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The function that is being read, or the top of a module."""

    key: FunctionKey
    parameters: frozenset[str] = frozenset()
    locals: dict[str, list[ast.expr | None]] = field(default_factory=dict)
    owner: str = ""
    """The class around it."""

    @classmethod
    def of(cls, file: str, name: str, function: FunctionNode, owner: str) -> Surroundings:
        """Return the surroundings that a function's parameters and assignments make."""
        found: dict[str, list[ast.expr | None]] = {}
        for statement in flat(function.body):
            for target, value in assigned(statement):
                found.setdefault(target, []).append(value)
        rest = [item.arg for item in (function.args.vararg, function.args.kwarg) if item]
        return cls((file, name), frozenset([*parameters(function), *rest]), found, owner)


class Reader:
    """Reads the expressions of one module."""

    def __init__(self, file: str, home: Bindings, modules: Modules, files: StatusFiles) -> None:
        self.home = home
        self.modules = modules
        self.files = files
        self.stack: list[Surroundings] = [Surroundings((file, ""))]
        self._scopes: list[Scope] = [Scope(modules, home)]
        self._folded: dict[int, tuple[ast.expr, Texts]] = {}
        """By id of the expression, which is kept with it so that no other one gets its id."""

    def enter(self, surroundings: Surroundings) -> None:
        """Read what follows as the body of a function."""
        self.stack.append(surroundings)
        outer = self._scopes[-1]
        names = {**outer.locals, **surroundings.locals}
        bound: dict[str, Texts] = {**outer.bound, **dict.fromkeys(surroundings.parameters, UNKNOWN)}
        self._scopes.append(Scope(self.modules, self.home, names, bound, surroundings.owner))

    def leave(self) -> None:
        """Return to what is around that function."""
        self.stack.pop()
        self._scopes.pop()

    def fold(self, expression: ast.expr) -> Texts:
        """Return the text of an expression here."""
        known = self._folded.get(id(expression))
        if known is None:
            known = self._folded[id(expression)] = (expression, fold(expression, self._scopes[-1]))
        return known[1]

    def status_paths(self, expression: ast.expr) -> frozenset[str]:
        """Return the status files that an expression's text names."""
        return frozenset(text for text in self.fold(expression) if is_status_path(text, self.files))

    def is_local(self, name: str) -> bool:
        """Whether a name is a parameter or a variable of the functions around."""
        return any(name in level.parameters or name in level.locals for level in self.stack)

    def meaning(self, expression: ast.expr) -> Meaning | None:
        """Return what a name means here, aliases followed; None where that is unknown, or a local value."""
        names = dotted(expression)
        return self._meaning(names, 0) if names else None

    def _meaning(self, names: tuple[str, ...], depth: int) -> Meaning | None:
        if names[0] in ("self", "cls") and self.stack[-1].owner and len(names) > 1:
            names = (*self.stack[-1].owner.split("."), *names[1:])
        elif self.is_local(names[0]):
            values = [value for level in self.stack for value in level.locals.get(names[0], ())]
            alias = dotted(values[0]) if len(values) == 1 and values[0] is not None else None
            if alias is None or depth > _DEEPEST or alias[0] == names[0]:
                return None
            return self._meaning((*alias, *names[1:]), depth + 1)
        found = self.modules.meaning(self.home, names)
        while isinstance(found, Constant) and depth < _DEEPEST:
            values = found.values
            alias = dotted(values[0]) if len(values) == 1 and values[0] is not None else None
            further = self.modules.meaning(found.home, alias) if alias else None
            if not isinstance(further, Function | ExternalName | Class):
                break
            found, depth = further, depth + 1
        return found

    def spelled(self, expression: ast.expr) -> str:
        """Return the last name of a dotted expression, by its meaning where that is known."""
        names = dotted(expression)
        found = self.meaning(expression)
        if isinstance(found, ExternalName | Function):
            return found.name.rpartition(".")[2]
        if names is None:
            return expression.attr if isinstance(expression, ast.Attribute) else ""
        return "" if len(names) == 1 and self.is_local(names[0]) else names[-1]

    def constant(self, expression: ast.expr) -> str | None:
        """Return the name of the status constant that a name stands for, or None."""
        names = dotted(expression)
        if names is None or (self.is_local(names[0]) and names[0] not in ("self", "cls")):
            return None
        found = self.modules.meaning(self.home, names)
        if isinstance(found, Constant):
            name = found.name.rpartition(".")[2]
            return name if is_status_constant(name) or self.status_paths(expression) else None
        if isinstance(found, ExternalName) and "." in found.name:
            name = found.name.rpartition(".")[2]
            return name if is_status_constant(name) else None
        return names[-1] if found is None and is_status_constant(names[-1]) else None

    def evidence(self, expression: ast.expr | None) -> Evidence:
        """Return what leads from an expression to a status file."""
        if expression is None:
            return Evidence()
        return Evidence(paths=self.status_paths(expression)) | self._sources(expression, 0)

    def _sources(self, expression: ast.expr | None, depth: int) -> Evidence:
        if expression is None or depth > _DEEPEST:
            return Evidence()
        if isinstance(expression, ast.Name | ast.Attribute):
            return self._named(expression, depth)
        parts: Sequence[ast.expr] = []
        if isinstance(expression, ast.BinOp):
            parts = [expression.left, expression.right]
        elif isinstance(expression, ast.BoolOp):
            parts = expression.values
        elif isinstance(expression, ast.IfExp):
            parts = [expression.body, expression.orelse]
        elif isinstance(expression, ast.JoinedStr):
            parts = [part.value for part in expression.values if isinstance(part, ast.FormattedValue)]
        elif isinstance(expression, ast.Call):
            found = self.meaning(expression.func)
            full = found.name if isinstance(found, ExternalName) else ".".join(dotted(expression.func) or ())
            parts = expression.args if full in PATH_MAKERS else []
        return _united([self._sources(part, depth + 1) for part in parts])

    def _named(self, expression: ast.Name | ast.Attribute, depth: int) -> Evidence:
        if isinstance(expression, ast.Name):
            for level in reversed(self.stack):
                known = expression.id in level.parameters
                found = Evidence(parameters=frozenset([(level.key, expression.id)] if known else []))
                if values := level.locals.get(expression.id):
                    found |= _united([self._sources(value, depth + 1) for value in values])
                if known or values:
                    return found
        name = self.constant(expression)
        return Evidence(constants=frozenset([name] if name else []))


def _united(parts: Sequence[Evidence]) -> Evidence:
    found = Evidence()
    for part in parts:
        found |= part
    return found
