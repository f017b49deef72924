"""How the legacy program is known to fail, with the same program under the shim.

In the deep sweep with 200 contracts, of which 160 are due with 194 messages; else with a quarter of them. Every row of
the table ends with the same demand: 0 lost, 0 doubled, 0 wedged, 0 wrong flags at rest. Where it dies in the middle is
tests/crash/migration/test_shim_kills.py.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from program_world import (
    BEIJING_CSV,
    BEIJING_JSON,
    FLAG,
    KEY,
    ProgramWorld,
    contract,
    contract_id,
    contract_number,
)
from shim_world import Program, shimmed
from support_path import FOLDERS
from system import refused_as_anybody

from notifykit.model import Status

AWARD_EVERY = 6

RETRY = "on_raise: retry, search_path: ."

SIZES = [50, pytest.param(200, marks=[pytest.mark.crash, pytest.mark.deep])]


@pytest.fixture(params=SIZES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> ProgramWorld:
    made = ProgramWorld(tmp_path / "world", count=request.param, award_every=AWARD_EVERY)
    made.fill(flagged=flagged(made))
    assert request.param != 200 or (len(wanted(made)), messages(made)) == (160, 194)
    return made


def flagged(world: ProgramWorld) -> list[int]:
    return [number for number in range(world.count) if not world.award(number)][: world.count // 5]


def wanted(world: ProgramWorld) -> list[int]:
    return sorted(set(range(world.count)) - {*flagged(world)})


def messages(world: ProgramWorld) -> int:
    return len(world.due(wanted(world)))


def awards(world: ProgramWorld) -> int:
    return sum(world.award(number) for number in wanted(world))


def runs(world: ProgramWorld, count: int = 1) -> None:
    """Run the program so many times, each as a new start would."""
    for _ in range(count):
        with shimmed(world) as program:
            program.once()


def at_rest(world: ProgramWorld) -> list[str]:
    return world.problems(wanted(world))


def raising_retries(world: ProgramWorld) -> None:
    """Have exceptions of the desktop mean what they meant to the old scheduler."""
    world.group, world.person = (text.replace("search_path: .", RETRY) for text in (world.group, world.person))
    world.write_project()


def test_an_undisturbed_run(world: ProgramWorld) -> None:
    runs(world, 3)
    assert at_rest(world) == []
    assert len(world.typed()) == messages(world)
    assert not (world.folder / BEIJING_JSON).exists()


def test_the_json_file_is_torn(world: ProgramWorld) -> None:
    """It may still be there while a migration soaks; nobody reads it any more."""
    with shimmed(world) as program:
        program.jobs.signing_and_sales_incentive_aug_beijing()
    with closing(sqlite3.connect(world.store)) as connection, connection:
        connection.execute("CREATE TABLE migrated (campaign TEXT PRIMARY KEY, status_file, csv_file, sent_word)")
        connection.execute("INSERT INTO migrated (campaign) VALUES ('beijing')")
    torn = b'{\n    "2025080000000000000": "\xe5\x8f'
    (world.folder / BEIJING_JSON).write_bytes(torn)
    runs(world, 2)
    assert at_rest(world) == []
    assert (world.folder / BEIJING_JSON).read_bytes() == torn


@pytest.mark.parametrize("through", ["the program's own job", "another process"])
def test_rows_are_appended_while_the_program_rewrites(world: ProgramWorld, through: str) -> None:
    late = [contract(number, award=world.award(number)) for number in range(world.count, world.count + 40)]
    with shimmed(world) as program:
        message = program.notification_module.generate_award_message

        def appending(record: dict[str, str]) -> Any:
            mine, late[:] = late[:5], late[5:]
            if through == "another process":
                world.append(*mine)
            elif mine:
                in_another_thread(append_by_its_job, program, mine)
            record["备注"] = f"奖励 {record[KEY]}"  # a change that has to be written
            return message(record)

        program.notification_module.generate_award_message = appending
        program.once()
        assert not late
        program.notification_module.generate_award_message = message
        program.once()
    assert sum(row["备注"].startswith("奖励") for row in world.rows()) == awards(world), "its own change is kept"
    assert len(world.rows()) == world.count + 40
    assert world.problems([*wanted(world), *range(world.count, world.count + 40)]) == []


def append_by_its_job(program: Program, contracts: list[dict[str, Any]]) -> None:
    rows = program.data_processing_module.process_data_aug_beijing(contracts, set())
    program.file_utils.write_performance_data(BEIJING_CSV, rows, program.config.PERFORMANCE_HEADERS)


def in_another_thread(work: Callable[..., None], *arguments: object) -> None:
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    thread.join()


def test_one_of_two_messages_fails(world: ProgramWorld) -> None:
    world.fail("达成")  # stands in award texts only
    runs(world, 2)
    assert len(world.typed()) == len(wanted(world))
    unpaid = {contract_id(number) for number in wanted(world) if world.award(number)}
    assert {key for key, flag in world.flags().items() if flag == "N"} == unpaid, "a flag waits for both messages"
    assert len(world.tasks(Status.IN_DOUBT)) == awards(world), "an exception may come after the click"
    world.fail()
    assert world.decide() == awards(world)
    runs(world)
    assert at_rest(world) == []


def test_one_of_two_messages_fails_and_is_tried_again(world: ProgramWorld) -> None:
    raising_retries(world)
    world.fail("达成")
    runs(world, 2)
    while world.tasks(Status.QUEUED):  # a retry was not due yet
        runs(world)
    assert len(world.typed()) == len(wanted(world))
    world.fail()
    assert world.decide() == awards(world), "out of attempts"
    runs(world)
    assert at_rest(world) == []


def test_the_desktop_raises_after_the_click(world: ProgramWorld) -> None:
    world.fail("+签约喜报")
    runs(world, 3)
    assert len(world.typed()) == messages(world)
    assert world.decide() == len(wanted(world))
    world.fail()
    runs(world)
    assert at_rest(world) == []


def test_the_status_says_sent_and_is_thrown_away(world: ProgramWorld) -> None:
    with shimmed(world) as program:
        program.jobs.signing_and_sales_incentive_aug_beijing()
    assert set(world.flags().values()) == {"Y", "N"}
    (world.folder / BEIJING_JSON).unlink(missing_ok=True)
    runs(world, 3)
    assert at_rest(world) == []


TEN_CYCLES = """
import sys
sys.path[:0] = {path}
from pathlib import Path
from program_world import ProgramWorld
from shim_world import shimmed
world = ProgramWorld.__new__(ProgramWorld)
world.folder = Path({folder!r})
for _ in range(10):
    with shimmed(world) as program:
        program.once()
        print(*program.told, sep="\\n")
