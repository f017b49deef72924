"""Decisions that are taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from notifykit.errors import NotifykitError, told
from notifykit.operate.decisions import AsShown
from notifykit.operate.lines import Say, until
from notifykit.outbox.decided import Decision, Undoing
from notifykit.outbox.protocol import Outbox
from notifykit.terminal.console import count
from notifykit.terminal.times import local
from notifykit.wording import Reason
from notifykit.wording.translation import gettext, gettext_noop, joined, ngettext

_LISTED = 10

_LIST = gettext_noop("`notifykit decisions` lists them")


def undoable(outbox: Outbox, decision: int | None = None) -> Undoing:
    """Return what undoing a decision would do now; None: the latest one that stands.

    Raises NotifykitError where there is none, where it was undone before, and where nothing can be put back.
    """
    if decision is None:
        decision = next((one.id for one in outbox.decisions() if one.undone_at is None), None)
        if decision is None:
            raise NotifykitError(gettext("there is no decision that could be undone"), mend=gettext(_LIST))
    found = outbox.undoing(decision)
    if found is None:
        raise NotifykitError(gettext("there is no decision {decision}", decision=decision), mend=gettext(_LIST))
    if found.decision.undone_at is not None:
        raise NotifykitError(
            gettext(
                "decision {decision} was undone by {undone_by}", decision=decision, undone_by=found.decision.undone_by
            ),
            mend=gettext(_LIST),
        )
    if not found.possible:
        raise NotifykitError(
            gettext("nothing of decision {decision} can be undone", decision=decision),
            more=[*kept(found), gettext("nothing was changed")],
        )
    return found


def kept(undoing: Undoing, said: Callable[[Reason], str] = str) -> list[str]:
    """Return lines that say what is not put back, and why. `said`: returns what a reason says."""
    ids: dict[str, list[int]] = defaultdict(list)
    for one in undoing.messages:
        if one.kept is not None:
            ids[said(one.kept)].append(one.task.id)
    lines = [told(why, where=_tasks(of)) for why, of in ids.items()]
    if undoing.kept is None:
        return lines
    return [*lines, told(said(undoing.kept), where=gettext("channel {name}", name=undoing.decision.channel))]


def undo(outbox: Outbox, decision: int, *, who: str, why: str) -> Undoing:
    """Take a decision back as far as that can be done; returns what was done. Raises NotifykitError as `undoable`."""
    with outbox.transaction():
        undoable(outbox, decision)
        done = outbox.undo(decision, who=who, why=why)
    assert done is not None  # noqa: S101 - it is there
    return done


def undo_as_shown(outbox: Outbox, decision: int, shown: AsShown, *, who: str, why: str) -> Undoing:
    """Take back a decision about just what a person was shown, or nothing.

    Raises OvertakenError where one of the messages is not as it was shown, and NotifykitError as `undoable`.
    """
    with outbox.transaction():
        undoable(outbox, decision)  # what somebody else has undone is told so
        shown.require(outbox)
        return undo(outbox, decision, who=who, why=why)


def undo_lines(found: Undoing, said: Say) -> list[str]:
    """Say what pause is in force again, and what stays as it is."""
    lines = [gettext("stays as it is: {line}", line=line) for line in kept(found, said)]
    if found.pause is not None:
        lines.append(
            gettext(
                "channel {channel} is paused again {until}: {reason}",
                channel=found.pause.channel,
                until=until(found.pause),
                reason=said(found.pause.reason),
            )
        )
    return lines


def about(decision: Decision) -> str:
    """Say in a line what was decided, by whom, when and why."""
    of = (
        gettext("channel {channel}", channel=decision.channel)
        if decision.channel
        else count(decision.messages, "message")
    )
    told = gettext(
        "decision {id}: {about} {kind} by {who}, {time}",
        id=decision.id,
        about=of,
        kind=gettext(decision.kind),
        who=decision.who,
        time=local(decision.at),
    )
    return gettext("{told}: {why}", told=told, why=decision.why) if decision.why else told


def _tasks(ids: list[int]) -> str:
    listed = joined(gettext(", "), map(str, ids[:_LISTED]))
    if len(ids) > _LISTED:
        listed = gettext("{items} and {number} more", items=listed, number=len(ids) - _LISTED)
    return ngettext("task {ids}", "tasks {ids}", len(ids), ids=listed)
