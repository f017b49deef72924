"""A credential that a program prints: that of a password manager, or of a vault."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from notifykit.options import OptionError, ProjectPath, Seconds
from notifykit.secrets import SecretMissingError
from notifykit.wording.translation import gettext

MOST = 64 * 1024
"""Bytes that the program may print."""


@dataclass(frozen=True, kw_only=True)
class CommandSecret:
    """Run a program, and take what it prints. It gets no input, and what it says as an error is not shown."""

    run: list[str]
    """The program and its arguments, as they are: no shell reads them."""
    timeout: Seconds = 30.0
    """How long it may take."""
    folder: ProjectPath = Path()
    """Where it runs. Default: the project's folder."""

    def __post_init__(self) -> None:
        if not self.run or not self.run[0]:
            raise OptionError("run", gettext("names no program"), mend=gettext("write [program, argument, …]"))

    def read(self) -> str:
        """Return what it prints. Raises SecretMissingError where it fails, takes too long, or prints too much."""
        program = self.run[0]
        try:
            process = subprocess.Popen(
                self.run,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.folder,
            )
        except (OSError, ValueError) as error:
            raise SecretMissingError(
                gettext("the program {program} cannot be run ({kind})", program=program, kind=type(error).__name__),
                mend=gettext("install it, or write its whole path"),
            ) from None
        printed = _printed(process, self.timeout)
        if printed is None:
            raise SecretMissingError(
                gettext("the program {program} took longer than {timeout:g} s", program=program, timeout=self.timeout),
                mend=gettext("run it by hand, or raise `timeout`"),
            )
        if len(printed) > MOST:
            raise SecretMissingError(
                gettext("the program {program} prints more than {most} bytes", program=program, most=MOST),
                mend=gettext("let it print the bare secret"),
            )
        if code := process.returncode:
            raise SecretMissingError(
                gettext("the program {program} ends with {code}", program=program, code=code),
                mend=gettext("run it by hand to see why"),
            )
        try:
            return printed.decode()
        except UnicodeDecodeError:
            raise SecretMissingError(
                gettext("the program {program} prints no UTF-8 text", program=program),
                mend=gettext("let it print the bare secret"),
            ) from None


def _printed(process: subprocess.Popen[bytes], timeout: float) -> bytes | None:
    """Return what a process printed, up to one byte more than MOST; None where it was not done in time."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    printed: list[bytes] = []

    def read(output: IO[bytes]) -> None:
        printed.append(output.read(MOST + 1))
        if len(printed[0]) > MOST:
            process.kill()
        process.wait()

    reader = threading.Thread(target=read, args=(process.stdout,), daemon=True)
    reader.start()
    reader.join(timeout)
    late = reader.is_alive()
    if late:
        process.kill()
        process.wait()
        reader.join(1.0)  # what it started itself may still hold its output
    if not reader.is_alive():
        process.stdout.close()
    return None if late else printed[0]
