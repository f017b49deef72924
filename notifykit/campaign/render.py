"""Templates and conditions: Jinja2 in its sandbox, compiled once, rendered for each record.

A template sees `record` and `campaign` (its name), and nothing else. What is undefined or null is an error,
never an empty place in a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, Generic, TypeVar

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.environment import Template as JinjaTemplate
from jinja2.meta import find_undeclared_variables
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from notifykit.campaign.template_bounds import (
    BOUNDS,
    CHARACTERS,
    INTERCEPTED,
    Bounding,
    TooLargeError,
    bounded_filters,
    check_method,
    check_operands,
)
from notifykit.campaign.template_filters import FILTERS, defined_filters
from notifykit.errors import ConfigError, RenderError, pass_interrupt
from notifykit.model import Record
from notifykit.nearest import hint, nearest

T = TypeVar("T", str, bool)

Escape = Callable[[str], str]
"""Defuses the markup of a channel."""

RECORD_ATTRIBUTES = frozenset({"key", "row", "place", "get", "items"})
"""What templates may use of a record beside its columns."""

KEPT, LONGEST = 256, 1_000
"""Of what takes one cell and nothing else: how many results are kept for the next record with the same cell, and of how
many characters a cell or a result at most."""

PARTS = 32
"""Pieces of a text that are put together, and then counted, at once."""

_NAMES = ("record", "campaign")
_NOT_OF_THE_CELL_ALONE = frozenset({"random", "map"})
"""Filters whose result differs from time to time, and the one that applies filters by their names."""
_USERS_MISTAKES = (TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What an expression of a template may raise for a record's data."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One defect of a template."""

    line: int
    """Within the template, from 1."""
    what: str


class TemplateInvalidError(ConfigError):
    """A template or condition cannot be compiled; the text lists every mistake."""

    def __init__(self, where: str, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"{where}, line {mistake.line}: {mistake.what}" for mistake in self.mistakes))


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
            return f"the row has no cell for the column {name!r}"
        if (times := table.names.count(str(name))) > 1:
            return f"the column {name!r} is in {table.origin} {times} times; rename all but one"
        return f"no column {name!r} in {table.origin}{hint(str(name), table.columns)}"


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


def compile_template(text: str, *, where: str, escape: Escape | None = None, campaign: str = "") -> Template:
    """Compile a message's text. `escape` is applied to what expressions give, never to the template's own text.

    `where` is the template's place in the configuration, for messages. Raises TemplateInvalidError.
    """
    environment = _environment(escape)
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateInvalidError(where, [_syntax(error)]) from None
    columns, only = _columns(tree), _only_cell(tree) if escape is None else None
    return Template(_load(tree, environment, where), where, campaign, columns, only)


def compile_condition(text: str, where: str, *, campaign: str = "") -> Condition:
    """Compile a `when`: a Jinja expression, without braces, that gives true or false.

    Raises TemplateInvalidError.
    """
    environment = _environment(None)
    try:
        expression = _expression(text, environment)
    except TemplateSyntaxError as error:
        mistake = _syntax(error)
        mend = "; a condition is written without {{ }} or {% %}" if text.lstrip().startswith("{") else ""
        raise TemplateInvalidError(where, [Mistake(mistake.line, mistake.what + mend)]) from None
    result = nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)
    tree = nodes.Template([result], lineno=1)
    tree.set_environment(environment)
    columns, only = _columns(tree), _only_cell(tree)
    return Condition(_load(tree, environment, where), where, campaign, columns, only)