"""


def test_the_csv_is_locked_for_ten_cycles(world: ProgramWorld) -> None:
    world.csv.chmod(0o444)
    before = world.csv.read_bytes()
    script = TEN_CYCLES.format(path=FOLDERS, folder=str(world.folder))
    command = refused_as_anybody([sys.executable, "-c", script])
    done = subprocess.run(command, env=world.in_process, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "permission denied; close the program that holds it open" in done.stdout
    assert world.csv.read_bytes() == before
    assert len(world.typed()) == messages(world)
    world.csv.chmod(0o644)
    runs(world)
    assert at_rest(world) == []


def test_an_id_stands_twice(world: ProgramWorld) -> None:
    world.rewrite(lambda rows: [*rows, rows[0], rows[6]])
    runs(world, 3)
    assert at_rest(world) == []
    assert [row[FLAG] for row in world.rows()] == ["Y"] * (world.count + 2), "all rows of a key"


def test_an_id_stands_twice_with_different_content(world: ProgramWorld) -> None:
    world.rewrite(lambda rows: [*rows, {**rows[0], "合同金额(adjustRefundMoney)": "1"}])
    with shimmed(world) as program:
        program.once()
        assert any(f"contract {contract_id(0)} stands in rows that differ" in said for said in program.told)
    assert (f"测试管家{0}", contract_number(0)) not in world.arrived()
    world.rewrite(lambda rows: rows[:-1])
    runs(world)
    assert at_rest(world) == []


def test_a_spreadsheet_program_mangled_the_ids(world: ProgramWorld) -> None:
    whole = {row["合同编号(contractdocNum)"]: row for row in world.rows()}

    def mangle(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        return [{**row, KEY: "2.02508E+18"} if number % 2 else row for number, row in enumerate(rows)]

    def mend(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        flags = {row["合同编号(contractdocNum)"]: row[FLAG] for row in rows}
        return [{**row, FLAG: flags[number]} for number, row in whole.items()]

    with shimmed(world) as program:
        program.notification_module.notify_awards_aug_beijing(BEIJING_CSV, BEIJING_JSON)  # queued under true ids
        world.rewrite(mangle)
        for _ in range(3):
            program.notification_module.notify_awards_aug_beijing(BEIJING_CSV, BEIJING_JSON)
            program.drain()
        assert any("2.02508E+18" in said for said in program.told)
    assert set(world.arrived().values()) == {1}
    world.rewrite(mend)
    runs(world, 2)
    assert at_rest(world) == []


def test_the_month_changes_with_failed_tasks(world: ProgramWorld) -> None:
    world.fail("合同")
    runs(world)
    assert world.typed() == []
    campaign = world.folder / "campaigns" / "beijing.yaml"
    campaign.write_text(campaign.read_text(encoding="utf-8").replace("BJ-Aug", "BJ-Sep"), encoding="utf-8")
    world.fail()
    assert world.decide() == messages(world)
    with shimmed(world) as program:
        program.drain()
    assert at_rest(world) == []


def test_the_files_are_restored_when_some_are_sent(world: ProgramWorld) -> None:
    saved = world.folder / "saved.csv"
    shutil.copy(world.csv, saved)
    words = [contract_number(number) for number in wanted(world)]
    world.fail(*words[20:])
    runs(world)
    sent = len(world.typed())
    assert 20 < sent < messages(world)
    shutil.copy(saved, world.csv)
    world.fail()
    world.decide()
    runs(world, 2)
    assert at_rest(world) == []


def test_the_file_is_exported_again_with_all_flags_unset(world: ProgramWorld) -> None:
    runs(world)
    world.rewrite(lambda rows: [{**row, FLAG: "N"} if n not in flagged(world) else row for n, row in enumerate(rows)])
    runs(world)
    assert at_rest(world) == []


def test_messages_leave_in_the_order_of_creation(world: ProgramWorld) -> None:
    """Group and award of each contract in turn: not all awards before all groups."""
    runs(world)
    ids = [task.id for task in world.tasks()]
    assert [entry["text"] for entry in world.typed()] == [task.text for task in world.tasks()]
    assert ids == sorted(ids)


@pytest.mark.long
@pytest.mark.parametrize("odd", ["it's", 'a"b', "back\\slash", "编号-7", "100%_", "a,b", "*?[x]"])
def test_ids_with_letters_that_mean_something_elsewhere(tmp_path: Path, odd: str) -> None:
    world = ProgramWorld(tmp_path / "world", count=6)
    world.offer([contract(n, award=world.award(n), key=odd if n == 0 else None) for n in range(world.count)])
    runs(world, 3)
    assert world.problems() == []
    assert odd in world.flags()


def test_the_shim_begins_again_and_again(tmp_path: Path) -> None:
    """On a fresh database, and on one that it made."""
    world = ProgramWorld(tmp_path / "world")
    runs(world, 4)
    assert world.problems() == []


def test_two_processes_at_once(world: ProgramWorld) -> None:
    processes = [
        subprocess.Popen(
            world.command("--once", "bj", shim=True),
            cwd=world.folder,
            env=world.in_process,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(2)
    ]
    for process in processes:
        _, said = process.communicate(timeout=100)
        assert process.returncode == 0, said
    runs(world)
    assert at_rest(world) == []
