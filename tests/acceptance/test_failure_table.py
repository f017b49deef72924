"""How scripts of this kind are known to fail, each with 200 contracts of which 160 are due with 194 messages.

Every test ends with the same demand: 0 lost, 0 doubled, 0 wedged, 0 wrong flags at rest. The kills are in
tests/crash; the technician's status file in tests/integration/technician.
"""

from __future__ import annotations

import csv
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contract_world import CAMPAIGN, HEADER, ContractWorld, contract_id, contract_row
from counting_server import CountingServer, counting_server
from system import refused_as_anybody

from notifykit.model import Status
from notifykit.outbox.values import Filter
from notifykit.pipeline.run import Pass, Runner, generate_all

COUNT, DUE, MESSAGES, AWARD_EVERY = 200, 160, 194, 6

FLAGGED = frozenset([number for number in range(COUNT) if number % AWARD_EVERY][: COUNT - DUE])


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with counting_server() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, server: CountingServer) -> ContractWorld:
    made = ContractWorld(
        tmp_path / "world", server.url, count=COUNT, award_every=AWARD_EVERY, flagged=FLAGGED, workers=4
    )
    assert (len({key.split("/")[1] for key in made.due}), len(made.due)) == (DUE, MESSAGES)
    return made


def passes(world: ContractWorld, count: int = 1) -> list[Pass]:
    """Run everything so many times, each as a new start would."""
    done = []
    for _ in range(count):
        project = world.opened()
        outbox = project.open_outbox()
        try:
            done.append(Runner(project, outbox, project.campaigns()).once())
        finally:
            outbox.close()
    return done


def tasks(world: ContractWorld, *statuses: Status) -> list[Any]:
    outbox = world.opened().open_outbox()
    try:
        return list(outbox.tasks(Filter(statuses=statuses)))
    finally:
        outbox.close()


def rewrite(world: ContractWorld, change: Callable[[list[list[str]]], list[list[str]]]) -> None:
    """What a person does with a spreadsheet program: the whole file anew."""
    with world.csv.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    with world.csv.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *change(rows)])


def test_a_usual_day(world: ContractWorld, server: CountingServer) -> None:
    passes(world, 3)
    assert world.problems(server.accepted) == []
    assert sum(server.accepted.values()) == MESSAGES


def test_one_of_a_contracts_two_messages_fails(world: ContractWorld, server: CountingServer) -> None:
    def awards_fail(body: dict[str, Any]) -> int | None:
        return 404 if "奖励" in body["text"] else None

    server.before = awards_fail
    passes(world, 2)
    failed = tasks(world, Status.FAILED)
    assert {task.name for task in failed} == {"award"}
    flags = world.flags()
    assert {flags[task.key] for task in failed} == {"N"}, "no contract is flagged while one of its messages failed"
    server.before = lambda _body: None
    outbox = world.opened().open_outbox()
    outbox.decide([task.id for task in failed], Status.QUEUED, who="test", why="mended", of=[Status.FAILED])
    outbox.close()
    passes(world)
    assert world.problems(server.accepted) == []


@pytest.mark.long
def test_a_service_that_is_down_for_a_while(world: ContractWorld, server: CountingServer) -> None:
    refusals = iter([429] * 150)
    server.before = lambda _body: next(refusals, None)
    world.run_until_quiet()
    assert world.problems(server.accepted) == []


@pytest.mark.long
def test_the_csv_is_locked_for_ten_passes(world: ContractWorld, server: CountingServer) -> None:
    world.csv.chmod(0o444)
    before = world.csv.read_bytes()
    for code in (3, *[0] * 9):  # from the second time on it is known already
        command = refused_as_anybody(world.command("run", "--once"))
        done = subprocess.run(command, env=world.environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert "contracts.csv" in done.stdout + done.stderr
    assert world.csv.read_bytes() == before
    assert set(server.accepted.values()) == {1}
    assert {task.status for task in tasks(world)} == {Status.SENT}
    world.csv.chmod(0o644)
    passes(world)
    assert world.problems(server.accepted) == []


def test_rows_are_appended_while_flags_are_written(world: ContractWorld, server: CountingServer) -> None:
    stop = threading.Event()

    def append() -> None:
        while not stop.wait(0.002):
            with world.csv.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file).writerow(contract_row(world.count, award=world.count % AWARD_EVERY == 0))
                world.count += 1

    thread = threading.Thread(target=append)
    thread.start()
    passes(world, 3)
    stop.set()
    thread.join()
    passes(world)
    assert world.count > COUNT
    assert world.problems(server.accepted) == []


def test_an_id_stands_twice(world: ContractWorld, server: CountingServer) -> None:
    rewrite(world, lambda rows: [*rows, rows[0], rows[6]])
    passes(world, 4)
    assert world.problems(server.accepted) == []
    with world.csv.open(encoding="utf-8-sig", newline="") as file:
        assert [row["是否发送通知"] for row in csv.DictReader(file)] == ["Y"] * (COUNT + 2), "all rows of a key"


def test_an_id_stands_twice_with_different_content(world: ContractWorld, server: CountingServer) -> None:
    twisted = contract_row(0)
    twisted[HEADER.index("合同金额(adjustRefundMoney)")] = "1"
    rewrite(world, lambda rows: [*rows, twisted])
    for this_pass in passes(world, 2):
        (problem,) = this_pass.generated[0].problems
        assert "contracts.csv:2 and" in problem.place
    assert not any(contract_id(0) in key for key in server.accepted)
    rewrite(world, lambda rows: rows[:-1])
    passes(world)
    assert world.problems(server.accepted) == []


