"""Log lines about messages and channels: in words, and in fields for programs.

The codes stay what they are, whatever the words.
"""

from __future__ import annotations

import logging

from notifykit.model import Status, Task
from notifykit.outbox.values import Transition
from notifykit.wording.translation import gettext

log = logging.getLogger("notifykit.pipeline")


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
