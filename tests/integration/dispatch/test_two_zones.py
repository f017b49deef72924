"""Real processes in other zones, with clocks that differ: each record is told once a day of the campaign's zone."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from contract_world import ContractWorld
from counting_server import counting_server

from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.outbox.values import Filter

CAMPAIGN = """
name: {name}
{zone}
shares_data_with: [there, here]
source: {{type: csv, path: contracts.csv, key: 合同ID(_id)}}
strategy: {{type: once, every: day}}
messages:
  - {{name: m, sender: service, recipient: r, template: '{{{{ record.key }}}}'}}
"""

CLOCK = """
import os, time
_now, _now_ns = time.time, time.time_ns
_ahead = float(os.environ["AHEAD"])
time.time = lambda: _now() + _ahead
time.time_ns = lambda: _now_ns() + int(_ahead * 10**9)
"""
"""A process whose clock is ahead, or behind."""

HOMES = (("Pacific/Kiritimati", 30.0), ("Etc/GMT+12", -30.0))
"""Zones of machines, and by how much their clocks are ahead, in seconds."""


@pytest.mark.long
@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has no zones to choose")
@pytest.mark.parametrize(
    ("moments", "days"),
    [
        # 24:00 is 23:00 once more: the day ends an hour later
        (["2026-04-05T02:59:50", "2026-04-05T03:59:50"], ["2026-04-04", "2026-04-05"]),
        # 24:00 is 01:00
        (["2026-09-06T03:58:00", "2026-09-06T03:59:50"], ["2026-09-05", "2026-09-06"]),
    ],
)
def test_each_record_is_told_once_a_day(tmp_path: Path, moments: list[str], days: list[str]) -> None:
    (tmp_path / "at_start").mkdir()
    (tmp_path / "at_start" / "sitecustomize.py").write_text(CLOCK, encoding="utf-8")
    with counting_server() as server:
        there = CAMPAIGN.format(name="there", zone="timezone: America/Santiago")
        world = ContractWorld(tmp_path / "world", server.url, count=2, campaign=there)
        here = CAMPAIGN.format(name="here", zone="")
        (world.folder / "campaigns" / "here.yaml").write_text(here, encoding="utf-8")
        for moment in moments:
            ahead = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() - datetime.now(UTC).timestamp()
            machines = [
                subprocess.Popen(
                    world.command("run", "--once"),
                    env={
                        **world.environment,
                        "TZ": zone,
                        "AHEAD": str(ahead + more),
                        "PYTHONPATH": os.pathsep.join([str(tmp_path / "at_start"), os.environ.get("PYTHONPATH", "")]),
                    },
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
                for zone, more in HOMES
            ]
            for machine in machines:
                _, said = machine.communicate(timeout=60)
                assert machine.returncode == 0, said.decode()
        with SqliteOutbox.look(world.folder / "state" / "outbox.db") as outbox:
            tasks = list(outbox.tasks(Filter()))
    told = Counter((task.campaign, task.period) for task in tasks)
    assert [told["there", day] for day in days] == [world.count] * len(days)
    assert {day for campaign, day in told if campaign == "there"} == set(days)
    for campaign in ("there", "here"):
        for key in {task.key for task in tasks}:
            its = [task.period for task in tasks if (task.campaign, task.key) == (campaign, key)]
            assert its == sorted(set(its)), "none goes back"
    assert server.accepted == Counter({task.idempotency_key: 1 for task in tasks})
