"""The status file under several processes, and under processes that die."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from notifykit_technician.status_file import StatusFile, render
from processes import running

WORD = "通知成功"

OURS = """
import sys
from pathlib import Path
from notifykit_technician.status_file import StatusFile
file, prefix, count = StatusFile(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(count):
    file.record([f"{prefix}-{number}"], "通知成功", overwrite=False)
    print(number, flush=True)
"""

LEGACY = """
import json, os, sys
for line in sys.stdin:
    with open(sys.argv[1], "r", encoding="utf-8") as file:
        status = json.load(file)
    status[line.strip()] = "通知成功"
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(status, file, ensure_ascii=False, indent=4)
    print(line, end="", flush=True)
"""

KILLED_AT_EACH_STEP = """
import os, signal, sys
from pathlib import Path
from notifykit_technician.status_file import StatusFile

path, steps = Path(sys.argv[1]), 0

def kill_at(last):
    def count(event, arguments):
        global steps
        if any(str(path.parent) in str(argument) for argument in arguments):
            steps += 1
            if steps == last:
                os.kill(os.getpid(), signal.SIGKILL)
    return count

for last in range(1, 100):
    path.write_bytes(b'{\\n    "old": "x"\\n}')
    child = os.fork()
    if not child:
        sys.addaudithook(kill_at(last))
        StatusFile(path).record(["new"], "x", overwrite=False)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(path.read_bytes().hex(), flush=True)
    if not os.WIFSIGNALED(status):
        break
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "technician_status_record.json"


def start(script: str, *arguments: object) -> AbstractContextManager[subprocess.Popen[str]]:
    return running([sys.executable, "-c", script, *map(str, arguments)], stdin=subprocess.PIPE)


def test_two_processes_lose_no_key(path: Path) -> None:
    with start(OURS, path, "a", 40) as one, start(OURS, path, "b", 40) as other:
        assert (one.wait(60), other.wait(60)) == (0, 0)
    entries = json.loads(path.read_bytes())
    assert entries == {f"{prefix}-{number}": WORD for prefix in "ab" for number in range(40)}
    assert path.read_bytes() == render(entries)


def test_the_legacy_program_between_our_steps_loses_no_key_and_reads_ours(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"{}")
    with start(LEGACY, path) as legacy:
        assert legacy.stdin is not None
        assert legacy.stdout is not None
        stdin, stdout = legacy.stdin, legacy.stdout
        due = iter(["legacy-during"])

        def write(key: str) -> None:
            stdin.write(f"{key}\n")
            stdin.flush()
            assert stdout.readline() == f"{key}\n"

        def fsync_while_the_legacy_program_writes(descriptor: int) -> None:
            fsync(descriptor)
            for key in due:
                write(key)

        fsync = os.fsync
        write("legacy-before")
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fsync_while_the_legacy_program_writes)
            StatusFile(path).record(["ours-1", "ours-2"], WORD, overwrite=False)
        write("legacy-after")
    expected = dict.fromkeys(["legacy-before", "legacy-during", "ours-1", "ours-2", "legacy-after"], WORD)
    assert path.read_bytes() == render(expected)


def test_a_writer_killed_at_any_step_leaves_the_old_file_or_the_new(path: Path) -> None:
    with start(KILLED_AT_EACH_STEP, path) as process:
        seen = [bytes.fromhex(line) for line in process.communicate(timeout=60)[0].split()]
    old, new = b'{\n    "old": "x"\n}', b'{\n    "old": "x",\n    "new": "x"\n}'
    assert seen.count(old) >= 4, "killed before the replacement"
    assert seen.count(new) >= 2, "killed after it, and not killed"
    assert set(seen) == {old, new}
    assert seen == [old] * seen.count(old) + [new] * seen.count(new)


@pytest.mark.crash
def test_a_writer_killed_at_random_loses_nothing_that_it_reported(path: Path) -> None:
    path.write_bytes(render({f"old-{number}": WORD for number in range(5000)}))
    for life in range(6):
        with start(OURS, path, f"life-{life}", 100_000) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(random.Random(life).uniform(0, 0.1))
            process.kill()
            reported = len((first + process.stdout.read()).splitlines())
        data = path.read_bytes()
        entries = json.loads(data)
        assert data == render(entries)
        assert reported
        assert entries.keys() >= {f"life-{life}-{number}" for number in range(reported)}
    assert len([key for key in entries if key.startswith("old-")]) == 5000
