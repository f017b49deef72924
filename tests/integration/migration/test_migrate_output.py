"""What `migrate` asks and prints: on a terminal, as JSON, of one contract, as a page; and what a log tells it."""

from __future__ import annotations

import json
import os
import pty
import select
import sys
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from legacy_world import AWARD, GROUP, SENT, LegacyWorld, Made

IDLE = ("--stopped", "idle")

PLAN_KEYS = {
    "hash",
    "made_at",
    "store",
    "options",
    "contracts",
    "held",
    "campaigns",
    "inputs",
    "changes",
    "statements",
    "holds",
    "flows",
    "kept",
    "orphans",
    "others",
    "purged",
    "fit",
    "warnings",
    "warning_reasons",
}


CAMPAIGN_KEYS = {
    "campaign",
    "status_file",
    "status_file_torn",
    "csv_file",
    "contracts",
    "held",
    "flags_to_set",
    "decisions",
}


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    return LegacyWorld(tmp_path / "project")


@pytest.fixture
def made(world: LegacyWorld) -> tuple[Made, Made]:
    """One whose flag is to be set, and one that is half sent; and a new one beside them."""
    with world.together():
        late = world.contract("N", SENT, [(GROUP, "completed")])
        half = world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("N")
    return late, half


def on_a_terminal(world: LegacyWorld, answer: str) -> tuple[int, str]:
    """Run `migrate` on a terminal, and type the answer when it asks."""
    if sys.platform == "win32":
        pytest.skip("a pseudo-terminal")
    ours, theirs = pty.openpty()
    process = Popen(world.command_line("migrate", *IDLE), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said, answered = "", False
    try:
        while select.select([ours], [], [], 60)[0]:
            try:
                data = os.read(ours, 65536)
            except OSError:  # EIO: Linux's way of telling that nobody is at the other end any more
                break
            said += data.decode(errors="replace")
            if "[y/N]" in said and not answered:
                os.write(ours, answer.encode())
                answered = True
        return process.wait(60), said
    finally:
        os.close(ours)
        process.kill()
        process.wait()


@pytest.mark.usefixtures("made")
def test_no_is_no(world: LegacyWorld) -> None:
    before = world.tree()
    code, said = on_a_terminal(world, "n\n")
    assert "Stop the old program now. Migrate?" in said
    assert code != 0
    assert "Traceback" not in said
    assert world.tree() == before


@pytest.mark.usefixtures("made")
def test_yes_is_yes(world: LegacyWorld) -> None:
    code, said = on_a_terminal(world, "y\n")
    assert code == 0, said
    assert world.json() is None
    assert world.run("verify").exit_code == 0


def as_json(world: LegacyWorld, *arguments: str, code: int = 0) -> Any:
    done = world.run("migrate", *IDLE, "--json", *arguments)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def decided(plan: Any) -> dict[str, int]:
    return {decision: number for decision, number in plan["campaigns"][0]["decisions"].items() if number}


@pytest.mark.usefixtures("made")
def test_a_plan_as_json(world: LegacyWorld) -> None:
    plan = as_json(world, "--dry-run")
    assert set(plan) == PLAN_KEYS
    assert (plan["contracts"], plan["held"]) == (3, 0)
    assert set(plan["campaigns"][0]) == CAMPAIGN_KEYS
    assert decided(plan) == {"S": 2, "A": 1, "G": 1}
    assert plan["campaigns"][0]["flags_to_set"] == 1
    assert as_json(world, "--dry-run", "--detailed-exitcode", code=10)["hash"] == plan["hash"]


@pytest.mark.usefixtures("made")
def test_a_migration_as_json(world: LegacyWorld) -> None:
    done = as_json(world, "--yes")
    assert set(done) == {"plan", "backup", "checks", "retired", "held"}
    assert set(done["plan"]) == PLAN_KEYS
    assert Path(done["backup"]).is_dir()
    assert {check["result"] for check in done["checks"]} == {"passed"}
    assert done["retired"] == ["state/send_status_bj_aug.json"]
    assert as_json(world, "--yes") == {
        "message": "nothing to do: every campaign with old state was migrated already",
        "held": 0,
    }


@pytest.mark.parametrize("by", ["id", "number"])
def test_one_contract_as_json(world: LegacyWorld, made: tuple[Made, Made], by: str) -> None:
    _, half = made
    before = world.tree()
    (contract,) = as_json(world, "--dry-run", "--show", getattr(half, by))["contracts"]
    assert (contract["campaign"], contract["key"], contract["number"]) == ("beijing", half.id, half.number)
    assert (contract["json"], contract["rows"], contract["flag"]) == ("sent", "mixed", "Y")
    found = [(item["message"], item["decision"], item["row"]) for item in contract["decisions"]]
    assert found == [(GROUP, "S", half.rows[0]), (AWARD, "A", half.rows[1])]
    assert all(item["why"] for item in contract["decisions"])
    assert world.tree() == before


def test_one_contract_as_text(world: LegacyWorld, made: tuple[Made, Made]) -> None:
    late, _ = made
    done = world.run("migrate", "--dry-run", "--show", late.number)
    assert done.exit_code == 0
    assert late.id in done.stdout
    assert "will be set" in done.stdout
    assert "PerformanceData-BJ-Aug.csv:2" in done.stdout


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_contract_that_nobody_knows(world: LegacyWorld, form: tuple[str, ...]) -> None:
    done = world.run("migrate", "--dry-run", "--show", "2025080000000000009", *form)
    assert done.exit_code == 1
    assert 'knows no contract "2025080000000000009"' in done.stderr
    assert "did you mean" in done.stderr


def test_a_page_of_a_plan_and_of_a_migration(world: LegacyWorld, made: tuple[Made, Made], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    before = world.tree()
    assert world.run("migrate", "--dry-run", *IDLE, "--report", str(page)).exit_code == 0
    assert "nothing was changed" in page.read_text(encoding="utf-8")
    assert world.tree() == before
    assert world.run("migrate", "--yes", *IDLE, "--report", str(page)).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "shadow comparison" in text
    assert "<script src" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert made[0].id not in text, "what is not held is counted, not listed"


# What a log tells.


def decisions(world: LegacyWorld, *arguments: str) -> dict[str, int]:
    done = world.run("migrate", "--dry-run", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return decided(json.loads(done.stdout))


def test_a_log_tells_which_rows_were_tried(world: LegacyWorld, tmp_path: Path) -> None:
    with world.together():
        raised = world.contract("Y", SENT, [(GROUP, "pending")])
        untold = world.contract("Y", SENT, [(GROUP, "pending")])
        sent = world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "pending")])
        begun = world.contract("Y", SENT, [(GROUP, "pending")])
    log = tmp_path / "scheduler.log"
    log.write_text(
        f"2025-08-20 信息 Executing task ID: {raised.rows[0]}\n"
        f"2025-08-20 错误 Error executing task ID {raised.rows[0]}: 找不到窗口\n"
        f"2025-08-20 信息 Executing task ID: {sent.rows[0]}\n"
        f"2025-08-20 信息 Task {sent.rows[0]} completed successfully.\n"
        f"2025-08-20 信息 Executing task ID: {begun.rows[0]}\n",
        encoding="gb18030",
    )
    assert decisions(world) == {"S": 1, "A": 1, "H": 3}  # of the last two, the first may have been in flight
    assert decisions(world, "--log", str(log), "--raised", "queue") == {"S": 1, "A": 3, "H": 1}
    done = world.run("migrate", "--yes", "--log", str(log))
    assert done.exit_code == 3, done.output
    held = {row["record_key"]: row["reason"] for row in world.rows() if row["status"] == "in_doubt"}
    assert set(held) == {raised.id, untold.id, begun.id}
    assert held[raised.id] == "the log says that it was tried and raised"
    assert held[untold.id].startswith("tried and not completed: row ")
    assert held[begun.id] == "the log says that it was begun, and not how it ended"


@pytest.mark.usefixtures("made")
def test_a_log_that_is_not_there(world: LegacyWorld, tmp_path: Path) -> None:
    before = world.tree()
    done = world.run("migrate", "--yes", "--log", str(tmp_path / "nowhere.log"))
    assert done.exit_code == 4
    assert "check --log" in done.stderr
    assert world.tree() == before
