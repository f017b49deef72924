"""How the technicians' notifications are known to fail: 30 changes, two messages each, and a status file that
another program still reads. Each test ends with the same demand: 0 lost, 0 doubled, 0 wedged, every key in the file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract_world import ContractWorld
from counting_server import CountingServer, counting_server
from killing import STRACE, kill_points, run_and_kill
from notifykit_technician.status_file import StatusFile
from ports import nobodys_port

from notifykit.model import Status
from notifykit.outbox.values import Filter

CHANGES, CONTRACTS = 30, 4
OLD = {"5999": "通知成功", "6000": "别的程序写的"}
"""What the legacy program wrote before. Whatever stands under a key blocks it."""

TECHNICIANS = """
name: technicians
source:
  type: json_file
  path: changes.json
  columns: [id, time, technician, company, _, content]
strategy: {type: legacy_status, status_file: technician_status_record.json}
retry: {attempts: 50, first: 0.05, factor: 1, jitter: 0}
messages:
  - name: person
    recipient: '{{ record["company"] }}'
    template: '{{ record["technician"] }} {{ record["content"][0] }}'
    sender: service
  - name: webhook
    recipient: 值班板
    template: '{{ record["technician"] }} {{ record["content"][0] }}'
    sender: service
"""


class TechnicianWorld(ContractWorld):
    """A contract campaign, and beside it in the same project one of technicians."""

    def __post_init__(self) -> None:
        super().__post_init__()
        (self.folder / "campaigns" / "technicians.yaml").write_text(TECHNICIANS, encoding="utf-8")
        rows = [
            [
                number,
                "2025-08-21T09:30:00.000+0800",
                f"测试管家{number}",
                f"测试服务商{number % 7}",
                None,
                ["上线", "防水"],
            ]
            for number in range(5999, 6001 + CHANGES)
        ]
        (self.folder / "changes.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        self.status_file.write_text(json.dumps(OLD, indent=4, ensure_ascii=False), encoding="utf-8")

    @property
    def status_file(self) -> Path:
        return self.folder / "technician_status_record.json"

    @property
    def changes(self) -> list[str]:
        return [str(number) for number in range(6001, 6001 + CHANGES)]

    @property
    def contracts_due(self) -> set[str]:
        return super().due

    @property
    def due(self) -> set[str]:
        return super().due | {f"technicians/{key}/{name}/1" for key in self.changes for name in ("person", "webhook")}

    def problems(self, accepted: Any) -> list[str]:
        """What is wrong at rest, the status file's bytes included."""
        status = OLD | dict.fromkeys(self.changes, "通知成功")
        found = super().problems(accepted)
        if self.status_file.read_bytes() != json.dumps(status, indent=4, ensure_ascii=False).encode():
            found.append(f"the status file is {self.status_file.read_text(encoding='utf-8')}")
        left = sorted(path.name for path in self.folder.glob("*.new"))
        return found + [f"{name} is left over" for name in left]


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with counting_server() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, server: CountingServer) -> TechnicianWorld:
    return TechnicianWorld(tmp_path / "world", server.url, count=CONTRACTS)


