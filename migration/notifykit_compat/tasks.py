"""Stands in for `task_manager`: messages go to the outbox, and what waits is read from it."""

from __future__ import annotations

import threading
from types import FrameType, FunctionType
from typing import Any

from notifykit.model import Status
from notifykit.outbox.values import Filter
from notifykit.terminal.console import some
from notifykit.wording.translation import gettext
from notifykit_compat import planned
from notifykit_compat.activation import Staged
from notifykit_compat.errors import ShimError
from notifykit_compat.names import TASK_CLASS
from notifykit_compat.replacing import StandIn, is_ours
from notifykit_compat.runtime import WHO, Runtime

_WAITING = """
SELECT id, task_type, recipient, message, 'pending', created_at, updated_at FROM tasks
 WHERE status IN ('queued', 'pending') ORDER BY id
"""

_STAGED = "_notifykit_staged"

_MOVES = {
    "completed": (Status.SENT, (Status.QUEUED, Status.IN_DOUBT, Status.FAILED)),
    "pending": (Status.QUEUED, (Status.IN_DOUBT, Status.FAILED)),
    "failed": (Status.FAILED, (Status.QUEUED, Status.IN_DOUBT)),
    "cancelled": (Status.CANCELLED, (Status.QUEUED, Status.IN_DOUBT, Status.FAILED)),
}
"""What the program may write as a task's status: what it means, and of which tasks."""


class Tasks:
    """The functions and the class of `task_manager`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._creating = threading.local()

    def create_task(
        self, caller: FrameType, original: FunctionType, task_type: str, recipient: str, message: str, *more: Any
    ) -> Any:
        """Create a message, for whoever calls. Returns what the program's own function returns. `more`: metadata.

        That works where it saves a `Task`, which then is one of ours. Where it does not, the task's id is returned;
        None while the contract that it belongs to is not released.
        """
        if is_ours(original.__globals__.get(TASK_CLASS)) and {TASK_CLASS, "save"} <= {*original.__code__.co_names}:
            before = self._caller
            self._creating.caller = caller
            try:
                return original(task_type, recipient, message, *more)
            finally:
                self._creating.caller = before
        one = Staged(task_type, recipient, message)
        planned.take(self._runtime, caller, one, more[0] if more else None)
        return one.id

    def get_pending_tasks(self, _caller: FrameType, _original: StandIn) -> list[tuple[Any, ...]]:
        """Return what waits, as rows of the old table: seven columns, in id order."""
        with self._runtime.current() as outbox:
            return outbox.db.all(_WAITING)

    def update_task(self, _caller: FrameType, original: StandIn, task_id: int, status: str) -> Any:
        """Decide about a task, as a person would. One that is not notifykit's is updated as before."""
        with self._runtime.current() as outbox:
            if any(task.campaign for task in outbox.tasks(Filter(ids=(task_id,)))):
                if status not in _MOVES:
                    raise ShimError(
                        gettext("task {id}: has no status {status!r}", id=task_id, status=status),
                        mend=gettext("write one of {statuses}", statuses=some(list(_MOVES))),
                    )
                to, of = _MOVES[status]
                outbox.decide([task_id], to, who=WHO, why=f"update_task(…, {status!r})", of=of)
                return None
        with self._runtime.inside():
            return original(task_id, status)

    def save(self, caller: FrameType, original: StandIn, task: Any) -> Any:
        """Create the message that a `Task` is."""
        if self._runtime.is_inside or getattr(task, "status", "pending") != "pending":
            with self._runtime.inside():
                return original(task)
        one = vars(task)[_STAGED] = Staged(task.task_type, task.recipient, task.message)
        planned.take(self._runtime, self._caller or caller, one, getattr(task, "metadata", None))
        return None

    def id(self, _caller: FrameType, _original: StandIn, task: Any) -> int | None:
        """Return the id of a `Task` that was saved; None while its contract is not released."""
        one: Staged | None = vars(task).get(_STAGED)
        return None if one is None else self._runtime.id_of(one)

    def update_status(self, _caller: FrameType, original: StandIn, task: Any, status: str) -> Any:
        """Decide about a `Task` that was queued."""
        if getattr(task, "id", None) is None:
            raise ShimError(
                gettext("a task of a contract that is not released yet has no status"),
                mend=gettext("update it afterwards"),
            )
        return original(task, status)

    @property
    def _caller(self) -> FrameType | None:
        return getattr(self._creating, "caller", None)
