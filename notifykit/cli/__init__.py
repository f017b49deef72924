"""The command line: one module for each command or group of them. What they do is in functions outside of it."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Entry point of the console script."""
    _open_closed_streams()
    try:
        _start()
    except KeyboardInterrupt:  # while it starts; later, the command itself says so
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    finally:
        gc.freeze()  # the process ends: nobody looks through what is left for garbage, a seventh of a short command


def _start() -> None:
    gc.disable()  # nothing of what is imported is garbage: looking for some is a tenth of the start
    try:
        from notifykit.cli.app import main as run
    finally:
        gc.freeze()  # nor is it later
        gc.enable()
    run()


def _open_closed_streams() -> None:
    """Let what is written to a closed stream vanish. The next file opened would get its number, and what is printed."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, which is this one
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
