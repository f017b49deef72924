"""The hooks by which plugins hear what happened, and the methods of the observers that a project configures.

Called after the fact is durable, and at most once: after a crash a fact may not be told at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from notifykit.messages.receipts import Receipt
    from notifykit.model import Outcome, Task
    from notifykit.outbox.decided import Decision
    from notifykit.outbox.values import Pause
    from notifykit.wording import Reason

hookspec = pluggy.HookspecMarker("notifykit")


@hookspec
def task_queued(task: Task) -> None:
    """Observe a new task, after it is durable. Called in the generating process. `task` is as it was queued.

    .. versionadded:: 0.1
    """


@hookspec
def task_sent(task: Task, outcome: Outcome) -> None:
    """Observe an accepted task, after that is durable. Called in the dispatching process, from any thread.

    `task` is as it was when its attempt began; `outcome` is what the sender said.

    .. versionadded:: 0.1
    """


@hookspec
def task_failed(task: Task, outcome: Outcome) -> None:
    """Observe a task that became a dead letter: rejected, or out of attempts. Called as `task_sent` is.

    .. versionadded:: 0.1
    """


@hookspec
def task_in_doubt(task: Task, outcome: Outcome) -> None:
    """Observe a task that may or may not have been accepted. Called as `task_sent` is.

    Where its worker is gone, the code of `outcome` is `lease_expired`.

    .. versionadded:: 0.1
    """


@hookspec
def task_retried(task: Task, outcome: Outcome, at: float) -> None:
    """Observe a task that was put back for another attempt. Called as `task_sent` is.

    `at`: when that may be made, in UTC seconds.

    .. versionadded:: 0.1
    """


@hookspec
def task_receipt(task: Task, receipt: Receipt) -> None:
    """Observe what a service told later of a message, after it is durable, where it is news.

    See `notifykit.messages.receipts`. Called in the process that was told. `task` is as it stands now.

    .. versionadded:: 0.1
    """


@hookspec
def channel_paused(pause: Pause) -> None:
    """Observe that a channel takes nothing, after that is durable: its service asked for it, or cannot be reached.

    Called in the dispatching process, from any thread. `pause` has `channel`, `until` in UTC seconds (`FOREVER`: until
    a person resumes it; of one that cannot be reached, the first probe), and `reason`.

    .. versionadded:: 0.1
    """


@hookspec
def written_back(campaign: str, done: Collection[int], refused: Mapping[int, Reason]) -> None:
    """Observe a write-back, after it is durable. Called in the settling process, once for each page of tasks.

    `done`: the ids of the tasks whose result was written; `refused`: those of the others, with the reason of each.

    .. versionadded:: 0.1
    """


@hookspec
def decided(decision: Decision) -> None:
    """Observe what a person decided, on the command line or on the page, after it is durable.

    `decision` (`notifykit.outbox.decided.Decision`) says what, who and why; one that was taken back just now has an
    `undone_at`.

    .. versionadded:: 0.1
    """
