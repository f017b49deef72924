from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import surroundings


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_process_that_was_started_with_interrupts_ignored_starts_processes_that_do_not() -> None:
    look = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    code = (
        "import subprocess, sys\n"
        f"sys.path.insert(0, {str(Path(surroundings.__file__).parent)!r})\n"
        f"{look}\n"
        "import surroundings\n"
        "surroundings.interruptible()\n"
        f"print(subprocess.run([sys.executable, '-c', {look!r}], capture_output=True, text=True).stdout.strip())"
    )
    ignoring = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-c", code]
    done = subprocess.run(ignoring, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def test_what_a_person_told_programs_is_not_handed_on() -> None:
    environment = {
        "COLUMNS": "7",
        "LC_ALL": "zh_CN.GB18030",
        "NOTIFYKIT_PROJECT": "elsewhere.yaml",
        "NOTIFYKIT_TEST_CLOCK_TICK": "0.05",
        "PATH": "/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TERM": "xterm-256color",
        "TZ": "Asia/Shanghai",
    }
    surroundings.quiet(environment)
    assert environment == {
        "LANG": "C.UTF-8",
        "NOTIFYKIT_TEST_CLOCK_TICK": "0.05",
        "PATH": "/bin",
        "TERM": "dumb",
        "TZ": "Asia/Shanghai",
    }
    assert not [name for name in os.environ if name in surroundings.TOLD]
    assert not sys.dont_write_bytecode


@pytest.mark.skipif(sys.platform != "linux", reason="a folder in memory")
def test_temporary_folders_are_in_memory_where_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "MEMORY", tmp_path)
    monkeypatch.setattr(surroundings, "ROOM", 1)
    assert surroundings.in_memory({}) == tmp_path
    assert surroundings.in_memory({"TMPDIR": "/chosen"}) is None
    monkeypatch.setattr(surroundings, "ROOM", 1 << 62)
    assert surroundings.in_memory({}) is None
    monkeypatch.setattr(surroundings, "ROOM", 1)
    monkeypatch.setattr(surroundings, "MEMORY", tmp_path / "missing")
    assert surroundings.in_memory({}) is None
