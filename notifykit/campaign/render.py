"""Templates and conditions: Jinja2 in its sandbox, compiled once, rendered for each record.

A template sees `record`, `campaign` (its name), `now` and `today`, and nothing else. What is undefined or null is an
error, never an empty place in a message; so is a method, or a whole record, where a text is written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from types import TracebackType
from typing import Any, Generic, NamedTuple, TypeVar

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.environment import Template as JinjaTemplate
from jinja2.filters import FILTERS as JINJAS_FILTERS
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from notifykit.campaign.campaign import Escape
from notifykit.campaign.template_bounds import (
    BOUNDS,
    CHARACTERS,
    INTERCEPTED,
    Bounding,
    TooLargeError,
    bounded_filters,
    check_method,
    check_operands,
    require_output,
)
from notifykit.campaign.template_filters import FILTERS, defined_filters
from notifykit.campaign.template_mistakes import (
    NAMES,
    RECORD_ATTRIBUTES,
    Mistake,
    TemplateInvalidError,
    check_template,
    of_syntax,
)
from notifykit.campaign.template_times import TIME_NAMES, moment, time_filters
from notifykit.campaign.times import PassTime
from notifykit.errors import RenderError, pass_interrupt, told
from notifykit.model import Record
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext

T = TypeVar("T", str, bool)

KEPT, LONGEST = 256, 1_000
"""Of what takes one cell and nothing else: how many results are kept for the next record with the same cell, and of how
many characters a cell or a result at most."""

PARTS = 32
"""Pieces of a text that are put together, and then counted, at once."""

_NOT_OF_THE_CELL_ALONE = frozenset({"random", "map"})
"""Filters whose result differs from time to time, and the one that applies filters by their names."""
USERS_MISTAKES = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    NameError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What an expression of a template may raise for a record's data."""


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


def compile_template(
    text: str, *, where: str, escape: Escape | None = None, campaign: str = "", time: PassTime | None = None
) -> Template:
    """Compile a message's text. `escape` is applied to what expressions give, never to the template's own text.

    `where` is the template's place in the configuration, for messages; `time`: of the campaign's pass. Raises
    TemplateInvalidError.
    """
    time = time or PassTime()
    environment = environment_of(escape, time)
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateInvalidError(where, [of_syntax(error)]) from None
    uses = _uses(tree, only_cell=escape is None)
    return Template(loaded(tree, environment, where), where, campaign, uses, time)


def compile_condition(text: str, where: str, *, campaign: str = "", time: PassTime | None = None) -> Condition:
    """Compile a `when`: a Jinja expression, without braces, that gives true or false.

    Raises TemplateInvalidError.
    """
    time = time or PassTime()
    environment = environment_of(None, time)
    try:
        expression = _expression(text, environment)
    except TemplateSyntaxError as error:
        mistake = of_syntax(error)
        mend = gettext("a condition is written without {{ }} or {% %}") if text.lstrip().startswith("{") else ""
        raise TemplateInvalidError(where, [Mistake(mistake.line, told(mistake.what, mend=mend))]) from None
    result = nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)
    tree = nodes.Template([result], lineno=1)
    tree.set_environment(environment)
    uses = _uses(tree, only_cell=True)
    return Condition(loaded(tree, environment, where), where, campaign, uses, time)


