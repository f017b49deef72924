"""Digests, which are several messages in one call: the values, and the rules that every store keeps.

A digest is a task of its own, under a name that no campaign has. It has the place in the lane, the attempts and the key
of the call. Its members are the messages of records. While it gathers, they wait for it without a turn of their own;
until it is due it lets others of its recipient pass, as all does that is to be sent later (`lanes`). With the claim for
its first call, members and text are fixed; what comes of an attempt, it and its members share.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from typing import Any, NamedTuple

from notifykit.model import Status, Task, Verdict
from notifykit.outbox import cells
from notifykit.outbox.values import DIGESTS, Finished, Rewrite

__all__ = [
    "Membership",
    "Planned",
    "Waiting",
    "alike",
    "campaign_of",
    "digests_of",
    "followed",
    "goes_elsewhere",
    "is_digest",
    "messages_of",
    "next_of_kind",
    "planned",
    "standing",
]


def is_digest(campaign: str) -> bool:
    """Whether a task of this campaign is a digest."""
    return campaign.startswith(DIGESTS)


def digests_of(campaign: str) -> str:
    """Return the name under which digests of a campaign are kept."""
    return f"{DIGESTS}{campaign}"


def campaign_of(name: str) -> str:
    """Return the campaign of a digest; that of any other task is the name itself."""
    return name.removeprefix(DIGESTS)


@lru_cache(maxsize=4096)  # of many messages few differ in it
def alike(*common: str | None) -> str:
    """Return what messages have in common that are gathered in one digest, as a short text."""
    return sha256(json.dumps(common).encode()).hexdigest()


class Membership(NamedTuple):
    """A message in a digest."""

    digest: int
    task_id: int
    status: str
    """Of the message."""
    digest_status: str
    members: int | None
    """How many messages are fixed in the digest; None while it gathers."""
    stands: int
    """Whether the message goes where the digest goes. One that was fixed in it, and is in another since, does not."""

    @property
    def follows(self) -> bool:
        """Whether what comes of the digest comes of the message."""
        return bool(self.stands) and self.status == standing(self.digest_status)

    @property
    def under_way(self) -> bool:
        """Whether the message is fixed in a digest that is to be sent, or is being sent: too late for a decision."""
        return self.members is not None and self.follows and self.digest_status in _UNDER_WAY


class Waiting(NamedTuple):
    """A message that is to be gathered."""

    task_id: int
    campaign: str
    name: str
    channel: str
    recipient: str
    task_type: str
    due: float
    """UTC seconds: its digest waits no longer."""
    earliest: float
    """UTC seconds: it is not sent before."""
    most: int
    """How many messages its digest has at most."""
    wait: float
    """Seconds that it waits for others."""
    ordered: int
    """Whether its digest keeps the order of its recipient's messages."""
    options: str | None = None
    """What it says beside its text, as it is stored. Its digest says the same."""
    limit_key: str | None = None
    """What its digest's attempts are counted by."""

    @property
    def alike(self) -> str:
        """What it has in common with those that are gathered in its digest."""
        return alike(self.campaign, self.name, self.channel, self.recipient, self.options, self.limit_key)


class Planned(NamedTuple):
    """Which tasks a decision moves."""

    ids: Sequence[int]
    closed: Sequence[int]
    """Digests of which nothing is left to be sent: they are cancelled."""


_UNDER_WAY = (Status.QUEUED, Status.SENDING)


def standing(digest_status: str) -> str:
    """Return where the messages of a digest stand."""
    return Status.QUEUED.value if digest_status == Status.SENDING else digest_status


def followed(result: Finished, now: float, *, first: bool) -> dict[str, Any]:
    """Return what comes of the members of a digest, by column. `first`: by the first result of the attempt."""
    claim, outcome, then = result.claim, result.outcome, result.then
    return {
        **cells.reason_values(then.reason),
        "digest": claim.task.id,
        "standing": (Status.QUEUED if first else Status.IN_DOUBT).value,
        "status": then.status.value,
        "first": int(first),
        "tried": int(first) - int(not then.counts),
        "worker": claim.worker,
        "started_at": claim.started_at,
        "now": now,
        "verdict": outcome.verdict.value,
        "code": outcome.code or None,
        "detail": outcome.detail or None,
        "vendor_id": outcome.vendor_id,
        "undelivered": cells.undelivered_cell(outcome.undelivered),
        "not_before": then.not_before or 0.0,
        "sent_at": now if then.status is Status.SENT else None,
        "doubted_at": claim.started_at if outcome.verdict is Verdict.UNKNOWN else None,
    }


def next_of_kind(digest: Task, due: float, options: str | None, limit_key: str | None) -> Waiting:
    """Return what a new digest is like that takes what another has no place for."""
    return Waiting(
        task_id=digest.id,
        campaign=campaign_of(digest.campaign),
        name=digest.name,
        channel=digest.channel,
        recipient=digest.recipient,
        task_type=digest.task_type,
        due=due,
        earliest=0.0,
        most=0,
        wait=0.0,
        ordered=int(digest.ordered),
        options=options,
        limit_key=limit_key,
    )


def goes_elsewhere(one: Rewrite) -> bool:
    """Whether a message that is mended has less in common with those that it was gathered with."""
    return (one.recipient, one.options) != (one.task.recipient, one.task.options)


def messages_of(tasks: Sequence[Task]) -> list[Task]:
    """Return those of the tasks that are no digests, or all where there are only digests."""
    return [task for task in tasks if not is_digest(task.campaign)] or list(tasks)


def planned(ids: Iterable[int], to: Status, of: Sequence[Status], found: Iterable[Membership]) -> Planned:
    """Say which tasks a decision about these moves. `found`: all members of their digests, by digest.

    A decision about a digest is one about all of its messages, and the other way round: a digest is then sent again as
    it was. Of a digest that is under way no message is decided about alone; of one that was tried, each can be. One
    that lost a message is not sent again as it was: its messages are gathered anew.
    """
    chosen = dict.fromkeys(ids)
    closed: list[int] = []
    for digest, group in groupby(found, key=lambda one: one.digest):
        members = list(group)
        first = members[0]
        follow = [one.task_id for one in members if one.follows]
        named = digest in chosen and first.digest_status in of
        chosen.pop(digest, None)
        if first.members is None:
            chosen |= dict.fromkeys(follow if named else ())
            continue
        whole = to is not Status.QUEUED or len(follow) == first.members
        if named:
            chosen |= dict.fromkeys((digest, *follow) if whole else ())
        elif first.digest_status in _UNDER_WAY:
            for id_ in follow:
                chosen.pop(id_, None)
        elif follow and chosen.keys() >= set(follow):
            if whole:
                chosen[digest] = None
            else:
                closed.append(digest)
    return Planned(ids=list(chosen), closed=closed)
