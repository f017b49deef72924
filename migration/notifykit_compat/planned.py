"""Stands in for the functions that the published upgrade plan gives a program, and takes what it says in metadata.

There each message names its contract, and nothing says when a contract has all of its messages. The campaign does:
they wait until all that it wants are there, and are queued together. So a kill between two of them loses none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from notifykit.legacy import Flag
from notifykit.model import Status
from notifykit.outbox.values import Filter
from notifykit.wording.translation import gettext
from notifykit_compat.activation import Staged
from notifykit_compat.contract_files import ContractFile, real
from notifykit_compat.errors import ShimError
from notifykit_compat.runtime import Runtime
from notifykit_compat.scheduling import Scheduler

Original = Callable[..., Any]

_WAITS = (Status.QUEUED, Status.SENDING, Status.FAILED, Status.IN_DOUBT)


class Planned:
    """The functions of the plan."""

    def __init__(self, runtime: Runtime, scheduler: Scheduler) -> None:
        self._runtime = runtime
        self._scheduler = scheduler

    def has_pending_task_for_contract(self, _caller: FrameType, _original: Original, contract_id: object) -> bool:
        """Return whether anything of a contract waits: queued, on the wire, failed or in doubt."""
        with self._runtime.current() as outbox:
            return any(
                any(outbox.tasks(Filter(campaign=file.campaign.name, key=str(contract_id), statuses=_WAITS, limit=1)))
                for file in self._runtime.files.by_status.values()
            )

    def create_task_with_contract_id(
        self,
        _caller: FrameType,
        _original: Original,
        task_type: str,
        recipient: str,
        message: str,
        contract_id: object,
        csv_file: str,
    ) -> int | None:
        """Take a message of a contract, and return its id; None while others that the campaign wants are not there.

        Raises ShimError where no campaign owns the CSV file, or no row there has the contract.
        """
        file, key, one = self._campaign_of(csv_file), str(contract_id), Staged(task_type, recipient, message)
        if key not in self._runtime.read(file).records:
            raise ShimError(
                gettext("no message was queued for contract {key}: no row has that id", key=key), where=csv_file
            )
        self._runtime.take_of(file, key, one)
        return self._runtime.id_of(one)

    def update_csv_notification_status(
        self, _caller: FrameType, _original: Original, csv_file: str, contract_id: object, status: str
    ) -> bool:
        """Set the flag of a contract, where the outbox says that its every message was sent.

        Returns whether the flag says `status` afterwards. It touches no other byte, and never takes a flag back.
        """
        file = self._campaign_of(csv_file)
        words, key = file.words, str(contract_id)
        if status == words.sent:
            with self._runtime.current() as outbox:
                delivered = outbox.ledger(file.campaign.name).delivered(key)
            if delivered:
                return key not in file.keeper.set_flags([key], Flag.SENT)
        record = self._runtime.read(file).records.get(key)
        return record is not None and record.get(words.flag) == status

    def execute_task_with_status_update(self, _caller: FrameType, _original: Original, task: Sequence[Any]) -> None:
        """Send what is due, the task among it, and write the results back. `task` is a row of the old table."""
        if not task:
            raise ShimError(gettext("execute_task_with_status_update: the task is an empty row"))
        self._scheduler.work()

    def _campaign_of(self, csv_file: str | os.PathLike[str]) -> ContractFile:
        file = self._runtime.files.by_csv.get(real(csv_file))
        if file is None:
            raise ShimError(
                gettext("belongs to no campaign"),
                mend=gettext("name its campaign's CSV, or write a campaign for it"),
                where=csv_file,
            )
        return file


def take(runtime: Runtime, caller: FrameType, one: Staged, metadata: object) -> None:
    """Take a message that the program created with metadata. Where they name a contract of a campaign it is that one's.

    Raises ShimError and StoreError as `Runtime.take` does.
    """
    named = _read(metadata)
    key, csv_file = named.get("contract_id"), named.get("csv_file")
    file = runtime.files.by_csv.get(real(csv_file)) if isinstance(csv_file, str) else None
    if file is None or key is None:
        runtime.take(caller, one)
    else:
        runtime.take_of(file, str(key), one)


def _read(metadata: object) -> Mapping[str, Any]:
    """Return metadata as an object, which the program has as such or as JSON; an empty one where they are none."""
    if isinstance(metadata, str | bytes):
        try:
            metadata = json.loads(metadata)
        except ValueError:
            return {}
    return metadata if isinstance(metadata, Mapping) else {}
