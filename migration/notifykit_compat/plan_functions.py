"""The functions of the published upgrade plan, by their published signatures, for programs that import them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from typing import Any

from notifykit.wording.translation import gettext
from notifykit_compat.installing import installed


def has_pending_task_for_contract(contract_id: str) -> bool:
    """Return whether anything of a contract waits: queued, on the wire, failed or in doubt."""
    found = _call(gettext("a campaign with strategy `contract`, which never asks"), contract_id)
    return bool(found)


def create_task_with_contract_id(
    task_type: str, recipient: str, message: str, contract_id: str, csv_file: str
) -> int | None:
    """Take a message of a contract, and return its id; that of the message which is there already.

    It is queued together with the others that the campaign wants of the contract; None until they are there. Raises
    ShimError where no campaign owns the CSV file, or no row there has the contract.
    """
    successor = gettext("`messages` of a campaign, queued by `notifykit generate`")
    id_: int | None = _call(successor, task_type, recipient, message, contract_id, csv_file)
    return id_


def update_csv_notification_status(csv_file: str, contract_id: str, status: str) -> bool:
    """Set the flag of a contract, where the outbox says that its every message was sent.

    Returns whether the flag says `status` afterwards. It touches no other byte, and never takes a flag back.
    """
    return bool(_call("`notifykit settle`", csv_file, contract_id, status))


def execute_task_with_status_update(task: Sequence[Any]) -> None:
    """Send what is due, the task among it, and write the results back. `task` is a row of the old table."""
    _call("`notifykit dispatch` and `notifykit settle`", task)


def _call(successor: str, *arguments: Any) -> Any:
    """Do what the calling function is for, for its own caller."""
    frame = inspect.currentframe()
    assert frame is not None  # noqa: S101 - CPython has them
    function = frame.f_back
    assert function is not None  # noqa: S101 - it called this
    name = function.f_code.co_name
    what = gettext("{name} is there for the transition; its successor is {successor}", name=name, successor=successor)
    warnings.warn(what, DeprecationWarning, stacklevel=3)
    return getattr(installed().planned, name)(function.f_back, None, *arguments)
