"""What Jinja makes of the texts of templates, in its sandbox: code, and what it makes use of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from functools import cache, lru_cache
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.environment import Template as JinjaTemplate
from jinja2.filters import FILTERS as JINJAS_FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from notifykit.campaign.campaign import Escape
from notifykit.campaign.template_bounds import (
    BOUNDS,
    INTERCEPTED,
    Bounding,
    bounded_filters,
    check_method,
    check_operands,
    require_output,
)
from notifykit.campaign.template_filters import FILTERS, defined_filters
from notifykit.campaign.template_mistakes import (
    NAMES,
    RECORD_ATTRIBUTES,
    TemplateInvalidError,
    check_template,
    of_syntax,
)
from notifykit.campaign.template_times import TIME_NAMES, time_filters
from notifykit.campaign.times import PassTime
from notifykit.errors import pass_interrupt
from notifykit.model import Record
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext

TEMPLATES = 1_000
"""Texts of which a process keeps what they were compiled to."""

_NOT_OF_THE_CELL_ALONE = frozenset({"random", "map"})
"""Filters whose result differs from time to time, and the one that applies filters by their names."""


class _Undefined(StrictUndefined):
    """Words what is undefined only once it is used: looking for a near name is slow."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name = self._undefined_name
        if self._undefined_hint or not isinstance(self._undefined_obj, Record):
            return super()._undefined_message
        table = self._undefined_obj.table
        if name in table.columns:
            return gettext("the row has no cell for the column {name!r}", name=name)
        if (times := table.names.count(str(name))) > 1:
            return gettext(
                "the column {name!r} is in {origin} {times} times; rename all but one",
                name=name,
                origin=table.origin,
                times=times,
            )
        return gettext(
            "no column {name!r} in {origin}{near}", name=name, origin=table.origin, near=hint(str(name), table.columns)
        )


class _Environment(SandboxedEnvironment):
    """The sandbox: a short way to a record's columns and no other way into a record, and bounds on what is made."""

    intercepted_binops = INTERCEPTED

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        check_operands(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, function: Any, /, *arguments: Any, **options: Any) -> Any:
        check_method(function, arguments)
        return super().call(context, function, *arguments, **options)

    def getitem(self, obj: object, argument: object) -> object:
        if isinstance(obj, Record) and isinstance(argument, str):
            try:
                return obj.cells[obj.table.columns[argument]]
            except LookupError:
                return self.undefined(obj=obj, name=argument)
        return super().getitem(obj, argument)

    def getattr(self, obj: object, attribute: str) -> object:
        if isinstance(obj, Record) and attribute in RECORD_ATTRIBUTES:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        if isinstance(obj, Record):
            return attr in RECORD_ATTRIBUTES
        return super().is_safe_attribute(obj, attr, value)


def _environment_of(escape: Escape | None, time: PassTime) -> _Environment:
    """Return what templates are compiled in. `escape` is applied to what expressions give; `time`: of the pass."""

    def finalize(value: object) -> object:
        if value is None:
            raise ValueError(gettext('this gives null, not text; write … or "" where nothing is right'))
        if type(value) is not str:
            require_output(value)
        if escape is None:
            return value
        return escaped(escape, value if type(value) is str else str(value))

    environment = _Environment(undefined=_Undefined, finalize=finalize)
    environment.filters = _lasting_filters() | _guarded(time_filters(time))
    del environment.globals["lipsum"]
    return environment


@cache
def _lasting_filters() -> dict[str, Callable[..., Any]]:
    """Return the filters that are the same for every pass."""
    return _guarded(JINJAS_FILTERS | FILTERS)


def _guarded(filters: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    return defined_filters(bounded_filters(filters))


def escaped(escape: Escape, text: str) -> str:
    """Apply a sender's `escape`, which is third-party code. Raises ValueError where it gives no text."""
    try:
        found = escape(text)
    except BaseException as error:
        pass_interrupt(error)
        raise ValueError(
            gettext("the sender's `escape` raised {kind}; its author must mend that", kind=type(error).__name__)
        ) from error
    if not isinstance(found, str):
        raise ValueError(  # noqa: TRY004 - holds the record as any other mistake does
            gettext(
                "the sender's `escape` returned a {kind}, not a text; its author must mend that",
                kind=type(found).__name__,
            )
        )
    return found


Parse = Callable[[Environment, str], nodes.Template]
"""How an environment reads a text. Raises TemplateSyntaxError."""


def compile_text(
    text: str,
    where: str,
    time: PassTime,
    *,
    escape: Escape | None = None,
    names: Sequence[str] = NAMES,
    parse: Parse = Environment.parse,
) -> tuple[JinjaTemplate, Uses]:
    """Compile a template that sees these names; what a process has compiled before is taken from there.

    Whoever reads a project again, since one of its files is another, finds the others as they were. Jinja works out at
    once what is constant, by an `escape` and in a zone, too: what a function makes of it is kept, but not what an
    object's method does. Raises TemplateInvalidError.
    """
    code_of = _code if escape is None or isinstance(escape, FunctionType) else _code.__wrapped__
    try:
        code, uses = code_of(text, escape, time.zone, tuple(names), parse)
    except TemplateInvalidError as error:
        raise TemplateInvalidError(where, error.mistakes) from None
    environment = _environment_of(escape, time)
    environment.filters |= BOUNDS
    return JinjaTemplate.from_code(environment, code, dict(environment.globals)), uses


@lru_cache(maxsize=TEMPLATES)
def _code(
    text: str, escape: Escape | None, zone: tzinfo | None, names: tuple[str, ...], parse: Parse
) -> tuple[CodeType, Uses]:
    environment = _environment_of(escape, PassTime(zone))
    try:
        tree = parse(environment, text)
        uses = _uses(tree, only_cell=escape is None)
        check_template(tree, environment, names)
        environment.filters |= BOUNDS
        Bounding().visit(tree)
        return environment.compile(tree, filename="<template>"), uses
    except TemplateSyntaxError as error:
        raise TemplateInvalidError("", [of_syntax(error)]) from None


class Uses(NamedTuple):
    """What a template makes use of."""

    columns: frozenset[str]
    only: str | None
    """The one column of which a cell says what it gives."""
    time: bool


def _uses(tree: nodes.Template, *, only_cell: bool) -> Uses:
    time = any(node.name in TIME_NAMES for node in tree.find_all(nodes.Name))
    return Uses(_columns(tree), _only_cell(tree) if only_cell and not time else None, time)


def _columns(tree: nodes.Template) -> frozenset[str]:
    """Find `record["…"]` and `record.get("…")`."""
    taken = [node.arg for node in tree.find_all(nodes.Getitem) if _is_record(node.node)]
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr == "get" and _is_record(call.node.node):
            taken += call.args[:1]
    return frozenset(arg.value for arg in taken if isinstance(arg, nodes.Const) and isinstance(arg.value, str))


def _only_cell(tree: nodes.Template) -> str | None:
    """Return the column of which a cell says what it gives, and nothing else of the record; None where more does."""
    of_record = sum(map(_is_record, tree.find_all(nodes.Name)))
    taken = [node.arg for node in tree.find_all(nodes.Getitem) if _is_record(node.node)]
    filters = {node.name for node in tree.find_all(nodes.Filter)}
    columns = {arg.value if isinstance(arg, nodes.Const) else None for arg in taken}
    if len(columns) != 1 or len(taken) != of_record or not filters.isdisjoint(_NOT_OF_THE_CELL_ALONE):
        return None
    column = columns.pop()
    return column if isinstance(column, str) else None


def _is_record(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "record"
