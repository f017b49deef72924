"""A person's decisions about tasks: made about all tasks that were named, or about none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from notifykit.errors import NotifykitError
from notifykit.model import Status, Task
from notifykit.operate.digests import with_digests
from notifykit.operate.trace import near_keys
from notifykit.outbox.decided import Decision, may_queue_again
from notifykit.outbox.digests import digests_of, is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.pruned import KeepsPruned
from notifykit.outbox.values import Filter
from notifykit.wording import Language, Reason, Wording
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext, gettext_noop, joined, pgettext

_LISTED = 10

SENT = (Status.SENT, Status.COMPLETED)


class Resolution(Enum):
    """What a person may decide, where to it moves a task, and from which states."""

    RETRY = (Status.QUEUED, (Status.FAILED, Status.CANCELLED))
    """Try a dead letter again, or what a person had cancelled."""
    SENT = (Status.SENT, (Status.IN_DOUBT, Status.FAILED, Status.FOREIGN))
    """It has reached its recipient; its write-back is owed."""
    RESEND = (Status.QUEUED, (Status.IN_DOUBT, Status.FOREIGN))
    """It has not been accepted: send it."""
    CANCEL = (Status.CANCELLED, (Status.QUEUED, Status.FAILED, Status.IN_DOUBT, Status.FOREIGN))
    """Drop it."""

    def __init__(self, to: Status, of: tuple[Status, ...]) -> None:
        self.to = to
        self.of = of


_INSTEAD = {
    (Resolution.RETRY, Status.IN_DOUBT): gettext_noop("`notifykit resolve` decides about a message in doubt"),
    (Resolution.RETRY, Status.SENT): gettext_noop("`notifykit resend` sends again what was sent"),
    (Resolution.RETRY, Status.COMPLETED): gettext_noop("`notifykit resend` sends again what was sent"),
    (Resolution.RESEND, Status.FAILED): gettext_noop("`notifykit retry` tries a failed message again"),
    (Resolution.RESEND, Status.SENT): gettext_noop("`notifykit resend` sends again what was sent"),
    (Resolution.RESEND, Status.COMPLETED): gettext_noop("`notifykit resend` sends again what was sent"),
    (Resolution.RESEND, Status.CANCELLED): gettext_noop("`notifykit retry` queues again what was cancelled"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which tasks are meant: those of the ids, or all that the rest describes."""

    ids: tuple[int, ...] = ()
    campaign: str | None = None
    key: str | None = None
    statuses: tuple[Status, ...] = ()
    """Empty: every state that the decision can be made about."""
    where: str | None = None
    """Only those whose reason has this text in it, in English or in Chinese."""
    reason: str | None = None
    """Only those whose reason, or a cause of it, has this code."""


def chosen(outbox: Outbox, which: Selection, decision: Resolution, *, wording: Wording) -> list[Task]:
    """Return the tasks that a decision would move, in the order of ids. `wording`: what reasons are known by.

    Of what a filter describes, what a migration had cancelled is left out. Raises NotifykitError where an id or the
    code of a reason is unknown, or a task that was named, or a state that was asked for, is none that the decision can
    be made about.
    """
    if wrong := [status for status in which.statuses if status not in decision.of]:
        raise NotifykitError(
            gettext("nothing can be done so about messages that are {words}", words=_words(wrong)),
            mend=gettext("it is for {words}", words=_words(decision.of)),
        )
    if which.ids:
        ids = tuple(dict.fromkeys(which.ids))
        tasks = list(outbox.tasks(Filter(ids=ids)))
        _check(ids, tasks, decision)
    else:
        statuses = which.statuses or decision.of
        campaigns = [which.campaign]
        if which.campaign is not None and which.key is None:
            campaigns.append(digests_of(which.campaign))
        found = [
            task for name in campaigns for task in outbox.tasks(Filter(campaign=name, key=which.key, statuses=statuses))
        ]
        tasks = _selected(found, which, wording)
    named = bool(which.ids) or which.key is not None
    tasks, too_late = with_digests(outbox, tasks, decision.to)
    if named:
        _refuse(too_late)
    if decision.to is Status.QUEUED:
        for_good = {
            task.id for task in tasks if task.status is Status.CANCELLED and not may_queue_again(task, outbox.events)
        }
        if which.ids:
            _check_for_good([task for task in tasks if task.id in for_good], wording)
        tasks = [task for task in tasks if task.id not in for_good]
        _check_sendable(tasks)
    return tasks


