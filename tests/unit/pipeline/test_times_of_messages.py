"""Times of messages, from the configuration to the service: over a real store, with a clock that is set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from notifykit.errors import ConfigError
from notifykit.model import Status, Task
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.digests import is_digest
from notifykit.outbox.values import Filter
from notifykit.pipeline.generate import Generated
from notifykit.pipeline.project import Project, open_project
from notifykit.pipeline.rerendering import differences
from notifykit.pipeline.run import Pass, generate_all, settle_all
from notifykit.testing.clock import FakeClock

BERLIN = ZoneInfo("Europe/Berlin")
PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")
CAMPAIGN = """\
timezone: Europe/Berlin
source: {type: csv, path: data/rooms.csv, key: room}
strategy: {type: once}
messages:
  - {name: m, sender: note, recipient: '{{ record["tenant"] }}', template: 'Room {{ record.key }}'
"""


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@dataclass
class World:
    """A project in a folder, and a clock that a test sets."""

    folder: Path
    clock: FakeClock
    outbox: OpenedOutbox
    project: Project

    def rows(self, *rows: str) -> None:
        text = "\n".join(["room,state,tenant,due", *rows, ""])
        (self.folder / "data" / "rooms.csv").write_text(text, encoding="utf-8")

    def set(self, text: str) -> None:
        """Set the clock."""
        self.clock.jump(at(text) - self.clock.now())

    def generate(self) -> Generated:
        made = Pass()
        generate_all(self.project, self.outbox, self.project.campaigns(), made)
        assert not made.failures
        return made.generated[0]

    def dispatch(self) -> int:
        """Send what is due; returns how many messages the service has noted."""
        self.project.dispatcher(self.outbox).run(drain=False)
        sent = self.folder / "sent.jsonl"
        return len(sent.read_text(encoding="utf-8").splitlines()) if sent.exists() else 0

    def pass_(self) -> int:
        """Make one pass."""
        self.generate()
        sent = self.dispatch()
        settle_all(self.project, self.outbox, self.project.campaigns(), Pass())
        return sent

    def tasks(self) -> list[Task]:
        return list(self.outbox.tasks(Filter()))


def project_of(folder: Path, campaign: str, clock: FakeClock) -> Project:
    for name in ("data", "campaigns"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "notifykit.yaml").write_text("senders:\n  note: {type: file, path: sent.jsonl}\n", encoding="utf-8")
    (folder / "campaigns" / "late.yaml").write_text(campaign, encoding="utf-8")
    return open_project(folder / "notifykit.yaml", clock=clock)


@pytest.fixture
def world_of(tmp_path: Path) -> Iterator[object]:
    opened: list[OpenedOutbox] = []

    def make(campaign: str, now: str = "2026-11-30 10:00") -> World:
        clock = FakeClock(at(now))
        project = project_of(tmp_path, campaign, clock)
        opened.append(project.open_outbox())
        world = World(tmp_path, clock, opened[0], project)
        world.rows("1,late,Tenant 1,2026-11-28")
        return world

    yield make
    for outbox in opened:
        outbox.close()


def of_message(more: str) -> str:
    return f"{CAMPAIGN.rstrip()}, {more}}}\n"


def test_the_recipe_reminds_once_a_day_while_late(world_of) -> None:  # type: ignore[no-untyped-def]
    (recipe,) = re.findall(r"^```yaml\n# once a day while it is late\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    world = world_of(recipe, "2026-11-29 07:00")
    world.rows("1,late,Tenant 1,2026-11-28", "2,paid,Tenant 2,2026-11-28")
    assert world.pass_() == 0, "it is before nine"
    world.set("2026-11-29 09:00")
    assert [world.pass_(), world.pass_()] == [1, 1]
    world.set("2026-11-29 23:59")
    assert world.pass_() == 1
    world.set("2026-11-30 09:30")
    assert world.pass_() == 2
    world.set("2026-11-29 12:00")  # the clock is set back
    assert world.pass_() == 2
    world.set("2026-12-01 08:00")
    assert world.pass_() == 2
    world.rows("1,paid,Tenant 1,2026-11-28", "2,late,Tenant 2,2026-11-28")
    world.set("2026-12-02 10:00")  # what waited since yesterday is not sent any more
    assert world.pass_() == 3
    assert [(task.key, task.period, task.status.value) for task in world.tasks()] == [
        ("1", "2026-11-29", "completed"),
        ("1", "2026-11-30", "completed"),
        ("1", "2026-12-01", "cancelled"),
        ("2", "2026-12-02", "completed"),
    ]
    texts = [json.loads(line)["text"] for line in (world.folder / "sent.jsonl").read_text("utf-8").splitlines()]
    assert texts[:2] == ["Room 1: due since 28.11., 1 days", "Room 1: due since 28.11., 2 days"]


def test_a_day_begins_at_midnight_of_the_zone_also_when_the_clock_changes(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(CAMPAIGN.rstrip().replace("{type: once}", "{type: once, every: day}") + "}\n", "2026-10-24 23:59")
    told = []
    for hour in ("2026-10-24 23:59", "2026-10-25 00:00", "2026-10-25 02:30", "2026-10-25 23:59", "2026-10-26 00:00"):
        world.set(hour)
        told.append(world.pass_())
    assert told == [1, 2, 2, 2, 3]


def test_send_at_is_kept(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(of_message("""send_at: '{{ (record["due"] | date) + 3 | days }} 09:30'"""))
    assert world.pass_() == 0
    assert world.tasks()[0].not_before == at("2026-12-01 09:30")
    world.clock.jump(at("2026-12-01 09:29:59") - world.clock.now())
    assert world.pass_() == 0
    world.clock.advance(1)
    assert world.pass_() == 1


def test_send_at_that_is_past_is_at_once(world_of) -> None:  # type: ignore[no-untyped-def]
    assert world_of(of_message("""send_at: '{{ record["due"] }}'""")).pass_() == 1


@pytest.mark.parametrize(("due", "what"), [("", "is no date or time"), ("soon", "is no date or time")])
def test_send_at_that_is_no_time_holds_the_record(world_of, due: str, what: str) -> None:  # type: ignore[no-untyped-def]
    world = world_of(of_message("""send_at: '{{ record["due"] }}'"""))
    world.rows(f"1,late,Tenant 1,{due}", "2,late,Tenant 2,2026-11-28")
    made = world.generate()
    assert (made.queued, [problem.key for problem in made.problems]) == (1, ["1"])
    assert what in made.problems[0].what
    assert "`send_at`" in made.problems[0].what


def test_what_is_queued_in_quiet_hours_waits_for_their_end(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(of_message('quiet_hours: "22:00-08:00"'), "2026-11-30 23:00")
    assert world.pass_() == 0
    assert world.tasks()[0].not_before == at("2026-12-01 08:00")
    world.set("2026-12-01 08:00")
    assert world.pass_() == 1


def test_what_is_stuck_until_the_quiet_hours_waits_for_their_end_and_counts_no_try(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(of_message('quiet_hours: ["22:00-08:00"]'), "2026-11-30 21:59")
    world.rows(*(f"{number},late,Tenant {number % 3},2026-11-28" for number in range(300)))
    assert world.generate().queued == 300
    world.set("2026-11-30 22:00")
    assert world.dispatch() == 0
    assert {(task.status, task.tries, task.not_before) for task in world.tasks()} == {
        (Status.QUEUED, 0, at("2026-12-01 08:00"))
    }
    world.set("2026-12-01 08:00")
    assert world.dispatch() == 300


def test_a_message_says_its_own_quiet_hours_instead_of_the_campaigns(world_of) -> None:  # type: ignore[no-untyped-def]
    campaign = of_message("quiet_hours: []").replace("messages:", 'quiet_hours: "00:00-23:00"\nmessages:')
    assert world_of(campaign).pass_() == 1


def test_a_retry_is_not_made_in_quiet_hours(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(
        of_message('quiet_hours: "22:00-08:00", retry: {first: 30m, cap: 1h, jitter: 0}'), "2026-11-30 21:40"
    )
    (world.folder / "sent.jsonl").mkdir()
    world.generate()
    with closing(world.project.open_outbox()) as outbox:
        world.project.dispatcher(outbox).run(drain=False)
    (task,) = world.tasks()
    assert (task.status, task.tries, task.not_before) == (Status.QUEUED, 1, at("2026-12-01 08:00"))


def test_what_is_too_late_is_cancelled_whoever_meets_it(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(of_message("expires: 2d"))
    world.generate()
    world.clock.advance(2 * 86_400 - 1)
    assert world.dispatch() == 1
    world.rows("2,late,Tenant 2,2026-11-28", "3,late,Tenant 3,2026-11-28")
    world.generate()
    world.clock.advance(2 * 86_400)
    report = world.project.dispatcher(world.outbox).run(drain=False)
    assert dict(report.by_status) == {Status.CANCELLED: 2}
    assert [(task.status.value, task.reason and task.reason.code) for task in world.tasks()] == [
        ("sent", None),
        ("cancelled", "expired"),
        ("cancelled", "expired"),
    ]


def test_a_pass_cancels_what_is_too_late_where_nothing_is_dispatched(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(of_message("expires: 2d"))
    world.generate()
    world.clock.advance(3 * 86_400)
    world.generate()
    assert [task.status for task in world.tasks()] == [Status.CANCELLED]


def test_it_expires_from_when_it_was_to_be_sent(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(of_message("""expires: 1d, send_at: '{{ record["due"] }} 12:00'"""), "2026-11-20 10:00")
    world.generate()
    assert world.tasks()[0].expires_at == at("2026-11-29 12:00")


def test_what_waits_and_differs_from_day_to_day_is_not_said_to_differ(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(of_message("send_at: '{{ now + 30 | days }}'").replace("Room", "{{ today }} {{ now }} Room"))
    world.generate()
    world.clock.advance(86_400)
    assert world.generate().differing == ()
    assert differences(world.project.campaigns()[0], world.outbox) == []


def test_each_period_that_waits_is_compared_by_itself(world_of) -> None:  # type: ignore[no-untyped-def]
    campaign = of_message("send_at: '{{ now + 30 | days }}'").replace("{type: once}", "{type: once, every: day}")
    world = world_of(campaign)
    world.generate()
    world.clock.advance(86_400)
    world.generate()
    assert world.generate().differing == ()
    world.project = project_of(world.folder, campaign.replace("Room", "Flat"), world.clock)
    (renamed,) = world.project.campaigns()
    world.project.start(renamed)
    found = differences(renamed, world.outbox)
    assert [[task.period for task in one.tasks] for one in found] == [["2026-11-30"], ["2026-12-01"]]
    assert all(one.kept is None for one in found)


def test_a_pass_over_what_waits_renders_no_record_of_the_same_period_again(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(
        of_message('not_before: "09:00"').replace("{type: once}", "{type: once, every: day}"), "2026-11-30 01:00"
    )
    assert [world.generate().queued, world.generate().duplicates] == [1, 1]
    world.set("2026-12-01 01:00")
    made = world.generate()
    assert (made.queued, made.duplicates) == (1, 0)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("expires: soon", "must be a duration"),
        ("expires: 0", "greater than 0"),
        ('quiet_hours: "22-8"', 'is no span of hours such as "22:00-08:00"'),
        ('quiet_hours: "00:00-24:00"', "leave no time of the day"),
        ('not_before: "9 o\'clock"', 'is no time of the day such as "09:00"'),
        ("send_at: '{{ tomorow }}'", 'there is nothing called "tomorow"'),
    ],
)
def test_times_that_will_not_do_are_told_with_their_place(tmp_path: Path, more: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        project_of(tmp_path, of_message(more), FakeClock())
    assert what in str(caught.value)
    assert "late.yaml:5: messages[0]" in str(caught.value)


@pytest.mark.parametrize(
    ("was", "now", "what"),
    [
        ("Europe/Berlin", "Europe/Bonn", 'late.yaml:1: timezone: there is no time zone "Europe/Bonn"'),
        ("{type: once}", "{type: once, every: often}", "late.yaml:3: strategy.every: must be one of hour, day"),
        ("{type: once}", '{type: once, every: "{{ nwo }}"}', 'there is nothing called "nwo"; did you mean "now"?'),
    ],
)
def test_a_zone_and_a_period_that_will_not_do(tmp_path: Path, was: str, now: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        project_of(tmp_path, (CAMPAIGN.rstrip() + "}\n").replace(was, now), FakeClock())
    assert what in str(caught.value)


def test_a_period_that_no_store_keeps_holds_the_record(world_of) -> None:  # type: ignore[no-untyped-def]
    campaign = CAMPAIGN.rstrip().replace("{type: once}", """{type: once, every: '{{ record["tenant"] }}'}""") + "}\n"
    world = world_of(campaign)
    world.rows("1,late,a@b,x", f"2,late,{'x' * 101},x", "3,late,May,x", "4,late,,x")
    made = world.generate()
    assert sorted(problem.key or "" for problem in made.problems) == ["1", "2", "4"]
    assert [task.period for task in world.tasks()] == ["May"]


def test_the_zone_of_the_project_is_that_of_campaigns_without_one(tmp_path: Path) -> None:
    project_of(tmp_path, CAMPAIGN.rstrip().replace("timezone: Europe/Berlin\n", "") + "}\n", FakeClock())
    file = tmp_path / "notifykit.yaml"
    file.write_text(f"timezone: Asia/Tokyo\n{file.read_text('utf-8')}", encoding="utf-8")
    assert open_project(file).campaigns()[0].time.zone == ZoneInfo("Asia/Tokyo")


def test_a_digest_gathers_on_in_quiet_hours_and_is_one_call_at_their_end(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(of_message('quiet_hours: "22:00-08:00", batch: {every: 1h, max: 60}'), "2026-11-30 21:30")
    world.rows(*(f"{number},late,Tenant,2026-11-28" for number in range(10, 40)))
    assert world.generate().queued == 30
    world.set("2026-11-30 22:30")
    assert world.dispatch() == 0
    world.rows(*(f"{number},late,Tenant,2026-11-28" for number in range(10, 60)))
    assert world.generate().queued == 20
    assert world.dispatch() == 0
    world.set("2026-12-01 08:00")
    assert world.pass_() == 1
    sent = json.loads((world.folder / "sent.jsonl").read_text(encoding="utf-8"))
    assert sent["text"].count("Room") == 50
    assert [task.status for task in world.tasks() if not is_digest(task.campaign)] == [Status.COMPLETED] * 50


def test_a_digest_of_which_all_is_too_late_is_not_sent(world_of) -> None:  # type: ignore[no-untyped-def]
    world = world_of(of_message("expires: 2h, batch: {every: 1h}"))
    world.rows(*(f"{number},late,Tenant {number % 2},2026-11-28" for number in range(4)))
    world.generate()
    world.clock.advance(3 * 3_600)
    assert world.dispatch() == 0
    assert [(task.status, task.reason and task.reason.code) for task in world.tasks()] == [
        *[(Status.CANCELLED, "expired")] * 4,
        *[(Status.CANCELLED, "digest_empty")] * 2,
    ]
