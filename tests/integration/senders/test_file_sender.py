"""One whole line for each message, whatever happens to the disk and the other writers."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from notifykit_builtin.file import File

from notifykit.model import Outcome, Verdict
from notifykit.roles import Sender
from notifykit.testing import FakeClock, message, send_context


def lines(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


def test_a_line_says_everything(tmp_path: Path) -> None:
    sender = File(path=tmp_path / "new" / "sent.jsonl")
    assert isinstance(sender, Sender)
    said = message(
        recipient="测试群", text='一\n"二"', idempotency_key="b/C-1/group/1", campaign="b", key="C-1", name="group"
    )
    assert sender.send(said, send_context(clock=FakeClock(1_800_000_000.5))) == Outcome.accepted()
    assert sender.path.read_text(encoding="utf-8").startswith('{"time": "2027-01-15T08:00:00.500Z", "idempotency_key"')
    assert lines(sender.path) == [
        {
            "time": "2027-01-15T08:00:00.500Z",
            "idempotency_key": "b/C-1/group/1",
            "campaign": "b",
            "key": "C-1",
            "name": "group",
            "recipient": "测试群",
            "text": '一\n"二"',
        }
    ]


def test_lines_are_added(tmp_path: Path) -> None:
    sender = File(path=tmp_path / "sent.jsonl")
    for text in ("a", "b"):
        sender.send(message(text=text), send_context())
    assert [line["text"] for line in lines(sender.path)] == ["a", "b"]


def test_a_torn_last_line_spoils_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "sent.jsonl"
    path.write_bytes(b'{"text": "whole"}\n{"text": "to')
    assert File(path=path).send(message(text="next"), send_context()) == Outcome.accepted()
    first, torn, third, rest = path.read_bytes().split(b"\n")
    assert (first, torn, rest) == (b'{"text": "whole"}', b'{"text": "to', b"")
    assert json.loads(third)["text"] == "next"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"path: .* is a folder; name a file"):
        File(path=tmp_path)


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    sender = File(path=pipe)
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match=r"path: .* is a pipe or a device; name a file"):
        File(path=pipe)
    outcome = sender.send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "not_a_file")


def test_text_that_is_not_unicode_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sent.jsonl"
    outcome = File(path=path).send(message(text="\ud800"), send_context())
    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "UnicodeEncodeError")
    assert not path.exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome = File(path=tmp_path / "file" / "sent.jsonl").send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "EEXIST")


def test_a_file_that_turned_into_a_folder(tmp_path: Path) -> None:
    sender = File(path=tmp_path / "sent.jsonl")
    sender.path.mkdir()
    outcome = sender.send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "EISDIR")


def test_another_process_that_keeps_the_file(tmp_path: Path) -> None:
    sender = File(path=tmp_path / "sent.jsonl")
    with FileLock(f"{sender.path}.lock"):
        outcome = sender.send(message(), send_context(timeout=0.05))
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "locked")
    assert not sender.path.exists()


LIMITED = """
import resource, signal, sys
from pathlib import Path
from notifykit.testing import message, send_context
from notifykit_builtin.file import File

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
outcome = File(path=Path(sys.argv[1])).send(message(text="x" * 500), send_context())
print(outcome.verdict, outcome.code)
"""


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "sent.jsonl"
    File(path=path).send(message(text="first"), send_context())
    before = path.read_bytes()

    def attempt(limit: int) -> str:
        # The system writes what fits below the limit, and refuses the rest: as a disk that fills up.
        command = [sys.executable, "-c", LIMITED, str(path), str(limit)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert attempt(len(before) + 100) == "retry EFBIG"
    assert path.read_bytes() == before
    assert attempt(len(before) + 1000) == "accepted"
    assert [len(line["text"]) for line in lines(path)] == [5, 500]


def fail(monkeypatch: pytest.MonkeyPatch, call: str, times: int, path: Path) -> None:
    """Let a system call on a file fail so many times, as a dying disk does."""
    real: Callable[..., object] = getattr(os, call)
    left = iter(range(times))
    file = path.stat()

    def failing(descriptor: int, *arguments: object) -> object:
        if os.path.samestat(os.fstat(descriptor), file) and next(left, None) is not None:
            raise OSError(5, "a dying disk")
        return real(descriptor, *arguments)

    monkeypatch.setattr(os, call, failing)


@pytest.mark.parametrize(
    ("call", "times", "verdict"),
    [
        ("fsync", 1, Verdict.RETRY),
        ("fsync", 2, Verdict.UNKNOWN),
        ("read", 1, Verdict.RETRY),
        ("write", 1, Verdict.RETRY),
    ],
)
def test_a_dying_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, times: int, verdict: Verdict) -> None:
    path = tmp_path / "sent.jsonl"
    sender = File(path=path)
    sender.send(message(), send_context())
    before = path.read_bytes()
    fail(monkeypatch, call, times, path)
    outcome = sender.send(message(text="again"), send_context())
    assert outcome.verdict is verdict
    assert outcome.code == ("EIO" if verdict is Verdict.RETRY else "OSError")
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_synced_gets_no_first_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = File(path=tmp_path / "sent.jsonl")
    fail(monkeypatch, "fsync", 1, tmp_path)
    assert sender.send(message(), send_context()).verdict is Verdict.RETRY
    assert sender.path.read_bytes() == b""


def test_a_half_line_that_cannot_be_taken_back_is_in_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = File(path=tmp_path / "sent.jsonl")
    sender.send(message(), send_context())
    fail(monkeypatch, "fsync", 1, sender.path)
    fail(monkeypatch, "ftruncate", 1, sender.path)
    outcome = sender.send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (Verdict.UNKNOWN, "OSError")


def write_many(path: Path, worker: int, threads: int) -> None:
    """Write 25 lines from each of some threads. Runs in a process of its own."""
    sender = File(path=path)

    def work(thread: int) -> None:
        for number in range(25):
            text = f"{worker}/{thread}/{number} " + "工" * 300
            assert sender.send(message(text=text), send_context(timeout=60)) == Outcome.accepted()

    running = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def test_many_threads_of_many_processes(tmp_path: Path) -> None:
    path = tmp_path / "sent.jsonl"
    # Started by path, because test modules cannot be imported by name.
    starter = (
        "import runpy, sys, pathlib; "
        "runpy.run_path(sys.argv[1])['write_many'](pathlib.Path(sys.argv[2]), int(sys.argv[3]), 3)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", starter, __file__, str(path), str(worker)]) for worker in range(2)
    ]
    assert [process.wait(60) for process in processes] == [0, 0]
    expected = {f"{worker}/{thread}/{number}" for worker in range(2) for thread in range(3) for number in range(25)}
    assert {line["text"].split()[0] for line in lines(path)} == expected
    assert len(lines(path)) == len(expected)


def test_killed_while_writing(tmp_path: Path) -> None:
    """Whatever a kill leaves behind, the next writer's lines are whole, and so is all but at most one line."""
    path = tmp_path / "sent.jsonl"
    starter = "import runpy, sys, pathlib; runpy.run_path(sys.argv[1])['write_many'](pathlib.Path(sys.argv[2]), 0, 2)"
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", starter, __file__, str(path)]) as process:
            size = path.stat().st_size if path.exists() else 0
            while process.poll() is None and (not path.exists() or path.stat().st_size < size + 3000):
                time.sleep(0.001)
            process.kill()
        assert File(path=path).send(message(text="after"), send_context()) == Outcome.accepted()
    texts = path.read_bytes().decode().removesuffix("\n").split("\n")
    whole = [line for line in texts if line.endswith("}")]
    assert sum(json.loads(line)["text"] == "after" for line in whole) == 3
    assert len(texts) - len(whole) <= 3
