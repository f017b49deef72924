"""Reads expressions as Jinja: a reader of symbols for the folding of texts."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from notifykit.wording.translation import gettext
from notifykit_inventory.drafts.model import Mark
from notifykit_inventory.drafts.picking import READS_ALL, WHOLE, Picking
from notifykit_inventory.drafts.symbols import (
    FALSE,
    OPEN,
    RECORD,
    TRUE,
    Kind,
    expression,
    has_symbols,
    plain,
    quoted,
    single,
    symbol,
    written,
)
from notifykit_inventory.resolution.bindings import dotted
from notifykit_inventory.resolution.folding import PATH_MAKERS, Scope, Texts, fold, summands
from notifykit_inventory.resolution.modules import Constant, ExternalName, Function, Meaning, Modules
from notifykit_inventory.source import short
from notifykit_inventory.words import FUNCTIONS, HOLE

_METHODS = {
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "replace", "zfill", "ljust", "rjust",
    "center", "removeprefix", "removesuffix", "startswith", "endswith", "isdigit", "split",
}  # fmt: skip
"""Methods of texts that templates have as well."""
_CHANGES = _METHODS - {"zfill", "ljust", "rjust", "center", "startswith", "endswith", "isdigit", "split"}
_LONGEST = 4_000
_NUMBERS = {"float": "number | float", "int": "number | int"}
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%"
}  # fmt: skip
_LONGEST_REPEAT = 200


class Follower(Protocol):
    """Reads the functions of the tree."""

    def returned(self, found: Function, call: ast.Call, scope: Scope) -> Texts:
        """Return what a call gives."""

    def chosen(self, node: ast.expr, scope: Scope, depth: int) -> bool | str | None:
        """Return what a condition is: known, a Jinja expression, or None."""


@dataclass(slots=True)
class Values:
    """Symbols for the columns of a record, the rows of a file, and what a send-status file says."""

    follower: Follower
    modules: Modules
    marks: list[Mark] = field(default_factory=list)
    """What only a run can tell, by the number of its symbol."""
    statuses: list[str] = field(default_factory=list)
    """The paths of send-status files."""
    keys: list[Texts] = field(default_factory=list)
    """What was looked up in a send-status file."""
    changed: dict[str | None, Texts] = field(default_factory=dict)
    """Columns of the record at hand that were written, to what they hold now; None for all others."""
    positions: set[int] = field(default_factory=set)
    """Positions of a positional row that are used."""
    picking: Picking = field(init=False)
    """The records, and which of them."""

    def __post_init__(self) -> None:
        """Have conditions on records read as all others are."""
        self.picking = Picking(self.follower.chosen)

    def write(self, column: str | None, value: Texts) -> None:
        """Note what a column of the record at hand holds now. None: of any column, so that none is known any more."""
        if column is None:
            self.changed.clear()
        self.changed[column] = value

    def status_of(self, path: str) -> Texts:
        """Return the symbol for what a send-status file says."""
        if path not in self.statuses:
            self.statuses.append(path)
        return symbol(Kind.STATUS, str(self.statuses.index(path)))

    # What folding asks for

    def known(self, node: ast.expr, scope: Scope, depth: int) -> Texts | None:
        """Return what an expression stands for; None where it is folded as any other."""
        if isinstance(node, ast.Subscript):
            return self._subscript(node, scope, depth)
        if isinstance(node, ast.Call):
            return self._call(node, scope, depth)
        if isinstance(node, ast.BinOp):
            return self._operation(node, scope, depth)
        if isinstance(node, ast.IfExp):
            test = self.follower.chosen(node.test, scope, depth)
            return self.choice(test, typed(node.body, scope, depth), typed(node.orelse, scope, depth), node, scope)
        if isinstance(node, ast.BoolOp):
            return self._either(node, scope, depth)
        if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            return self._test(node, scope, depth)
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            return self.picking.comprehension(node, scope, depth)
        return None

    def shaped(self, form: str, value: Texts) -> Texts:
        """Return a value as a format writes it."""
        said = expression(value)
        if said is None or OPEN in form or HOLE in form:
            return value if said is None else symbol(Kind.UNKNOWN, "-1")
        if (text := plain(value)) is not None and not form.startswith("!"):
            return written(form, text)
        if form.startswith("%"):
            return symbol(Kind.VALUE, f"({quoted(form)} | format({said}))")
        if form.startswith(":"):
            return symbol(Kind.VALUE, f"{quoted('{' + form + '}')}.format({said})")
        return value if form == "!s" else symbol(Kind.UNKNOWN, "-1")

    def unknown(self, node: ast.expr, scope: Scope) -> Texts:
        """Return the symbol for what only a run can tell."""
        what = gettext("{code} is known only at run time", code=short(node))
        self.marks.append(Mark(file=scope.modules.file(scope.home.path), line=node.lineno, what=what))
        return symbol(Kind.UNKNOWN, str(len(self.marks) - 1))

    def unnamed(self, name: str, found: Function) -> Texts:
        """Return the symbol for a parameter that nobody gives."""
        file = self.modules.file(found.home.path)
        what = gettext("what {function} is given for {name} is known only at run time", function=found.name, name=name)
        self.marks.append(Mark(file=file, line=found.definition.lineno, what=what))
        return symbol(Kind.UNKNOWN, str(len(self.marks) - 1))

    # Expressions

    def _test(self, node: ast.expr, scope: Scope, depth: int) -> Texts | None:
        found = self.follower.chosen(node, scope, depth)
        if found is None:
            return None
        return symbol(Kind.TEST, found if isinstance(found, str) else str(found).lower())

    def choice(self, test: bool | str | None, yes: Texts, no: Texts, node: ast.expr, scope: Scope) -> Texts:
        """Return one of two values by a condition."""
        if isinstance(test, bool):
            return yes if test else no
        if yes == no:
            return yes
        if isinstance(test, str) and (yes, no) in ((TRUE, FALSE), (FALSE, TRUE)):
            return symbol(Kind.TEST, test if yes == TRUE else f"not ({test})")
        first, second = expression(yes), expression(no)
        if test is None or first is None or second is None:
            return self.unknown(node, scope)
        are_numbers = all(found and found[0] is Kind.NUMBER for found in (single(yes), single(no)))
        kind = Kind.NUMBER if are_numbers else Kind.VALUE
        return symbol(kind, f"({first} if {test} else {second})")

    def literal(self, node: ast.expr, scope: Scope, depth: int = 0) -> str | None:
        """Return a value as Jinja writes it, types kept: constants, lists of them, and what is folded."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | None):
            words = {True: "true", False: "false", None: "none"}
            if node.value is None or isinstance(node.value, bool):
                return words[node.value]
            return quoted(node.value) if isinstance(node.value, str) else repr(node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            return f"-{self.literal(node.operand, scope)}"
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            items = [self.literal(item, scope, depth) for item in node.elts]
            told = [item for item in items if item is not None]
            return f"[{', '.join(told)}]" if len(told) == len(items) else None
        names = dotted(node)
        if names and names[0] not in scope.bound and names[0] not in scope.locals and depth < 8:
            found = scope.modules.meaning(scope.home, names)
            if isinstance(found, Constant) and len(found.values) == 1 and found.values[0] is not None:
                there = Scope(scope.modules, found.home, symbols=self)
                return self.literal(found.values[0], there, depth + 1)
        return expression(fold(node, scope, depth))

    def _subscript(self, node: ast.Subscript, scope: Scope, depth: int) -> Texts | None:
        base = fold(node.value, scope, depth)
        if base == RECORD:
            return self._column(node.slice, scope, depth)
        found = single(base)
        if found is None:
            return None
        if found[0] is Kind.STATUS:
            self.keys.append(fold(node.slice, scope, depth))
            return base
        if found[0] is Kind.ROWS:
            return self.picking.subscript(node, base, scope)
        if found[0] is not Kind.VALUE:
            return None
        if isinstance(node.slice, ast.Slice):
            ends = [
                None if end is None else self.literal(end, scope, depth) for end in (node.slice.lower, node.slice.upper)
            ]
            told = [end or "" for end in ends]
            return symbol(Kind.VALUE, f"{found[1]}[{':'.join(told)}]") if node.slice.step is None else None
        item = self.literal(node.slice, scope, depth)
        return None if item is None else symbol(Kind.VALUE, f"{found[1]}[{item}]")

    def _column(self, node: ast.expr, scope: Scope, depth: int) -> Texts | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            self.positions.add(node.value)
            return symbol(Kind.VALUE, f"record[{quoted(column_name(node.value))}]") if node.value >= 0 else None
        name = plain(fold(node, scope, depth))
        if name in self.changed or None in self.changed:
            return self.changed.get(name) or self.changed[None]
        return None if name is None else symbol(Kind.VALUE, f"record[{quoted(name)}]")

    def _call(self, node: ast.Call, scope: Scope, depth: int) -> Texts | None:
        names, meaning = _meaning(node, scope)
        name = last_name(node, scope)
        if name == "load_send_status":
            file = node.args[0] if node.args else next((item.value for item in node.keywords), None)
            return self.status_of(plain(fold(file, scope, depth)) or "")
        full = meaning.name if isinstance(meaning, ExternalName) else ".".join(names or ())
        if name in FUNCTIONS or full in PATH_MAKERS - {"str"}:
            return None
        if isinstance(meaning, Function):
            given = self.follower.returned(meaning, node, scope)
            found = single(given)
            is_told = found is None or found[0] is not Kind.UNKNOWN
            reader = name if name == READS_ALL else ""  # any other of the tree may pick
            return given if is_told else self.picking.call(node, reader, scope, depth) or given
        if isinstance(node.func, ast.Attribute) and (value := self._method(node, node.func, scope, depth)) is not None:
            return value
        converts = names is not None and len(names) == 1 and len(node.args) == 1 and not node.keywords
        if converts and (value := self._converted(name, node.args[0], scope, depth)) is not None:
            return value
        called = name or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
        return self.picking.call(node, called, scope, depth)

    def _method(self, node: ast.Call, called: ast.Attribute, scope: Scope, depth: int) -> Texts | None:
        base = fold(called.value, scope, depth)
        found = single(base)
        if base == RECORD and called.attr == "get" and node.args:
            return self._column(node.args[0], scope, depth)
        if found and found[0] is Kind.STATUS:
            if called.attr == "get" and node.args:
                self.keys.append(fold(node.args[0], scope, depth))
            return base
        if (rows := self.picking.rows(base)) is not None:
            return base if called.attr in WHOLE else self.picking.some(rows, node, scope)
        if called.attr not in _METHODS or node.keywords:
            return None
        if (text := plain(base)) is not None:
            return self._changed(text, called.attr, node.args)
        said, given = expression(base), [self.literal(item, scope, depth) for item in node.args]
        if said is None or None in given:
            return self.unknown(node, scope)
        return symbol(Kind.VALUE, f"{said}.{called.attr}({', '.join(item for item in given if item)})")

    def _changed(self, text: str, method: str, arguments: Sequence[ast.expr]) -> Texts | None:
        """Return what a method makes of a text that is known."""
        given = [item.value for item in arguments if isinstance(item, ast.Constant)]
        if len(given) < len(arguments) or method not in _CHANGES:
            return None
        try:
            found = getattr(text, method)(*given)
        except TypeError:
            return None  # it is called otherwise than texts can be
        return (found,) if isinstance(found, str) and len(found) <= _LONGEST else None

    def _converted(self, name: str, given: ast.expr, scope: Scope, depth: int) -> Texts | None:
        value = fold(given, scope, depth)
        if name == "str":
            return value
        if name in WHOLE and value == RECORD:
            return value
        said = expression(value)
        if not has_symbols(value) or said is None:
            return None
        if name in _NUMBERS:
            return symbol(Kind.NUMBER, f"({said} | {_NUMBERS[name]})")
        return symbol(Kind.NUMBER, f"({said} | length)") if name == "len" else None

    def _operation(self, node: ast.BinOp, scope: Scope, depth: int) -> Texts | None:
        if isinstance(node.op, ast.Mod) and self._number(node.left, scope, depth) is None:
            return None  # it formats a text
        if isinstance(node.op, ast.Add) and any(_is_text(part) for part in summands(node)):
            return None
        left, right = self._number(node.left, scope, depth), self._number(node.right, scope, depth)
        if left is not None and right is not None and type(node.op) in _OPERATORS:
            return symbol(Kind.NUMBER, f"({left} {_OPERATORS[type(node.op)]} {right})")
        if isinstance(node.op, ast.Mult) and isinstance(node.right, ast.Constant) and isinstance(node.right.value, int):
            text = plain(fold(node.left, scope, depth))
            return (text * node.right.value,) if text is not None and node.right.value <= _LONGEST_REPEAT else None
        return self.unknown(node, scope) if (left is None) is not (right is None) else None

    def _number(self, node: ast.expr, scope: Scope, depth: int) -> str | None:
        """Return an expression as Jinja where it is a number."""
        if isinstance(node, ast.Constant):
            return repr(node.value) if isinstance(node.value, int | float) else None
        if isinstance(node, ast.JoinedStr):
            return None
        found = single(fold(node, scope, depth))
        return found[1] if found and found[0] is Kind.NUMBER else None

    def _either(self, node: ast.BoolOp, scope: Scope, depth: int) -> Texts | None:
        values = [fold(value, scope, depth) for value in node.values]
        kinds = {found[0] for value in values if (found := single(value))}
        if kinds & {Kind.TEST, Kind.STATUS}:
            return self._test(node, scope, depth)
        if not any(map(has_symbols, values)):
            return None
        told = [self.literal(value, scope, depth) for value in node.values]
        if None in told:
            return self.unknown(node, scope)
        word = " or " if isinstance(node.op, ast.Or) else " and "
        return symbol(Kind.VALUE, f"({word.join(item for item in told if item)})")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _meaning(node: ast.Call, scope: Scope) -> tuple[tuple[str, ...] | None, Meaning | None]:
    """Return the names by which something is called, and what they mean in the tree."""
    names = dotted(node.func)
    if names and names[0] in ("self", "cls") and scope.owner:
        names = (*scope.owner.split("."), *names[1:])
    elif names is None or names[0] in scope.bound:
        return names, None
    return names, scope.modules.meaning(scope.home, names)


def defined(node: ast.Call, scope: Scope) -> Function | None:
    """Return the function of the tree that is called; None where that is unknown, or another one."""
    found = _meaning(node, scope)[1]
    return found if isinstance(found, Function) else None


def last_name(node: ast.Call, scope: Scope) -> str:
    """Return the last name of what is called, by its meaning where that is known."""
    names, found = _meaning(node, scope)
    return found.name.rpartition(".")[2] if isinstance(found, Function | ExternalName) else (names or ("",))[-1]


def typed(node: ast.expr, scope: Scope, depth: int = 0) -> Texts:
    """Fold what a name is to hold, or what is chosen. Numbers, `True` and `False` stay such: a text is something."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return TRUE if node.value else FALSE
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return symbol(Kind.NUMBER, repr(node.value))
    return fold(node, scope, depth)


def column_name(position: int) -> str:
    """Return what a position of a technicians' row is called."""
    return _POSITIONS.get(position, f"field {position}")


_POSITIONS = {0: "change id", 1: "time", 2: "technician", 3: "company", 5: "content"}
"""Positions of a technician's change."""
