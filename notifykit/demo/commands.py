"""Runs the commands of the demonstration, each in a process of its own, and shows what they print."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from threading import Timer

from notifykit.demo.narration import Say, columns, folded
from notifykit.errors import ExitCode, NotifykitError
from notifykit.wording.translation import gettext, spoken

PATIENCE = 60.0
"""Seconds that a command may take. None takes more than a few; a minute is a machine that stands still."""

_NOTIFYKIT = ("notifykit",)
_PYTHON = ("python",)
_STARTS: Mapping[tuple[str, ...], list[str]] = {
    _NOTIFYKIT: [sys.executable, "-P", "-m", "notifykit"],
    _PYTHON: [sys.executable],
}


class CommandFailedError(NotifykitError):
    """A command of the demonstration did not do what it should: the demonstration ends there."""


class Commands:
    """Runs `notifykit …`, and an old program beside it, in one folder."""

    def __init__(self, folder: Path, say: Say) -> None:
        self._folder = folder
        self._say = say
        self._shown: set[str] = set()

    def run(self, *arguments: str, news_only: bool = False) -> ExitCode:
        """Run a command to its end. Raises CommandFailedError unless it is done, if with items held.

        `news_only`: lines that an earlier command printed, word for word, are left out.
        """
        with self._started(_NOTIFYKIT, arguments) as process:
            return self._finish(process, news_only=news_only)

    def run_python(self, *arguments: str) -> None:
        """Run a Python program to its end, without notifykit. Raises CommandFailedError where it fails."""
        with self._started(_PYTHON, arguments) as process:
            self._finish(process)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[None]:
        """Run a command while the block runs, then to its end. Raises CommandFailedError as `run` does."""
        with self._started(_NOTIFYKIT, arguments) as process:
            yield
            self._finish(process)

    @contextmanager
    def beside(self, *arguments: str, python: bool = False) -> Iterator[subprocess.Popen[str]]:
        """Run a command beside what the block does, and kill it at the end if it has not ended by then.

        `python`: a Python program, without notifykit.
        """
        with self._started(_PYTHON if python else _NOTIFYKIT, arguments) as process:
            yield process

    def end(self, process: subprocess.Popen[str]) -> None:
        """Ask such a command to stop, and show what it said. Raises CommandFailedError as `run` does."""
        process.terminate()
        self._finish(process)

    def run_until_killed(self, *arguments: str, until: Callable[[float], bool]) -> None:
        """Run a command and kill it (SIGKILL) as soon as `until(seconds)` returns; False from it is an error."""
        with self._started(_NOTIFYKIT, arguments) as process:
            if not until(PATIENCE):
                raise _not_so_far(arguments, _end(process))
            process.kill()

    def run_until_it_says(self, *arguments: str, line: str) -> None:
        """Run a command and kill it (SIGKILL) as soon as it prints this line; without it that is an error."""
        said: list[str] = []
        with self._started(_NOTIFYKIT, arguments) as process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            timer = Timer(PATIENCE, process.kill)
            timer.start()
            try:
                for found in map(str.rstrip, process.stdout):
                    said.append(found)
                    self._show(found)
                    if found == line:
                        break
                else:
                    raise _not_so_far(arguments, "\n".join(said))
            finally:
                timer.cancel()
            process.kill()

    @contextmanager
    def _started(self, what: tuple[str, ...], arguments: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
        self._say(f"  $ {_line((*what, *arguments))}")
        process = subprocess.Popen(
            [*_STARTS[what], *arguments],
            cwd=self._folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def _finish(self, process: subprocess.Popen[str], *, news_only: bool = False) -> ExitCode:
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise CommandFailedError(
                gettext("a command takes longer than {seconds:.0f} s; is this machine very busy?", seconds=PATIENCE)
            ) from None
        lines = output.splitlines()
        for line in self._news(lines) if news_only else lines:
            self._show(line)
        self._shown.update(lines)
        if process.returncode not in (ExitCode.DONE, ExitCode.HELD):
            raise CommandFailedError(gettext("the command above failed with exit code {code}", code=process.returncode))
        code = ExitCode(process.returncode)
        if code is ExitCode.HELD:
            self._say(gettext("    (exit code {code:d}: done, with items held for a person)", code=code))
        return code

    def _news(self, lines: Sequence[str]) -> Iterator[str]:
        """Yield what was not shown before, and a mark for the rest; a single line needs no mark."""
        for known, group in groupby(lines, self._shown.__contains__):
            same = list(group)
            yield from [gettext("… (as above)")] if known and len(same) > 1 else same

    def _show(self, line: str) -> None:
        """Say a line. One that is too long goes on below, somewhat further in."""
        for part in folded(line.rstrip(), _room(), further="  "):
            self._say(f"    {part}".rstrip())


def _not_so_far(arguments: tuple[str, ...], said: str) -> CommandFailedError:
    line = _line((*_NOTIFYKIT, *arguments))
    return CommandFailedError(
        gettext("it did not come as far as it should; it said: {said}", said=said or gettext("nothing")), where=line
    )


def _line(words: tuple[str, ...]) -> str:
    return " ".join(f'"{word}"' if " " in word else word for word in words)


def _end(process: subprocess.Popen[str]) -> str:
    process.kill()
    output, _ = process.communicate()
    return output.strip()


def _room() -> int:
    return max(76, columns() - 4)


def _environment() -> dict[str, str]:
    """Return ours, without what would lead the commands to another project, and with room for tables."""
    environ = {name: value for name, value in os.environ.items() if name != "NOTIFYKIT_PROJECT"}
    # Unbuffered: so that what goes to stdout and to stderr stays in order.
    ours = {"PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1", "COLUMNS": str(_room())}
    return environ | ours | {"NOTIFYKIT_LANG": spoken()}
