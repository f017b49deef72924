"""`notifykit status`, `tasks` and `trace`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

import pytest
from cli_world import BROKEN, BUSY, DOUBTFUL, FINE, REFUSED, CliWorld, contract
from legacy_table import LEGACY_TABLE
from rich.cells import cell_len

from notifykit.cli import tasks
from notifykit.model import Outcome, Status
from notifykit.outbox.values import ChannelBounds, Transition
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason

MakeWorld = Callable[[Sequence[str]], CliWorld]


def test_status_tells_how_each_campaign_stands(make_world: MakeWorld) -> None:
    world = make_world((FINE, REFUSED, DOUBTFUL, FINE)).lived()
    (campaign,) = world.json("status")["campaigns"]
    assert campaign["by_status"] == {
        "pending": 0,
        "queued": 0,
        "sending": 0,
        "sent": 1,
        "completed": 3,
        "failed": 1,
        "in_doubt": 1,
        "cancelled": 0,
        "foreign": 0,
    }
    assert campaign["success_rate"] == pytest.approx(4 / 6)
    assert campaign["errors"] == {"40058": 1, "ReadTimeout": 1}
    assert campaign["oldest_waiting"] is None
    assert campaign["oldest_waiting_seconds"] is None
    assert 0 <= campaign["call_seconds"]["p50"] <= campaign["call_seconds"]["p95"]
    assert 0 <= campaign["queued_to_accepted_seconds"]["p50"] <= campaign["queued_to_accepted_seconds"]["p95"]


def test_status_for_people(make_world: MakeWorld) -> None:
    world = make_world((FINE, REFUSED, DOUBTFUL, FINE)).lived()
    with world.outbox() as outbox:
        outbox.pause("award-desk", 3600, Reason("45009 too many"))
    result = world.invoke("status")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["campaign", "waiting", "sending", "sent", "in", "doubt", "failed", "flags", "owed"]
    assert lines[1] == ["beijing", "0", "0", "4", "1", "1", "0"]
    assert lines[4][:2] == ["beijing", "66.7%"]
    assert ["beijing", "40058", "1"] in lines
    assert "channel award-desk is paused until 20" in result.stdout
    assert re.search(r"\(in (1 h|59 min)\): 45009 too many", result.stdout)


def test_status_shows_the_oldest_that_waits_and_what_was_cancelled(make_world: MakeWorld) -> None:
    world = make_world((BROKEN, FINE, FINE)).lived()
    world.invoke("resolve", "--key", contract(2), "--status", "queued", "--cancel", "--why", "x", "--who", "x", "--yes")
    result = world.invoke("status")
    assert "cancelled" in result.stdout
    assert "just now" in result.stdout or " s ago" in result.stdout
    assert "channel beijing-group is paused until it is resumed: 93000 bad key" in result.stdout
    (campaign,) = world.json("status")["campaigns"]
    assert campaign["oldest_waiting"] is not None
    assert campaign["oldest_waiting_seconds"] >= 0


def test_status_of_a_store_with_nothing_in_it(world: CliWorld) -> None:
    world.write_rows([])
    world.invoke("generate")
    assert world.invoke("status").stdout == "no campaign has queued anything yet\n"


def test_status_counts_rows_of_another_program(world: CliWorld) -> None:
    world.invoke("generate")
    connection = sqlite3.connect(world.store)
    with connection:
        rows = [("send_wecom_message", "测试群", "提醒")] * 2
        connection.executemany("INSERT INTO tasks (task_type, recipient, message) VALUES (?, ?, ?)", rows)
    connection.close()
    assert "2 pending rows of another program, which notifykit does not own" in world.invoke("status").stdout
    assert world.json("status")["pending_without_campaign"] == 2
    told = [task for task in world.json("tasks")["tasks"] if task["campaign"] is None]
    assert [(task["status"], task["key"], task["queued_at"]) for task in told] == [("pending", None, None)] * 2
    assert "pending" in world.invoke("tasks").stdout


@pytest.mark.parametrize("command", ["status", "tasks", f"trace {contract(1)}"])
def test_looking_changes_no_byte(world: CliWorld, command: str) -> None:
    world.lived()
    before = world.store.read_bytes()
    world.invoke(*command.split())
    world.json(*command.split())
    assert world.store.read_bytes() == before


@pytest.mark.parametrize("command", ["status", "tasks", f"trace {contract(1)}", "dispatch --dry-run"])
@pytest.mark.parametrize("width", [80, 120])
def test_everything_fits_a_terminal(make_world: MakeWorld, command: str, width: int) -> None:
    world = make_world((BUSY, REFUSED, DOUBTFUL, FINE)).lived()
    world.environment["COLUMNS"] = str(width)
    out = world.invoke(*command.split()).stdout
    table = [line for line in out.splitlines() if not line.startswith("now: ")]
    assert max(map(cell_len, table)) <= width
    assert "…" not in out


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize(
    "command", ["status", "tasks", "trace x", "generate --dry-run", "dispatch --dry-run", "run --dry-run", "check"]
)
def test_looking_does_not_turn_an_old_programs_table_into_an_outbox(world: CliWorld, command: str, used: bool) -> None:
    old_table(world, used=used)
    result = world.invoke(*command.split())
    assert result.exit_code == (4 if command == "check" else 1)
    what = ": it holds an old program's tasks; `notifykit migrate` takes over" if used else "; `notifykit generate`"
    assert f"is not an outbox yet{what}" in result.output
    with closing(sqlite3.connect(world.store)) as connection:
        assert len(connection.execute("PRAGMA table_info(tasks)").fetchall()) == 7


@pytest.mark.parametrize("command", ["generate", "run --once", "dispatch", "settle", "resolve 1 --sent --why x"])
def test_what_an_old_program_queued_and_sent_is_not_taken_over_as_it_is(world: CliWorld, command: str) -> None:
    """Every record without a flag would be told again, whatever the campaigns say of an old program."""
    old_table(world, used=True)
    before = world.store.read_bytes()
    result = world.invoke(*command.split())
    assert result.exit_code == 1
    assert "is not an outbox yet: it holds an old program's tasks" in result.output
    assert world.store.read_bytes() == before


def test_a_person_says_that_it_is_no_old_programs(world: CliWorld) -> None:
    old_table(world, used=True)
    assert world.invoke("store", "accept").exit_code == 2
    assert world.json("store", "accept", "--yes")["taken_over"]
    assert world.invoke("generate").exit_code == 0
    assert world.invoke("store", "accept", "--yes").exit_code == 0
    assert not world.json("store", "accept", "--yes")["taken_over"]


def test_a_table_that_was_never_used_is_taken(world: CliWorld) -> None:
    old_table(world, used=False)
    assert world.invoke("generate").exit_code == 0


def old_table(world: CliWorld, *, used: bool) -> None:
    """What an old program made; `used`: it had a row, which is deleted by now."""
    world.store.parent.mkdir()
    with closing(sqlite3.connect(world.store)) as connection:
        connection.execute(LEGACY_TABLE)
        if used:
            connection.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('a', 'b', 'c')")
            connection.execute("DELETE FROM tasks")
            connection.commit()


def test_looking_needs_no_secrets(world: CliWorld) -> None:
    world.lived()
    sender = "award-desk: {type: webhook, url: {env: NO_SUCH_VARIABLE_HERE}}"
    world.edit("notifykit.yaml", "award-desk: {type: file, path: out/awards.jsonl}", sender)
    for command in ("status", "tasks", f"trace {contract(1)}", "dispatch --dry-run"):
        assert world.invoke(*command.split()).exit_code == 0


# tasks ------------------------------------------------------------------------------------------------------


def ids(world: CliWorld, *filters: str) -> list[int]:
    return [task["id"] for task in world.json("tasks", *filters)["tasks"]]


def test_tasks_can_be_filtered(make_world: MakeWorld) -> None:
    world = make_world((FINE, REFUSED, DOUBTFUL)).lived()
    everything = ids(world)
    assert len(everything) == 5
    assert ids(world, "--status", "failed") == [task for task in everything if task in ids(world, "--key", contract(2))]
    assert len(ids(world, "--status", "failed", "--status", "in_doubt")) == 2
    assert len(ids(world, "--channel", "award-desk")) == 2
    assert ids(world, "--campaign", "beijing") == everything
    assert ids(world, "--key", "nobody") == []
    assert world.invoke("tasks", "--key", "nobody").stdout == "no messages\n"


def test_tasks_with_a_wrong_name_are_an_error_and_not_an_empty_list(world: CliWorld) -> None:
    world.lived()
    for filters, said in (
        (["--campaign", "bejing"], 'no campaign is called "bejing"; did you mean "beijing"?'),
        (["--channel", "beijing-grup"], 'no channel is called "beijing-grup"; did you mean "beijing-group"?'),
    ):
        result = world.invoke("tasks", *filters)
        assert (result.exit_code, result.stderr) == (1, f"error: {said}\n")
    assert world.invoke("tasks", "--status", "sended").exit_code == 2
    assert world.invoke("trace", contract(1), "--campaign", "bejing").exit_code == 1


def test_a_campaign_that_only_the_store_knows_is_no_error(world: CliWorld) -> None:
    world.lived()
    (world.folder / "campaigns" / "beijing.yaml").rename(world.folder / "campaigns" / "renamed.yaml")
    world.edit("notifykit.yaml", "award-desk:", "awards:")
    world.edit("campaigns/renamed.yaml", "sender: award-desk", "sender: awards")
    assert len(ids(world, "--campaign", "beijing")) == 3
    assert len(ids(world, "--channel", "award-desk")) == 1


def test_a_campaign_or_channel_that_lacks_its_plugin_is_no_unknown_name(world: CliWorld) -> None:
    world.lived()
    world.write_campaign("aaa", "extends: beijing.yaml\nsource: {type: nonsense}\n")
    world.edit("notifykit.yaml", "award-desk:", "spare: {type: nonsense}\n  award-desk:")
    assert ids(world, "--campaign", "aaa") == []
    assert ids(world, "--channel", "spare") == []


def test_a_task_as_json(make_world: MakeWorld) -> None:
    world = make_world((REFUSED,)).lived()
    (task,) = world.json("tasks", "--status", "failed")["tasks"]
    assert task["reason"] == "40058 too long"
    assert task["text"] == f"签约 {contract(1)} {REFUSED}"
    assert task["metadata"]["created_by"] == "contract_notification"
    assert task["queued_at"].endswith("Z")
    assert (task["sent_at"], task["completed_at"], task["not_before"]) == (None, None, None)


def test_tasks_for_people(make_world: MakeWorld) -> None:
    world = make_world((REFUSED,)).lived()
    world.environment["COLUMNS"] = "160"
    header, group, award, why = world.invoke("tasks").stdout.splitlines()
    assert header.split() == ["id", "status", "campaign", "key", "message", "to", "tries", "age"]
    assert group.split()[:7] == ["1", "failed", "beijing", contract(1), "group", "北京签约喜报群", "1"]
    assert group.endswith((" ms", " s"))
    assert award.split()[1] == "sent"
    assert why == "1: 40058 too long"


def test_a_long_list_is_cut_for_people_and_where_asked(make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world([FINE] * 6)
    world.invoke("generate")
    monkeypatch.setattr(tasks, "SHOWN", 3)
    out = world.invoke("tasks").stdout
    assert len(out.splitlines()) == 1 + 3 + 1
    assert out.endswith("… there are more; --limit 30 lists more of them, --json all\n")
    assert len(world.json("tasks")["tasks"]) == 9
    assert world.json("tasks", "--limit", "2")["more"] is True
    assert world.json("tasks", "--limit", "9")["more"] is False
    assert len(world.invoke("tasks", "--limit", "9").stdout.splitlines()) == 1 + 9
    assert world.invoke("tasks", "--limit", "0").exit_code == 2


# trace ------------------------------------------------------------------------------------------------------


def test_trace_tells_the_story_in_order(make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL,)).lived()
    world.invoke("resolve", "1", "--sent", "--why", "it is in the group", "--who", "测试员")
    world.invoke("settle")
    world.invoke("resend", contract(1), "--campaign", "beijing", "--message", "group", "--yes", "--why", "deleted")
    world.environment["COLUMNS"] = "160"
    result = world.invoke("trace", contract(1))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{contract(1)} in campaign beijing"
    group = [line.partition("  group")[2].strip() for line in lines[2:-3] if "  group" in line]
    assert group[0] == "queued as task 1 for 北京签约喜报群"
    assert group[1].startswith("attempt 1: unknown after ")
    assert group[1].endswith(": ReadTimeout no reply")
    assert sorted(group[2:4]) == ["resolved by 测试员: in_doubt to sent: it is in the group", "sent"]
    assert group[4] == "written back"
    assert group[5] == "#2  queued as task 3 for 北京签约喜报群"
    assert group[6].startswith("#2  resent by ")
    assert lines[-3:] == [
        "now: group to 北京签约喜报群 by beijing-group: sent and written back (it is in the group)",
        "now: award to 测试管家1 by award-desk: sent and written back",
        "now: group #2 to 北京签约喜报群 by beijing-group: queued",
    ]


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        (REFUSED, "failed; `notifykit retry 1` tries it again (40058 too long)"),
        (DOUBTFUL, "in doubt; `notifykit resolve 1` decides (ReadTimeout no reply)"),
        (BUSY, ") (45009 too many)"),
    ],
)
def test_trace_ends_with_how_it_stands(make_world: MakeWorld, mood: str, said: str) -> None:
    world = make_world((mood,)).lived()
    (line,) = [line for line in world.invoke("trace", contract(1)).stdout.splitlines() if line.startswith("now: group")]
    assert line.endswith(said)


def test_trace_of_a_send_that_is_under_way(world: CliWorld) -> None:
    world.invoke("generate")
    with world.outbox() as outbox:
        take(outbox, "a-worker", 1, {"beijing-group": ChannelBounds()}, 60)
    out = world.invoke("trace", contract(1)).stdout
    assert "attempt 1 under way, by a-worker" in out
    assert "beijing-group: sending\n" in out


def test_trace_as_json(world: CliWorld) -> None:
    world.lived()
    told = world.json("trace", contract(1))
    assert told["key"] == contract(1)
    (story,) = told["stories"]
    assert [task["message"] for task in story["tasks"]] == ["group", "award"]
    attempt = next(step["attempt"] for step in story["steps"] if step["what"] == "attempt")
    assert (attempt["number"], attempt["verdict"], attempt["code"]) == (1, "accepted", None)
    assert story["steps"] == sorted(story["steps"], key=lambda step: step["at"])


def test_a_key_of_two_campaigns_is_told_twice(world: CliWorld) -> None:
    world.write_campaign("aaa", "extends: beijing.yaml\nshares_data_with: beijing\n")
    world.invoke("generate")
    out = world.invoke("trace", contract(1)).stdout
    assert f"{contract(1)} in campaign aaa\n" in out
    assert f"\n\n{contract(1)} in campaign beijing\n" in out
    assert "campaign aaa" not in world.invoke("trace", contract(1), "--campaign", "beijing").stdout


@pytest.mark.parametrize(
    ("key", "mend"),
    [
        ("1010000000000000", f"did you mean {contract(1)}, {contract(2)}?"),
        ("完全不同", "`notifykit tasks` lists what there is"),
    ],
)
def test_an_unknown_key_is_an_error_with_near_keys(world: CliWorld, key: str, mend: str) -> None:
    world.lived()
    result = world.invoke("trace", key)
    assert (result.exit_code, result.stderr) == (1, f'error: nothing was ever queued for the key "{key}"; {mend}\n')
    result = world.invoke("trace", key, "--campaign", "beijing")
    assert 'of campaign "beijing"; ' in result.stderr


def test_trace_shows_the_id_that_the_service_gave(world: CliWorld) -> None:
    world.invoke("generate")
    with world.outbox() as outbox:
        (claim,) = take(outbox, "a-worker", 1, {"beijing-group": ChannelBounds()}, 60)
        finish(outbox, claim, Outcome.accepted(vendor_id="msg-77"), Transition(status=Status.SENT), 0.25)
    assert "attempt 1: accepted after 250 ms: (id msg-77)\n" in world.invoke("trace", contract(1)).stdout


def test_rows_of_other_programs_break_no_command(world: CliWorld) -> None:
    world.invoke("generate")
    with closing(sqlite3.connect(world.store)) as connection, connection:
        for cells in ("'doing', NULL", "'pending', '{broken'", "'pending', '[1]'", "'queued', NULL", "x'ff', NULL"):
            connection.execute(
                "INSERT INTO tasks (task_type, recipient, message, status, metadata) "
                f"VALUES ('x', CAST(x'67ff' AS TEXT), x'ff00', {cells})"
            )
        connection.execute("UPDATE tasks SET status = 'FAILED' WHERE id = 1")
    for command in (
        "status",
        "tasks",
        f"trace {contract(1)}",
        "check",
        "dispatch --dry-run",
        "run --dry-run",
        "settle",
    ):
        assert world.invoke(*command.split()).exit_code in (0, 3), command
    assert world.json("status")["foreign"] == 6
    assert "6 rows that another program wrote into" in world.invoke("status").stdout
    found = world.json("tasks", "--status", "foreign")["tasks"]
    assert [(task["id"], task["recipient"]) for task in found[1:]] == [(id_, "g\\xff") for id_ in range(4, 9)]
    assert {task["reason_code"] for task in found} == {"status_overwritten", "cells_unreadable"}
    run = world.invoke("run", "--once")
    assert run.exit_code == 3
    assert "waiting for you: 1 whose status another program changed" in run.stdout
    assert world.rows()[1]["是否发送通知"] == "Y"
    refused = world.invoke("resolve", "5", "--cancel", "--why", "x", "--who", "x")
    assert refused.exit_code == 1
    assert "row 5 is another program's: no campaign owns it, and only that program decides" in refused.stderr
    assert world.invoke("resolve", "1", "--sent", "--why", "x", "--who", "x").exit_code == 0
    assert world.invoke("run", "--once").exit_code == 0
    assert world.flags() == ["Y", "Y"]


def test_a_status_of_sending_that_another_program_set_stops_no_command(world: CliWorld) -> None:
    world.invoke("generate")
    with closing(sqlite3.connect(world.store)) as connection, connection:
        connection.execute("UPDATE tasks SET status = 'sending' WHERE id = 1")
    assert world.invoke("status").exit_code == 0
    assert "now: " in world.invoke("trace", contract(1)).stdout
    assert [task["id"] for task in world.json("tasks", "--status", "foreign")["tasks"]] == [1]
    run = world.invoke("run", "--once")
    assert (run.exit_code, run.stderr) == (3, "")
    assert "waiting for you: 1 in doubt" in run.stdout
    assert world.invoke("resolve", "1", "--resend", "--why", "x", "--who", "x").exit_code == 0
    assert world.invoke("run", "--once").exit_code == 0


@pytest.mark.parametrize("status", ["completed", "sent", "cancelled", "pending"])
def test_no_flag_says_sent_because_another_program_set_a_status(world: CliWorld, status: str) -> None:
    world.invoke("generate")
    with closing(sqlite3.connect(world.store)) as connection, connection:
        connection.execute("UPDATE tasks SET status = ? WHERE record_key = ?", (status, contract(1)))
    for code in (3, 0):  # the second pass has nothing new to tell
        run = world.invoke("run", "--once")
        assert run.exit_code == code
        assert "whose status another program changed" in run.stdout
        assert "drift" not in run.stdout
    assert world.flags() == ["N", "Y"]