def _expression(text: str, environment: _Environment) -> nodes.Expr:
    parser = Parser(environment, text, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError(
            gettext("there is more after the end of the expression"), parser.stream.current.lineno
        )
    return expression


class _Compiled(Generic[T]):
    """What a template and a condition share: compiled code, its names, its place, and what it gave before."""

    __slots__ = ("_compiled", "_given", "_names", "_only", "_root", "_time", "_where", "columns", "uses_time")

    def __init__(self, compiled: JinjaTemplate, where: str, campaign: str, uses: _Uses, time: PassTime) -> None:
        self.columns = uses.columns
        """Names of the columns that it takes from the record, where they are written out."""
        self.uses_time = uses.time
        """Whether it differs from pass to pass for one and the same record."""
        self._time = time
        self._compiled = compiled
        self._root = compiled.root_render_func
        self._where = where
        self._names: Mapping[str, object] = {**compiled.globals, "campaign": campaign}
        self._only = uses.only
        self._given: dict[str, T] = {}
        """By the cell of that column, where nothing else of a record counts."""

    def __call__(self, record: Record) -> T:
        """Return what it gives for one record. Raises RenderError, which names the template, the place and the record.

        A condition that is neither true nor false raises it, too.
        """
        cell = self._cell(record)
        if cell is not None and (given := self._given.get(cell)) is not None:
            return given
        try:
            result = self._give(record)
        except USERS_MISTAKES as error:
            raise self._failed(error, record) from error
        if cell is not None and len(cell) <= LONGEST and len(str(result)) <= LONGEST:
            if len(self._given) >= KEPT:
                self._given.clear()
            self._given[cell] = result
        return result

    def _give(self, record: Record) -> T:
        raise NotImplementedError

    def _cell(self, record: Record) -> str | None:
        """Return the one cell that counts; None where more does, or it is no text: 1 and true are alike as keys."""
        at = record.table.columns.get(self._only) if self._only is not None else None
        cell = record.cells[at] if at is not None and at < len(record.cells) else None
        return cell if type(cell) is str else None

    def _context(self, record: Record) -> Context:
        # What JinjaTemplate.new_context makes, without its copying and its look at a parent's locals.
        environment, blocks = self._compiled.environment, self._compiled.blocks
        names = {**self._names, "record": record}
        if self.uses_time:
            names |= moment(self._time)
        return Context(environment, names, self._compiled.name, blocks)

    def _failed(self, error: BaseException, record: Record) -> RenderError:
        return RenderError(
            gettext(
                "{where}, line {line}: {what} (record {key!r} at {place})",
                where=self._where,
                line=line_of(self._compiled, error.__traceback__),
                what=what_of(error),
                key=record.key,
                place=record.place,
            )
        )


class Template(_Compiled[str]):
    """A compiled template. Call it with a record; safe to call from several threads."""

    __slots__ = ()

    def _give(self, record: Record) -> str:
        return text_of(self._root(self._context(record)))


class Condition(_Compiled[bool]):
    """A compiled condition. Call it with a record; safe to call from several threads."""

    __slots__ = ()

    def _give(self, record: Record) -> bool:
        context = self._context(record)
        list(self._root(context))  # runs it; there is nothing to print
        result = context.vars["result"]
        if isinstance(result, bool):
            return result
        if isinstance(result, Undefined):
            str(result)  # raises, and names what is undefined
        # A cell "0" or "N" would count as true: nobody who writes such a condition means that.
        raise ValueError(gettext('it gives {result!r}, neither true nor false; compare it: … == "1"', result=result))


def text_of(rendered: Iterable[str]) -> str:
    """Put together what a template gives. Raises TooLargeError."""
    parts = iter(rendered)
    text = ""
    while some := list(islice(parts, PARTS)):
        text += "".join(some)
        if len(text) > CHARACTERS:
            raise TooLargeError(gettext("the text has more than {characters:,} characters", characters=CHARACTERS))
        if len(some) < PARTS:
            break
    return text


def what_of(error: BaseException) -> str:
    """Say what is wrong with a record's data for a template."""
    if isinstance(error, UndefinedError) and error.message:
        return error.message
    return str(error) if isinstance(error, TemplateError | ValueError) else f"{type(error).__name__}: {error}"


def line_of(compiled: JinjaTemplate, trace: TracebackType | None) -> int:
    """Return the line of a template that was being rendered."""
    line = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == compiled.filename:
            line = compiled.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


def environment_of(escape: Escape | None, time: PassTime) -> _Environment:
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


def loaded(tree: nodes.Template, environment: _Environment, where: str, names: Sequence[str] = NAMES) -> JinjaTemplate:
    """Compile a template that sees these names. Raises TemplateInvalidError."""
    try:
        check_template(tree, environment, where, names)
        environment.filters |= BOUNDS
        Bounding().visit(tree)
        code = environment.compile(tree, filename=f"<{where}>")
    except TemplateSyntaxError as error:
        raise TemplateInvalidError(where, [of_syntax(error)]) from None
    return JinjaTemplate.from_code(environment, code, dict(environment.globals))


class _Uses(NamedTuple):
    """What a template makes use of."""

    columns: frozenset[str]
    only: str | None
    """The one column of which a cell says what it gives."""
    time: bool


def _uses(tree: nodes.Template, *, only_cell: bool) -> _Uses:
    time = any(node.name in TIME_NAMES for node in tree.find_all(nodes.Name))
    return _Uses(_columns(tree), _only_cell(tree) if only_cell and not time else None, time)


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
