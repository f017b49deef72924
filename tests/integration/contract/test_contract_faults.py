"""Kills at every system call that changes something, full disks, and missing rights."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from notifykit_contract.flags import FlagColumn, lock_file, write_flags
from system import needs_superuser

CHANGING = (
    "pwrite64",
    "write",
    "fsync",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "fchmod",
    "chmod",
    "utimensat",
)
KEYS = [str(number) for number in range(1, 4)]
ROWS = "".join(f'{key},"N",{"x" * 700}\n' for key in KEYS)

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None and "CI" not in os.environ, reason="strace is not installed"
)

BECOME_NOBODY = """
import os, notifykit_contract
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
"""


def strace(path: Path, command: list[str], *faults: str, log: Path = Path(os.devnull)) -> list[str]:
    watched = [f"--trace-path={item}" for item in (path, path.with_name(f".{path.name}.notifykit.tmp"), path.parent)]
    expressions = [part for fault in (f"trace={','.join(CHANGING)}", *faults) for part in ("-e", fault)]
    return ["strace", "-f", "-qq", "-o", str(log), *watched, *expressions, *command]


@pytest.mark.long
@needs_strace
@pytest.mark.crash
@pytest.mark.parametrize(
    ("sent", "order"),
    [
        ("Y", ["pwrite64", "pwrite64", "pwrite64", "fsync"]),
        ("sent", ["write", "fsync", "rename", "rename", "fsync"]),
    ],
)
def test_a_kill_at_any_change_leaves_a_whole_file(
    tmp_path: Path, sent: str, order: list[str], flagger: Callable[..., list[str]]
) -> None:
    """And what is written is on the disk before anything relies on it."""
    path = tmp_path / "orders.csv"
    column = FlagColumn(key="id", flag="flag", unsent="N", sent=sent)
    path.write_text("id,flag,x\n" + ROWS)
    log = tmp_path.parent / "calls"
    subprocess.run(strace(path, flagger(path, sent, KEYS), log=log), check=True, capture_output=True, timeout=60)
    calls = re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE)
    assert [call.removesuffix("at").removesuffix("at2") for call in calls if call.startswith(tuple(order))] == order
    for call, number in ((call, number + 1) for call, count in Counter(calls).items() for number in range(count)):
        path.write_text("id,flag,x\n" + ROWS)
        command = strace(path, flagger(path, sent, KEYS), f"inject={call}:signal=SIGKILL:when={number}")
        assert subprocess.run(command, check=False, capture_output=True, timeout=60).returncode != 0
        lines = path.read_text().splitlines(keepends=True)
        assert [line.replace(f'"{sent}"', '"N"') for line in lines] == ["id,flag,x\n", *ROWS.splitlines(keepends=True)]
        assert write_flags(path, column, KEYS).done == set(KEYS)
        assert path.read_text() == "id,flag,x\n" + ROWS.replace('"N"', f'"{sent}"')
        assert {item.name for item in tmp_path.iterdir()} == {"orders.csv", ".orders.csv.notifykit.lock"}


@needs_strace
@pytest.mark.parametrize(
    ("sent", "fault", "reason"),
    [
        ("sent", "inject=write:error=ENOSPC", "the disk is full; free some space"),
        ("sent", "inject=fsync:error=EIO:when=1", "Input/output error; mend that and run again"),
        ("sent", "inject=rename:error=EACCES", "permission denied; close the program that holds it open"),
        ("Y", "inject=pwrite64:error=ENOSPC", "the disk is full; free some space"),
        ("Y", "inject=fsync:error=EIO", "Input/output error; mend that and run again"),
    ],
)
def test_a_failing_disk_delays_the_flag_and_harms_nothing(
    tmp_path: Path, sent: str, fault: str, reason: str, flagger: Callable[..., list[str]], run: Callable[..., list[str]]
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id,flag,x\n" + ROWS)
    count, *reasons = run(strace(path, flagger(path, sent, KEYS), fault))
    assert count == "0"
    assert len(reasons) == 1
    assert reasons[0].startswith(f"{tmp_path}/")
    assert reason in reasons[0]
    assert path.read_text().replace('"Y"', '"N"') == "id,flag,x\n" + ROWS
    assert {item.name for item in tmp_path.iterdir()} == {"orders.csv", ".orders.csv.notifykit.lock"}
    assert run(flagger(path, sent, KEYS))[0] == str(len(KEYS))


def test_a_copy_that_may_not_grow_is_given_up(
    tmp_path: Path, flagger: Callable[..., list[str]], run: Callable[..., list[str]]
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id,flag,x\n" + ROWS)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    assert run(flagger(path, "sent", KEYS, before=limit)) == [
        "0",
        f"{path}: it may not grow to the size needed; lift the file size limit",
    ]
    assert path.read_text() == "id,flag,x\n" + ROWS
    assert not (tmp_path / ".orders.csv.notifykit.tmp").exists()


@pytest.mark.parametrize("sent", ["Y", "sent"])
@pytest.mark.parametrize("locked", ["file", "folder"])
def test_a_file_that_may_not_be_written_is_left_for_later(
    open_folder: Path, sent: str, locked: str, flagger: Callable[..., list[str]], run: Callable[..., list[str]]
) -> None:
    path = open_folder / "orders.csv"
    path.write_text("id,flag,x\n" + ROWS)
    path.chmod(0o444 if locked == "file" else 0o666)
    if locked == "folder":
        open_folder.chmod(0o555)
    count, *reasons = run(flagger(path, sent, KEYS, before=BECOME_NOBODY))
    assert count == "0"
    assert "permission denied; close the program that holds it open (a spreadsheet?)" in reasons[0]
    assert reasons[0].startswith(f"{lock_file(path) if locked == 'folder' else path}: ")
    assert path.read_text() == "id,flag,x\n" + ROWS
    open_folder.chmod(0o777)
    path.chmod(0o666)
    assert run(flagger(path, "Y", KEYS, before=BECOME_NOBODY)) == [str(len(KEYS)), ""]


@needs_superuser
def test_a_file_of_another_account_is_patched_but_not_replaced(
    open_folder: Path, flagger: Callable[..., list[str]], run: Callable[..., list[str]]
) -> None:
    path = open_folder / "orders.csv"
    path.write_text("id,flag,x\n" + ROWS)
    path.chmod(0o666)
    count, reason = run(flagger(path, "sent", KEYS, before=BECOME_NOBODY))
    assert count == "0"
    assert reason == (
        f"{path}: it belongs to user 0, group 0, which a replaced file would lose; "
        "run notifykit under that account, or choose flag words of the same length"
    )
    assert {item.name for item in open_folder.iterdir()} == {"orders.csv", ".orders.csv.notifykit.lock"}
    assert run(flagger(path, "Y", KEYS, before=BECOME_NOBODY))[0] == str(len(KEYS))
    assert path.stat().st_uid == 0