class OvertakenError(NotifykitError):
    """Somebody else has decided meanwhile, or something else has happened, about what a person was shown."""

    def __init__(self, task: Task, decided: Decision | None, *, others: int) -> None:
        what = gettext(
            "task {id} ({campaign} {key} {message}) is {status} by now",
            id=task.id,
            campaign=task.campaign,
            key=task.key,
            message=task.name,
            status=task.status.value,
        )
        by = gettext("{who} decided: {why}", who=decided.who, why=decided.why) if decided else ""
        more = [gettext("… and {number} more", number=others)] if others else []
        super().__init__(what, mend=by, more=[*more, gettext("nothing was changed")])
        self.task = task
        """As it is now: the first one of which this is so."""
        self.decided = decided
        """What somebody decided about it; None where nobody did."""
        self.others = others
        """Of how many others it is so, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsShown:
    """What a person was shown, who decides about just that."""

    statuses: Mapping[int, Status]
    """Where each message stood, by id."""
    latest: int
    """The latest decision then; 0 where there was none."""

    @classmethod
    def of(cls, outbox: Outbox, tasks: Sequence[Task]) -> AsShown:
        """Return what is shown of these tasks now."""
        latest = outbox.decisions(1)
        return cls(statuses={task.id: task.status for task in tasks}, latest=latest[0].id if latest else 0)

    def require(self, outbox: Outbox) -> None:
        """Raise OvertakenError where a message stands elsewhere by now, or somebody has decided about it since."""
        since = {
            one.task.id: decision
            for decision in reversed(outbox.decisions())
            if decision.id > self.latest and (undoing := outbox.undoing(decision.id))
            for one in undoing.messages
        }
        tasks = outbox.tasks(Filter(ids=tuple(self.statuses)))
        gone = [task for task in tasks if task.id in since or task.status is not self.statuses[task.id]]
        if gone:
            raise OvertakenError(gone[0], since.get(gone[0].id), others=len(gone) - 1)


def decide_as_shown(
    outbox: Outbox, shown: AsShown, decision: Resolution, *, who: str, why: str, wording: Wording
) -> list[Task]:
    """Make a decision about all tasks that a person was shown, or about none; returns them as they are now.

    Raises OvertakenError where one of them is not as it was shown, and NotifykitError as `decide` does.
    """
    with outbox.transaction():
        shown.require(outbox)
        return decide(outbox, Selection(ids=tuple(shown.statuses)), decision, who=who, why=why, wording=wording)


def newest_decision(outbox: Outbox, tasks: Sequence[Task]) -> int | None:
    """Return the decision by which tasks were moved just now, in the same transaction; None where none was."""
    return outbox.decisions(1, task=tasks[0].id)[0].id if tasks else None


def decide(
    outbox: Outbox,
    which: Selection,
    decision: Resolution,
    *,
    who: str,
    why: str,
    wording: Wording,
    shown: Collection[int] | None = None,
) -> list[Task]:
    """Make a decision about tasks; returns them as they are now. `shown`: about none but these ids.

    Raises NotifykitError, and changes nothing, as `chosen` does, and where a task would be foreign as before.
    """
    with outbox.transaction():
        ids = [task.id for task in chosen(outbox, which, decision, wording=wording)]
        ids = ids if shown is None else [id_ for id_ in ids if id_ in shown]
        changed = outbox.decide(ids, decision.to, who=who, why=why, of=decision.of)
        _check_moved(changed, wording)
        return changed


def _check_for_good(tasks: Sequence[Task], wording: Wording) -> None:
    """Raise NotifykitError where tasks were not cancelled by a person here, so that they are never queued again."""
    _refuse(
        [
            gettext(
                "task {id} ({campaign} {key} {name}) was cancelled for good, by no person here: {reason}",
                id=task.id,
                campaign=task.campaign,
                key=task.key,
                name=task.name,
                reason=_said(task.reason, wording),
            )
            for task in tasks
        ]
    )


def _check_sendable(tasks: Sequence[Task]) -> None:
    """Raise NotifykitError where nobody knows to whom a message goes, as after a move where its row was gone."""
    _refuse(
        [
            gettext(
                "task {id} ({campaign} {key} {name}) has no recipient or channel any more, so it cannot "
                "be sent; say whether it arrived: `notifykit resolve {id} --sent` or `--cancel`",
                id=task.id,
                campaign=task.campaign,
                key=task.key,
                name=task.name,
            )
            for task in tasks
            if not (task.recipient and task.channel)
        ]
    )


def _check_moved(tasks: Sequence[Task], wording: Wording) -> None:
    """Raise NotifykitError where tasks are foreign whatever a person decides."""
    _refuse(
        [
            gettext(
                "task {id} ({campaign} {key} {name}) would be foreign as before: {reason}; mend these "
                "cells of its row in the table `tasks`, or drop it with `notifykit resolve {id} --cancel`",
                id=task.id,
                campaign=task.campaign,
                key=task.key,
                name=task.name,
                reason=_said(task.reason, wording),
            )
            for task in tasks
            if task.status is Status.FOREIGN
        ]
    )


def _selected(tasks: Sequence[Task], which: Selection, wording: Wording) -> list[Task]:
    codes = {task.id: wording.known(task.reason).codes if task.reason else frozenset() for task in tasks}
    if which.reason is not None:
        _check_reason(which.reason, frozenset().union(*codes.values()), wording)
    return [
        task
        for task in tasks
        if task.campaign
        and (which.where is None or any(which.where in text for text in _texts(task.reason, wording)))
        and (which.reason is None or which.reason in codes[task.id])
    ]


def _texts(reason: Reason | None, wording: Wording) -> Iterator[str]:
    """Yield what a reason says, in each language; nothing is the reason of a task without one."""
    yield str(reason or "")
    if reason is not None:
        yield wording.say(wording.known(reason), Language.CHINESE)


def _check_reason(code: str, here: Collection[str], wording: Wording) -> None:
    """Raise NotifykitError where nobody knows a code. `here`: the codes among which it is looked for."""
    known = sorted({*here, *wording.codes})
    if code not in known:
        listed = sorted(here)
        raise NotifykitError(
            gettext('no reason has the code "{code}"{near}', code=code, near=hint(code, known)),
            mend=gettext("those here are {listed}", listed=joined(gettext(", "), listed))
            if listed
            else gettext("no message here has a reason"),
        )


def _said(reason: Reason | None, wording: Wording) -> str:
    return str(reason) if reason is None else wording.said(reason)


def _check(ids: Sequence[int], tasks: Sequence[Task], decision: Resolution) -> None:
    known = {task.id for task in tasks}
    lines = [gettext("there is no task {id}; `notifykit tasks` lists them", id=id_) for id_ in ids if id_ not in known]
    for task in tasks:
        if not task.campaign:
            lines.append(
                gettext("row {id} is another program's: no campaign owns it, and only that program decides", id=task.id)
            )
        elif task.status not in decision.of:
            known_way = _INSTEAD.get((decision, task.status))
            instead = gettext(known_way) if known_way else gettext("this is for {words}", words=_words(decision.of))
            if task.status is Status.SENDING:
                instead = gettext("where its worker is gone, the next `notifykit dispatch` or `run` finds that out")
            lines.append(
                gettext(
                    "task {id} ({campaign} {key} {name}) is {status}; {instead}",
                    id=task.id,
                    campaign=task.campaign,
                    key=task.key,
                    name=task.name,
                    status=task.status,
                    instead=instead,
                )
            )
    _refuse(lines)


def _refuse(lines: Sequence[str]) -> None:
    """Raise NotifykitError where there are reasons to."""
    if lines:
        more = [gettext("… and {number} more", number=len(lines) - _LISTED)] if len(lines) > _LISTED else []
        raise NotifykitError(lines[0], more=[*lines[1:_LISTED], *more, gettext("nothing was changed")])


def resend(outbox: Outbox, campaign: str, key: str, messages: Sequence[str] = (), *, who: str, why: str) -> list[Task]:
    """Send again what was sent: these messages of a key, or all of its that were sent. Returns the new tasks.

    Raises NotifykitError, and changes nothing, where the key or a message is unknown, or was not sent.
    """
    with outbox.transaction():
        names = [task.name for task in resendable(outbox, campaign, key, messages)]
        return outbox.resend(campaign, key, names, who=who, why=why)


def resendable(outbox: Outbox, campaign: str, key: str, messages: Sequence[str] = ()) -> list[Task]:
    """Return what `resend` would send again: the latest round of each message, which was sent, with all its parts.

    Raises NotifykitError as `resend` does.
    """
    if is_digest(campaign):
        raise NotifykitError(
            gettext("{key} is a digest, which is made of messages", key=key),
            mend=gettext("send these again: `notifykit trace {key}` lists them", key=key),
        )
    # In id order, and a later round has a later id.
    latest = {task.name: task for task in outbox.tasks(Filter(campaign=campaign, key=key))}
    if isinstance(outbox, KeepsPruned) and (gone := outbox.pruned(key, campaign)):
        asked = [one for one in gone if not messages or one.name in messages or one.name.partition(".")[0] in messages]
        if asked and (messages or not latest):
            place = outbox.archives()[0]
            raise NotifykitError(
                gettext(
                    '{name} of the key "{key}" is in the archive {path} on {host}, with its text',
                    name=asked[0].name,
                    key=key,
                    path=place.path,
                    host=place.host,
                ),
                mend=gettext("only what is in the outbox can be sent again; `notifykit trace` shows the text"),
            )
    if not latest:
        near = near_keys(outbox, key, campaign)
        mend = gettext("did you mean {key}?", key=near[0]) if near else gettext("`notifykit tasks` lists what there is")
        raise NotifykitError(
            gettext('nothing was ever queued for the key "{key}" of campaign "{campaign}"', key=key, campaign=campaign),
            mend=mend,
        )
    parts = {name: [found for found in latest if found == name or found.startswith(f"{name}.")] for name in messages}
    if unknown := [name for name, found in parts.items() if not found]:
        raise NotifykitError(
            gettext(
                'the key "{key}" has no message "{name}"{near}',
                key=key,
                name=unknown[0],
                near=hint(unknown[0], latest),
            )
        )
    chosen = {name: latest[name] for found in parts.values() for name in found} if messages else latest
    sent = [task for task in chosen.values() if task.status in SENT]
    if not sent or (messages and len(sent) < len(chosen)):
        lines = [
            gettext("task {id} ({name}) is {status}", id=task.id, name=task.name, status=task.status)
            for task in chosen.values()
            if task not in sent
        ]
        raise NotifykitError(
            lines[0], more=[*lines[1:], gettext("only what was sent can be sent again; nothing was changed")]
        )
    return sent


def _words(names: Sequence[str]) -> str:
    return pgettext("names", " or ").join(str(name) for name in names)