def _expression(text: str, environment: _Environment) -> nodes.Expr:
    parser = Parser(environment, text, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError("there is more after the end of the expression", parser.stream.current.lineno)
    return expression


class _Compiled(Generic[T]):
    """What a template and a condition share: compiled code, its names, its place, and what it gave before."""

    __slots__ = ("_compiled", "_given", "_names", "_only", "_root", "_where", "columns")

    def __init__(
        self, compiled: JinjaTemplate, where: str, campaign: str, columns: frozenset[str], only: str | None
    ) -> None:
        self.columns = columns
        """Names of the columns that it takes from the record, where they are written out."""
        self._compiled = compiled
        self._root = compiled.root_render_func
        self._where = where
        self._names: Mapping[str, object] = {**compiled.globals, "campaign": campaign}
        self._only = only
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
        except _USERS_MISTAKES as error:
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
        return Context(environment, {**self._names, "record": record}, self._compiled.name, blocks)

    def _failed(self, error: BaseException, record: Record) -> RenderError:
        what = str(error) if isinstance(error, TemplateError | ValueError) else f"{type(error).__name__}: {error}"
        if isinstance(error, UndefinedError) and error.message:
            what = error.message
        line = self._line(error.__traceback__)
        return RenderError(f"{self._where}, line {line}: {what} (record {record.key!r} at {record.place})")

    def _line(self, trace: TracebackType | None) -> int:
        """Return the line of the template that was being rendered."""
        line = 1
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._compiled.filename:
                line = self._compiled.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line


class Template(_Compiled[str]):
    """A compiled template. Call it with a record; safe to call from several threads."""

    __slots__ = ()

    def _give(self, record: Record) -> str:
        parts = iter(self._root(self._context(record)))
        text = ""
        while some := list(islice(parts, PARTS)):
            text += "".join(some)
            if len(text) > CHARACTERS:
                raise TooLargeError(f"the text has more than {CHARACTERS:,} characters")
            if len(some) < PARTS:
                break
        return text


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
        raise ValueError(f'it gives {result!r}, neither true nor false; compare it: … == "1"')


def _environment(escape: Escape | None) -> _Environment:
    def finalize(value: object) -> object:
        if value is None:
            raise ValueError('this gives null, not text; write … or "" where nothing is right')
        if escape is None:
            return value
        return _escaped(escape, value if type(value) is str else str(value))

    environment = _Environment(undefined=_Undefined, finalize=finalize)
    environment.filters.update(FILTERS)
    environment.filters = defined_filters(bounded_filters(environment.filters))
    del environment.globals["lipsum"]
    return environment


def _escaped(escape: Escape, text: str) -> str:
    """Apply a sender's `escape`, which is third-party code. Raises ValueError where it gives no text."""
    try:
        found = escape(text)
    except BaseException as error:
        pass_interrupt(error)
        raise ValueError(f"the sender's `escape` raised {type(error).__name__}; its author must mend that") from error
    if not isinstance(found, str):
        raise ValueError(  # noqa: TRY004 - holds the record as any other mistake does
            f"the sender's `escape` returned a {type(found).__name__}, not a text; its author must mend that"
        )
    return found


def _load(tree: nodes.Template, environment: _Environment, where: str) -> JinjaTemplate:
    try:
        _check(tree, environment, where)
        environment.filters |= BOUNDS
        Bounding().visit(tree)
        code = environment.compile(tree, filename=f"<{where}>")
    except TemplateSyntaxError as error:
        raise TemplateInvalidError(where, [_syntax(error)]) from None
    return JinjaTemplate.from_code(environment, code, dict(environment.globals))


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


def _syntax(error: TemplateSyntaxError) -> Mistake:
    return Mistake(error.lineno, (error.message or "cannot be read").rstrip("."))


def _check(tree: nodes.Template, environment: _Environment, where: str) -> None:
    """Find what would fail for every record: all mistakes at once, before anything is sent."""
    mistakes = {*_of_filters(tree, environment), *_of_attributes(tree), *_of_files(tree)}
    if not mistakes:  # Jinja's own look at names stops at an unknown filter
        mistakes.update(_of_names(tree, environment))
    if mistakes:
        raise TemplateInvalidError(where, sorted(mistakes, key=lambda mistake: (mistake.line, mistake.what)))


def _of_names(tree: nodes.Template, environment: _Environment) -> Iterable[Mistake]:
    unknown = find_undeclared_variables(tree) - set(_NAMES) - set(environment.globals)
    for node in tree.find_all(nodes.Name):
        if node.name in unknown and node.ctx == "load":
            near = hint(node.name, _NAMES)
            column = "" if nearest(node.name, _NAMES) else f'; a column is written record["{node.name}"]'
            yield Mistake(node.lineno, f'there is nothing called "{node.name}"{near}{column}')


def _of_filters(tree: nodes.Template, environment: _Environment) -> Iterable[Mistake]:
    for node in tree.find_all(nodes.Filter):
        if node.name not in environment.filters:
            yield Mistake(node.lineno, f'there is no filter "{node.name}"{hint(node.name, environment.filters)}')
    for test in tree.find_all(nodes.Test):
        if test.name not in environment.tests:
            yield Mistake(test.lineno, f'there is no test "{test.name}"{hint(test.name, environment.tests)}')


def _of_attributes(tree: nodes.Template) -> Iterable[Mistake]:
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "record" and node.attr not in RECORD_ATTRIBUTES:
            yield Mistake(node.lineno, f'a record has no "{node.attr}"; a column is written record["{node.attr}"]')


def _of_files(tree: nodes.Template) -> Iterable[Mistake]:
    kinds = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    for node in tree.find_all(kinds):
        word = "import" if isinstance(node, nodes.FromImport) else type(node).__name__.lower()
        yield Mistake(node.lineno, f"{{% {word} %}} is not possible here: a template stands alone")
