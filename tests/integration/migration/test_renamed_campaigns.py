"""A campaign gets another name while it is migrated, or after it went back: nothing is told twice or forgotten."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from legacy_project import AWARD, GROUP, SENT
from legacy_run import LegacyRun
from legacy_world import LegacyWorld

from notifykit.errors import ExitCode

RENAME = ("campaign", "rename", "beijing", "beijing-aug", "--why", "a file a month", "--who", "desk")

TABLES_OF_CAMPAIGNS = """
SELECT m.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.name = 'campaign'
"""


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    """A contract of each kind: sent, waiting, held, and never begun."""
    world = LegacyWorld(tmp_path)
    with world.together():
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("Y", SENT)
        world.contract("N", award=True)
    return world


def run(world: LegacyWorld, *arguments: str, code: Sequence[int] = (0, 3)) -> str:
    result = world.run(*arguments)
    assert result.exit_code in code, result.output
    return result.output


def rename_file(world: LegacyWorld, old: str = "beijing", new: str = "beijing-aug") -> None:
    campaigns = world.folder / "campaigns"
    (campaigns / f"{old}.yaml").rename(campaigns / f"{new}.yaml")


def migrated(world: LegacyWorld) -> LegacyWorld:
    run(world, "migrate", "--yes", "--stopped", "idle")
    return world


def held(world: LegacyWorld) -> list[tuple[str, str]]:
    """Campaign and key of what waits for a person."""
    tasks = json.loads(world.run("tasks", "--status", "in_doubt", "--json").stdout)["tasks"]
    return [(task["campaign"], task["key"]) for task in tasks]


def old_program(world: LegacyWorld) -> None:
    LegacyRun(world).generate()
    LegacyRun(world).schedule()


@pytest.mark.long
def test_nothing_is_doubled_or_lost_over_a_rename_and_a_rollback(world: LegacyWorld) -> None:
    migrated(world)
    waiting = held(world)
    rename_file(world)
    assert "with 4 messages" in run(world, *RENAME)
    assert held(world) == [("beijing-aug", key) for _, key in waiting]
    run(world, "run", "--once")
    world.append(world.row())
    run(world, "verify")
    run(world, "rollback", "--yes")
    old_program(world)
    assert sorted(world.delivered.values()) == [1, 1, 1, 1]
    rename_file(world, "beijing-aug", "beijing")  # the old program has no names: any will do
    migrated(world)
    assert [key for _, key in held(world)] == [key for _, key in waiting]


def test_a_soaking_campaign_is_verified_retired_and_told_of_under_its_name(world: LegacyWorld) -> None:
    run(world, "migrate", "--yes", "--stopped", "idle", "--soak", "7")
    rename_file(world)
    run(world, *RENAME)
    run(world, "verify")
    run(world, "retire", "--yes", "--now")
    assert world.json() is None
    assert "nothing to do" in run(world, "migrate", "--yes")
    told = run(world, "history")
    assert "a campaign gets another name" in told
    assert "a file a month" in told
    assert "beijing → beijing-aug: a file a month" in run(world, "trace", held(world)[0][1])


def test_the_fence_stands_around_the_other_name(world: LegacyWorld) -> None:
    migrated(world)
    rename_file(world)
    run(world, *RENAME)
    world.append(world.row())
    with pytest.raises(sqlite3.IntegrityError, match="was migrated"):
        LegacyRun(world).generate()
    run(world, "generate")  # a recipient that comes up is fenced in under the name of now
    with closing(sqlite3.connect(world.store)) as db:
        tables = [name for (name,) in db.execute(TABLES_OF_CAMPAIGNS)]
        assert {"tasks", "fence", "migrated", "campaign_data"} <= set(tables)
        for table in tables:
            assert not db.execute(f"SELECT 1 FROM {table} WHERE campaign = 'beijing'").fetchall(), table


def test_until_it_is_said_nothing_is_queued_under_the_other_name(world: LegacyWorld) -> None:
    """Nothing but the migration knows of it here: the campaign never queued anything itself."""
    migrated(world)
    before = world.rows()
    rename_file(world)
    for command in (("generate",), ("migrate", "--yes"), ("run", "--once")):
        said = run(world, *command, code=(1, 4))
        assert 'notifykit campaign rename "beijing" "beijing-aug" --why TEXT' in said
        assert [row["campaign"] for row in world.rows()] == [row["campaign"] for row in before]
    findings = json.loads(run(world, "check", "--json", code=(0, 4)))["findings"]
    assert "migrated_as" in [found["reason"]["code"] for found in findings if found["reason"]]


@pytest.mark.long
@pytest.mark.parametrize("edited", [False, True])
def test_no_renaming_is_advised_beside_the_file_of_a_migrated_campaign(world: LegacyWorld, edited: bool) -> None:
    """Also where that one names another send-status file by now."""
    migrated(world)
    file = world.folder / "campaigns" / "beijing.yaml"
    text = file.read_text(encoding="utf-8")
    file.with_name("copy.yaml").write_text(text, encoding="utf-8")
    if edited:
        file.write_text(text.replace("send_status_bj_aug.json", "other.json"), encoding="utf-8")
    for command in ("check", "generate", "run --once", "verify", "migrate --yes", "rollback --yes"):
        said = run(world, *command.split(), code=(1, 4, 7))
        assert "beijing" in said
        assert "campaign rename" not in said


def test_a_migrated_campaign_keeps_the_column_of_its_keys(world: LegacyWorld) -> None:
    """Also where nothing but the migration has queued anything yet."""
    migrated(world)
    before = world.rows()
    file = world.folder / "campaigns" / "beijing.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("key: 合同ID(_id)", "key: 合同编号(contractdocNum)"), "utf-8"
    )
    assert "were taken from `合同ID(_id)`" in run(world, "generate", code=(1,))
    assert world.rows() == before


def test_until_it_is_said_a_rollback_says_what_to_run(world: LegacyWorld) -> None:
    migrated(world)
    rename_file(world)
    assert 'run `notifykit campaign rename "beijing" "beijing-aug" --why TEXT`' in run(
        world, "rollback", "--yes", code=(4,)
    )


def test_what_an_archive_holds_is_found_under_the_other_name(world: LegacyWorld) -> None:
    migrated(world)
    waiting = [key for _, key in held(world)]
    run(world, "rollback", "--yes")
    rename_file(world)
    migrated(world)
    assert held(world) == [("beijing-aug", key) for key in waiting]
    reasons = [row["reason_code"] for row in world.rows() if row["status"] == "in_doubt"]
    assert reasons == ["before_rollback"] * len(waiting)


def test_a_name_that_another_campaign_takes_over_means_the_other_one(tmp_path: Path) -> None:
    """Two campaigns exchange their names after a rollback: each archive speaks for the one that owns the file."""
    world = LegacyWorld(tmp_path, campaigns=("beijing", "shanghai"))
    here = world.contract("Y", SENT)
    there = world.contract("Y", SENT, campaign="shanghai")
    migrated(world)
    run(world, "rollback", "--yes")
    rename_file(world, "beijing", "between")
    rename_file(world, "shanghai", "beijing")
    rename_file(world, "between", "shanghai")
    migrated(world)
    assert sorted(held(world)) == [("beijing", there.id), ("shanghai", here.id)]
    assert {row["reason_code"] for row in world.rows()} == {"before_rollback"}


def test_the_name_that_became_free_may_be_another_campaigns(tmp_path: Path) -> None:
    """Renamed twice, and its first name given to one that is migrated later: each plan means its own."""
    world = LegacyWorld(tmp_path, campaigns=("beijing", "shanghai"))
    with world.together():
        for status in ("completed", "pending"):
            for city in ("beijing", "shanghai"):
                world.contract("N", SENT, [(GROUP, status)], campaign=city)
    waiting = world.folder / "shanghai.later"
    (world.folder / "campaigns" / "shanghai.yaml").rename(waiting)
    migrated(world)
    for old, new in (("beijing", "between"), ("between", "beijing-aug")):
        rename_file(world, old, new)
        run(world, "campaign", "rename", old, new, "--why", "once more", "--who", "desk")
    waiting.rename(world.folder / "campaigns" / "beijing.yaml")
    migrated(world)
    run(world, "verify")
    run(world, "dispatch", "--once")
    run(world, "verify")
    run(world, "rollback", "--yes")
    for city in ("beijing", "shanghai"):
        assert LegacyRun(world).generate(city) == 0
    LegacyRun(world).schedule()
    assert sorted(world.delivered.values()) == [1, 1]


def test_a_campaign_of_our_own_is_known_again_after_going_back_and_forth(world: LegacyWorld) -> None:
    """What it read and wrote comes back with its tasks, so that its other name is recognised."""
    text = (world.folder / "campaigns" / "beijing.yaml").read_text(encoding="utf-8")
    own = text[: text.index("legacy:")].replace("PerformanceData-BJ-Aug", "own")
    (world.folder / "campaigns" / "own.yaml").write_text(own, encoding="utf-8")
    (world.folder / "state" / "own.csv").write_bytes(world.csv().read_bytes())
    migrated(world)
    run(world, "run", "--once")
    run(world, "rollback", "--yes")
    migrated(world)
    rename_file(world, "own", "ours")
    assert 'notifykit campaign rename "own" "ours" --why TEXT' in run(world, "generate", "ours", code=(1,))


def test_two_migrated_campaigns_do_not_become_one(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, campaigns=("beijing", "shanghai"))
    world.contract("N", SENT, [(GROUP, "completed")])
    world.contract("N", SENT, [(GROUP, "completed")], campaign="shanghai")
    migrated(world)
    (world.folder / "campaigns" / "shanghai.yaml").unlink()
    before = world.rows()
    said = run(world, "campaign", "rename", "shanghai", "beijing", "--why", "one", "--who", "desk", code=(1,))
    assert "campaign beijing was migrated itself" in said
    assert world.rows() == before


def test_other_programs_messages_keep_their_name(world: LegacyWorld) -> None:
    migrated(world)
    (world.folder / "campaigns" / "beijing.yaml").unlink()
    rename_file(world, "technicians", "others")
    said = run(world, "campaign", "rename", "legacy", "others", "--why", "one", "--who", "desk", code=(1,))
    assert "the messages of other programs" in said


@pytest.mark.parametrize(("until", "mend"), [("backup", None), ("apply", "run `notifykit migrate`, then rename")])
def test_a_half_done_migration_comes_to_its_end_first(world: LegacyWorld, until: str, mend: str | None) -> None:
    run(world, "migrate", "--yes", "--until", until)
    rename_file(world)
    result = world.run(*RENAME)
    assert result.exit_code == (ExitCode.ERROR if mend is None else ExitCode.PREFLIGHT_FAILED)
    assert (mend or "is not an outbox yet") in result.output
    rename_file(world, "beijing-aug", "beijing")
    migrated(world)
    run(world, "verify")


def test_the_campaign_of_which_nothing_was_queued_is_renamed_as_well(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path)
    made = world.contract("N", award=True)
    migrated(world)
    rename_file(world)
    assert "with 0 messages" in run(world, *RENAME)
    run(world, "run", "--once")
    assert world.flags() == {made.id: "Y"}
    run(world, "verify")


def test_what_an_old_program_left_is_not_upgraded_by_a_rename(world: LegacyWorld) -> None:
    migrated(world)
    run(world, "rollback", "--yes")
    before = world.store.read_bytes()
    rename_file(world)
    assert "is not an outbox yet" in run(world, *RENAME, code=(1,))
    assert world.store.read_bytes() == before
