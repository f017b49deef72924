"""One step each of what a host does with an outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from notifykit.model import Claim, Draft, Outcome, Status, Task
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import ChannelBounds, Filter, Finished, Transition
from notifykit.roles import Rate
from notifykit.testing.samples import draft
from notifykit.wording import Reason

ROBOT: Mapping[str, Sequence[Rate]] = {"robot": ()}
LEASE = 120.0


def queue(outbox: Outbox, *keys: str, recipients: Sequence[str] = ()) -> list[int]:
    """Queue one message for each key; the ids of the new tasks. Each key has a recipient of its own unless told."""
    drafts = [draft(key=key, recipient=recipients[at] if recipients else f"to {key}") for at, key in enumerate(keys)]
    return queue_drafts(outbox, drafts)


def queue_drafts(outbox: Outbox, drafts: Sequence[Draft]) -> list[int]:
    """Queue drafts, all of which are new; the ids of the new tasks."""
    made = outbox.enqueue(drafts)
    assert made.new == len(drafts)
    return list(made.ids)


def take(outbox: Outbox, worker: str, slots: int, channels: Mapping[str, ChannelBounds], lease: float) -> list[Claim]:
    """Claim what is due."""
    return outbox.exchange([], worker, slots, channels, lease).claims


def finish(outbox: Outbox, one: Claim, outcome: Outcome, then: Transition, call_seconds: float | None = None) -> bool:
    """Record what came of a claim; whether it moved its task."""
    result = Finished(claim=one, outcome=outcome, then=then, call_seconds=call_seconds)
    (moved,) = outbox.exchange([result], one.worker, 0, {}, one.lease).moved
    return moved


def claim(
    outbox: Outbox,
    slots: int = 50,
    *,
    worker: str = "worker",
    channels: Mapping[str, Sequence[Rate]] = ROBOT,
    lease: float = LEASE,
) -> list[Claim]:
    """Claim what is due, of channels that have these rates and no other bound."""
    return take(outbox, worker, slots, {name: ChannelBounds(rates=tuple(channels[name])) for name in channels}, lease)


def claim_one(outbox: Outbox, *, worker: str = "worker") -> Claim:
    """Claim one task that must be due."""
    (one,) = claim(outbox, 1, worker=worker)
    return one


def accept(outbox: Outbox, one: Claim, call_seconds: float | None = None) -> bool:
    """The service took it."""
    return finish(outbox, one, Outcome.accepted(), Transition(status=Status.SENT), call_seconds)


def reject(outbox: Outbox, one: Claim, code: str = "40058") -> bool:
    """The service will never take it."""
    return finish(outbox, one, Outcome.rejected(code), Transition(status=Status.FAILED, reason=Reason(code)))


def put_off(outbox: Outbox, one: Claim, *, until: float, hold: float | None = None, counts: bool = True) -> bool:
    """The service may take it later."""
    then = Transition(
        status=Status.QUEUED, reason=Reason("busy"), not_before=until, hold_order_until=hold, counts=counts
    )
    return finish(outbox, one, Outcome.retry("-1"), then)


def doubt(outbox: Outbox, one: Claim) -> bool:
    """Nobody knows."""
    return finish(outbox, one, Outcome.unknown("lost"), Transition(status=Status.IN_DOUBT, reason=Reason("lost")))


def send(outbox: Outbox, *ids: int) -> None:
    """Send these tasks: each must be among what is due."""
    wanted = set(ids)
    while wanted:
        claims = claim(outbox)
        assert claims, f"tasks {wanted} are not due"
        for one in claims:
            if one.task.id in wanted:
                assert accept(outbox, one)
                wanted.discard(one.task.id)
            else:
                outbox.release(one)


def look(outbox: Outbox, id_: int) -> Task:
    """Return a task as it is now."""
    (task,) = outbox.tasks(Filter(ids=(id_,)))
    return task


def statuses(outbox: Outbox) -> list[Status]:
    """Return the status of each task, in id order."""
    return [task.status for task in outbox.tasks(Filter())]


def lose(outbox: Outbox, one: Claim) -> bool:
    """Take a claim away whose worker is gone."""
    return outbox.expire(one, Outcome.unknown("worker_gone"), Transition(status=Status.IN_DOUBT, reason=Reason("lost")))


def ids(claims: Sequence[Claim]) -> list[int]:
    """Return the ids of claimed tasks, sorted."""
    return sorted(one.task.id for one in claims)
