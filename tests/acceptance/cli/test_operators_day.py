"""A day of the person on duty: a service runs, and everything that such a day brings is met by commands alone."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli_world import CliWorld, contract
from counting_server import CountingServer
from processes import wait_until

PROJECT = """
store: state/notifykit.db
campaigns: campaigns/*.yaml
run: {interval: 1s}
dispatch: {workers: 2, lease: 5, timeout: 5}
senders:
  group: {type: webhook, url: {env: GROUP}}
  duty: {type: file, path: out/duty.jsonl}
alerts:
  channel: duty
  recipient: duty
  quiet: 1
  every: 1
  conditions: {away: {over: 0}, in_doubt: {}}
"""

CAMPAIGN = """
source: {type: contract_csv, path: data/bj.csv, key: 合同ID(_id)}
strategy: {type: contract}
messages:
  - {name: group, recipient: 喜报群, sender: group, template: '签约 {{ record["合同ID(_id)"] }} 恭喜恭喜'}
"""


@pytest.fixture
def service() -> Iterator[CountingServer]:
    with CountingServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Day:
    """The world, the service that it sends to, and what the person on duty sees of them."""

    def __init__(self, world: CliWorld, service: CountingServer) -> None:
        self.world = world
        self.service = service
        self._rows = [[contract(number), "测试管家", "0", "N", ""] for number in (1, 2)]
        self.world.write_rows(self._rows)

    def sign(self, number: int) -> None:
        """One more contract comes, as the program appends it that exports them."""
        with self.world.csv.open("a", encoding="utf-8", newline="") as file:
            file.write(f"{contract(number)},测试管家,0,N,\r\n")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have the service run; it ends well at the end of the block."""
        log = (self.world.folder / "run.log").open("a", encoding="utf-8")
        with (
            log,
            subprocess.Popen([*self.world.command, "run"], env=self.world.in_process, stdout=log, stderr=log) as run,
        ):
            try:
                yield
                run.send_signal(signal.SIGTERM)
                assert run.wait(30) == 0
            finally:
                run.kill()

    @property
    def arrived(self) -> list[str]:
        """The texts that the service accepted."""
        return [str(body["text"]) for body in self.service.bodies]

    @property
    def alerts(self) -> list[str]:
        """What was told to the person on duty."""
        path = self.world.folder / "out" / "duty.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [line for told in lines for line in json.loads(told)["text"].splitlines()[1:]]

    def told(self, pattern: str) -> bool:
        """Whether any alert reads so."""
        return any(re.search(pattern, line) for line in self.alerts)

    def health(self) -> int:
        """Return what a monitor gets."""
        return self.world.run("health").returncode

    def task(self, number: int) -> dict[str, Any]:
        """Return the message of a contract."""
        (found,) = self.world.json("tasks", "--key", contract(number))["tasks"]
        return dict(found)


@pytest.fixture
def day(tmp_path: Path, service: CountingServer) -> Day:
    world = CliWorld(tmp_path / "world", environment={"GROUP": service.url})
    world.project.write_text(PROJECT, encoding="utf-8")
    world.write_campaign("beijing", CAMPAIGN)
    return Day(world, service)


@pytest.mark.long
def test_a_day_on_duty(day: Day, tmp_path: Path) -> None:
    world, service = day.world, day.service

    with day.running():
        # A pass: what was signed is told, and then flagged.
        wait_until(lambda: world.flags() == ["Y", "Y"])
        assert len(day.arrived) == 2
        assert day.health() == 0

        # An outage: the service asks to wait. An alert begins; when the service takes messages again, it ends.
        service.before = lambda _body: 429
        day.sign(3)
        wait_until(lambda: day.told("away/group began"))
        service.before = lambda _body: None
        wait_until(lambda: world.flags() == ["Y"] * 3)
        wait_until(lambda: day.told("away/group is over"))
        assert len([line for line in day.alerts if line.startswith("away")]) == 2

        # A doubt: nobody knows whether it was taken. It is told, and nothing is sent again by itself.
        service.before = lambda _body: 500
        day.sign(4)
        wait_until(lambda: day.told("in_doubt began"))
        service.before = lambda _body: None
        assert (day.task(4)["status"], day.health()) == ("in_doubt", 3)
        assert world.flags() == ["Y", "Y", "Y", "N"]

        # A decision, and its undo: it was taken for sent, and is not in the group.
        id_ = str(day.task(4)["id"])
        seen = world.run("resolve", id_, "--sent", "--dry-run")
        assert (seen.returncode, contract(4) in seen.stdout) == (0, True)
        assert day.task(4)["status"] == "in_doubt"

    # With the service stopped nothing is flagged between the decision and its undo.
    assert world.run("resolve", id_, "--sent", "--why", "it must be there").returncode == 0
    assert day.task(4)["status"] == "sent"
    assert world.run("undo", "--why", "it is not in the group", "--yes").returncode == 0
    assert day.task(4)["status"] == "in_doubt"
    assert world.run("resolve", id_, "--resend", "--why", "it is not in the group").returncode == 0

    # A typo, found after the message was queued, is mended in place.
    day.sign(5)
    world.run("generate")
    world.edit("campaigns/beijing.yaml", "恭喜恭喜", "恭喜")
    shown = world.run("rerender", "--dry-run")
    assert "恭喜恭喜" in shown.stdout
    assert world.run("rerender", "--why", "a typo", "--yes").returncode == 0
    assert day.task(5)["text"].endswith(" 恭喜")

    with day.running():
        wait_until(lambda: world.flags() == ["Y"] * 5)
        wait_until(lambda: day.told("in_doubt is over"))
        assert day.health() == 0
        assert sorted(text.split()[1] for text in day.arrived) == [contract(number) for number in range(1, 6)]

        # A reload: the next messages have the new words, without a restart.
        world.edit("campaigns/beijing.yaml", "恭喜'", "恭喜发财'")
        wait_until(lambda: "reading the configuration anew" in (world.folder / "run.log").read_text(encoding="utf-8"))
        day.sign(6)
        wait_until(lambda: any(text.endswith("恭喜发财") for text in day.arrived))
        wait_until(lambda: world.flags() == ["Y"] * 6)

        # A backup beside the running service, and a prune: what left the outbox is not queued again.
        backup = tmp_path / "backup.db"
        assert world.run("store", "backup", str(backup)).returncode == 0
        pruned = world.run("store", "prune", "--keep", "1s", "--json")
        assert pruned.returncode == 0, pruned.stderr
    assert world.json("generate")["campaigns"][0]["queued"] == 0
    assert world.run("store", "check").returncode == 0

    # The backup, restored elsewhere, knows all that was sent.
    elsewhere = world.at(tmp_path / "elsewhere")
    shutil.copytree(world.folder, elsewhere.folder, ignore=shutil.ignore_patterns("notifykit.db*", "*archive*"))
    shutil.copyfile(backup, elsewhere.store)
    restored = elsewhere.run("run", "--once")
    assert restored.returncode == 0, restored.stderr
    assert len(day.arrived) == 6
    assert elsewhere.run("store", "check").returncode == 0
