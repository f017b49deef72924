"""`notifykit settle`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

from cli_world import FINE, REFUSED, CliWorld, contract

MakeWorld = Callable[[Sequence[str]], CliWorld]


def sent(world: CliWorld) -> CliWorld:
    world.invoke("generate")
    world.invoke("dispatch", "--once")
    return world


def test_flags_are_written_once_all_messages_are_sent(make_world: MakeWorld) -> None:
    world = sent(make_world((REFUSED, FINE)))
    result = world.invoke("settle")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split() == ["beijing", "1", "0"]
    assert world.flags() == ["N", "Y"]
    assert world.invoke("settle").stdout == "nothing is owed\n"


def test_json(world: CliWorld) -> None:
    sent(world)
    assert world.json("settle") == {
        "campaigns": [{"campaign": "beijing", "completed": 3, "refused": []}],
        "failures": {},
        "failure_errors": {},
        "failure_reasons": {},
        "undescribed": {},
    }


def test_a_refused_write_back_stays_owed_and_says_why(world: CliWorld) -> None:
    sent(world)
    world.write_rows([[contract(1), "测试管家1", "1", "N", ""]])  # the row of contract 2 is gone
    result = world.invoke("settle")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[1].split() == ["beijing", "2", "1"]
    assert "refused: beijing: 1 message: " in result.stdout
    told = world.json("settle", code=3)
    (refused,) = told["campaigns"][0]["refused"]
    assert refused["messages"] == 1
    assert refused["reason"]


def test_messages_of_a_campaign_that_no_file_describes_any_more(world: CliWorld) -> None:
    sent(world)
    (world.folder / "campaigns" / "beijing.yaml").rename(world.folder / "beijing.yaml")
    world.write_campaign("other", "extends: ../beijing.yaml\n")
    result = world.invoke("settle")
    assert result.exit_code == 3
    assert (
        "owed: campaign beijing: no file describes it any more, and 3 messages of it cannot be written" in result.stdout
    )
    assert world.json("settle", code=3)["undescribed"] == {"beijing": 3}


def test_a_disabled_campaign_is_still_settled(world: CliWorld) -> None:
    sent(world)
    world.edit("campaigns/beijing.yaml", "source:", "enabled: false\nsource:")
    assert world.invoke("settle", "beijing").exit_code == 0
    assert world.flags() == ["Y", "Y"]


def test_a_campaign_that_lacks_a_plugin_fails_alone(world: CliWorld) -> None:
    sent(world)
    world.edit("campaigns/beijing.yaml", "type: contract_csv", "type: nonsense_source")
    result = world.invoke("settle")
    assert result.exit_code == 1
    assert "error: campaign beijing: " in result.stderr
    assert "nonsense_source" in result.stderr
    world.edit("campaigns/beijing.yaml", "type: nonsense_source", "type: contract_csv")
    assert world.invoke("settle").exit_code == 0


def test_a_campaign_that_owes_nothing_does_not_fail_for_its_plugin(world: CliWorld) -> None:
    sent(world)
    world.invoke("settle")
    world.edit("campaigns/beijing.yaml", "type: contract_csv", "type: nonsense_source")
    assert world.invoke("settle").exit_code == 0


def test_what_another_program_calls_sent_is_owed_by_no_campaign(world: CliWorld) -> None:
    sent(world)
    with closing(sqlite3.connect(world.store)) as connection, connection:
        columns = "task_type, recipient, message, status, campaign"
        connection.execute(
            f"INSERT INTO tasks ({columns}) VALUES ('t', 'r', 'm', 'sent', NULL), ('t', 'r', 'm', 'sent', x'ff')"
        )
    (world.folder / "campaigns" / "beijing.yaml").rename(world.folder / "beijing.yaml")
    world.write_campaign("other", "extends: ../beijing.yaml\n")
    assert world.json("settle", code=3)["undescribed"] == {"beijing": 3}
    assert world.json("run", "--once", code=1)["undescribed"] == {"beijing": 3}
    assert [item["campaign"] for item in world.json("status")["campaigns"]] == ["beijing"]


def test_settling_needs_no_secrets(world: CliWorld) -> None:
    sent(world)
    sender = "award-desk: {type: webhook, url: {env: NO_SUCH_VARIABLE_HERE}}"
    world.edit("notifykit.yaml", "award-desk: {type: file, path: out/awards.jsonl}", sender)
    assert world.invoke("settle").exit_code == 0


def test_what_another_program_damaged_is_refused_and_the_others_are_written_back(make_world: MakeWorld) -> None:
    world = sent(make_world((FINE, FINE, FINE)))
    with closing(sqlite3.connect(world.store)) as connection, connection:
        connection.execute("UPDATE tasks SET recipient = x'ff' WHERE record_key = ?", (contract(2),))
        connection.execute("UPDATE tasks SET id = -id WHERE record_key = ?", (contract(3),))
    told = world.json("settle", code=3)["campaigns"]
    assert [(item["reason_code"], item["messages"]) for item in told[0]["refused"]] == [("cells_unreadable", 1)]
    assert world.flags() == ["Y", "N", "Y"]
    assert world.json("settle", code=3)["campaigns"][0]["completed"] == 0
