"""Run the suite in surroundings that differ from those at a developer's desk, two by two.

Every two of a coarse clock, ignored interrupts, an ordinary account, busy neighbours and a random order meet in one of
the first three runs; each run has a time zone of its own. The fourth is for a Python that an ordinary account may not
start. A run works on a copy of the checkout, with a wheel of it in a fresh environment.

    python tests/support/suite/pairs.py [NUMBER ...] [--lowest] [--quick] [--python PYTHON] [--tests TEST ...]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import coarse_clock
import lowest_versions
import shuffled
from system import SUPERUSER

ROOT = Path(__file__).parents[3]
ACCOUNT = "nobody"
OLDEST = (3, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One set of surroundings."""

    zone: str
    tick: float = 0.0
    """Seconds; 0: as the machine has it."""
    ignores_interrupts: bool = False
    ordinary: bool = False
    """Not as the superuser."""
    busy: int = 0
    """Processes beside it that take all the time they get."""
    seed: int | None = None
    """Of the random order; None: in order."""

    def __str__(self) -> str:
        said = [
            self.zone,
            f"clock ticks at {self.tick * 1000:.0f} ms" if self.tick else "exact clock",
            "interrupts ignored" if self.ignores_interrupts else "interrupts work",
            "ordinary account" if self.ordinary else "the account that started it",
            f"{self.busy} busy processes" if self.busy else "nobody beside it",
            "in order" if self.seed is None else f"random order {self.seed}",
        ]
        return ", ".join(said)


RUNS = {
    1: Run(zone="Europe/Berlin", tick=0.05, ignores_interrupts=True, ordinary=True, seed=1),
    2: Run(zone="Asia/Shanghai", tick=0.05, ignores_interrupts=True, ordinary=True, busy=3),
    3: Run(zone="UTC", busy=3, seed=3),
    4: Run(zone="America/St_Johns", tick=0.05, ignores_interrupts=True, seed=4),
}


def main() -> int:
    """Make the runs that were asked for; returns the number of those that failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("runs", nargs="*", type=int, choices=list(RUNS), metavar="N", help="1 to 4; default: 1 to 3")
    parser.add_argument("--lowest", action="store_true", help="with the lowest versions that pyproject.toml allows")
    parser.add_argument("--quick", action="store_true", help="without the long tests")
    parser.add_argument("--python", help="default: the oldest that notifykit supports, or the one that runs this")
    parser.add_argument("--tests", nargs="+", default=["tests"], help="tests to run; default: all but the deep ones")
    asked = parser.parse_args()
    failed = 0
    for number in asked.runs or (1, 2, 3):
        run = RUNS[number]
        print(f"run {number}: {run}", flush=True)
        started = time.monotonic()
        marks = "not deep and not long" if asked.quick else "not deep"
        tests = ["-m", marks, *asked.tests]
        code = make(number, run, lowest=asked.lowest, python=asked.python, tests=tests)
        failed += code != 0
        print(f"run {number}: {'failed' if code else 'passed'} in {time.monotonic() - started:.0f} s", flush=True)
    return failed


def make(number: int, run: Run, *, lowest: bool, python: str | None, tests: Sequence[str]) -> int:
    """Run pytest there with these arguments; returns its exit code."""
    # Not below the home of whoever runs this, which others may not enter, and not in memory: it is large.
    with tempfile.TemporaryDirectory(prefix="notifykit-pairs-", dir="/var/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        as_account = _as_account(run)
        copy = _copy(folder / "copy")
        inside = _environment(folder, copy, python or _base_python(as_account), lowest=lowest)
        home = folder / "home"
        home.mkdir()
        if as_account:
            for path in (home, copy, *copy.rglob("*")):
                shutil.chown(path, ACCOUNT)
        environment = {**os.environ, "HOME": str(home), "TZ": run.zone}
        if run.tick:
            environment[coarse_clock.TICK] = str(run.tick)
        if run.seed is not None:
            environment[shuffled.SEED] = str(run.seed)
        if as_account:
            environment.pop("CI", None)  # what only the superuser can try is tried in the other runs
            environment["BUILD_NUMBER"] = str(number)  # for pytest this is CI nonetheless: it cuts no message short
        ignoring = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"] if run.ignores_interrupts else []
        options = ["-q", "-n", "auto", "--dist", "worksteal", "-p", "no:cacheprovider"]
        options += ["-o", "faulthandler_timeout=1200", "-o", "faulthandler_exit_on_timeout=true"]
        with _busy(run.busy):
            return subprocess.run(
                [*as_account, *ignoring, inside.with_name("pytest"), *options, *tests], cwd=copy, env=environment
            ).returncode


def _as_account(run: Run) -> list[str]:
    if not (run.ordinary and SUPERUSER):
        return []
    if sys.platform == "win32":
        raise SystemExit("Windows has no setpriv")
    import pwd

    return [
        "setpriv",
        f"--reuid={ACCOUNT}",
        f"--regid={pwd.getpwnam(ACCOUNT).pw_gid}",
        "--clear-groups",
        "--no-new-privs",
    ]


def _copy(target: Path) -> Path:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def _base_python(as_account: Sequence[str]) -> str:
    """Return a Python that the account may start: the oldest that we support if it is there, or the one of this."""
    named = [shutil.which(name, path=folder) for folder in os.get_exec_path() for name in ("python3.11", "python3")]
    # execvp may have found another than the one that was named, and that one is what the environment links to.
    able = f"sys.version_info >= {OLDEST} and os.access(sys.executable, os.X_OK)"
    look = f"import ensurepip, os, sys; sys.exit(not ({able}))"
    for python in dict.fromkeys([str(Path(sys.executable).resolve()), *filter(None, named)]):
        done = subprocess.run([*as_account, python, "-c", look], capture_output=True, check=False)
        if done.returncode == 0:
            return python
    raise SystemExit(f"the account {ACCOUNT} may start no Python >= 3.11 that has venv; install one for everybody")


def _environment(folder: Path, copy: Path, python: str, *, lowest: bool) -> Path:
    """Install a wheel of the copy, and what the tests need, into a fresh environment; returns its Python."""
    subprocess.run([python, "-m", "venv", folder / "env"], check=True)
    inside = folder / "env" / "bin" / "python"
    build: list[str | Path] = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    build += ["--outdir", folder / "dist", copy]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = (folder / "dist").glob("*.whl")
    limits = folder / "constraints.txt"
    limits.write_text("\n".join(lowest_versions.of_project(copy)) if lowest else "", encoding="utf-8")
    pip: list[str | Path] = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip"], check=True)  # groups of dependencies are younger than old pips
    whole = f"{wheel}[{','.join(lowest_versions.extras(copy))}]"
    subprocess.run([*pip, "--constraint", limits, whole, "--group", f"{copy / 'pyproject.toml'}:dev"], check=True)
    return inside


@contextmanager
def _busy(count: int) -> Iterator[None]:
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
