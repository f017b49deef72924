"""What a service tells later of a message that it had accepted: that it was delivered, or that it came back.

For whoever hears of it: a program behind the service's callback, a plugin that asks for it, `notifykit receipt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from notifykit.errors import NotifykitError
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from notifykit.model import Task, Verdict
    from notifykit.outbox.protocol import Outbox
    from notifykit.pipeline.observers import Observers

__all__ = ["Receipt", "ReceiptStatus", "Received", "SentOutcome", "receipt"]

_AHEAD = 86_400.0
"""Seconds by which a service's clock may be ahead."""
_NAMED = 5


class ReceiptStatus(StrEnum):
    """What a service told later of a message that it had accepted."""

    DELIVERED = "delivered"
    """It reached the recipient."""
    BOUNCED = "bounced"
    """It did not, after all."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a service told of a message, and since when that is so. It stands beside the status, which it never changes.

    Of two that contradict each other the one with the later time counts, in whichever order they come; of several that
    say the same, the first.
    """

    status: ReceiptStatus
    at: float
    """UTC seconds, as the service told."""
    detail: str = ""
    """Why, in its words. Kept with the event; not told of what is read back."""

    def counts_after(self, before: Receipt | None) -> bool:
        """Whether this is what is known of the message from now on. `before`: what was."""
        return before is None or (self.status is not before.status and self.at > before.at)

    def told_after(self, before: Receipt | None) -> str | None:
        """Return what is kept as an event; None where it says only what is known."""
        if before is not None and before.status is self.status:
            return None
        told = f"{self.status.value} at {_iso(self.at)}"
        if before is not None and not self.counts_after(before):
            told += f", which is no later than what is known: {before.status.value} at {_iso(before.at)}"
        return f"{told}: {self.detail}" if self.detail else told


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOutcome:
    """What came of a message that counts as sent."""

    verdict: Verdict | None = None
    """Of its accepted attempt, or else of its latest one: `unknown` where it is assumed to be sent, or a person said
    so. None where it has none."""
    vendor_id: str | None = None
    """By which the service knows it."""
    undelivered: tuple[str, ...] = ()
    """Recipients that the service left out."""
    sent_at: float | None = None
    """UTC seconds."""
    receipt: Receipt | None = None
    """What the service told since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came of a receipt."""

    task: Task
    """As it stands: its status is what it was."""
    receipt: Receipt
    """What is known of it now."""
    changed: bool
    """Whether that is news. It is none where the same, or something later, is known already."""


def receipt(
    outbox: Outbox,
    status: ReceiptStatus | str,
    *,
    task: int | None = None,
    vendor_id: str | None = None,
    channel: str | None = None,
    at: float | None = None,
    detail: str = "",
    who: str = "service",
    observers: Observers | None = None,
) -> Received:
    """Keep what a service told of a message, durably, before this returns.

    The message is named by the id of its task, or by the service's own id of an attempt that it accepted, where one
    channel's ids may be another's, too, with the `channel`. `at`: since when, in UTC seconds, as the service told, or
    None for now. May be called again with the same. Raises NotifykitError where no such message is known, several have
    that id, the message was never tried, or the time is none.
    """
    try:
        known = ReceiptStatus(status)
    except ValueError as error:
        raise NotifykitError(
            gettext("{status!r} is no receipt", status=str(status)), mend=gettext("say `delivered` or `bounced`")
        ) from error
    now = outbox.now()
    since = now if at is None else float(at)
    if not 0.0 <= since <= now + _AHEAD:
        raise NotifykitError(
            gettext("the time of the receipt is no time up to now"), mend=gettext("give UTC seconds, or none for now")
        )
    id_ = _named(outbox, task, vendor_id, channel)
    told = Receipt(known, since, detail)
    its = [one.task_id for one in outbox.memberships([id_]) if one.digest == id_ and one.stands]
    with outbox.transaction():  # what is told of a digest is told of each of its messages
        news = [one for one in [id_, *its] if outbox.keep_receipt(one, told, who=who)]
    (found,) = _tasks(outbox, id_)
    kept = outbox.outcomes([id_])[id_].receipt
    if kept is None:
        raise NotifykitError(
            gettext("task {id} was never tried, so nothing of it can have been {status}", id=id_, status=known.value)
        )
    if observers is not None:
        for one in [one for one in its if one in news] if its else news:
            observers.observe("task_receipt", task=_tasks(outbox, one)[0], receipt=told)
    return Received(task=found, receipt=kept, changed=bool(news))


def _named(outbox: Outbox, task: int | None, vendor_id: str | None, channel: str | None) -> int:
    """Return the id of the one message that is meant."""
    if (task is None) == (vendor_id is None):
        raise NotifykitError(gettext("a receipt is of a task, or of a service's id: say one of the two"))
    if task is not None:
        if not _tasks(outbox, task):
            raise NotifykitError(gettext("there is no task {id}", id=task), mend=_gone())
        return task
    assert vendor_id is not None  # noqa: S101 - one of the two is there
    ids = outbox.accepted_as(vendor_id, channel)
    if not ids:
        raise NotifykitError(
            gettext('no message was accepted under the id "{vendor_id}"', vendor_id=vendor_id), mend=_gone()
        )
    if len(ids) > 1:  # the messages of a digest have the id of its call
        its = {one.task_id for one in outbox.memberships(ids) if one.digest in ids and one.stands}
        ids = [id_ for id_ in ids if id_ not in its]
    if len(ids) > 1:
        more = gettext(", … and {number} more", number=len(ids) - _NAMED) if len(ids) > _NAMED else ""
        raise NotifykitError(
            gettext(
                '{number} messages were accepted under the id "{vendor_id}": tasks {ids}{more}',
                number=len(ids),
                vendor_id=vendor_id,
                ids=", ".join(map(str, ids[:_NAMED])),
                more=more,
            ),
            mend=gettext("name the channel, or the task"),
        )
    return ids[0]


def _tasks(outbox: Outbox, id_: int) -> list[Task]:
    from notifykit.outbox.values import Filter  # for plugins that only name the function

    return list(outbox.tasks(Filter(ids=(id_,))))


def _gone() -> str:
    return gettext("`notifykit tasks` lists what there is; what was moved to an archive takes no receipts")
