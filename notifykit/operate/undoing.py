"""Decisions that are taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from notifykit.errors import NotifykitError
from notifykit.outbox.decided import Undoing
from notifykit.outbox.protocol import Outbox
from notifykit.wording import Reason

_LISTED = 10

_LIST = "`notifykit decisions` lists them"


def undoable(outbox: Outbox, decision: int | None = None) -> Undoing:
    """Return what undoing a decision would do now; None: the latest one that stands.

    Raises NotifykitError where there is none, where it was undone before, and where nothing can be put back.
    """
    if decision is None:
        decision = next((one.id for one in outbox.decisions() if one.undone_at is None), None)
        if decision is None:
            raise NotifykitError("there is no decision that could be undone", mend=_LIST)
    found = outbox.undoing(decision)
    if found is None:
        raise NotifykitError(f"there is no decision {decision}", mend=_LIST)
    if found.decision.undone_at is not None:
        raise NotifykitError(f"decision {decision} was undone by {found.decision.undone_by}", mend=_LIST)
    if not found.possible:
        raise NotifykitError(
            f"nothing of decision {decision} can be undone", more=[*kept(found), "nothing was changed"]
        )
    return found


def kept(undoing: Undoing, said: Callable[[Reason], str] = str) -> list[str]:
    """Return lines that say what is not put back, and why. `said`: returns what a reason says."""
    ids: dict[str, list[int]] = defaultdict(list)
    for one in undoing.messages:
        if one.kept is not None:
            ids[said(one.kept)].append(one.task.id)
    lines = [f"{_tasks(of)}: {why}" for why, of in ids.items()]
    return lines if undoing.kept is None else [*lines, f"channel {undoing.decision.channel}: {said(undoing.kept)}"]


def undo(outbox: Outbox, decision: int, *, who: str, why: str) -> Undoing:
    """Take a decision back as far as that can be done; returns what was done. Raises NotifykitError as `undoable`."""
    with outbox.transaction():
        undoable(outbox, decision)
        done = outbox.undo(decision, who=who, why=why)
    assert done is not None  # noqa: S101 - it is there
    return done


def _tasks(ids: list[int]) -> str:
    listed = ", ".join(map(str, ids[:_LISTED]))
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return f"task{'' if len(ids) == 1 else 's'} {listed}{more}"
