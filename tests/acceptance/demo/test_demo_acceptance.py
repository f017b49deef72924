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
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from processes import running
from told_demo import TIMEOUT, ToldDemo, notifykit, outline, shown_acts

from notifykit.demo.world import claimed

pytestmark = pytest.mark.timeout(2 * TIMEOUT)


@pytest.mark.long
def test_every_act_is_proved(told: ToldDemo) -> None:
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stderr == ""
    assert "CHANGED" not in told.stdout
    assert r"\n" not in told.stdout, "a paragraph is told line by line"
    assert [len(re.findall("^PROVED: ", act, re.MULTILINE)) for act in told.acts] == [1] * len(told.acts)
    assert "\n\nLook around:\n" in told.acts[-1]


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="the lines are typed into a POSIX shell")
def test_the_last_lines_work_as_they_are_printed(told: ToldDemo) -> None:
    lines = told.stdout.partition("\nLook around:\n")[2].splitlines()
    assert len(lines) >= 2
    (page,) = (line for line in lines if line.endswith(" serve"))
    command = f"exec {page} --listen 127.0.0.1:0"  # the usual port may be taken
    with subprocess.Popen(command, shell=True, cwd=told.folder.parent, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        assert "/?token=" in served.stdout.readline()
        served.terminate()
    assert served.returncode == 0
    for line in lines:
        if line == page:
            continue
        done = subprocess.run(line, shell=True, cwd=told.folder.parent, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 3), f"{line}: {done.stderr}"
        assert done.stdout


@pytest.mark.long
def test_it_opens_with_one_kill_of_a_script_and_of_notifykit(told: ToldDemo) -> None:
    opening = told.stdout.partition("\n==== ")[0]
    assert opening.startswith("\n== First, one kill")
    assert re.search(r"script, flag after +10 +2 +0 +unknown\n", opening)
    assert re.search(r"script, flag before +10 +0 +2 +unknown\n", opening)
    assert re.search(r"notifykit +11 +0 +0 +1\n", opening)
    assert "PROVED: 12 messages due; 11 accepted exactly once, 1 listed as in doubt" in opening


@pytest.mark.long
def test_the_first_act_is_told_as_the_page_shows_it(told: ToldDemo) -> None:
    assert outline(told.acts[0]) == outline(shown_acts()[0]), "paste what it shows now into docs/demo.md"


@pytest.mark.long
def test_the_first_act_tells_of_a_kill_doubts_refusals_and_a_limit(told: ToldDemo) -> None:
    act = told.acts[0]
    assert "PROVED: 56 messages due, each accepted exactly once; every flag tells the truth." in act
    assert "PerformanceData-BJ-Aug.csv: 21 flags set, all 24 right; no other byte changed" in act
    assert "PerformanceData-SH-Aug.csv: 14 flags set, all 16 right; no other byte changed" in act
    assert "Killed (SIGKILL)" in act
    assert "its worker is gone, now in_doubt" in " ".join(act.split()), "however the line is folded"
    assert "(exit code 3: done, with items held for a person)" in act
    refused = re.search(r"(\d+) connections were refused, and (\d+) messages came above the limit", act)
    assert refused is not None
    assert int(refused[1]) > 0
    assert int(refused[2]) > 0
    for command in ("generate", "dispatch", "settle", "status", "run --once"):
        assert f"$ notifykit {command}\n" in act
    for command in ("tasks --status sending", "tasks --status in_doubt", "trace 3", "resolve"):
        assert f"$ notifykit {command}" in act
    assert "$ notifykit resolve 5 " in act
    assert "--resend" in act


@pytest.mark.long
def test_its_files_alone_prove_the_first_act(told: ToldDemo) -> None:
    """The same claim, in other code."""
    world = told.folder
    book = [json.loads(line) for line in (world / "robot-book.jsonl").read_text("utf-8").splitlines()]
    accepted = [entry for entry in book if entry["answer"] == "accepted"]
    assert {entry["answer"] for entry in book} >= {"accepted", "lost", "45009"}
    numbers = Counter(re.findall(r"YHWX-\w\w-SDHY-\d{10}", "\n".join(entry["text"] for entry in accepted)))
    due = Counter[str]()
    for name in ("PerformanceData-BJ-Aug.csv", "PerformanceData-SH-Aug.csv"):
        text = (world / "data" / name).read_bytes().decode("utf-8-sig")
        for row in csv.DictReader(io.StringIO(text, newline="")):
            assert row["是否发送通知"] == "Y"
            flagged_before = int(row["活动期内第几个合同"]) <= (3 if "BJ" in name else 2)
            if not flagged_before:
                due[row["合同编号(contractdocNum)"]] = 2 if row["激活奖励状态"] == "1" else 1
    assert numbers == due
    expected = Counter(f"TC-{nth:04d}" for nth in range(1, 7))
    assert Counter(re.findall(r"TC-\d{4}", "\n".join(entry["text"] for entry in accepted))) == expected
    typed = [json.loads(line) for line in (world / "state" / "desktop.jsonl").read_text("utf-8").splitlines()]
    assert Counter(item["key"] for item in typed) == expected
    assert len(accepted) + len(typed) == 56


@pytest.mark.long
def test_one_may_look_around_while_nobody_listens_any_more(told: ToldDemo) -> None:
    status = notifykit("status", "--json", cwd=told.folder)
    assert status.returncode == 0, status.stderr
    by_status = Counter[str]()
    for campaign in json.loads(status.stdout)["campaigns"]:
        by_status.update(campaign["by_status"])
    assert +by_status == Counter(completed=56)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demonstration_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "demo"
    with running(
        [sys.executable, "-P", "-m", "notifykit", "demo", str(folder)],
        stderr=subprocess.PIPE,
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


@pytest.mark.long
def test_it_ends_with_the_page_of_its_world(tmp_path: Path) -> None:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    command = [sys.executable, "-P", "-m", "notifykit", "demo", "--act", "1", "--no-pause", "--serve", "demo"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, encoding="utf-8") as served:
        assert served.stdout is not None
        address = next(line.strip() for line in served.stdout if "/?token=" in line)
        with browser.open(address, timeout=TIMEOUT) as page:
            assert "All is well: nothing waits for a person." in page.read().decode()
        served.send_signal(signal.SIGINT)
    assert served.returncode == 0
