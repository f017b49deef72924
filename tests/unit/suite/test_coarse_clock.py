from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import coarse_clock
import pytest

SECOND = 10**9


def told(code: str, folder: Path, tick: str) -> list[str]:
    environment = {**os.environ, coarse_clock.TICK: tick, "PYTHONPATH": str(coarse_clock.AT_START)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(("tick", "seconds"), [("0.05", 0.05), ("0.016", 0.016)])
def test_the_clocks_of_a_process_that_is_started_show_whole_ticks(tmp_path: Path, tick: str, seconds: float) -> None:
    code = f"import time; print(*(getattr(time, f'{{name}}_ns')() for name in {coarse_clock.CLOCKS}))"
    assert all(int(shown) % round(seconds * SECOND) == 0 for shown in told(code, tmp_path, tick))


def test_our_own_clock_ticks(tmp_path: Path) -> None:
    code = (
        "from notifykit.clock import SystemClock as C; print(*(round(t * 20, 6) for t in (C().now(), C().monotonic())))"
    )
    assert all(float(shown).is_integer() for shown in told(code, tmp_path, "0.05"))


def test_it_stands_still_and_jumps(tmp_path: Path) -> None:
    code = (
        "import time\n"
        "looks = [time.monotonic() for _ in range(1_000)]\n"
        "before = time.monotonic()\n"
        "time.sleep(0.5)\n"
        "print(len(set(looks)), looks[-1] - looks[0], time.monotonic() - before)"
    )
    different, passed, slept = map(float, told(code, tmp_path, "0.5"))
    assert different <= 1 + passed / 0.5 < 1000
    assert slept >= 0.5
    assert slept % 0.5 == 0


def test_times_of_files_are_whole_ticks(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, shutil\n"
        "path = pathlib.Path('written')\n"
        "path.write_bytes(b'x')\n"
        "with path.open('rb') as file:\n"
        "    print(os.fstat(file.fileno()).st_mtime_ns)\n"
        "print(path.stat().st_mtime_ns, path.lstat().st_mtime_ns, round(os.path.getmtime(path) * 1e6) * 1_000)\n"
        "print(path.stat(follow_symlinks=False).st_size, shutil.copy2(path, 'copy'))"
    )
    *times, size, _ = told(code, tmp_path, "0.05")
    assert len(set(times)) == 1
    assert int(times[0]) % (SECOND // 20) == 0
    assert size == "1"


def test_without_the_variable_nothing_is_changed(tmp_path: Path) -> None:
    code = "import os, time; print(time.time.__name__, os.stat.__module__, type(time.monotonic).__name__)"
    assert told(code, tmp_path, "") == ["time", "posix" if os.name == "posix" else "nt", "builtin_function_or_method"]
