"""Commands as their help shows them in another language than English, with text folded by columns."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import click
from rich.cells import cell_len

from notifykit.plugins.commands import LazyCommand
from notifykit.terminal.wrapping import wrapped
from notifykit.wording.translation import gettext

Some = TypeVar("Some", bound=click.Command)
Say = Callable[[str], str]

_AS_IT_IS = "\b"
"""click's mark of a paragraph whose lines are kept."""


def translated(command: Some, say: Say = gettext) -> Some:
    """Return a copy of a command, and of those within it, with the texts of its help translated by `say`.

    What is asked for: each paragraph of its help and its epilog on one line, of those whose lines are kept each line
    that is not indented, and the help of each option.
    """
    copied = copy.copy(command)
    copied.context_class = _Context
    if command.help:
        copied.help = "\n\n".join(_paragraphs(command.help, say))
        copied.short_help = command.short_help or next(_paragraphs(command.help, say))
    if command.epilog:
        copied.epilog = "\n\n".join(_paragraphs(command.epilog, say))
    copied.options_metavar = command.options_metavar and say(command.options_metavar)
    copied.params = [_parameter(param, say) for param in command.params]
    if isinstance(copied, click.Group):
        copied.subcommand_metavar = copied.subcommand_metavar and say(copied.subcommand_metavar)
        copied.commands = {name: translated(inner, say) for name, inner in copied.commands.items()}
    if isinstance(copied, LazyCommand):
        load = copied.load
        copied.load = lambda: translated(load(), say)
    return copied


def _parameter(param: click.Parameter, say: Say) -> click.Parameter:
    if not isinstance(param, click.Option) or not param.help:
        return param
    copied = copy.copy(param)
    copied.help = say(" ".join(param.help.split(" ")))
    return copied


def _paragraphs(text: str, say: Say) -> Iterator[str]:
    for paragraph in text.strip("\n").split("\n\n"):
        first, *lines = paragraph.split("\n")
        if first == _AS_IT_IS:
            yield "\n".join([first, *(line if line.startswith(" ") else say(line) for line in lines)])
        else:
            yield say(" ".join(paragraph.split()))


class _Formatter(click.HelpFormatter):
    """Writes help as click does, but counts columns, not characters."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        start = f"{prefix or gettext('Usage:')} {prog} "
        self._write(wrapped(args, self.width, start, " " * cell_len(start)))

    def write_heading(self, heading: str) -> None:
        self.write(f"{' ' * self.current_indent}{heading}：\n")

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        for number, paragraph in enumerate(text.split("\n\n")):
            if number:
                self.write("\n")
            first, *lines = paragraph.split("\n")
            if first == _AS_IT_IS:
                self._write(f"{indent}{line}" for line in lines)
            else:
                self._write(wrapped(paragraph, self.width, indent, indent))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        kept = list(rows)
        column = min(max(cell_len(term) for term, _ in kept), col_max) + col_spacing
        indent = " " * self.current_indent
        rest = indent + " " * column
        for term, text in kept:
            said = gettext(text)  # the help of `--help` itself, which click makes once
            room = column - cell_len(term)
            if room >= col_spacing:
                self._write(wrapped(said, self.width, f"{indent}{term}{' ' * room}", rest))
            else:
                self._write([f"{indent}{term}", *(wrapped(said, self.width, rest, rest) if said else ())])

    def _write(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(f"{line}\n")


class _Context(click.Context):
    formatter_class = _Formatter
