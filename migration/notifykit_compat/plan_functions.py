"""The functions of the published upgrade plan, by their published signatures, with correct behaviour."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

from notifykit.legacy import Flag
from notifykit.model import Status
from notifykit.outbox.protocol import Filter
from notifykit_compat.activation import Activation, Staged
from notifykit_compat.contract_files import ContractFile, real
from notifykit_compat.errors import ShimError
from notifykit_compat.installing import Shim, installed

_WAITS = (Status.QUEUED, Status.SENDING, Status.FAILED, Status.IN_DOUBT)


def has_pending_task_for_contract(contract_id: str) -> bool:
    """Return whether anything of a contract waits: queued, on the wire, failed or in doubt."""
    _deprecated("has_pending_task_for_contract", "a campaign with strategy `contract`, which never asks")
    runtime = installed().runtime
    with runtime.current() as outbox:
        return any(
            any(outbox.tasks(Filter(campaign=file.campaign.name, key=str(contract_id), statuses=_WAITS, limit=1)))
            for file in runtime.files.by_status.values()
        )


def create_task_with_contract_id(task_type: str, recipient: str, message: str, contract_id: str, csv_file: str) -> int:
    """Queue a message of a contract at once, and return its id; that of the message which is there already.

    Raises ShimError where no campaign owns the CSV file, or no row there has the contract.
    """
    _deprecated("create_task_with_contract_id", "`messages` of a campaign, queued by `notifykit generate`")
    shim = installed()
    file = _campaign_of(shim, csv_file)
    one = Staged(task_type, recipient, message)
    shim.runtime.release(Activation.alone([one]), file, str(contract_id))
    if (id_ := shim.runtime.id_of(one)) is None:
        raise ShimError(
            f"no message was queued for contract {contract_id}", mend="see the warning above", where=csv_file
        )
    return id_


def update_csv_notification_status(csv_file: str, contract_id: str, status: str) -> bool:
    """Set the flag of a contract, where the outbox says that its every message was sent.

    Returns whether the flag says `status` afterwards. It touches no other byte, and never takes a flag back.
    """
    _deprecated("update_csv_notification_status", "`notifykit settle`")
    shim = installed()
    file = _campaign_of(shim, csv_file)
    words = file.words
    key = str(contract_id)
    if status == words.sent:
        with shim.runtime.current() as outbox:
            delivered = outbox.ledger(file.campaign.name).delivered(key)
        if delivered:
            return key not in file.keeper.set_flags([key], Flag.SENT)
    record = file.read().records.get(key)
    return record is not None and record.get(words.flag) == status


def execute_task_with_status_update(task: Sequence[Any]) -> None:
    """Send what is due, the task among it, and write the results back. `task` is a row of the old table."""
    _deprecated("execute_task_with_status_update", "`notifykit dispatch` and `notifykit settle`")
    if not task:
        raise ShimError("execute_task_with_status_update: the task is an empty row")
    installed().scheduler.work()


def _campaign_of(shim: Shim, csv_file: str | os.PathLike[str]) -> ContractFile:
    file = shim.runtime.files.by_csv.get(real(csv_file))
    if file is None:
        raise ShimError(
            "belongs to no campaign", mend="name its campaign's CSV, or write a campaign for it", where=csv_file
        )
    return file


def _deprecated(name: str, successor: str) -> None:
    warnings.warn(f"{name} is there for the transition; its successor is {successor}", DeprecationWarning, stacklevel=3)
