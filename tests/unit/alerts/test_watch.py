"""Alerts as they reach people: through senders, once when something begins and once when it is over."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import sample_outage
from cli_world import BROKEN, BUSY, DOUBTFUL, FINE, REFUSED, CliWorld

from notifykit.alerts.messages import own_campaign
from notifykit.alerts.state import keep_state, states
from notifykit.alerts.watch import Watch
from notifykit.model import FOREVER, OnUnknown, Status
from notifykit.outbox.values import ALERTS_CAMPAIGN, ChannelBounds, Filter, OutageKind
from notifykit.pipeline.project import open_project
from notifykit.testing.outbox.steps import accept, take
from notifykit.testing.samples import draft
from notifykit.wording import Reason

MakeWorld = Callable[[Sequence[str]], CliWorld]

SENDERS = """senders:
  duty: {type: file, path: out/duty.jsonl}
  head: {type: file, path: out/head.jsonl}
"""

ALERTS = """alerts:
  channel: duty
  recipient: duty@example.com
  second: {channel: head, recipient: head@example.com}
  quiet: 0
  conditions:
    in_doubt: {}
    letters: {when: dead_letters}
    paused: {}
    failing: {}
"""


def watched(world: CliWorld, alerts: str = ALERTS) -> CliWorld:
    world.edit("notifykit.yaml", "senders:\n", alerts + SENDERS)
    return world


def texts(world: CliWorld, name: str = "duty") -> list[str]:
    file = world.folder / "out" / f"{name}.jsonl"
    return [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def lines(world: CliWorld, name: str = "duty") -> list[str]:
    return [line for text in texts(world, name) for line in text.split("\n")[1:]]


def test_one_message_when_it_begins_and_one_when_it_is_over(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, REFUSED)))
    for _ in range(3):
        assert world.invoke("run", "--once").exit_code in (0, 3)
    assert [text.split("\n")[1:] for text in texts(world)] == [
        ["in_doubt began: 1 in doubt", "letters began: 1 failed"]
    ]
    assert texts(world)[0].startswith("notifykit alert: world at ")
    world.invoke("resolve", "--status", "in_doubt", "--sent", "--yes", "--why", "seen")
    world.invoke("run", "--once")
    world.invoke("run", "--once")
    assert len(texts(world)) == 2
    assert lines(world)[2].startswith("in_doubt is over after ")
    assert texts(world, "head") == []


def test_they_count_in_no_figures_and_are_told_apart(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, FINE)))
    told = world.json("run", "--once", code=3)
    assert told["dispatched"]["sent"] == 2  # a message to the group and an award
    assert [one["alert"] for one in told["alerts"]] == ["in_doubt"]
    assert [item["campaign"] for item in world.json("status")["campaigns"]] == ["beijing"]
    (own,) = world.json("tasks", "--campaign", ALERTS_CAMPAIGN)["tasks"]
    assert (own["status"], own["recipient"], own["channel"]) == ("completed", "duty@example.com", "duty")
    assert own["metadata"]["alerts"] == ["in_doubt"]


def test_what_is_about_its_own_channel_goes_to_the_second_and_so_does_its_end(make_world: MakeWorld) -> None:
    world = make_world((BROKEN, FINE))
    world.edit("notifykit.yaml", "senders:\n", ALERTS.replace("channel: duty", "channel: beijing-group") + SENDERS)
    world.invoke("run", "--once")
    assert lines(world, "head") == ["paused/beijing-group began: channel beijing-group is paused (93000 bad key)"]
    desk = next(world.folder.glob("desk_*.py"))
    desk.write_text("def send(recipient, text):\n    return True\n", encoding="utf-8")
    world.invoke("resume", "beijing-group")
    assert world.run("run", "--once").returncode == 0
    assert lines(world, "head")[1].startswith("paused/beijing-group is over after ")
    with world.outbox() as outbox:
        assert {task.channel for task in outbox.tasks(Filter(campaign=ALERTS_CAMPAIGN))} == {"head"}


def test_what_was_told_to_the_second_is_over_for_the_second(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, FINE)))
    world.invoke("generate")
    with world.outbox() as outbox:
        outbox.pause("duty", 3600, Reason("asked to wait"))
    world.invoke("run", "--once")
    world.invoke("resume", "duty")
    world.invoke("resolve", "--status", "in_doubt", "--sent", "--yes", "--why", "seen")
    world.invoke("run", "--once")
    assert texts(world) == []
    assert [line.split()[1] for line in lines(world, "head")] == ["began:", "is"]


def test_what_does_not_arrive_goes_to_the_second_too_and_once(make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL, FINE))
    alerts = ALERTS.replace("channel: duty", "channel: beijing-group").replace("duty@", f"{REFUSED}@")
    world.edit("notifykit.yaml", "senders:\n", alerts + SENDERS)
    desk = next(world.folder.glob("desk_*.py"))
    desk.write_text(desk.read_text(encoding="utf-8").replace("in text", "in recipient + text"), encoding="utf-8")
    for _ in range(3):
        world.invoke("run", "--once")
    assert lines(world, "head") == ["in_doubt began: 1 in doubt"]
    first, second = world.json("tasks", "--campaign", ALERTS_CAMPAIGN)["tasks"]
    assert (first["status"], second["status"]) == ("failed", "completed")
    health = world.json("health", code=3)
    assert [one["alert"] for one in health["conditions"]] == ["in_doubt"]  # not of the alert that failed


def test_what_is_still_tried_goes_to_the_second_too(make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL, FINE))
    alerts = ALERTS.replace("channel: duty", "channel: beijing-group").replace("duty@", f"{BUSY}@")
    world.edit("notifykit.yaml", "senders:\n", alerts + SENDERS)
    desk = next(world.folder.glob("desk_*.py"))
    desk.write_text(desk.read_text(encoding="utf-8").replace("in text", "in recipient + text"), encoding="utf-8")
    world.invoke("run", "--once")
    assert lines(world, "head") == []
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute("UPDATE tasks SET tries = 2 WHERE campaign = ?", (ALERTS_CAMPAIGN,))
    for _ in range(2):
        world.invoke("run", "--once")
    assert lines(world, "head") == ["in_doubt began: 1 in doubt"]
    (first, _second) = world.json("tasks", "--campaign", ALERTS_CAMPAIGN)["tasks"]
    assert first["status"] == "queued"


def test_a_channel_with_one_message_that_cannot_be_reached_is_passed_over(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, FINE)))
    world.invoke("generate")
    with world.outbox() as outbox:
        outage = replace(sample_outage.OUTAGE, channel="duty", since=outbox.now() - 9, failures=2, several=False)
        outbox.set_outage(outage)
        assert not outage.paused
    world.invoke("run", "--once")
    assert texts(world) == []
    assert lines(world, "head") == ["in_doubt began: 1 in doubt"]


def test_a_channel_that_is_paused_for_a_time_sends_them_to_the_second(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, FINE)))
    world.invoke("generate")
    with world.outbox() as outbox:
        outbox.pause("duty", 3600, Reason("asked to wait"))
    world.invoke("run", "--once")
    assert (texts(world), lines(world, "head")) == ([], ["in_doubt began: 1 in doubt"])


def test_a_silence_keeps_quiet_for_its_time(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, FINE)))
    world.invoke("generate")
    result = world.invoke("alerts", "silence", "in_doubt", "--for", "1h", "--why", "known")
    assert result.exit_code == 0, result.output
    world.invoke("run", "--once")
    assert texts(world) == []
    assert world.invoke("health").exit_code == 0
    assert world.invoke("alerts", "unsilence", "in_doubt").stdout == "in_doubt is told again\n"
    world.invoke("run", "--once")
    assert lines(world) == ["in_doubt began: 1 in doubt"]
    assert world.invoke("health").exit_code == 3


def test_a_campaign_that_cannot_go_on_is_told_and_its_recovery_too(world: CliWorld) -> None:
    watched(world)
    good = world.csv.read_bytes()
    world.csv.write_text("other\n1\n", encoding="utf-8")
    assert world.invoke("run", "--once").exit_code == 1
    assert world.invoke("health").stdout.startswith("a person is needed: campaign beijing cannot go on: ")
    world.csv.write_bytes(good)
    world.invoke("run", "--once")
    began, over = lines(world)
    assert began.startswith("failing/beijing began: campaign beijing cannot go on: ")
    assert over.startswith("failing/beijing is over after ")
    assert world.invoke("health").exit_code == 0


def test_a_pass_that_was_not_made_is_told_by_the_next_run(world: CliWorld) -> None:
    watched(
        world, ALERTS + "    nothing: {when: no_pass, over: 60s}\n    quiet-source: {when: silent_source, over: 1d}\n"
    )
    world.invoke("run", "--once")
    with world.outbox() as outbox:
        outbox.keep_note("pass", "beijing", repr(outbox.now() - 600))
    os.utime(world.csv, (1, 1))
    world.invoke("run", "--once")
    began = "nothing/beijing began: campaign beijing has had no pass for 10 min"
    assert any(line.startswith(began) for line in lines(world))
    assert any(line.startswith("quiet-source/beijing began: the source of campaign beijing") for line in lines(world))


def test_errors_are_counted_while_it_runs(world: CliWorld) -> None:
    watched(world, ALERTS + "    errors_logged: {}\n")
    project = open_project(world.project)
    with closing(project.open_outbox()) as outbox:
        watch = Watch(project, "w")
        with watch.logged.counting():
            logging.getLogger("somebody").error("it broke: %s", "here")
            logging.getLogger("somebody").warning("nothing much")
        logging.getLogger("somebody").error("not counted")
        assert [one.reason.text for one in watch.look(outbox)] == [
            "errors_logged began: 1 errors were logged in the last 1 h, the latest: it broke: here"
        ]
        (text,) = [task.text for task in outbox.tasks(Filter(campaign=ALERTS_CAMPAIGN))]
        assert text.endswith("it broke: here")


def test_two_processes_that_look_at_once_tell_once(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, FINE)))
    world.invoke("generate")
    world.invoke("dispatch")
    project = open_project(world.project)
    looked = threading.Semaphore(0)

    class Looking(Watch):
        def _steps(self, *given: Any) -> Any:
            found = super()._steps(*given)
            looked.release()
            return found

    def look(number: int) -> None:
        with closing(project.open_outbox()) as outbox:
            Looking(project, str(number)).look(outbox)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(3)]
    with world.outbox() as outbox, outbox.transaction():
        outbox.keep_note("other", "", "")  # nobody else writes before each has seen that it is to be told
        for thread in threads:
            thread.start()
        for _ in threads:
            assert looked.acquire(timeout=20)
    for thread in threads:
        thread.join()
    with world.outbox() as outbox:
        assert [task.status for task in outbox.tasks(Filter(campaign=ALERTS_CAMPAIGN))] == [Status.QUEUED]


def test_what_was_sent_by_a_process_that_was_killed_owes_nothing(make_world: MakeWorld) -> None:
    world = watched(make_world((FINE, FINE)))
    world.invoke("run", "--once")
    with world.outbox() as outbox:
        outbox.enqueue([draft(campaign=ALERTS_CAMPAIGN, channel="duty")])
        (claim,) = take(outbox, "w", 1, {"duty": ChannelBounds()}, 60)
        accept(outbox, claim)
    settled = world.invoke("settle")
    assert (settled.exit_code, settled.stdout) == (0, "nothing is owed\n")
    world.invoke("run", "--once")
    with world.outbox() as outbox:
        assert {task.status for task in outbox.tasks(Filter(campaign=ALERTS_CAMPAIGN))} == {Status.COMPLETED}


def test_health_waits_for_as_long_as_a_condition_must_last(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, FINE)), ALERTS.replace("in_doubt: {}", "in_doubt: {window: 1h}"))
    world.invoke("run", "--once")
    assert (texts(world), world.invoke("health").exit_code) == ([], 0)
    with world.outbox() as outbox:
        before = states(outbox)["in_doubt"]
        keep_state(outbox, "in_doubt", replace(before, since=before.since - 3600))
    assert world.invoke("health").exit_code == 3
    world.invoke("run", "--once")
    assert lines(world) == ["in_doubt began: 1 in doubt"]


def test_a_process_that_is_killed_after_its_look_leaves_the_message(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, FINE)))
    world.invoke("generate")
    world.invoke("dispatch")
    code = (
        "import os\nfrom pathlib import Path\nfrom notifykit.alerts.watch import Watch\n"
        "from notifykit.pipeline.project import open_project\n"
        f"project = open_project(Path({str(world.project)!r}))\n"
        "Watch(project, 'w').look(project.open_outbox())\nos.kill(os.getpid(), 9)\n"
    )
    python = Path(world.command[0]).with_name("python")
    assert subprocess.run([python, "-c", code], cwd=world.folder, check=False).returncode == -9
    world.invoke("run", "--once")
    assert lines(world) == ["in_doubt began: 1 in doubt"]


def test_they_are_written_in_chinese_where_that_is_said(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, FINE)), ALERTS.replace("quiet: 0", "quiet: 0\n  language: zh"))
    world.invoke("run", "--once")
    assert lines(world) == ["in_doubt 出现：1 条存疑"]


def test_without_alerts_nothing_is_sent(make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL, FINE))
    told = world.json("run", "--once", code=3)
    assert told["alerts"] == []
    assert world.json("tasks", "--campaign", "beijing")["tasks"]
    with world.outbox() as outbox:
        assert not list(outbox.tasks(Filter(campaign=ALERTS_CAMPAIGN)))


def test_a_pause_of_the_only_channel_keeps_the_message(make_world: MakeWorld) -> None:
    second = "  second: {channel: head, recipient: head@example.com}\n"
    world = watched(make_world((DOUBTFUL, FINE)), ALERTS.replace(second, ""))
    world.invoke("generate")
    with world.outbox() as outbox:
        outbox.pause("duty", FOREVER, Reason("bad key"))
    world.invoke("run", "--once")
    assert texts(world) == []
    world.invoke("resume", "duty")
    world.invoke("run", "--once")
    assert "in_doubt began: 1 in doubt" in lines(world)
    assert sum("in_doubt" in line for line in lines(world)) == 1


def test_a_doubt_about_an_alert_is_sent_again(world: CliWorld) -> None:
    own = own_campaign(open_project(watched(world).project).configuration.channels)
    assert own is not None
    assert [plan.on_unknown for plan in own.messages] == [OnUnknown.RESEND, OnUnknown.RESEND]
    assert own_campaign({}) is None


def test_a_condition_that_was_taken_out_is_forgotten(make_world: MakeWorld) -> None:
    world = watched(make_world((DOUBTFUL, FINE)))
    world.invoke("run", "--once")
    world.edit("notifykit.yaml", "    in_doubt: {}\n", "")
    world.invoke("run", "--once")
    world.edit("notifykit.yaml", "    paused: {}\n", "    paused: {}\n    in_doubt: {}\n")
    world.invoke("run", "--once")
    assert lines(world) == ["in_doubt began: 1 in doubt"] * 2


def test_a_channel_that_asks_to_wait_is_told_by_the_second(make_world: MakeWorld) -> None:
    world = watched(make_world((FINE, FINE)), ALERTS.replace("paused: {}", "away: {over: 0}"))
    world.invoke("generate")
    with world.outbox() as outbox:
        outage = replace(
            sample_outage.OUTAGE, channel="duty", kind=OutageKind.THROTTLED, since=outbox.now() - 9, failures=2
        )
        outbox.set_outage(outage)
        assert not outage.paused
    world.invoke("run", "--once")
    assert texts(world) == []
    assert [line.split(":")[0] for line in lines(world, "head")] == ["away/duty began"]
