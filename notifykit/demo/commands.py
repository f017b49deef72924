"""The real commands, each in a process of its own, shown with what they print."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from notifykit.errors import ExitCode, NotifykitError

Say = Callable[[str], None]

PATIENCE = 60.0
"""Seconds that a command may take. None takes more than a few; a minute is a machine that stands still."""

_MEANINGS = {
    ExitCode.HELD: "done, with items held for a person",
}


class CommandFailedError(NotifykitError):
    """A command of the demonstration did not do what it should: the demonstration ends there."""


class Commands:
    """Runs `notifykit …` in the demonstration's folder."""

    def __init__(self, folder: Path, say: Say) -> None:
        self._folder = folder
        self._say = say

    def run(self, *arguments: str) -> ExitCode:
        """Run a command to its end. Raises CommandFailedError unless it is done, if with items held."""
        self._announce(arguments)
        with self._started(arguments) as process:
            return self._finish(process)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[None]:
        """Run a command while the block runs, then to its end. Raises CommandFailedError as `run` does."""
        self._announce(arguments)
        with self._started(arguments) as process:
            yield
            self._finish(process)

    def run_until_killed(self, *arguments: str, until: Callable[[float], bool]) -> None:
        """Run a command and kill it (SIGKILL) as soon as `until(seconds)` returns; False from it is an error."""
        self._announce(arguments)
        with self._started(arguments) as process:
            if not until(PATIENCE):
                raise CommandFailedError(
                    f"{_line(arguments)}: it did not come as far as it should; it said: {_end(process)}"
                )
            process.kill()

    def _announce(self, arguments: tuple[str, ...]) -> None:
        self._say(f"  $ {_line(arguments)}")

    @contextmanager
    def _started(self, arguments: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "notifykit", *arguments],
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

    def _finish(self, process: subprocess.Popen[str]) -> ExitCode:
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise CommandFailedError(
                f"a command takes longer than {PATIENCE:.0f} s; is this machine very busy?"
            ) from None
        for line in output.splitlines():
            self._say(f"    {line}".rstrip())
        if process.returncode not in (ExitCode.DONE, ExitCode.HELD):
            raise CommandFailedError(f"the command above failed with exit code {process.returncode}")
        code = ExitCode(process.returncode)
        if code is ExitCode.HELD:
            self._say(f"    (exit code {code:d}: done, with items held for a person)")
        return code


def _line(arguments: tuple[str, ...]) -> str:
    return " ".join(["notifykit", *(f'"{word}"' if " " in word else word for word in arguments)])


def _end(process: subprocess.Popen[str]) -> str:
    process.kill()
    output, _ = process.communicate()
    return output.strip() or "nothing"


def _environment() -> dict[str, str]:
    """Return ours, without what would lead the commands to another project, and with room for tables."""
    environ = {name: value for name, value in os.environ.items() if name != "NOTIFYKIT_PROJECT"}
    width = shutil.get_terminal_size((124, 40)).columns - 4
    return environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": str(max(76, width))}
