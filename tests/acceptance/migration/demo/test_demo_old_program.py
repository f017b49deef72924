"""The second and third act of `notifykit demo`: what they tell, and what they leave, counted in other code."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from told_demo import TIMEOUT, ToldDemo, notifykit, outline, shown_acts

pytestmark = [pytest.mark.long, pytest.mark.timeout(2 * TIMEOUT)]


@pytest.fixture
def folder(told: ToldDemo) -> Path:
    return told.folder / "old-program"


def test_both_are_told_as_the_page_shows_them(told: ToldDemo) -> None:
    assert len(told.acts) == 3
    shown = [outline(act) for act in shown_acts()[1:]]
    assert [outline(act) for act in told.acts[1:]] == shown, "paste what it shows now into docs/demo.md"


def test_they_tell_how_it_went(told: ToldDemo) -> None:
    second, third = told.acts[1:]
    assert re.search(r"beijing, 24 contracts +10 +15 +13 +14\n", second)
    assert re.search(r"shanghai, 16 contracts +7 +torn +7 +7\n", second)
    assert "2 campaigns, 40 contracts, 7 of them held for a person" in second
    assert re.search(r"(\d+) checks: \1 passed", second)
    assert "Of the 3 that are held it sent none." in second
    assert "4 sent since; 3 held for a person" in second
    assert "rolled back: the old program may be started again" in second
    assert "    nothing was due\n" in second.partition("Migrate again")[2]
    assert "It stopped at its first message: nothing was sent, and no send-status file was written." in third
    assert re.search(r"Of YHWX-BJ-SDHY-2025080036 (nothing|all) is queued", third)
    assert "PROVED: 67 messages due; 64 accepted exactly once, 3 listed as in doubt; every other flag tells" in second
    assert "PROVED: 81 messages due; 78 accepted exactly once, 3 listed as in doubt; every other flag tells" in third
    assert third.endswith("notifykit --project notifykit-demo/old-program/notifykit.yaml history\n")


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_it_opens_and_ends_as_the_readme_says(told: ToldDemo, page: str) -> None:
    text = (Path(__file__).parents[4] / page).read_text("utf-8")
    blocks = re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (opening,) = [block for block in blocks if "told twice" in block]
    (ending,) = [block for block in blocks if "PROVED: " in block]
    assert squeezed(opening) in squeezed(told.stdout.partition("\n==== ")[0])
    assert squeezed(told.stdout.partition("\n\nLook around:")[0]).endswith(squeezed(ending))


def squeezed(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


def test_their_files_alone_prove_them(folder: Path) -> None:
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


def test_what_nobody_decided_is_held_and_the_old_states_are_retired(folder: Path) -> None:
    held = notifykit("tasks", "--status", "in_doubt", "--json", cwd=folder)
    assert [task["key"][-3:] for task in json.loads(held.stdout)["tasks"]] == ["001", "002", "003"]
    assert not list((folder / "state").glob("send_status_*"))
    assert len(json.loads((folder / "state" / "technician_status_record.json").read_text("utf-8"))) == 6
