"""The value of an expression where no contract's status file is left: `load_send_status(…)` is then an empty dict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

import libcst as cst

from notifykit_inventory.resolution.folding import PATH_MAKERS

Constant = str | int | bool | None
_HARMLESS = {
    "str", "int", "len", "bool", "get", "strip", "format", "lower", "upper", "keys", "values", "items", "now", "time",
    "strftime", "isoformat", "join", *(name.rpartition(".")[2] for name in PATH_MAKERS),
}  # fmt: skip
"""Calls without side effects."""


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value that is known without a run; `empty` for a dict without keys, or a view of one."""

    constant: Constant = None
    empty: bool = False

    @property
    def true(self) -> bool:
        """Whether it counts as true in a condition."""
        return not self.empty and bool(self.constant)

    @property
    def expression(self) -> cst.BaseExpression | None:
        """Return it as code, where it is a word of the language."""
        return cst.Name(repr(self.constant)) if not self.empty and self.constant in (True, False, None) else None


EMPTY = KnownValue(empty=True)


@dataclass(slots=True)
class Evaluator:
    """Evaluates expressions of one function."""

    is_load: Callable[[cst.Call], bool]
    """Whether a call loads a contract's status file."""
    names: dict[str, KnownValue] = field(default_factory=dict)
    """Values of local names."""

    def of(self, node: cst.BaseExpression) -> KnownValue | None:
        """Return the value of an expression; None where it is unknown."""
        if isinstance(node, cst.Name):
            words = {"True": KnownValue(True), "False": KnownValue(False), "None": KnownValue(None)}
            return words.get(node.value) or self.names.get(node.value)
        if isinstance(node, cst.SimpleString):
            text = node.evaluated_value
            return KnownValue(text) if isinstance(text, str) else None
        if isinstance(node, cst.Integer):
            return KnownValue(node.evaluated_value)
        if isinstance(node, cst.Dict):
            return None if node.elements else EMPTY
        if isinstance(node, cst.Call):
            return self._call(node)
        if isinstance(node, cst.Comparison):
            return self._comparison(node)
        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
            inner = self.of(node.expression)
            return None if inner is None else KnownValue(not inner.true)
        if isinstance(node, cst.BooleanOperation):
            found = self.simplified(node, truth=False)
            return found if isinstance(found, KnownValue) else None
        if isinstance(node, cst.IfExp) and (test := self.of(node.test)) is not None:
            return self.of(node.body if test.true else node.orelse)
        return None

    def _call(self, node: cst.Call) -> KnownValue | None:
        if self.is_load(node):
            return EMPTY
        given = [item.value for item in node.args]
        if isinstance(node.func, cst.Name):
            if node.func.value == "dict" and not given:
                return EMPTY
            inner = self.of(given[0]) if len(given) == 1 and not node.args[0].star else None
            if inner is None:
                return None
            if node.func.value in ("dict", "list", "set", "tuple", "sorted"):
                return EMPTY if inner.empty else None
            if node.func.value == "bool":
                return KnownValue(inner.true)
            return KnownValue(0) if node.func.value == "len" and inner.empty else None
        if not isinstance(node.func, cst.Attribute) or (base := self.of(node.func.value)) is None or not base.empty:
            return None
        name = node.func.attr.value
        if name in ("keys", "values", "items", "copy") and not given:
            return EMPTY
        if name == "get" and given and harmless(given[0]):
            return self.of(given[1]) if len(given) > 1 else KnownValue(None)
        return None

    def _comparison(self, node: cst.Comparison) -> KnownValue | None:
        if len(node.comparisons) != 1 or (left := self._side(node.left)) is None:
            return None
        operator, other = node.comparisons[0].operator, node.comparisons[0].comparator
        right = self.of(other)
        if isinstance(operator, cst.In | cst.NotIn):
            if right is None or not right.empty:
                return None
            return KnownValue(isinstance(operator, cst.NotIn))
        if not isinstance(left, KnownValue) or left.empty or (right is not None and right.empty):
            return None
        if right is None:
            # A word that a program writes as a constant is a text, so it is not None.
            if left.constant is not None or not _is_constant(other):
                return None
            return KnownValue(isinstance(operator, cst.NotEqual | cst.IsNot))
        if isinstance(operator, cst.Equal | cst.Is):
            return KnownValue(left.constant == right.constant)
        return KnownValue(left.constant != right.constant) if isinstance(operator, cst.NotEqual | cst.IsNot) else None

    def _side(self, node: cst.BaseExpression) -> KnownValue | str | None:
        """Return the value of the left side of a comparison, or that it may be dropped, or None."""
        return self.of(node) or ("harmless" if harmless(node) else None)

    def simplified(self, node: cst.BaseExpression, *, truth: bool) -> KnownValue | cst.BaseExpression:
        """Return an expression without its known parts; the node itself where nothing is known.

        With `truth`, only whether it is true matters, as in a condition.
        """
        if not isinstance(node, cst.BooleanOperation):
            found = self.of(node)
            return node if found is None else found
        both = isinstance(node.operator, cst.And)
        left, right = self.simplified(node.left, truth=truth), self.simplified(node.right, truth=truth)
        if isinstance(left, KnownValue):
            result = right if left.true is both else left
        elif not isinstance(right, KnownValue):
            return node if left is node.left and right is node.right else node.with_changes(left=left, right=right)
        elif right.true is both:
            result = left if truth or _is_bool(left) else node
        else:
            result = right if harmless(left) and (truth or _is_bool(left)) else node
        if isinstance(result, KnownValue) or result is node:
            return result
        return result.with_changes(lpar=[*node.lpar, *result.lpar], rpar=[*result.rpar, *node.rpar])


def harmless(node: cst.CSTNode) -> bool:
    """Whether nothing is lost where the expression is not evaluated."""
    for part in walk(node):
        if isinstance(part, cst.Call) and called(part) not in _HARMLESS:
            return False
        if isinstance(part, cst.Await | cst.Yield | cst.NamedExpr):
            return False
    return True


def called(node: cst.Call) -> str:
    """Return the last name of what is called, or nothing."""
    if isinstance(node.func, cst.Attribute):
        return node.func.attr.value
    return node.func.value if isinstance(node.func, cst.Name) else ""


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield a node and all below it."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(part.children)


def outside_functions(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield a node and all below it, without the functions in it."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(child for child in part.children if not isinstance(child, cst.FunctionDef))


def mentions(node: cst.CSTNode, names: Collection[str]) -> bool:
    """Whether any of the names stands in the code as a variable."""
    return any(isinstance(part, cst.Name) and part.value in names for part in _variables(node))


def _variables(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield what is below a node, except attribute names and keywords."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, (cst.Attribute, cst.Arg)):
            waiting.append(part.value)
        else:
            waiting.extend(part.children)


def _is_bool(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.BooleanOperation):
        return _is_bool(node.left) and _is_bool(node.right)
    if isinstance(node, cst.Call):
        return isinstance(node.func, cst.Name) and node.func.value in ("bool", "isinstance", "any", "all", "callable")
    return isinstance(node, cst.Comparison) or (
        isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not)
    )


def _is_constant(node: cst.BaseExpression) -> bool:
    name = node.attr if isinstance(node, cst.Attribute) else node
    return isinstance(name, cst.Name) and name.value.isupper()
