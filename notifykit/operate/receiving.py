"""Keeps what a service told later of a message, in the store or in the archive that the message is in.

For whoever hears of it: a program behind the service's callback, a plugin that asks for it, `notifykit receipt`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from notifykit.clock import SystemClock
from notifykit.errors import NotifykitError
from notifykit.messages.receipts import Receipt, ReceiptStatus
from notifykit.model import Task
from notifykit.operate.archives import places_away, to_write
from notifykit.outbox.digests import is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from notifykit.pipeline.observers import Observers

__all__ = ["Received", "receipt"]

_AHEAD = 86_400.0
"""Seconds by which a service's clock may be ahead."""
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came of a receipt."""

    task: Task
    """As it stands: its status is what it was."""
    receipt: Receipt
    """What is known of it now."""
    changed: bool
    """Whether that is news. It is none where the same, or something later, is known already."""
    archived: bool = False
    """Whether the message is in an archive, and what was told is kept there."""


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
    archive: Path | None = None,
) -> Received:
    """Keep what a service told of a message, durably, before this returns.

    The message is named by the id of its task, or by the service's own id of an attempt that it accepted, where one
    channel's ids may be another's, too, with the `channel`. `at`: since when, in UTC seconds, as the service told, or
    None for now. What is not in the outbox is looked for in its archives on this machine; `archive`: the one beside
    the outbox, where that may have been moved since. May be called again with the same. Raises NotifykitError where no
    such message is known, several have that id, the message was never tried, or the time is none; StoreError for an
    archive that cannot be used.
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
            gettext("the time of the receipt is no time up to now"),
            mend=gettext("say when the service told it, or nothing for now"),
        )
    if (task is None) == (vendor_id is None):
        raise NotifykitError(gettext("a receipt is of a task, or of a service's id: say one of the two"))

    def named(store: Outbox) -> list[int]:
        return _accepted_as(store, vendor_id, channel) if vendor_id is not None else [task] if task is not None else []

    done = _everywhere(outbox, archive, named, Receipt(known, since, detail), who)
    if done is None:
        what = (
            gettext("there is no task {id}", id=task)
            if vendor_id is None
            else gettext('no message was accepted under the id "{vendor_id}"', vendor_id=vendor_id)
        )
        raise NotifykitError(what, mend=_where_it_may_be(outbox))
    if observers is not None:
        for one in done.news:
            observers.observe("task_receipt", task=one, receipt=Receipt(known, since, detail))
    return Received(task=done.task, receipt=done.receipt, changed=done.changed, archived=done.archived)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What came of a receipt in one store."""

    task: Task
    receipt: Receipt
    changed: bool
    news: Sequence[Task]
    """The messages of which it is news: of a digest, these are its messages."""
    archived: bool = False


_Named = Callable[[Outbox], Sequence[int]]
"""Returns the ids in a store of the one message that is meant; none where it is not there."""


def _everywhere(outbox: Outbox, archive: Path | None, named: _Named, told: Receipt, who: str) -> _Kept | None:
    """Keep it in the outbox, or else in an archive; of a digest, in both, since its messages may be in either."""
    done = _keep(outbox, named, told, who)
    if done is not None and not is_digest(done.task.campaign):
        return done
    with to_write(outbox, archive, SystemClock()) as archives:
        for shelf in archives:
            found = _keep(shelf.outbox, _as(done.task) if done else named, told, who)
            if found is None:
                continue
            if done is None:
                done = replace(found, archived=True)
            else:
                done = replace(done, changed=done.changed or found.changed, news=[*done.news, *found.news])
            if not is_digest(done.task.campaign):
                break
    return done


def _as(digest: Task) -> _Named:
    """Return what finds the same digest in another store."""

    def named(store: Outbox) -> list[int]:
        found = store.tasks(Filter(key=digest.key))
        return [one.id for one in found if one.name == digest.name and one.queued_at == digest.queued_at]

    return named


def _keep(store: Outbox, named: _Named, told: Receipt, who: str) -> _Kept | None:
    """Keep what is told of a message; None where it is not in this store."""
    with store.transaction():
        if not (tasks := [one for id_ in named(store) for one in _tasks(store, id_)]):
            return None
        (task,) = tasks
        its = [one.task_id for one in store.memberships([task.id]) if one.digest == task.id and one.stands]
        # What is told of a digest is told of each of its messages.
        news = [one for one in [task.id, *its] if store.keep_receipt(one, told, who=who)]
        kept = store.outcomes([task.id])[task.id].receipt
        if kept is None:
            raise NotifykitError(
                gettext(
                    "task {id} was never tried, so nothing of it can have been {status}",
                    id=task.id,
                    status=told.status.value,
                )
            )
        heard = [one for one in its if one in news] if its else news
        found = [one for id_ in heard for one in _tasks(store, id_)]
        return _Kept(task=_tasks(store, task.id)[0], receipt=kept, changed=bool(news), news=found)


def _accepted_as(store: Outbox, vendor_id: str, channel: str | None) -> list[int]:
    """Return the id of the one message that a service accepted under its own id; none where there is none."""
    ids = store.accepted_as(vendor_id, channel)
    if len(ids) > 1:  # the messages of a digest have the id of its call
        its = {one.task_id for one in store.memberships(ids) if one.digest in ids and one.stands}
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
    return ids


def _tasks(outbox: Outbox, id_: int) -> list[Task]:
    from notifykit.outbox.values import Filter  # for plugins that only name the function

    return list(outbox.tasks(Filter(ids=(id_,))))


def _where_it_may_be(outbox: Outbox) -> str:
    """Say where a message may be that is neither in an outbox nor in its archives here."""
    if not (away := places_away(outbox)):
        return gettext("`notifykit tasks` lists what there is")
    places = "; ".join(gettext("{path} on {host}", path=place.path, host=place.host) for place in away)
    return gettext("it may be in an archive that is not here; put that back, or say it there: {places}", places=places)
