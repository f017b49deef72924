"""What one rendering may take: characters, rounds of loops, digits. A cell is held that asks for more."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.runtime import Context, Undefined
from jinja2.visitor import NodeTransformer

from notifykit.model import Record
from notifykit.wording.translation import gettext

CHARACTERS = 1_000_000
"""In a text that a template makes, and in every text and list on the way to it."""

ROUNDS = 100_000
"""Of all loops of one rendering together."""

BITS = 4096
"""Of a whole number: more than a thousand digits."""

INTERCEPTED = frozenset({"*", "**", "+", "%"})
"""Operators whose result may be far larger than their operands."""

_WIDE = re.compile(r"%[^%a-zA-Z]*(\*|\d{5})|\{[^}]*(\d{5}|:[^}]*\{)")
"""A format that asks for a width of five digits or more, or takes its width from a value."""

_SIZED = (str, bytes, list, tuple)
_PADDING = frozenset({"ljust", "rjust", "center", "zfill", "expandtabs"})


class TooLargeError(ValueError):
    """A template asks for more than one rendering may take."""


def check_size(size: int, most: int = CHARACTERS) -> None:
    """Raise TooLargeError where a text or list would be too long."""
    if size > most:
        raise TooLargeError(gettext("this makes more than {most:,} characters or items", most=most))


def require_output(value: object) -> None:
    """Raise ValueError for what is no text, and would be written out as one by mistake."""
    if isinstance(value, Record):
        what = gettext('this gives a whole record, not a cell; write record["column"]')
    elif callable(value) and not isinstance(value, Undefined):
        what = gettext("this gives a method, not what it returns; call it, or name a column")
    elif isinstance(value, bytes | bytearray | memoryview):
        what = gettext("this gives bytes, not text; make a text of them where the record comes from")
    elif isinstance(value, float | Decimal) and not math.isfinite(value):
        what = gettext("this gives {value}, which is no number to be told", value=value)
    else:
        return
    raise ValueError(what)


def check_operands(operator: str, left: object, right: object) -> None:
    """Raise TooLargeError where an operator would make too long a text or list, or too large a number."""
    if operator == "+":
        if isinstance(left, _SIZED) and isinstance(right, _SIZED):
            check_size(len(left) + len(right))
    elif operator == "%":
        if isinstance(left, str):
            check_format(left)
    elif operator == "*" and isinstance(left, _SIZED) != isinstance(right, _SIZED):
        sized, times = (left, right) if isinstance(left, _SIZED) else (right, left)
        if isinstance(times, int) and isinstance(sized, _SIZED):
            check_size(len(sized) * times)
    elif isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
        if bits > BITS:
            raise TooLargeError(gettext("this makes a number of more than a thousand digits"))


def check_format(template: str) -> None:
    """Raise TooLargeError where a format asks for more than 9,999 places."""
    if _WIDE.search(template):
        raise TooLargeError(gettext("this formats a value with a width of more than four digits"))


def check_method(function: object, arguments: tuple[object, ...]) -> None:
    """Raise TooLargeError where a method of a text would make too long a text."""
    function = getattr(function, "__wrapped__", function)  # the sandbox stands around `format`
    text, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if not isinstance(text, str):
        return
    if name in _PADDING:
        for argument in arguments:
            if isinstance(argument, int):
                check_size(argument if name != "expandtabs" else argument * (text.count("\t") + 1))
    elif name in ("format", "format_map"):
        check_format(text)
    elif name == "replace" and len(arguments) > 1:
        _check_replace(text, *arguments[:2])
    elif name == "join" and arguments and isinstance(arguments[0], list | tuple):
        _check_join(arguments[0], text)


def bounded_filters(filters: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return filters that refuse numbers and results beyond what a rendering may take."""
    return {name: _bounded(name, function) for name, function in filters.items()}


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)  # keeps the mark of what the filter is passed
    def bounded(*arguments: Any, **options: Any) -> Any:
        for argument in (*arguments, *options.values()):
            if isinstance(argument, int) and abs(argument) > CHARACTERS and argument is not arguments[0]:
                raise TooLargeError(
                    gettext("the filter {name} takes no number above {characters:,}", name=name, characters=CHARACTERS)
                )
        texts = [argument for argument in arguments if not isinstance(argument, Context)]
        if name == "format" and isinstance(texts[0], str):
            check_format(texts[0])
        elif name == "round":
            _check_precision(texts[1:], options)
        elif name == "indent" and isinstance(texts[0], str):
            check_size(len(texts[0]) + (texts[0].count("\n") + 1) * _width(texts[1:], options))
        elif name == "replace":
            _check_replace(*[str(text) for text in texts if isinstance(text, str)][:3])
        result = function(*arguments, **options)
        if isinstance(result, _SIZED):
            check_size(len(result))
        return result

    return bounded


def _width(arguments: list[Any], options: Mapping[str, Any]) -> int:
    width = options.get("width", arguments[0] if arguments else 4)
    return width if isinstance(width, int) else len(str(width))


def _check_precision(arguments: list[Any], options: Mapping[str, Any]) -> None:
    precision = options.get("precision", arguments[0] if arguments else 0)
    if isinstance(precision, int) and abs(precision) > 300:
        raise TooLargeError(gettext("the filter round takes a precision of 300 digits at most"))


def _check_replace(*texts: object) -> None:
    if len(texts) == 3 and all(isinstance(text, str) for text in texts):
        text, old, new = map(str, texts)
        check_size(len(text) + text.count(old) * len(new))


def _check_join(items: Iterable[object], between: str) -> None:
    size = 0
    for item in items:
        size += len(between) + (len(item) if isinstance(item, str) else 1)
        check_size(size)


@pass_context
def counted(context: Context, items: Any) -> Any:
    """Yield the items of a loop, as long as all loops of this rendering have rounds left."""
    if isinstance(items, Undefined):
        return items  # Jinja itself says what is undefined
    return _rounds(vars(context).setdefault("rounds_left", [ROUNDS]), items)


def _rounds(left: list[int], items: Iterable[object]) -> Iterator[object]:
    for item in items:
        left[0] -= 1
        if left[0] < 0:
            raise TooLargeError(gettext("its loops take more than {rounds:,} rounds", rounds=ROUNDS))
        yield item


def joined(parts: Iterable[object]) -> str:
    """Join what stands around `~`."""
    texts = []
    for part in parts:
        require_output(part)
        texts.append(str(part))
    check_size(sum(map(len, texts)))
    return "".join(texts)


BOUNDS: Mapping[str, Callable[..., Any]] = {"(a loop)": counted, "(~)": joined}
"""Filters that no template can name: they stand around loops and in the place of `~`."""


class Bounding(NodeTransformer):
    """Puts these filters into a template."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - Jinja's name
        """Count the rounds of a loop."""
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "(a loop)", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 - Jinja's name
        """Bound the text that `~` makes."""
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "(~)", [], [], None, None, lineno=node.lineno)
