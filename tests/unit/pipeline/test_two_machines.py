"""Two machines of other zones and with clocks that differ: a message once in a period, and never in quiet hours."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifykit.outbox.values import Filter
from notifykit.pipeline.project import open_project
from notifykit.pipeline.run import Pass, generate_all, settle_all
from notifykit.testing.clock import FakeClock

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has no zones to choose")

PROJECT = "store: outbox.db\nsenders:\n  note: {type: file, path: sent.jsonl}\n"
CAMPAIGN = """\
{zone}
source: {{type: csv, path: rooms.csv, key: room}}
strategy: {{type: once, every: day}}
quiet_hours: ["23:30-00:15"]
messages:
  - name: m
    sender: note
    recipient: '{{{{ record["tenant"] }}}}'
    template: '{{{{ now | strftime("%Y-%m-%d") }}}} {{{{ record.key }}}}'
    send_at: '{{{{ today }}}} 02:30'
"""
CHANGES = {
    "Europe/Berlin": ("2026-03-29 02:00", "2026-10-25 02:00"),
    "America/Santiago": ("2026-04-04 23:30", "2026-09-06 00:30"),  # at midnight, in both directions
    "America/Havana": ("2026-03-08 00:30", "2026-11-01 00:30"),
    "Australia/Lord_Howe": ("2026-04-05 02:00", "2026-10-04 02:00"),  # half an hour
    "Pacific/Apia": ("2011-12-29 23:00", "2011-12-31 00:30"),  # a day that never was
    "Asia/Kathmandu": ("2026-06-01 00:00",),
}
MACHINES = ("Pacific/Kiritimati", "Etc/GMT+12", "America/New_York")


@contextmanager
def living_in(zone: str) -> Iterator[None]:
    """Have the process be in a zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    getattr(time, "tzset")()  # noqa: B009 - not on Windows
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        getattr(time, "tzset")()  # noqa: B009 - not on Windows


def sent(folder: Path) -> list[dict[str, str]]:
    file = folder / "sent.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, float]:
    """A zone, and a moment near a change of its clocks, or near midnight."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    text = draw(st.sampled_from(CHANGES[zone]))
    return zone, datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() - 3 * 3600


@pytest.mark.long
@settings(max_examples=25)
@given(
    where=moments(),
    told=st.booleans(),
    homes=st.tuples(st.sampled_from(MACHINES), st.sampled_from(MACHINES)),
    ahead=st.tuples(st.integers(-4000, 4000), st.integers(-4000, 4000)),
    passes=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([60, 1700, 3600, 7200, 80_000])), min_size=3, max_size=8
    ),
)
def test_a_message_once_in_a_period_and_none_in_quiet_hours(
    where: tuple[str, float],
    told: bool,
    homes: tuple[str, str],
    ahead: tuple[int, int],
    passes: list[tuple[int, int]],
) -> None:
    zone, moment = where
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "campaigns").mkdir()
        (folder / "notifykit.yaml").write_text(PROJECT, encoding="utf-8")
        campaign = CAMPAIGN.format(zone=f"timezone: {zone}" if told else "enabled: true")
        (folder / "campaigns" / "c.yaml").write_text(campaign, encoding="utf-8")
        (folder / "rooms.csv").write_text("room,tenant\n1,Tenant 1\n", encoding="utf-8")
        clocks = [FakeClock(moment + seconds) for seconds in ahead]
        for machine, seconds in passes:
            for clock in clocks:
                clock.advance(seconds)
            with living_in(homes[machine]):
                pass_of(folder, clocks[machine], ZoneInfo(zone if told else homes[machine]), told=told)


def pass_of(folder: Path, clock: FakeClock, zone: ZoneInfo, *, told: bool) -> None:
    """Make one pass, as a machine does that is started for it. `zone`: of the campaign; `told`: its file says it."""
    project = open_project(folder / "notifykit.yaml", clock=clock)
    before = len(sent(folder))
    with closing(project.open_outbox()) as outbox:
        made = Pass()
        last = max((task.period for task in outbox.tasks(Filter())), default="")
        generate_all(project, outbox, project.campaigns(), made)
        assert not made.failures
        project.dispatcher(outbox).run(drain=False)
        settle_all(project, outbox, project.campaigns(), Pass())
        tasks = list(outbox.tasks(Filter()))
    project.close()
    here = datetime.fromtimestamp(clock.now(), zone)
    periods = [task.period for task in tasks]
    assert periods == sorted(set(periods)), "each once, and none goes back"
    assert periods[-1] == max(last, here.date().isoformat())
    assert [task.text.split()[0] for task in tasks] == periods
    keys = [one["idempotency_key"] for one in sent(folder)]
    assert len(set(keys)) == len(keys), "none is sent twice"
    for key in keys[before:]:
        quiet = f"{here:%H:%M}" >= "23:30" or f"{here:%H:%M}" < "00:15"
        assert here.fold or not quiet, here
        wanted = datetime.fromisoformat(f"{key.partition('@')[2]} 02:30").replace(tzinfo=zone).timestamp()
        assert not told or clock.now() >= wanted, here
