"""Runs a script as Python would, in this process."""

from __future__ import annotations

import logging
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from notifykit.durable.ordinary import instead_of_file
from notifykit.wording.translation import gettext
from notifykit_compat.errors import ShimError


def prepare(script: Path) -> None:
    """Put the script's folder where Python puts it: first in the search path. Raises ShimError."""
    if not script.is_file():
        found = instead_of_file(script)
        what = gettext("there is no such script") if found is None else gettext("it is {found}", found=found)
        raise ShimError(what, mend=gettext("name the program's main file after `--`"), where=script)
    sys.path[0] = os.path.dirname(os.path.realpath(script))  # noqa: PTH120 - text, as Python has it there


def run(script: Path, arguments: Sequence[str]) -> None:
    """Run it as `__main__`. Whatever it raises comes through, SystemExit included."""
    sys.argv = [str(script), *arguments]
    _leave_logging_to_it()
    runpy.run_path(str(script), run_name="__main__")


def _leave_logging_to_it() -> None:
    """Move our handlers off the root logger: a program that finds one there sets up none of its own."""
    root, ours = logging.getLogger(), logging.getLogger("notifykit")
    ours.setLevel(root.level)
    for handler in [one for one in root.handlers if (one.get_name() or "").startswith("notifykit")]:
        root.removeHandler(handler)
        ours.addHandler(handler)
    root.setLevel(logging.WARNING)  # Python's default
