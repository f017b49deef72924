"""Constant folding: what text an expression has, as far as that can be known without running it.

A folded expression is a set of alternatives; `HOLE` stands in them for what only a run can tell. Whoever reads more
than texts gives `Symbols`: texts that stand for something else, such as a column of the record at hand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Protocol

from notifykit_inventory.resolution.bindings import Bindings, dotted, flat, parameters
from notifykit_inventory.resolution.modules import Constant, ExternalName, Function, Modules
from notifykit_inventory.words import HOLE

Texts = tuple[str, ...]
UNKNOWN: Texts = (HOLE,)
_MOST = 24
"""Alternatives. A text with more counts as unknown."""
_DEEPEST = 24
_STEPS = 600
_LONGEST = 4_000
"""Characters. A text of a whole page is no path and no statement."""
_PERCENT = re.compile(r"%(?:\((\w+)\))?[-#0 +]*(?:\d+|\*)?(?:\.\d+)?([a-zA-Z%])")
_FIELD = re.compile(r"\{\{|\}\}|\{([^{}!:]*)[^{}]*\}")
PATH_MAKERS = {
    "str", "Path", "PurePath", "os.fspath", "os.path.join", "os.path.abspath", "os.path.normpath", "os.path.realpath",
    "os.path.expanduser", "os.path.expandvars", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath",
    "pathlib.WindowsPath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath",
}  # fmt: skip
"""Functions that only put a path together."""
_PLAIN = {"%s", ""}
"""How a value is put into a text as it is."""
_SAME_METHODS = {"resolve", "absolute", "expanduser", "as_posix", "strip", "__str__"}
_CHANGES: Mapping[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper}


class Symbols(Protocol):
    """What some expressions stand for, for a reader that knows more than texts."""

    def known(self, expression: ast.expr, scope: Scope, depth: int) -> Texts | None:
        """Return what an expression stands for; None where it is folded as any other."""

    def shaped(self, form: str, value: Texts) -> Texts:
        """Return a value as a format such as `%.2f`, `:,d` or `!r` writes it."""

    def unknown(self, expression: ast.expr, scope: Scope) -> Texts:
        """Return what stands for an expression that only a run can tell; with `HOLE` in it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: its module, and the local names of the functions around it."""

    modules: Modules
    home: Bindings
    locals: Mapping[str, Sequence[ast.expr | None]] = field(default_factory=dict)
    """Local names to all that is assigned to them. Parameters are not among them."""
    bound: Mapping[str, Texts] = field(default_factory=dict)
    """Names with known texts: parameters in a call that is followed; HOLE otherwise."""
    owner: str = ""
    """The class around it, for `self.NAME`."""
    budget: list[int] = field(default_factory=lambda: [_STEPS])
    """Steps left. Bounds the work where names refer to each other."""
    symbols: Symbols | None = None


def fold(expression: ast.expr | None, scope: Scope, depth: int = 0) -> Texts:
    """Return the alternatives of an expression's text."""
    if depth == 0:
        scope.budget[0] = _STEPS
    scope.budget[0] -= 1
    if expression is None or depth > _DEEPEST or scope.budget[0] < 0:
        return UNKNOWN
    if isinstance(expression, ast.Constant):
        value = expression.value
        return (value[:_LONGEST],) if isinstance(value, str) else UNKNOWN if value is None else (str(value),)
    if scope.symbols and (known := scope.symbols.known(expression, scope, depth + 1)) is not None:
        return known
    handler = _HANDLERS.get(type(expression))
    found: Texts = handler(expression, scope, depth + 1) if handler else UNKNOWN
    return scope.symbols.unknown(expression, scope) if scope.symbols and found == UNKNOWN else found


def _joined(parts: Sequence[Texts], glue: str = "") -> Texts:
    total = 1
    for part in parts:
        total *= len(part)
    if total > _MOST:
        parts = [part if len(part) == 1 else UNKNOWN for part in parts]
    return tuple(dict.fromkeys(glue.join(items)[:_LONGEST] for items in product(*parts)))


def _either(parts: Sequence[Texts]) -> Texts:
    found = tuple(dict.fromkeys(text for part in parts for text in part))
    return found if 0 < len(found) <= _MOST else UNKNOWN


