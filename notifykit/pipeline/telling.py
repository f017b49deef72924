"""Log lines about messages and channels: in words, and in fields for programs.

The codes stay what they are, whatever the words.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from notifykit.model import Status, Task
from notifykit.outbox.values import Pause, Transition
from notifykit.pipeline.call import Result
from notifykit.pipeline.observers import Observers
from notifykit.wording.translation import gettext

log = logging.getLogger("notifykit.pipeline")

HOOKS = {
    Status.SENT: "task_sent",
    Status.FAILED: "task_failed",
    Status.IN_DOUBT: "task_in_doubt",
    Status.QUEUED: "task_retried",
}
"""What observers hear of an attempt, by where it moved its task."""


def tell_observers(observers: Observers, results: Iterable[Result], thens: Iterable[Transition | None]) -> None:
    """Tell what became of attempts; of those that moved no task, nothing."""
    for result, then in zip(results, thens, strict=True):
        hook = HOOKS.get(then.status) if then is not None else None
        if then is None or hook is None or not observers.observed(hook):
            continue
        more = {"at": then.not_before or 0.0} if then.status is Status.QUEUED else {}
        observers.observe(hook, task=result.claim.task, outcome=result.outcome, **more)


def tell_pauses(observers: Observers, pauses: deque[Pause]) -> None:
    """Tell of pauses that are durable, each once."""
    while pauses:
        with suppress(IndexError):  # another thread was faster
            observers.observe("channel_paused", pause=pauses.popleft())


def about(code: str, task: Task) -> dict[str, object]:
    """Return the fields of a line about a task, for `extra=`. `code`: what happened."""
    return {"code": code, "campaign": task.campaign, "channel": task.channel, "task": task.id}


def of_channel(code: str, channel: str) -> dict[str, object]:
    """Return the fields of a line about a channel."""
    return {"code": code, "channel": channel}


def tell_recovered(task: Task, then: Transition) -> None:
    """Tell that a task's worker is gone."""
    extra = about("recovered", task)
    log.warning("task %d (%s): its worker is gone, now %s", task.id, task.key, then.status, extra=extra)


def tell_expired(tasks: Iterable[Task]) -> None:
    """Tell that messages were not sent in time."""
    for task in tasks:
        extra = about("expired", task)
        log.warning("task %d (%s): it was not sent in time, and has expired", task.id, task.key, extra=extra)


def tell_not_sent(task: Task, then: Transition, now: float) -> None:
    """Tell whoever asked for it (-v) why a message was not accepted, and what becomes of it."""
    if then.status is Status.SENT or not log.isEnabledFor(logging.INFO):
        return
    words = gettext("put back") if then.status is Status.QUEUED else str(then.status)
    when = (
        gettext(", next try in {seconds:.0f} s", seconds=max(0.0, (then.not_before or now) - now))
        if then.status is Status.QUEUED
        else ""
    )
    extra = about(then.status.value, task)
    log.info("task %d (%s) by %s: %s%s: %s", task.id, task.key, task.channel, words, when, then.reason, extra=extra)
