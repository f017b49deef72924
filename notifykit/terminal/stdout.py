"""stdout is the command's own: what imported modules and called functions print goes to stderr."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

import click

from notifykit.errors import NotifykitError
from notifykit.wording.translation import gettext


class OutputError(NotifykitError):
    """A result cannot be written to stdout: the disk is full, or the terminal is gone."""


_own: list[TextIO] = []
"""Where the command's results go while stdout is kept; empty where nothing keeps it."""


def stdout() -> TextIO:
    """Return where the command's own results go."""
    return _own[-1] if _own else sys.stdout


def columns(fallback: int = 80) -> int:
    """Return how wide the terminal is, as `shutil.get_terminal_size` does, which loads what packs archives."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(1).columns or fallback
    except OSError:
        return fallback


def emit(text: str = "") -> None:
    """Print a line of a result. It vanishes where nobody reads any more. Raises OutputError."""
    with writing():
        click.echo(text, file=stdout())


@contextmanager
def writing() -> Iterator[None]:
    """Raise OutputError where stdout cannot be written. Where nobody reads any more, the rest vanishes."""
    try:
        yield
    except OSError as error:
        _failed(error)


@contextmanager
def printing() -> Iterator[None]:
    """Do as `writing` where click prints on its own, as for `--help`, and end there; other errors come through."""
    try:
        yield
    except OSError as error:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        if frame.f_code is not click.echo.__code__:
            raise
        _failed(error)
        raise click.exceptions.Exit from error  # before click makes exit code 1 of it


def _failed(error: OSError) -> None:
    gone = isinstance(error, BrokenPipeError)
    if gone or not _own:
        forget_the_rest(stdout())
    if not gone:
        raise OutputError(
            gettext("results cannot be written to stdout: {strerror}; what was done is done", strerror=error.strerror)
        ) from error


def forget_the_rest(stream: TextIO) -> None:
    """Let what is left in its buffer vanish, and all that follows: Python would fail on it with its own exit code."""
    with suppress(OSError, ValueError, AttributeError):  # a test's stream is no file
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


@contextmanager
def through(stream: TextIO) -> Iterator[None]:
    """Have results that go to a terminal go there through this stream."""
    if not stdout().isatty():
        yield
        return
    _own.append(stream)
    try:
        yield
    finally:
        _own.pop()


@contextmanager
def kept() -> Iterator[None]:
    """Keep stdout for `emit`. What else is printed meanwhile, by C code and child processes too, goes to stderr."""
    before, copy = sys.stdout, None
    with suppress(OSError, ValueError, AttributeError):  # a test's stdout is no file
        if before.fileno() == 1:
            before.flush()
            copy = os.dup(1)
            os.dup2(2, 1)
    mine = before if copy is None else os.fdopen(copy, "w", encoding=before.encoding, errors="backslashreplace")
    _own.append(mine)
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        sys.stdout = before
        _own.pop()
        if copy is not None:
            with suppress(OSError):  # emit has said so
                mine.flush()
            os.dup2(copy, 1)
            with suppress(OSError):
                mine.close()