def run(world: TechnicianWorld, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        world.command(*words), env=world.environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_usual_day(world: TechnicianWorld, server: CountingServer) -> None:
    for _ in range(2):
        assert run(world, "run", "--once").returncode == 0
    assert world.problems(server.accepted) == []
    assert sum(server.accepted.values()) == 2 * CHANGES + len(world.contracts_due)


@pytest.mark.long
def test_sends_that_are_refused_for_a_while(world: TechnicianWorld, server: CountingServer) -> None:
    """The literal plan lost 30 of 30: what failed was never tried again."""
    refusals = iter([429] * 100)
    server.before = lambda _body: next(refusals, None)
    world.run_until_quiet()
    assert next(refusals, None) is None
    assert world.problems(server.accepted) == []


def test_a_service_that_does_not_even_listen(world: TechnicianWorld) -> None:
    down = {**world.environment, "TEST_SERVICE_URL": f"http://127.0.0.1:{nobodys_port()}/messages"}
    for _ in range(2):
        done = subprocess.run(
            world.command("run", "--once"), env=down, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode in (0, 3), done.stderr
        assert "Traceback" not in done.stderr
    with counting_server() as back:
        os.environ["TEST_SERVICE_URL"] = back.url
        world.run_until_quiet()
        assert world.problems(back.accepted) == []


@pytest.mark.long
@pytest.mark.parametrize("before_the_first_pass", [True, False])
def test_a_torn_status_file(world: TechnicianWorld, server: CountingServer, before_the_first_pass: bool) -> None:
    """The legacy program is wedged for ever; deleting the file made 75 to 129 duplicates."""
    if not before_the_first_pass:
        server.before = lambda body: 404 if body["idempotency_key"].startswith("technicians/6005/") else None
        assert run(world, "run", "--once").returncode == 3
        server.before = lambda _body: None
    whole = world.status_file.read_bytes()
    torn = whole[: len(whole) // 2]
    world.status_file.write_bytes(torn)
    world.append(3)
    for code in (1, 0):  # the second time it is known already
        done = run(world, "run", "--once")
        assert done.returncode == code, done
        said = done.stdout + done.stderr
        assert "technician_status_record.json:" in said
        assert "not valid JSON" in said or "not UTF-8" in said
        assert "Traceback" not in said
    assert world.status_file.read_bytes() == torn, "a person mends it, not we"
    contracts = {key: times for key, times in server.accepted.items() if key.startswith("contracts/")}
    assert contracts == dict.fromkeys(world.contracts_due, 1), "the campaign beside it runs"
    assert set(world.flags().values()) == {"Y"}
    assert before_the_first_pass == (not any(key.startswith("technicians/") for key in server.accepted))
    world.status_file.write_bytes(whole)
    project = world.opened()
    outbox = project.open_outbox()
    failed = [task.id for task in outbox.tasks(Filter(statuses=(Status.FAILED,)))]
    outbox.decide(failed, Status.QUEUED, who="test", why="mended", of=[Status.FAILED])
    outbox.close()
    world.run_until_quiet()
    assert world.problems(server.accepted) == []


def the_next_write_takes_away_what_was_replaced(status_file: Path) -> None:
    """A process that is killed just after two names were exchanged leaves the file that was replaced."""
    before = status_file.read_bytes()
    StatusFile(status_file).record(["7000"], "通知成功", overwrite=False)
    assert list(status_file.parent.glob("*.new")) == []
    status_file.write_bytes(before)


RENAMING = {"rename", "renameat2"}
"""The second exchanges two names, where the file system can."""


@pytest.mark.long
@pytest.mark.crash
@pytest.mark.skipif(STRACE is None and not os.environ.get("CI"), reason="strace is missing (a failure in CI)")
def test_killed_between_the_outbox_and_the_status_file(
    tmp_path: Path, world: TechnicianWorld, server: CountingServer
) -> None:
    """The outbox has the messages, the file has not yet their keys: the next pass adds the keys, and no message."""
    shutil.copytree(world.folder, tmp_path / "before")
    command = world.command("generate", "technicians")
    points = kill_points(command, world.environment, tmp_path / "calls.log")
    chosen = [point for point in points if point.call in (*RENAMING, "fsync") or "status_record" in str(point)]
    assert {point.call for point in chosen} & RENAMING
    assert {point.call for point in chosen} >= {"fsync", "openat"}
    between = 0
    for point in chosen:
        shutil.rmtree(world.folder)
        shutil.copytree(tmp_path / "before", world.folder)
        server.accepted.clear()
        assert run_and_kill(command, world.environment, point), f"{point} was not reached"
        status = json.loads(world.status_file.read_bytes())
        assert status in (OLD, OLD | dict.fromkeys(world.changes, "通知成功")), f"{point}: half a file"
        between += status == OLD
        world.recover(server)
        if status != OLD:
            the_next_write_takes_away_what_was_replaced(world.status_file)
        assert [f"{point}: {problem}" for problem in world.problems(server.accepted)] == []
    assert between, "no kill fell between the two"