def _path(parts: Sequence[Texts]) -> Texts:
    joined = _joined([tuple(text.rstrip("/\\") or text for text in part) for part in parts[:-1]] + [*parts[-1:]], "/")
    return tuple(re.sub(r"/{2,}", "/", text) for text in joined)


def _name(node: ast.expr, scope: Scope, depth: int) -> Texts:
    names = dotted(node)
    if names is None:
        return UNKNOWN
    if len(names) == 1:
        if names[0] in scope.bound:
            return scope.bound[names[0]]
        if names[0] in scope.locals:
            inner = replace(scope, locals=_without(scope.locals, names[0]))
            return _either([fold(value, inner, depth) for value in scope.locals[names[0]]])
    if names[0] in ("self", "cls") and scope.owner:
        names = (*scope.owner.split("."), *names[1:])
    found = scope.modules.meaning(scope.home, names)
    if isinstance(found, Constant):
        outer = _elsewhere(scope, found.home, owner=found.name.rpartition(".")[0])
        return _either([fold(value, outer, depth) for value in found.values])
    return UNKNOWN


def _elsewhere(scope: Scope, home: Bindings, *, bound: Mapping[str, Texts] | None = None, owner: str = "") -> Scope:
    """Return the scope of another module's code, within the same budget."""
    return replace(scope, home=home, locals={}, bound=bound or {}, owner=owner)


def _without(names: Mapping[str, Sequence[ast.expr | None]], name: str) -> Mapping[str, Sequence[ast.expr | None]]:
    """Return the names without one: a value may be made from the name's value before."""
    return {key: value for key, value in names.items() if key != name}


def _operation(node: ast.BinOp, scope: Scope, depth: int) -> Texts:
    if isinstance(node.op, ast.Mod):
        return _percent(fold(node.left, scope, depth), node.right, scope, depth)
    if isinstance(node.op, ast.Add):
        return _joined([fold(part, scope, depth) for part in summands(node)])
    if isinstance(node.op, ast.Div):
        return _path([fold(node.left, scope, depth), fold(node.right, scope, depth)])
    return UNKNOWN


def summands(node: ast.expr) -> list[ast.expr]:
    """Return what is added up, in order; a long sum is a deep tree."""
    found: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]


def _percent(formats: Texts, right: ast.expr, scope: Scope, depth: int) -> Texts:
    named: dict[str, Texts] = {}
    given: list[Texts] = []
    if isinstance(right, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in right.keys]
        named = {str(key): fold(value, scope, depth) for key, value in zip(keys, right.values, strict=True)}
    else:
        given = [fold(item, scope, depth) for item in (right.elts if isinstance(right, ast.Tuple) else [right])]
    return _either([_filled(text, _PERCENT, given, named, scope.symbols) for text in formats])


def _filled(
    text: str, pattern: re.Pattern[str], given: list[Texts], named: dict[str, Texts], symbols: Symbols | None
) -> Texts:
    parts: list[Texts] = []
    end = at = 0
    for found in pattern.finditer(text):
        parts.append((text[end : found.start()],))
        end = found.end()
        if found[0] in ("%%", "{{", "}}"):
            parts.append((found[0][0],))
            continue
        name = found[1] or ""
        if name and not name.isdigit():
            value = named.get(name, UNKNOWN)
        else:
            place = int(name) if name else at
            at += not name
            value = given[place] if place < len(given) else UNKNOWN
        form = found[0].replace(f"({name})", "") if pattern is _PERCENT else found[0][1:-1].removeprefix(name)
        parts.append(_shaped(form, value, symbols))
    return _joined([*parts, (text[end:],)])


def _shaped(form: str, value: Texts, symbols: Symbols | None) -> Texts:
    return value if symbols is None or form in _PLAIN else symbols.shaped(form, value)


def _f_string(node: ast.JoinedStr, scope: Scope, depth: int) -> Texts:
    return _joined([_placed(part, scope, depth) for part in node.values])


def _placed(part: ast.expr, scope: Scope, depth: int) -> Texts:
    """Return a part of an f-string."""
    if not isinstance(part, ast.FormattedValue):
        return fold(part, scope, depth)
    form = f"!{chr(part.conversion)}" if part.conversion > 0 else ""
    if part.format_spec is not None:
        form += f":{fold(part.format_spec, scope, depth)[0]}"
    return _shaped(form, fold(part.value, scope, depth), scope.symbols)


