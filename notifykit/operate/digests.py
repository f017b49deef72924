"""What a decision about messages means for the digests that they are in, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence

from notifykit.model import Status, Task
from notifykit.outbox.digests import is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.wording.translation import gettext

__all__ = ["with_digests"]


def with_digests(outbox: Outbox, tasks: Sequence[Task], to: Status) -> tuple[list[Task], list[str]]:
    """Return what a decision about tasks is about, by id, and in words about which of them nobody decides.

    With a digest come its messages. A message that is fixed in a digest which is to be sent is left out, unless the
    decision is about the digest, and so is a digest that cannot be sent again as it was.
    """
    found = outbox.memberships([task.id for task in tasks])
    named = {task.id: task for task in tasks}
    following = {
        task.id: sum(one.digest == task.id and one.follows for one in found)
        for task in tasks
        if is_digest(task.campaign)
    }
    late = {one.task_id: one for one in found if one.task_id in named and one.under_way and one.digest not in following}
    lost = {
        one.digest: one.members - following[one.digest]
        for one in found
        if to is Status.QUEUED and one.members is not None and following.get(one.digest, one.members) < one.members
    }
    told = [
        gettext(
            "task {id} ({campaign} {key} {name}) is one of {number:,} in digest {digest}, which is to be sent: it is "
            "too late for it alone; decide about the digest by its id",
            id=one.task_id,
            campaign=named[one.task_id].campaign,
            key=named[one.task_id].key,
            name=named[one.task_id].name,
            number=one.members,
            digest=one.digest,
        )
        for one in late.values()
    ]
    told += [
        gettext(
            "digest {digest} lost {number:,} of its messages to other decisions, and cannot be sent again as it was; "
            "decide about its messages, which `notifykit trace digest-{digest}` lists",
            digest=digest,
            number=number,
        )
        for digest, number in lost.items()
    ]
    more = {one.task_id for one in found if one.digest in following and one.digest not in lost and one.follows}
    more -= named.keys()
    added = outbox.tasks(Filter(ids=tuple(more))) if more else ()
    kept = [task for task in tasks if task.id not in late and task.id not in lost]
    return sorted([*kept, *added], key=lambda task: task.id), told
