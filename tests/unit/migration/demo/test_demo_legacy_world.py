"""The old program's folder: its three states disagree as they are said to, and the program in it really runs."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from notifykit_demo.proving import prove_legacy
from notifykit_demo.world import CHAT, REQUEST_LOG, LegacyWorld, build_legacy

from notifykit.clock import SystemClock
from notifykit.demo.proof import Proof
from notifykit.demo.proving import Name, name_of
from notifykit.demo.request_log import ACCEPTED, Entry, RequestLog, read_requests
from notifykit.demo.service import Service


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Service]:
    service = Service((), (CHAT,), RequestLog(tmp_path / "old" / REQUEST_LOG), SystemClock())
    with service.running():
        yield service


@pytest.fixture
def world(tmp_path: Path, chat: Service) -> LegacyWorld:
    return build_legacy(tmp_path / "old", chat)


def rows_of(world: LegacyWorld) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(world.folder / "tasks.db")) as connection:
        return connection.execute("SELECT recipient, status, created_at FROM tasks ORDER BY id").fetchall()


def note_all(world: LegacyWorld, *, but: int = 0) -> None:
    """Let everything arrive that did not yet, but for some."""
    there = [entry.text for entry in read_requests(world.request_log)]
    log = RequestLog(world.request_log)
    missing = [
        item
        for item in world.due()
        if not any(
            text.startswith(item.channel) and Entry(robot="", answer="", text=text).tells_of(item.subject)
            for text in there
        )
    ]
    for item in missing[but:]:
        log.note(Entry(robot=CHAT, answer=ACCEPTED, text=f"{item.channel}\n{item.subject}"))


def set_flags(world: LegacyWorld) -> None:
    for office in world.offices:
        office.csv.write_bytes(office.csv.read_bytes().replace(b",N,", b",Y,"))


def proof(world: LegacyWorld, doubts: set[Name] | None = None) -> Proof:
    return prove_legacy(world, doubts or set())


def test_the_three_states_disagree(world: LegacyWorld) -> None:
    beijing, shanghai = world.offices
    assert beijing.csv.read_bytes().count(b",Y,") == 10
    assert len(json.loads(beijing.status.read_text("utf-8"))) == 15
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(shanghai.status.read_text("utf-8"))
    found = rows_of(world)
    assert Counter(status for _, status, _ in found) == Counter(completed=26, pending=12)
    assert found[0][2] < found[5][2] < found[-1][2]
    # One message left, and its row does not say so.
    assert len(read_requests(world.request_log)) == 26 + 1


def test_it_is_the_same_each_time(world: LegacyWorld, tmp_path: Path) -> None:
    service = Service((), (CHAT,), RequestLog(tmp_path / "again" / REQUEST_LOG), SystemClock())
    with service.running():
        again = build_legacy(tmp_path / "again", service)
    for one, other in zip(world.offices, again.offices, strict=True):
        assert one.csv.read_bytes() == other.csv.read_bytes()
        assert one.status.read_bytes() == other.status.read_bytes()
    assert [(task.text, task.age) for task in world.tasks] == [(task.text, task.age) for task in again.tasks]


def test_new_contracts_come_in_order_and_once(world: LegacyWorld) -> None:
    beijing = world.offices[0]
    first, second = beijing.deliver(2), beijing.deliver(1)
    assert beijing.delivered() == [*first, *second]
    due = len(list(beijing.due()))
    beijing.append(first)
    text = beijing.csv.read_bytes().decode("utf-8-sig")
    assert list(csv.DictReader(io.StringIO(text, newline="")))[24:] == first
    assert len(list(beijing.due())) == due


def test_the_old_program_runs_bare(world: LegacyWorld) -> None:
    """Only Beijing: where the JSON is torn it stops, as it always did."""
    config = world.folder / "modules" / "config.py"
    config.write_text(config.read_text("utf-8").replace("PAUSE = 0.3", "PAUSE = 0"), "utf-8")
    done = subprocess.run(
        [sys.executable, "main.py", "--once"], cwd=world.folder, capture_output=True, encoding="utf-8", check=True
    )
    assert "任务出错 sh: Unterminated string" in done.stdout
    assert done.stdout.rstrip().endswith("完成")
    assert {status for _, status, _ in rows_of(world)} == {"completed"}
    found = proof(world)
    assert not found.holds
    # What it does to itself: what was in flight, and what was made but not recorded, goes out twice.
    assert {item for channel in found.channels for item in channel.twice} == {
        "YHWX-BJ-SDHY-2025080014",
        "YHWX-BJ-SDHY-2025080016",
    }
    assert sum(len(channel.never) for channel in found.channels) > 0


# the proof ------------------------------------------------------------------------------------------------


def test_each_once_and_every_flag_holds(world: LegacyWorld) -> None:
    note_all(world)
    set_flags(world)
    found = proof(world)
    assert found.holds
    assert [item.channel for item in found.channels] == [
        "北京签约喜报群",
        "housekeepers",
        "上海签约喜报群",
        "other jobs",
    ]
    assert sum(item.once for item in found.channels) == len(list(world.due()))


def test_the_world_as_it_is_found_is_no_proof(world: LegacyWorld) -> None:
    found = proof(world)
    assert not found.holds
    assert sum(len(item.never) for item in found.channels) == len(list(world.due())) - 27


def test_one_too_many_one_too_few_and_one_to_a_stranger(world: LegacyWorld) -> None:
    note_all(world, but=1)
    set_flags(world)
    assert [len(item.never) for item in proof(world).channels] == [1, 0, 0, 0]
    missing = next(item for item in world.due() if item.subject in proof(world).channels[0].never)
    assert not proof(world).holds
    held = proof(world, {name_of(missing)})
    assert [item.in_doubt for item in held.channels] == [1, 0, 0, 0]
    note_all(world)
    assert proof(world).holds
    log, entry = RequestLog(world.request_log), read_requests(world.request_log)[3]
    log.note(replace(entry, text=entry.text.replace("北京签约喜报群", "上海签约喜报群")))
    assert [item.strange for item in proof(world).channels if item.strange] == [1]
    log.note(entry)
    assert len(proof(world).channels[0].twice) == 1


def test_an_award_to_another_housekeeper_is_strange(world: LegacyWorld) -> None:
    note_all(world)
    set_flags(world)
    due = next(item for item in world.due() if item.message == "award")
    other = next(item.channel for item in world.due() if item.message == "award" and item.channel != due.channel)
    RequestLog(world.request_log).note(Entry(robot=CHAT, answer=ACCEPTED, text=f"{other}\n{due.subject}"))
    (channel,) = [item for item in proof(world).channels if item.channel == "housekeepers"]
    assert (channel.strange, channel.holds) == (1, False)
