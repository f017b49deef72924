"""`notifykit demo` as a person runs it: the real command, its real processes, and its proof checked once more here."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from notifykit.demo.world import claimed

PAGE = Path(__file__).parents[3] / "docs" / "demo.md"

TIMEOUT = 280
"""Seconds. It takes about forty; a machine that runs all tests at once may need many more."""

MIGRATION = find_spec("notifykit_migration") is not None and find_spec("notifykit_compat") is not None
"""Whether the acts are played that need their commands."""


def notifykit(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # A narrow terminal folds what is told; that the tests run in one says nothing.
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "notifykit", *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        env=environment | {"PYTHONIOENCODING": "utf-8"},
        timeout=TIMEOUT,
        check=False,
    )


def outline(shown: str) -> list[str]:
    """The chapters and the commands, without the numbers that differ from run to run."""
    lines = re.findall(r"^==+ .+|^  \$ (?:notifykit|python) .+|^PROVED.+", shown, re.MULTILINE)
    return [re.sub(r"resolve [\d ]+", "resolve … ", line) for line in lines]


@pytest.mark.timeout(2 * TIMEOUT)
def test_the_whole_story(tmp_path: Path) -> None:
    done = notifykit("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    world = tmp_path / "notifykit-demo"

    # What it tells: a kill, doubts, refused connections, a rate limit, and that nothing is left to do.
    assert "PROVED: 56 messages due, each accepted exactly once; every flag tells the truth." in done.stdout
    assert "PerformanceData-BJ-Aug.csv: 21 flags set, all 24 right; no other byte changed" in done.stdout
    assert "PerformanceData-SH-Aug.csv: 14 flags set, all 16 right; no other byte changed" in done.stdout
    assert "Killed (SIGKILL)" in done.stdout
    assert "its worker is gone, now in_doubt" in done.stdout
    assert "(exit code 3: done, with items held for a person)" in done.stdout
    refused = re.search(r"(\d+) connections were refused, and (\d+) messages came above the limit", done.stdout)
    assert refused is not None
    assert int(refused[1]) > 0
    assert int(refused[2]) > 0
    for command in ("generate", "dispatch", "settle", "status", "run --once"):
        assert f"$ notifykit {command}\n" in done.stdout
    for command in ("tasks --status sending", "tasks --status in_doubt", "trace 3", "resolve"):
        assert f"$ notifykit {command}" in done.stdout
    assert "$ notifykit resolve 5 " in done.stdout
    assert "--resend" in done.stdout
    assert "Look around: cd notifykit-demo, then `notifykit status`" in done.stdout
    if MIGRATION:
        assert outline(done.stdout) == outline(PAGE.read_text("utf-8")), "paste what it shows now into docs/demo.md"
        the_old_program_moved_over(done.stdout, world / "old-program")
    else:
        assert "`notifykit migrate` is not there" in done.stdout

    # What it left: the same claim, from its files alone, in other code.
    book = [json.loads(line) for line in (world / "robot-book.jsonl").read_text("utf-8").splitlines()]
    accepted = [entry for entry in book if entry["answer"] == "accepted"]
    assert {entry["answer"] for entry in book} >= {"accepted", "lost", "45009"}
    numbers = Counter(re.findall(r"YHWX-\w\w-SDHY-\d{10}", "\n".join(entry["text"] for entry in accepted)))
    told = Counter[str]()
    for name in ("PerformanceData-BJ-Aug.csv", "PerformanceData-SH-Aug.csv"):
        text = (world / "data" / name).read_bytes().decode("utf-8-sig")
        for row in csv.DictReader(io.StringIO(text, newline="")):
            assert row["是否发送通知"] == "Y"
            flagged_before = int(row["活动期内第几个合同"]) <= (3 if "BJ" in name else 2)
            if not flagged_before:
                told[row["合同编号(contractdocNum)"]] = 2 if row["激活奖励状态"] == "1" else 1
    assert numbers == told
    expected = Counter(f"TC-{nth:04d}" for nth in range(1, 7))
    assert Counter(re.findall(r"TC-\d{4}", "\n".join(entry["text"] for entry in accepted))) == expected
    typed = [json.loads(line) for line in (world / "state" / "desktop.jsonl").read_text("utf-8").splitlines()]
    assert Counter(item["key"] for item in typed) == expected
    assert len(accepted) + len(typed) == 56

    # And one may look around, while nobody listens any more.
    status = notifykit("status", "--json", cwd=world)
    assert status.returncode == 0, status.stderr
    by_status = Counter[str]()
    for campaign in json.loads(status.stdout)["campaigns"]:
        by_status.update(campaign["by_status"])
    assert +by_status == Counter(completed=56)


def the_old_program_moved_over(told: str, folder: Path) -> None:
    """The second and third act: what they say, and what they left, counted in other code."""
    assert re.search(r"beijing, 24 contracts +10 +15 +13 +14\n", told)
    assert re.search(r"shanghai, 16 contracts +7 +torn +7 +7\n", told)
    assert "CHANGED" not in told
    assert "2 campaigns, 40 contracts, 7 of them held for a person" in told
    assert re.search(r"(\d+) checks: \1 passed", told)
    assert "Of the 3 that are held it sent none." in told
    assert "4 sent since; 3 held for a person" in told
    assert "rolled back: the old program may be started again" in told
    assert "    nothing was due\n" in told.partition("Migrate again")[2]
    assert "It stopped at its first message: nothing was sent, and no send-status file was written." in told
    assert re.search(r"Of YHWX-BJ-SDHY-2025080036 (nothing|all) is queued", told)
    assert "PROVED: 67 messages due; 64 accepted exactly once, 3 listed as in doubt; every other flag tells" in told
    assert "PROVED: 81 messages due; 78 accepted exactly once, 3 listed as in doubt; every other flag tells" in told

    book = [json.loads(line) for line in (folder / "chat-book.jsonl").read_text("utf-8").splitlines()]
    assert {entry["answer"] for entry in book} == {"accepted"}
    assert len(book) == len({entry["text"] for entry in book}) == 78
    numbers = Counter(re.findall(r"YHWX-\w\w-SDHY-\d{10}", "\n".join(entry["text"] for entry in book)))
    due = Counter[str]()
    for name in ("PerformanceData-BJ-Aug.csv", "PerformanceData-SH-Aug.csv"):
        text = (folder / "state" / name).read_bytes().decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [row["活动期内第几个合同"] for row in rows] == [str(nth + 1) for nth in range(len(rows))]
        assert {row["是否发送通知"] for row in rows} == {"Y"}
        # The first three were told of without their numbers in Beijing; they are the leftovers in Shanghai.
        due.update({row["合同编号(contractdocNum)"]: 1 + (row["激活奖励状态"] == "1") for row in rows[3:]})
    assert numbers == due
    held = notifykit("tasks", "--status", "in_doubt", "--json", cwd=folder)
    assert [task["key"][-3:] for task in json.loads(held.stdout)["tasks"]] == ["001", "002", "003"]
    assert not list((folder / "state").glob("send_status_*"))
    assert len(json.loads((folder / "state" / "technician_status_record.json").read_text("utf-8"))) == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demonstration_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "demo"
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "notifykit", "demo", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "  $ notifykit generate\n":
                break
        process.send_signal(number)
        # The pipes are closed only when every process that was started has ended.
        _, said = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, said.strip()) == (130, "interrupted")
    with claimed(folder):
        assert not (folder / "data").exists()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = notifykit("demo", str(tmp_path), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {tmp_path}: is not empty, and no earlier demonstration's; name a new folder\n"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
