"""The functions of the published plan, by their published signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import notifykit_compat
import pytest
from notifykit_compat.errors import ShimError
from program_world import BEIJING_CSV, BEIJING_GROUP, contract_id, contract_number
from shim_world import Program

from notifykit.model import Status

SIGNATURES = {
    "has_pending_task_for_contract": ["contract_id"],
    "create_task_with_contract_id": ["task_type", "recipient", "message", "contract_id", "csv_file"],
    "update_csv_notification_status": ["csv_file", "contract_id", "status"],
    "execute_task_with_status_update": ["task"],
}
SUCCESSOR = "is there for the transition; its successor is"
KEY = contract_id(1)
TASK = ("send_wecom_message", BEIJING_GROUP, f"签约 {contract_number(1)}", KEY, BEIJING_CSV)


@contextmanager
def deprecated(successor: str) -> Iterator[None]:
    with pytest.warns(DeprecationWarning, match=successor) as caught:
        yield
    assert caught[0].filename == __file__


@pytest.mark.parametrize(("name", "parameters"), SIGNATURES.items())
def test_signatures_are_the_published_ones(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(notifykit_compat, name)).parameters) == parameters


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("has_pending_task_for_contract", ("1",)),
        ("create_task_with_contract_id", TASK),
        ("update_csv_notification_status", (BEIJING_CSV, "1", "Y")),
        ("execute_task_with_status_update", ((1,),)),
    ],
)
def test_without_the_shim_they_say_so(name: str, arguments: tuple[Any, ...]) -> None:
    function: Callable[..., Any] = getattr(notifykit_compat, name)
    with (
        pytest.warns(DeprecationWarning, match=SUCCESSOR),
        pytest.raises(ShimError, match=r"call notifykit_compat\.install\(\) first"),
    ):
        function(*arguments)


def test_there_is_nothing_else(program: Program) -> None:
    with pytest.raises(AttributeError, match="no attribute 'create_task'"):
        notifykit_compat.create_task  # noqa: B018


def test_a_contract_goes_its_way(program: Program) -> None:
    def pending() -> bool:
        with deprecated("strategy `contract`"):
            return notifykit_compat.has_pending_task_for_contract(KEY)

    def flag() -> bool:
        with deprecated("`notifykit settle`"):
            return notifykit_compat.update_csv_notification_status(BEIJING_CSV, KEY, "Y")

    def create() -> int | None:
        with deprecated("`notifykit generate`"):
            return notifykit_compat.create_task_with_contract_id(*TASK)

    assert not pending()
    id_ = create()
    assert create() == id_, "it is there already"
    assert pending()
    assert not flag(), "nothing was sent yet"
    assert program.world.flags()[KEY] == "N"
    (row,) = program.task_manager.get_pending_tasks()
    with deprecated("`notifykit dispatch`"):
        notifykit_compat.execute_task_with_status_update(row)
    assert len(program.world.typed()) == 1
    assert not pending()
    assert program.world.flags()[KEY] == "Y"
    assert flag()
    with deprecated("settle"):
        assert not notifykit_compat.update_csv_notification_status(BEIJING_CSV, KEY, "N"), "it never takes one back"
    program.once()
    assert program.world.problems() == [], "the job knows that this one was sent"


def test_a_flag_is_written_where_it_is_justified(program: Program) -> None:
    with pytest.warns(DeprecationWarning, match=SUCCESSOR):
        notifykit_compat.create_task_with_contract_id(*TASK)
    program.shim.runtime.settle_ended([])
    (task,) = program.world.tasks()
    program.task_manager.update_task(task.id, "completed")
    with pytest.warns(DeprecationWarning, match=SUCCESSOR):
        assert notifykit_compat.update_csv_notification_status(BEIJING_CSV, KEY, "Y")
    assert program.world.flags()[KEY] == "Y"


def test_a_doubt_counts_as_pending(program: Program) -> None:
    program.world.fail("签约")
    with pytest.warns(DeprecationWarning, match=SUCCESSOR):
        notifykit_compat.create_task_with_contract_id(*TASK)
    program.drain()
    assert program.world.tasks()[0].status is Status.IN_DOUBT
    with pytest.warns(DeprecationWarning, match=SUCCESSOR):
        assert notifykit_compat.has_pending_task_for_contract(KEY)


def test_what_cannot_be_is_told(program: Program) -> None:
    with (
        pytest.warns(DeprecationWarning, match=SUCCESSOR),
        pytest.raises(ShimError, match=r"other\.csv: belongs to no campaign"),
    ):
        notifykit_compat.create_task_with_contract_id(*TASK[:4], "other.csv")
    with (
        pytest.warns(DeprecationWarning, match=SUCCESSOR),
        pytest.raises(ShimError, match="no message was queued for contract 999"),
    ):
        notifykit_compat.create_task_with_contract_id(*TASK[:3], "999", BEIJING_CSV)
    with pytest.warns(DeprecationWarning, match=SUCCESSOR), pytest.raises(ShimError, match="the task is an empty row"):
        notifykit_compat.execute_task_with_status_update(())
