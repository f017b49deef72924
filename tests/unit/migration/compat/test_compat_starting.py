"""Which processes the program starts without the shim: what its code says, and what an audit hook is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from notifykit_compat.errors import ShimRefusedError
from notifykit_compat.findings import Findings
from notifykit_compat.starting import bare_script, processes
from notifykit_compat.watching import Watch

CODE = """\
import multiprocessing as mp
import os, subprocess, sys
from concurrent.futures import ProcessPoolExecutor as Pool
from subprocess import run

mp.get_context("spawn").Process(target=print)
mp.Process(target=print)
with Pool() as pool:
    pass
run([sys.executable, "job.py"])
os.system("python job.py")
subprocess.Popen(command)
subprocess.run(["git", "pull"])
subprocess.run([sys.executable, "-m", "notifykit", "shim", "--", "job.py"])
ours.run("python job.py")
"""

PYTHON = sys.executable


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    (folder / "jobs").mkdir(parents=True)
    for name in ("job.py", "jobs/__main__.py", "jobs/daily.py"):
        (folder / name).write_text("print(1)\n", encoding="utf-8")
    (folder / "ready.py").write_text("import notifykit_compat\nnotifykit_compat.install()\n", encoding="utf-8")
    return folder


def test_its_code_says_where(program: Path) -> None:
    (program / "main.py").write_text(CODE, encoding="utf-8")
    (program / "venv" / "lib").mkdir(parents=True)
    (program / "venv" / "pyvenv.cfg").touch()
    for name in ("venv/lib/other.py", "broken.py"):
        (program / name).write_text(
            "import os\nos.system('python x.py')" + "(" * name.startswith("b"), encoding="utf-8"
        )
    found = list(processes(program))
    assert {one.place.partition("main.py:")[0] for one in found} == {f"{program}{os.sep}"}
    start = "has no shim: start it by `notifykit shim -- …`, or give the script the line with install()"
    assert sorted((int(one.place.rpartition(":")[2]), one.call, one.becomes, one.shimmed) for one in found) == [
        (6, "multiprocessing.get_context", "has the shim, too", True),
        (7, "multiprocessing.Process", "has the shim, too", True),
        (8, "concurrent.futures.ProcessPoolExecutor", "has the shim, too", True),
        (10, "subprocess.run", start, False),
        (11, "os.system", start, False),
        (12, "subprocess.Popen", "has no shim, where it is a script of the program", False),
    ]


def test_what_is_no_code_is_passed_over(program: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    os.mkfifo(program / "pipe.py")
    (program / "deep.py").write_text("x = " + "-" * 100_000 + "1", encoding="utf-8")
    assert list(processes(program)) == []
    assert bare_script("subprocess.Popen", (PYTHON, [PYTHON, "pipe.py"], str(program), None), program) is None


@pytest.mark.parametrize(
    ("event", "arguments", "script"),
    [
        ("subprocess.Popen", (PYTHON, [PYTHON, "job.py"], "program", None), "job.py"),
        ("subprocess.Popen", (PYTHON, [PYTHON, "-W", "error", "-u", "job.py"], b"program", None), "job.py"),
        ("subprocess.Popen", (PYTHON, [PYTHON, "-m", "jobs"], None, None), "__main__.py"),
        ("subprocess.Popen", (PYTHON, [PYTHON, "-m", "jobs.daily"], None, None), "daily.py"),
        (
            "subprocess.Popen",
            ("/bin/sh", ["/bin/sh", "-c", "cd x; python3 program/job.py --all"], None, None),
            "job.py",
        ),
        ("subprocess.Popen", ("program/job.py", ["program/job.py"], None, None), "job.py"),
        ("os.system", (b"python program/job.py",), "job.py"),
        ("os.exec", (PYTHON, ["python", "program/job.py"], {}), "job.py"),
        ("os.posix_spawn", (PYTHON, [PYTHON, "program/job.py"], {}), "job.py"),
        ("os.spawn", (0, PYTHON, [PYTHON, "program/job.py"], {}), "job.py"),
        ("subprocess.Popen", (PYTHON, [PYTHON, "job.py"], None, None), None),  # there is none in this folder
        ("subprocess.Popen", (PYTHON, [PYTHON, "ready.py"], "program", None), None),
        ("subprocess.Popen", (PYTHON, [PYTHON, "-c", "import job"], "program", None), None),
        ("subprocess.Popen", (PYTHON, [PYTHON, "-m", "notifykit", "shim", "--", "job.py"], "program", None), None),
        ("subprocess.Popen", (PYTHON, [PYTHON, "-m"], None, None), None),
        ("subprocess.Popen", (PYTHON, [PYTHON], None, None), None),
        ("subprocess.Popen", ("git", ["git", "add", "program/job.py"], None, None), None),
        ("os.system", ("echo 'python",), None),
    ],
)
def test_what_is_started_is_told_from_its_command(
    program: Path, monkeypatch: pytest.MonkeyPatch, event: str, arguments: tuple[Any, ...], script: str | None
) -> None:
    monkeypatch.chdir(program.parent)
    found = bare_script(event, arguments, program)
    assert (found.name if found else None) == script


@pytest.mark.parametrize(
    "start",
    [lambda command: subprocess.run(command, check=True), lambda command: os.system(" ".join(command))],
    ids=["subprocess", "os.system"],
)
def test_strict_starts_no_such_process(
    program: Path, tmp_path: Path, start: Callable[[list[str]], object], capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    command = [PYTHON, str(program / "job.py")]
    for strict in (False, True):
        findings = Findings(told.append, strict=strict)
        watch = Watch(tmp_path / "tasks.db", {}, findings, program=program, dress=print, excused=lambda _: False)
        watch.begin()
        try:
            if strict:
                with pytest.raises(ShimRefusedError, match=r"starts job\.py in a process without the shim"):
                    start(command)
            else:
                start(command)
        finally:
            watch.end()
    assert capfd.readouterr().out.splitlines() == ["1"], "it ran once"
    (said,) = told
    assert said.endswith("start it by `notifykit shim -- job.py`, or give it the line with install()")
