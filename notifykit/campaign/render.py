"""Templates and conditions: Jinja2 in its sandbox, compiled once, rendered for each record.

A template sees `record`, `campaign` (its name), `now` and `today`, and nothing else. What is undefined or null is an
error, never an empty place in a message; so is a method, or a whole record, where a text is written out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from itertools import islice
from types import TracebackType
from typing import Generic, TypeVar

from jinja2 import Environment, TemplateError, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.environment import Template as JinjaTemplate
from jinja2.parser import Parser
from jinja2.runtime import Context

from notifykit.campaign.campaign import Escape
from notifykit.campaign.compiling import Uses, compile_text
from notifykit.campaign.template_bounds import (
    CHARACTERS,
    TooLargeError,
)
from notifykit.campaign.template_mistakes import (
    of_syntax,
)
from notifykit.campaign.template_times import moment
from notifykit.campaign.times import PassTime
from notifykit.errors import RenderError, told
from notifykit.model import Record
from notifykit.wording.translation import gettext

T = TypeVar("T", str, bool)

KEPT, LONGEST = 256, 1_000
"""Of what takes one cell and nothing else: how many results are kept for the next record with the same cell, and of how
many characters a cell or a result at most."""

PARTS = 32
"""Pieces of a text that are put together, and then counted, at once."""

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


def compile_template(
    text: str, *, where: str, escape: Escape | None = None, campaign: str = "", time: PassTime | None = None
) -> Template:
    """Compile a message's text. `escape` is applied to what expressions give, never to the template's own text.

    `where` is the template's place in the configuration, for messages; `time`: of the campaign's pass. Raises
    TemplateInvalidError.
    """
    time = time or PassTime()
    compiled, uses = compile_text(text, where, time, escape=escape)
    return Template(compiled, where, campaign, uses, time)


def compile_condition(text: str, where: str, *, campaign: str = "", time: PassTime | None = None) -> Condition:
    """Compile a `when`: a Jinja expression, without braces, that gives true or false.

    Raises TemplateInvalidError.
    """
    time = time or PassTime()
    compiled, uses = compile_text(text, where, time, parse=_parse_condition)
    return Condition(compiled, where, campaign, uses, time)


def _parse_condition(environment: Environment, text: str) -> nodes.Template:
    try:
        expression = _expression(text, environment)
    except TemplateSyntaxError as error:
        mend = gettext("a condition is written without {{ }} or {% %}") if text.lstrip().startswith("{") else ""
        raise TemplateSyntaxError(told(of_syntax(error).what, mend=mend), error.lineno) from None
    result = nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)
    tree = nodes.Template([result], lineno=1)
    tree.set_environment(environment)
    return tree


def _expression(text: str, environment: Environment) -> nodes.Expr:
    parser = Parser(environment, text, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError(
            gettext("there is more after the end of the expression"), parser.stream.current.lineno
        )
    return expression


class _Compiled(ABC, Generic[T]):
    """What a template and a condition share: compiled code, its names, its place, and what it gave before."""

    __slots__ = ("_compiled", "_given", "_names", "_only", "_root", "_time", "_where", "columns", "uses_time")

    def __init__(self, compiled: JinjaTemplate, where: str, campaign: str, uses: Uses, time: PassTime) -> None:
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

    @abstractmethod
    def _give(self, record: Record) -> T:
        """Return what it gives for one record. Raises one of USERS_MISTAKES."""

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
