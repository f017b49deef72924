"""Kill a real process at the N-th system call of a kind, with strace.

`openat` changes the disk only where it creates, and nearly all of its calls only read. So its points are those that
have O_CREAT in an undisturbed run, and each is found again by the path that it opens there (strace -P). What is not
here: writes through a shared memory map (SQLite's index of its log), which no system call announces.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from system import KILLED

STATE_CHANGING = (
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "copy_file_range",
    "sendfile",
    "fsync",
    "fdatasync",
    "truncate",
    "ftruncate",
    "fallocate",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "fchownat",
    "utimensat",
    "setxattr",
    "fsetxattr",
    "flock",
    "connect",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "shutdown",
)
"""What changes the disk or the wire. Each is a place where a process can die just before it happens."""

STRACE = shutil.which("strace")

PARTS = 8
"""A whole sweep of a long command is cut into so many tests, which can run at different times and side by side."""

TRIES = 8
"""Which of several threads makes a call differs from run to run: that often a point is looked for."""

_DEVICE = re.compile("/dev/(?!shm/)")
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)", re.MULTILINE)
_CREATED = re.compile(r'(?:AT_FDCWD, )?"([^"]+)", [A-Z_|]*O_CREAT')


@dataclass(frozen=True, slots=True)
class KillPoint:
    """Before the `number`-th call of this kind in any one thread."""

    call: str
    number: int
    path: str | None = None
    """Only calls that name this file count."""

    def __str__(self) -> str:
        of = f" of {Path(self.path).name}" if self.path else ""
        return f"{self.call}#{self.number}{of}"

    @property
    def options(self) -> list[str]:
        """Tell strace to kill here."""
        only = ["-P", self.path] if self.path else []
        return [*only, "-e", f"trace={self.call}", "-e", f"inject={self.call}:signal=SIGKILL:when={self.number}"]


def without_files_beside(environment: Mapping[str, str]) -> dict[str, str]:
    """Keep a process from writing coverage's data and bytecode: they would be kill points, and be torn."""
    kept = {name: value for name, value in environment.items() if not name.startswith("COVERAGE_")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def kill_points(command: Sequence[str], environment: Mapping[str, str], log: Path) -> list[KillPoint]:
    """Run the command undisturbed, and return every place at which it can be killed."""
    assert STRACE is not None
    # Not every architecture has every call: `?` lets strace pass over what it does not know.
    calls = ",".join(f"?{call}" for call in (*STATE_CHANGING, "open", "openat"))
    traced = [STRACE, "-f", "-qq", "-s", "0", "-o", str(log), "-e", f"trace={calls}", *command]
    done = subprocess.run(traced, env=without_files_beside(environment), check=False, capture_output=True, timeout=60)
    assert done.returncode in (0, 3), done.stderr.decode(errors="replace")
    most: Counter[tuple[str, str | None]] = Counter()
    by_thread: Counter[tuple[str, str, str | None]] = Counter()
    creating: set[KillPoint] = set()
    for thread, call, rest in _CALL.findall(log.read_text(errors="replace")):
        path = None
        if call in ("open", "openat"):
            opened = re.match(r'(?:AT_FDCWD, )?"([^"]+)"', rest)
            if opened is None:
                continue
            path = opened[1]
        by_thread[thread, call, path] += 1
        number = by_thread[thread, call, path]
        most[call, path] = max(most[call, path], number)
        if path is not None and _CREATED.match(rest) and not _DEVICE.match(path):
            creating.add(KillPoint(call, number, path))
    plain = [KillPoint(call, number) for call in STATE_CHANGING for number in range(1, most[call, None] + 1)]
    return plain + sorted(creating, key=str)


def run_and_kill(command: Sequence[str], environment: Mapping[str, str], point: KillPoint) -> bool:
    """Run the command and kill it there. False where it came through without getting there."""
    assert STRACE is not None
    traced = [STRACE, "-f", "-qq", "-o", "/dev/null", *point.options, *command]
    done = subprocess.run(traced, env=without_files_beside(environment), check=False, capture_output=True, timeout=60)
    if done.returncode == KILLED:
        return True
    assert done.returncode in (0, 3), done.stderr.decode(errors="replace")
    return False


Choose = Callable[[Sequence[KillPoint]], Sequence[KillPoint]]
"""Which of all points."""


def killed_in_copies(
    command: Sequence[str],
    environment: Mapping[str, str],
    before: Path,
    there: Path,
    points: Sequence[KillPoint],
    renew: Callable[[], None] = lambda: None,
) -> Iterator[KillPoint]:
    """Kill a command at one point after another, each time with `there` as a new copy of `before`.

    `renew`: makes what is elsewhere as it was. Yields each point that it reached, to look at what it left. More than a
    tenth that it never reached fail the test.
    """
    missed = []
    for point in points:
        shutil.rmtree(there)
        shutil.copytree(before, there)
        renew()
        if run_and_kill(command, environment, point):
            yield point
        else:
            missed.append(point)
    assert len(missed) <= len(points) // 10, f"never reached: {missed}"


def within(points: Sequence[KillPoint], folder: Path) -> list[KillPoint]:
    """Return the points that are in a folder, or in none."""
    return [point for point in points if point.path is None or Path(point.path).is_relative_to(folder)]


@dataclass(frozen=True, slots=True)
class Killed:
    """What came of one kill, once all is at rest again."""

    hit: bool
    """Whether the process came to the point."""
    doubts: int
    problems: Sequence[str]


@dataclass
class Sweep:
    """What the kills at many points came to."""

    reached: list[KillPoint] = field(default_factory=list)
    missed: list[KillPoint] = field(default_factory=list)
    doubts: int = 0
    wrong: list[tuple[KillPoint, str]] = field(default_factory=list)

    def __str__(self) -> str:
        tried = len(self.reached) + len(self.missed)
        return f"killed at {len(self.reached)} of {tried} places; wrong {len(self.wrong)}; in doubt {self.doubts}"


def sweep(
    points: Sequence[KillPoint], kill: Callable[[KillPoint], Killed], *, most: int, wanted: int | None = None
) -> Sweep:
    """Kill at `wanted` of these points, which are taken from all over; None: at each. `most`: doubts of one kill."""
    done = Sweep()
    for point in spread(points, len(points)):
        if len(done.reached) == wanted:
            break
        # A thread that got all the messages in the undisturbed run shares them in another. Where some places will do,
        # the next one is as good.
        for _ in range(TRIES if wanted is None else 1):
            killed = kill(point)
            done.doubts += killed.doubts
            if killed.doubts > most:
                done.wrong.append((point, f"{killed.doubts} in doubt"))
            done.wrong += [(point, problem) for problem in killed.problems]
            if killed.hit:
                done.reached.append(point)
                break
        else:
            done.missed.append(point)
    return done


def spread(points: Sequence[KillPoint], count: int) -> list[KillPoint]:
    """Choose so many points: of every kind of call if possible, and from all over its run.

    The same points give the same choice.
    """
    kinds: dict[str, list[KillPoint]] = {}
    for point in points:
        kinds.setdefault(point.call, []).append(point)
    # From the inside out: the middle of a kind is where the work is, its ends are opening and closing.
    queues = [sorted(kind, key=lambda point: abs(2 * kind.index(point) + 1 - len(kind))) for kind in kinds.values()]
    queues.sort(key=len, reverse=True)
    turns = itertools.chain.from_iterable(itertools.zip_longest(*queues))
    return list(itertools.islice(filter(None, turns), count))


def part(points: Sequence[KillPoint], number: int) -> Sequence[KillPoint]:
    """Return one part of all points, counted from 1; together the PARTS are all of them."""
    return points[number - 1 :: PARTS]