def _condition(node: ast.IfExp, scope: Scope, depth: int) -> Texts:
    return _either([fold(node.body, scope, depth), fold(node.orelse, scope, depth)])


def _choice(node: ast.BoolOp, scope: Scope, depth: int) -> Texts:
    return _either([fold(value, scope, depth) for value in node.values])


def _subscript(node: ast.Subscript, scope: Scope, depth: int) -> Texts:
    return _picked(node.value, node.slice, scope, depth)


def _picked(container: ast.expr, key: ast.expr, scope: Scope, depth: int) -> Texts:
    """Return the value of a constant dict or list under a key, or all its values where the key is unknown."""
    names = dotted(container)
    values: Sequence[ast.expr | None] = [container]
    inner = scope
    if names and len(names) == 1 and names[0] in scope.locals:
        values = scope.locals[names[0]]
    elif names and isinstance(found := scope.modules.meaning(scope.home, names), Constant):
        values, inner = found.values, _elsewhere(scope, found.home)
    if len(values) != 1 or not isinstance(values[0], ast.Dict):
        return UNKNOWN
    wanted = set(fold(key, scope, depth))
    table = [(fold(name, inner, depth), value) for name, value in zip(values[0].keys, values[0].values, strict=True)]
    hits = [value for name, value in table if wanted & set(name)]
    chosen = [value for _, value in table] if any(HOLE in text for text in wanted) else hits
    return _either([fold(value, inner, depth) for value in chosen]) if chosen else UNKNOWN


def _call(node: ast.Call, scope: Scope, depth: int) -> Texts:
    given = [fold(item, scope, depth) for item in node.args]
    called = node.func
    names = dotted(called)
    found = scope.modules.meaning(scope.home, names) if names and names[0] not in scope.locals else None
    full = found.name if isinstance(found, ExternalName) else ".".join(names or ())
    if full in PATH_MAKERS:
        return _path(given) if given else UNKNOWN
    if isinstance(found, Function):
        return _returned(found, node, given, scope, depth)
    if not isinstance(called, ast.Attribute):
        return UNKNOWN
    if called.attr == "get" and node.args:
        return _picked(called.value, node.args[0], scope, depth)
    base = fold(called.value, scope, depth)
    if called.attr == "format":
        named = {item.arg: fold(item.value, scope, depth) for item in node.keywords if item.arg}
        return _either([_filled(text, _FIELD, given, named, scope.symbols) for text in base])
    if called.attr == "joinpath" and given:
        return _path([base, *given])
    if called.attr == "join" and node.args and isinstance(node.args[0], ast.List | ast.Tuple):
        return _joined([fold(item, scope, depth) for item in node.args[0].elts], base[0])
    if called.attr == "replace" and len(given) == 2 and all(HOLE not in item[0] and len(item) == 1 for item in given):
        return tuple(text.replace(given[0][0], given[1][0]) for text in base)
    if change := _CHANGES.get(called.attr):
        return tuple(change(text) for text in base)
    return base if called.attr in _SAME_METHODS else UNKNOWN


def _returned(found: Function, node: ast.Call, given: list[Texts], scope: Scope, depth: int) -> Texts:
    """Return what a function of the tree returns, where that is made from its arguments and constants."""
    definition = found.definition
    statements = list(flat(definition.body))
    returns = [item.value for item in statements if isinstance(item, ast.Return)]
    if not returns or len(statements) > 12 or isinstance(definition, ast.AsyncFunctionDef):
        return UNKNOWN
    names = parameters(definition)
    bound: dict[str, Texts] = dict.fromkeys(names, UNKNOWN)
    if not any(isinstance(item, ast.Starred) for item in node.args):
        bound.update(zip(names, given, strict=False))
    bound.update({item.arg: fold(item.value, scope, depth) for item in node.keywords if item.arg in bound})
    inner = _elsewhere(scope, found.home, bound=bound)
    return _either([fold(value, inner, depth) for value in returns])


_HANDLERS: dict[type[ast.expr], Callable[..., Texts]] = {
    ast.Name: _name,
    ast.Attribute: _name,
    ast.BinOp: _operation,
    ast.JoinedStr: _f_string,
    ast.IfExp: _condition,
    ast.BoolOp: _choice,
    ast.Subscript: _subscript,
    ast.Call: _call,
}
