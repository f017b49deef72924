"""Contracts: what is released when, and what is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from notifykit_compat.errors import ShimError
from notifykit_compat.runtime import PATIENCE
from program_world import (
    BEIJING_CSV,
    BEIJING_GROUP,
    BEIJING_JSON,
    FLAG,
    KEY,
    TECHNICIAN_JSON,
    ProgramWorld,
    contract_id,
    contract_number,
)
from shim_world import Program, shimmed

from notifykit.errors import CampaignError
from notifykit.model import Status

GROUP, PERSON = "send_wecom_message", "send_wechat_message"
SENT = "发送成功"


def group(number: int) -> tuple[str, str, str]:
    return GROUP, BEIJING_GROUP, f"签约 {contract_number(number)}"


def award(number: int) -> tuple[str, str, str]:
    return PERSON, f"测试管家{number}", f"奖励 {contract_number(number)}"


def waiting(program: Program) -> list[tuple[str, str, str]]:
    program.shim.runtime.releases.flush()
    return [(task.campaign, task.key, task.name) for task in program.world.tasks(Status.QUEUED)]


def test_the_first_answer_is_nothing_and_later_ones_what_is_queued(program: Program) -> None:
    files = program.file_utils
    assert files.load_send_status(BEIJING_JSON) == {}
    program.jobs.signing_and_sales_incentive_aug_beijing()
    known = {contract_id(number): SENT for number in range(6)}
    assert files.load_send_status(BEIJING_JSON) == known
    assert files.load_send_status(f"./{BEIJING_JSON}") == known
    assert files.load_send_status(filename=str(program.world.folder / BEIJING_JSON)) == known
    program.drain()
    assert files.load_send_status(BEIJING_JSON) == known
    assert not (program.world.folder / BEIJING_JSON).exists()


def test_a_flag_that_says_sent_is_believed(program: Program) -> None:
    program.world.rewrite(lambda rows: [{**row, FLAG: "Y"} if n == 3 else row for n, row in enumerate(rows)])
    assert program.file_utils.load_send_status(BEIJING_JSON) == {contract_id(3): SENT}


def test_what_was_cancelled_is_not_known(program: Program) -> None:
    program.jobs.signing_and_sales_incentive_aug_beijing()
    for task in program.world.tasks():
        if task.key == contract_id(1):
            program.task_manager.update_task(task.id, "cancelled")
    assert contract_id(1) not in program.file_utils.load_send_status(BEIJING_JSON)
    assert len(program.file_utils.load_send_status(BEIJING_JSON)) == 5
    program.once()
    assert (BEIJING_GROUP, contract_number(1)) not in program.world.arrived(), "and not sent behind one's back"


def test_metadata_are_those_that_notifykit_itself_gives(program: Program) -> None:
    program.jobs.signing_and_sales_incentive_aug_beijing()
    (first, *_) = program.world.tasks()
    assert (first.campaign, first.key, first.name) == ("beijing", contract_id(0), "group")
    assert first.metadata == {
        "contract_id": contract_id(0),
        "csv_file": BEIJING_CSV,
        "created_by": "contract_notification",
        "csv": {"key": KEY, "flag": FLAG, "unsent": "N", "sent": "Y", "encoding": "auto"},
    }


def test_nothing_is_released_before_the_group_is_closed(program: Program) -> None:
    def notify() -> Iterator[list[tuple[str, str, str]]]:
        files, manager = program.file_utils, program.task_manager
        files.load_send_status(BEIJING_JSON)
        task = manager.create_task(*group(0))
        assert task.id is None
        yield waiting(program)
        other = manager.create_task(*award(0))
        yield waiting(program)
        files.update_send_status(BEIJING_JSON, contract_id(0), SENT)
        assert [task.id, other.id] == [one.id for one in program.world.tasks()]
        yield waiting(program)

    first, second, third = list(notify())
    assert first == second == []
    assert third == [("beijing", contract_id(0), "group"), ("beijing", contract_id(0), "award")]


def test_an_interrupted_group_is_dropped_and_made_again(program: Program) -> None:
    files, manager = program.file_utils, program.task_manager

    def notify(*, fails: bool) -> None:
        files.load_send_status(BEIJING_JSON)
        manager.create_task(*group(0))
        if fails:
            raise RuntimeError("interrupted")
        manager.create_task(*award(0))
        files.update_send_status(BEIJING_JSON, contract_id(0), SENT)

    with pytest.raises(RuntimeError):
        notify(fails=True)
    program.drain()
    assert waiting(program) == []
    assert program.world.typed() == []
    assert "ended before it released 1 message of a contract" in program.told[0]
    notify(fails=False)
    notify(fails=False)
    assert len(waiting(program)) == 2, "the second time, both are refused as duplicates"


def test_a_contract_whose_making_failed_does_not_leak_into_the_next(program: Program) -> None:
    def notify() -> None:
        program.file_utils.load_send_status(BEIJING_JSON)
        program.task_manager.create_task(*group(0))  # and its award failed
        program.task_manager.create_task(*group(1))
        program.file_utils.update_send_status(BEIJING_JSON, contract_id(1), SENT)

    notify()
    assert waiting(program) == [("beijing", contract_id(1), "group")]
    assert "was created for another contract" in program.told[0]
    program.once()
    assert program.world.problems() == []


def test_what_a_notification_creates_after_its_contracts_is_sent_when_it_is_over(program: Program) -> None:
    def notify() -> None:
        program.file_utils.load_send_status(BEIJING_JSON)
        program.task_manager.create_task(*group(0))
        program.file_utils.update_send_status(BEIJING_JSON, contract_id(0), SENT)
        program.task_manager.create_task(GROUP, BEIJING_GROUP, "今日共 1 单")

    notify()
    assert len(waiting(program)) == 1
    program.task_scheduler.check_tasks()
    assert [entry["text"] for entry in program.world.typed()][-1] == "今日共 1 单"


def test_what_is_left_of_a_contract_at_the_end_is_not_sent_for_nobody(program: Program) -> None:
    """A program that swallows the failure of its last contract: the next run makes that one whole."""

    def notify() -> None:
        program.file_utils.load_send_status(BEIJING_JSON)
        program.task_manager.create_task(*group(1))
        program.file_utils.update_send_status(BEIJING_JSON, contract_id(1), SENT)
        program.task_manager.create_task(*group(0))
        program.task_manager.create_task(GROUP, BEIJING_GROUP, f"今日: {contract_number(1)}")

    notify()
    program.drain()
    assert [(task.campaign, task.key[-1]) for task in program.world.tasks()][:1] == [("beijing", "1")]
    assert [entry["text"] for entry in program.world.typed()] == [group(1)[2], f"今日: {contract_number(1)}"]
    assert "ended before it released 1 message of a contract" in program.told[0]
    program.once()
    assert program.world.arrived()[BEIJING_GROUP, contract_number(0)] == 1


def test_other_callers_are_served_at_once_even_meanwhile(program: Program) -> None:
    found: list[int | None] = []

    def remind() -> None:
        found.append(program.task_manager.create_task(PERSON, "测试防水服务部", "工单 1 待预约").id)

    def notify() -> None:
        program.file_utils.load_send_status(BEIJING_JSON)
        program.task_manager.create_task(*group(0))
        thread = threading.Thread(target=remind)
        thread.start()
        thread.join()
        assert [task.campaign for task in program.world.tasks()] == ["legacy"]
        program.file_utils.update_send_status(BEIJING_JSON, contract_id(0), SENT)

    notify()
    remind()
    assert [task.campaign for task in program.world.tasks()] == ["legacy", "beijing", "legacy"]
    assert found == [1, 3]


def test_a_technician_notification_within_is_its_own(program: Program) -> None:
    def notify() -> None:
        program.file_utils.load_send_status(BEIJING_JSON)
        program.jobs.check_technician_status()
        assert len(waiting(program)) == 3

    notify()
    assert set(program.file_utils.load_send_status(TECHNICIAN_JSON)) == {"TC-0000", "TC-0001", "TC-0002"}


def test_a_program_that_saves_the_whole_status_after_each_contract(program: Program) -> None:
    def notify() -> None:
        files, manager = program.file_utils, program.task_manager
        status = files.load_send_status(BEIJING_JSON)
        for number in range(2):
            manager.create_task(*group(number))
            status[contract_id(number)] = SENT
            files.save_send_status(BEIJING_JSON, status)

    notify()
    assert [key for _, key, _ in waiting(program)] == [contract_id(0), contract_id(1)]
    assert not (program.world.folder / BEIJING_JSON).exists()


def test_two_contracts_saved_at_once_cannot_be_told_apart(program: Program) -> None:
    def notify() -> None:
        status = program.file_utils.load_send_status(BEIJING_JSON)
        for number in range(2):
            program.task_manager.create_task(*group(number))
            status[contract_id(number)] = SENT
        program.file_utils.save_send_status(BEIJING_JSON, status)

    with pytest.raises(ShimError, match=r"records 2 contracts at once in send_status_bj_aug\.json"):
        notify()
    assert waiting(program) == []


def mark(program: Program, number: int) -> None:
    status = program.file_utils.load_send_status(BEIJING_JSON)
    status[contract_id(number)] = SENT
    program.file_utils.save_send_status(BEIJING_JSON, status)


def update(program: Program, number: int) -> None:
    program.file_utils.update_send_status(BEIJING_JSON, contract_id(number), SENT)


@pytest.mark.parametrize("record", [update, mark])
@pytest.mark.parametrize("load", [True, False])
def test_whoever_loads_and_records_in_helpers_is_told_once(
    program: Program, load: bool, record: Callable[[Program, int], None]
) -> None:
    """The status is loaded by the notification itself, or was loaded by a function that is over."""

    def loaded() -> Any:
        return program.file_utils.load_send_status(BEIJING_JSON)

    def notify() -> None:
        status = program.file_utils.load_send_status(BEIJING_JSON) if load else loaded()
        for number in range(3):
            if status.get(contract_id(number)) != SENT:
                program.task_manager.create_task(*group(number))
                record(program, number)

    for _ in range(2):
        notify()
        program.drain()
    assert [entry["text"] for entry in program.world.typed()] == [group(number)[2] for number in range(3)]
    assert program.told == []


def test_what_threads_create_is_a_contracts_by_its_number(program: Program) -> None:
    def notify(number: int) -> None:
        program.task_manager.create_task(*group(number))
        program.task_manager.create_task(*group(number))  # as after an exception halfway
        assert waiting(program) == []
        update(program, number)

    for number in (0, 1):
        thread = threading.Thread(target=notify, args=(number,))
        thread.start()
        thread.join()
        assert [key for _, key, _ in waiting(program)] == [contract_id(number)]
        program.drain()
    program.task_manager.create_task(*group(0))  # known, and the same
    program.task_manager.create_task(group(0)[0], group(0)[1], f"{group(0)[2]} 已付款")  # known, and another
    assert [campaign for campaign, _, _ in waiting(program)] == ["legacy"]


def test_a_csv_that_tells_nothing_stops_no_other_job(program: Program) -> None:
    program.world.csv.write_text("a,b\r\n", encoding="utf-8")
    program.jobs.check_technician_status()
    assert [campaign for campaign, _, _ in waiting(program)] == ["legacy"] * 3
    with pytest.raises(CampaignError):
        program.file_utils.load_send_status(BEIJING_JSON)


@pytest.mark.parametrize("at", ["the end", "a later pass"])
def test_what_is_never_recorded_is_told(world: ProgramWorld, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.fill()
    with shimmed(world) as program:
        program.task_manager.create_task(*group(0))
        assert waiting(program) == []
        program.drain()
        assert program.told == [], "it may be recorded yet"
        if at == "a later pass":
            now = time.monotonic() + PATIENCE
            monkeypatch.setattr(time, "monotonic", lambda: now)
            program.drain()
            assert len(program.told) == 1
    (said,) = program.told
    assert f"1 message of contract {contract_id(0)} waited for the rest of it, or for its record" in said
    assert world.typed() == []


def test_a_status_without_a_message_is_told(program: Program) -> None:
    program.file_utils.update_send_status(BEIJING_JSON, contract_id(0), SENT)
    program.file_utils.save_send_status(BEIJING_JSON, {contract_id(1): SENT})
    assert [contract_id(number) in said for number, said in enumerate(program.told)] == [True, True]
    assert "nothing was recorded; where it is not to be sent, set its flag" in program.told[0]
    program.once()
    assert program.world.problems() == []


def test_a_row_that_is_gone_releases_nothing(program: Program) -> None:
    def notify(key: str) -> None:
        program.file_utils.load_send_status(BEIJING_JSON)
        program.task_manager.create_task(*group(0))
        program.file_utils.update_send_status(BEIJING_JSON, key, SENT)

    notify("999")
    assert waiting(program) == []
    assert "no row has the contract id '999'; its messages were not released" in program.told[0]


def test_a_row_that_came_after_the_status_was_loaded_is_found(program: Program) -> None:
    from program_world import contract

    def notify() -> None:
        program.file_utils.load_send_status(BEIJING_JSON)
        program.world.append(contract(9))
        program.task_manager.create_task(*group(9))
        program.file_utils.update_send_status(BEIJING_JSON, contract_id(9), SENT)

    notify()
    assert waiting(program) == [("beijing", contract_id(9), "group")]


def test_a_type_that_nobody_sends_stops_the_contract_and_not_another_message(program: Program) -> None:
    def notify() -> None:
        program.file_utils.load_send_status(BEIJING_JSON)
        program.task_manager.create_task(*group(0))
        program.task_manager.create_task("send_fax", "1", "x")
        program.file_utils.update_send_status(BEIJING_JSON, contract_id(0), SENT)

    with pytest.raises(ShimError, match="no message of type send_fax"):
        notify()
    assert waiting(program) == []
    program.task_manager.create_task("send_fax", "1", "x")
    (task,) = program.world.tasks()
    assert task.status is Status.CANCELLED
    assert "`legacy.channels` names no channel for messages of type send_fax" in program.told[-1]


def test_a_contract_whose_id_reads_as_another_is_not_released(program: Program) -> None:
    program.world.rewrite(lambda rows: [*rows, {**rows[0], KEY: f"{contract_id(0)}\u00a0"}])

    def notify(key: str) -> None:
        program.file_utils.load_send_status(BEIJING_JSON)
        program.task_manager.create_task(*group(0))
        program.file_utils.update_send_status(BEIJING_JSON, key, SENT)

    notify(f"{contract_id(0)}\u00a0")
    assert waiting(program) == []
    assert rf'the key "{contract_id(0)}\u00a0" is new, and reads as "{contract_id(0)}"' in "".join(program.told)