def test_a_spreadsheet_program_mangled_the_ids(world: ContractWorld, server: CountingServer) -> None:
    def mangle(rows: list[list[str]]) -> list[list[str]]:
        return [[row[0], "2.02508E+18", *row[2:]] if number % 2 else row for number, row in enumerate(rows)]

    with world.csv.open(encoding="utf-8-sig", newline="") as file:
        whole = list(csv.reader(file))[1:]
    rewrite(world, mangle)
    for this_pass in passes(world, 3):
        assert len(this_pass.generated[0].problems) == COUNT // 2
    assert set(server.accepted.values()) == {1}
    flags = world.flags()
    rewrite(world, lambda _rows: [[*row[:26], flags.get(row[1], row[26]), *row[27:]] for row in whole])
    passes(world)
    assert world.problems(server.accepted) == []


def test_the_file_is_exported_again_with_all_flags_unset(world: ContractWorld, server: CountingServer) -> None:
    passes(world)
    rewrite(
        world, lambda rows: [[*row[:26], "N", *row[27:]] if i not in FLAGGED else row for i, row in enumerate(rows)]
    )
    (again,) = passes(world)
    assert len(again.generated[0].repaired) == DUE, "the drift is reported"
    assert world.problems(server.accepted) == []


def test_a_hand_sets_flags_while_messages_wait(world: ContractWorld, server: CountingServer) -> None:
    project = world.opened()
    outbox = project.open_outbox()
    generate_all(project, outbox, project.campaigns(), Pass())
    outbox.close()
    rewrite(world, lambda rows: [[*row[:26], "Y", *row[27:]] for row in rows])
    (this_pass,) = passes(world)
    assert len(this_pass.generated[0].flagged_but_waiting) == DUE
    assert world.problems(server.accepted) == []


def test_the_month_changes_with_failed_tasks(world: ContractWorld, server: CountingServer) -> None:
    server.before = lambda _body: 404
    passes(world)
    assert len(tasks(world, Status.FAILED)) == len(world.due)
    server.before = lambda _body: None
    # Next month's file replaces this one's in the campaign; what failed is still owed to the old file.
    other = world.folder / "september.csv"
    with other.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerow(HEADER)
    campaign = world.folder / "campaigns" / "contracts.yaml"
    campaign.write_text(CAMPAIGN.replace("contracts.csv", "september.csv"), encoding="utf-8")
    outbox = world.opened().open_outbox()
    failed = [task.id for task in outbox.tasks(Filter(statuses=(Status.FAILED,)))]
    outbox.decide(failed, Status.QUEUED, who="test", why="mended", of=[Status.FAILED])
    outbox.close()
    passes(world)
    assert world.problems(server.accepted) == []


@pytest.mark.long
@pytest.mark.parametrize("odd", ["it's", 'a"b', "back\\slash", "编号-7", "100%_", "a,b", "*?[x]"])
def test_ids_with_letters_that_mean_something_elsewhere(world: ContractWorld, server: CountingServer, odd: str) -> None:
    rewrite(world, lambda rows: [[row[0], odd, *row[2:]] if row[1] == contract_id(0) else row for row in rows])
    passes(world, 3)
    due = {key.replace(contract_id(0), odd) for key in world.due}
    assert server.accepted == dict.fromkeys(due, 1)
    assert set(world.flags().values()) == {"Y"}
    assert len(world.flags()) == COUNT
    assert {task.status for task in tasks(world)} == {Status.COMPLETED}


@pytest.mark.parametrize("workers", [1, 4])
def test_messages_to_one_person_keep_their_order(tmp_path: Path, server: CountingServer, workers: int) -> None:
    """Groups and awards of a person go to one address, in the order queued: not all awards before all groups."""
    recipient = "'{{ record[\"管家(serviceHousekeeper)\"] }}'"
    world = ContractWorld(
        tmp_path / "world",
        server.url,
        count=COUNT,
        award_every=2,
        flagged=FLAGGED,
        workers=workers,
        campaign=CAMPAIGN.replace("'群 {{ record[\"管家(serviceHousekeeper)\"] }}'", recipient),
    )
    assert world.campaign.count(recipient) == 2
    passes(world)
    assert world.problems(server.accepted) == []
    arrived: dict[str, list[str]] = defaultdict(list)
    for body in server.bodies:
        arrived[body["recipient"]].append(body["idempotency_key"])
    due: dict[str, list[str]] = defaultdict(list)
    for number in range(COUNT):
        person = f"测试管家{number % 20}"
        keys = [f"contracts/{contract_id(number)}/{message}/1" for message in ("group", "award")]
        due[person] += [key for key in keys if key in world.due]
    assert arrived == due
    assert any(len(keys) > 10 and {key.split("/")[2] for key in keys} == {"group", "award"} for keys in due.values())


def test_two_processes_at_once(world: ContractWorld, server: CountingServer) -> None:
    command = world.command("run", "--once")
    processes = [
        subprocess.Popen(command, env=world.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in processes:
        _, said = process.communicate(timeout=100)
        assert process.returncode == 0, said
    passes(world)
    assert world.problems(server.accepted) == []
