"""The functions of a legacy program that the shim stands in for, and what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from notifykit.wording.translation import gettext_noop


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """One function."""

    takes: int
    """Positional parameters."""
    more: int = 0
    """Others that it may have behind them."""
    becomes: str
    """For people."""


FUNCTIONS: Mapping[str, Mapping[str, Replaced]] = MappingProxyType(
    {
        "task_manager": {
            "create_task": Replaced(
                takes=3, more=1, becomes=gettext_noop("queues; within a contract notification: when its group closes")
            ),
            "get_pending_tasks": Replaced(takes=0, becomes=gettext_noop("lists what waits on the outbox")),
            "update_task": Replaced(takes=2, becomes=gettext_noop("decides about a task on the outbox, audited")),
        },
        "task_scheduler": {
            "check_tasks": Replaced(takes=0, becomes=gettext_noop("dispatches what is due, and settles")),
            "execute_task": Replaced(takes=1, becomes=gettext_noop("dispatches what is due, and settles")),
            "start": Replaced(takes=0, becomes=gettext_noop("dispatches and settles every 10 s")),
        },
        "file_utils": {
            "load_send_status": Replaced(takes=1, becomes=gettext_noop("contract files: answered from the outbox")),
            "save_send_status": Replaced(
                takes=2, becomes=gettext_noop("contract files: writes nothing; others: atomically")
            ),
            "update_send_status": Replaced(
                takes=3, becomes=gettext_noop("contract files: releases the contract's messages; others: atomically")
            ),
            "get_all_records_from_csv": Replaced(
                takes=1, becomes=gettext_noop("as before; what was read is remembered")
            ),
            "write_performance_data": Replaced(
                takes=3, becomes=gettext_noop("campaign files: appends under the flags' lock")
            ),
            "write_performance_data_to_csv": Replaced(
                takes=3, becomes=gettext_noop("campaign files: changes rows, flags nothing, loses no row")
            ),
        },
    }
)
"""By part of the program. Of `message_sender` nothing is replaced: channels call its functions."""

PLAN: Mapping[str, Replaced] = MappingProxyType(
    {
        "has_pending_task_for_contract": Replaced(
            takes=1, becomes=gettext_noop("says whether anything of the contract waits")
        ),
        "create_task_with_contract_id": Replaced(
            takes=5, becomes=gettext_noop("queues, together with what else the campaign wants of the contract")
        ),
        "update_csv_notification_status": Replaced(
            takes=3, becomes=gettext_noop("sets the flag where every message was sent")
        ),
        "execute_task_with_status_update": Replaced(
            takes=1, becomes=gettext_noop("dispatches what is due, and settles")
        ),
    }
)
"""What the published upgrade plan adds, in whichever of the program's modules."""

TASK_CLASS = "Task"
"""In `task_manager`: a subclass with `save` and `update_status` of our own takes its place."""
