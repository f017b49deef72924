"""What it costs to start a command: CPU seconds of whole processes, set against a Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from functools import partial
from pathlib import Path

from benchmarks.harness import Compare, Figure, Sample
from benchmarks.ours import project
from benchmarks.plan import Plan
from benchmarks.shelf import Shelf

STARTS = 5
"""Processes in one measurement."""
CONTRACTS = 50
"""In the store that `status` looks at, all sent and flagged."""

ROOT = Path(__file__).parents[1]
_NOTIFYKIT = "from notifykit.cli import main; main()"
"""What the script does that pip writes."""


def starts(made: Plan, shelf: Shelf) -> None:
    """Plan the figures."""
    nothing = made.measure("python -c pass", STARTS, partial(_nothing, shelf=shelf))
    for arguments, says, target in (
        (("--version",), "notifykit, version", 6),
        (("--help",), "Usage: ", 6),
        (("status",), "bench", 12),
        (("status", "--json"), '"campaigns"', None),
    ):
        line = " ".join(arguments)
        ours = made.measure(
            f"notifykit {line}", STARTS, partial(_notifykit, shelf=shelf, arguments=arguments, says=says)
        )
        title = f"start: CPU of notifykit {line}"
        made.figures.append(Figure(title=title, ours=ours, rivals=(nothing,), compare=Compare.COST, target=target))


def _nothing(room: Path, *, shelf: Shelf) -> Sample:
    return _cpu([shelf.keep("environment", _environment) / "bin" / "python", "-c", "pass"], room, says="")


def _notifykit(room: Path, *, shelf: Shelf, arguments: tuple[str, ...], says: str) -> Sample:
    if arguments[0] == "status":
        project.write(room, shelf, CONTRACTS, workers=1)
        with project.opened(room) as opened:
            opened.run_once()
    python = shelf.keep("environment", _environment) / "bin" / "python"
    return _cpu([python, "-c", _NOTIFYKIT, *arguments], room, says=says)


def _cpu(command: list[Path | str], room: Path, *, says: str) -> Sample:
    """Run it several times. What of ours was never imported here is compiled before."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NOTIFYKIT"))}
    start = 0.0
    for number in range(STARTS + 1):
        if number == 1:
            start = _cpu_of_children()
        done = subprocess.run(command, cwd=room, env=environ, capture_output=True, encoding="utf-8", check=True)
        if says not in done.stdout:
            raise RuntimeError(f"{command} says {done.stdout!r}, without {says!r}")
    return Sample(value=_cpu_of_children() - start)


def _cpu_of_children() -> float:
    if sys.platform == "win32":
        raise OSError("Windows does not tell what processes used")
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _environment(folder: Path) -> None:
    """Make an environment that finds its packages as where pip installed them.

    The one that runs this is editable, and loads at each start, a Python that does nothing included, what finds us.
    """
    venv.create(folder)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    places = [sysconfig.get_path("purelib"), ROOT, ROOT / "plugins", ROOT / "migration"]
    (packages / "packages.pth").write_text("".join(f"{place}\n" for place in places), encoding="utf-8")
