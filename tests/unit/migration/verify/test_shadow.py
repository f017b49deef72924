"""Shadow comparison: each difference between the old rule and notifykit is explained, or it is a failure."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from legacy_world import AWARD, GROUP, SENT, LegacyWorld


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    """Migrated, with one of each: sent, queued, held, and the next generation's. Ids end in 1 to 4."""
    world = LegacyWorld(tmp_path / "project", technicians=False)
    with world.together():
        world.contract("N", None, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("Y", SENT, [(GROUP, "pending")], age_days=30)
        world.contract("N", award=True)
    done = world.run("migrate", "--yes", "--stopped", "idle")
    assert done.exit_code == 3, done.output
    return world


def key(number: int) -> str:
    return str(2025080000000000000 + number)


def comparison(world: LegacyWorld) -> tuple[str, str]:
    done = world.run("verify", "--json")
    assert done.exit_code in (0, 7), done.output
    (check,) = [check for check in json.loads(done.stdout)["checks"] if check["name"] == "shadow comparison"]
    return check["result"], check["evidence"]


def change(world: LegacyWorld, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(world.store)) as db, db:
        assert db.execute(statement, values).rowcount == 1


def test_right_after_the_migration(world: LegacyWorld) -> None:
    """The award that waits, and the two messages of the next generation; one row is held. The old job would make the
    first contract's message again, for it had forgotten that; the flag that the migration set keeps it from that.
    """
    assert comparison(world) == (
        "passed",
        "both would send 3 messages now; explained differences: 1 held for a person",
    )


def test_after_a_day_of_work(world: LegacyWorld) -> None:
    assert world.run("run", "--once").exit_code == 3  # one is held
    result, evidence = comparison(world)
    assert (result, "1 sent since" in evidence, "1 held for a person" in evidence) == ("passed", True, True)


def test_what_was_queued_since(world: LegacyWorld) -> None:
    assert world.run("generate").exit_code == 0
    world.contract("N")
    assert comparison(world)[0] == "passed"
    world.set_flag(key(4), "Y")  # what the old program would have done at this point
    assert "2 queued since the migration" in comparison(world)[1]


@pytest.mark.parametrize(
    ("decision", "why"),
    [
        ("--resend", "both would send 4 messages now"),
        ("--cancel", "1 cancelled as a twin, or by a person"),
        ("--sent", "1 sent since"),
    ],
)
def test_what_a_person_decided(world: LegacyWorld, decision: str, why: str) -> None:
    done = world.run("resolve", decision, "--campaign", "beijing", "--status", "in_doubt", "--why", "asked", "--yes")
    assert done.exit_code == 0, done.output
    result, evidence = comparison(world)
    assert (result, why in evidence) == ("passed", True), evidence


def test_what_a_person_sends_again(world: LegacyWorld) -> None:
    done = world.run("resend", key(2), "--campaign", "beijing", "--message", GROUP, "--why", "it never came", "--yes")
    assert done.exit_code == 0, done.output
    assert "1 opened again by a person" in comparison(world)[1]


def lost(world: LegacyWorld) -> None:
    change(world, "DELETE FROM tasks WHERE status = 'queued' AND record_key = ?", key(2))


def made_up(world: LegacyWorld) -> None:
    change(world, "UPDATE tasks SET status = 'queued' WHERE record_key = ? AND message_name = 'group'", key(1))


def flag_taken_back(world: LegacyWorld) -> None:
    """And its task is gone: both would make it again, which is alike; the old one would not, its file says sent."""
    change(world, "DELETE FROM tasks WHERE record_key = ? AND message_name = 'group'", key(2))
    world.set_flag(key(2), "N")


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lost, f"beijing {key(2)} award: only the old program would send it"),
        (made_up, f"beijing {key(1)} group: only notifykit would send it"),
        (flag_taken_back, f"beijing {key(2)} group: only notifykit would send it"),
    ],
)
def test_what_nothing_explains(world: LegacyWorld, damage: Callable[[LegacyWorld], None], what: str) -> None:
    damage(world)
    result, evidence = comparison(world)
    assert (result, what in evidence) == ("failed", True), evidence
    assert evidence.startswith("1 differences that no decision explains")
