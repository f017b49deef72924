"""What a rollback makes of one contract: the present, in the old program's words. Pure.

There flag and send-status word are set when messages are made, and pending rows are sent later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from notifykit.model import Status
from notifykit.wording import Reason
from notifykit_migration.legacy.old_rule import COMPLETED, PENDING, generates
from notifykit_migration.model import (
    ContractPlan,
    FlagState,
    MessageTreatment,
    OutboxState,
    Return,
    StatusFileState,
    Treatment,
)

_HELD = (Status.SENDING, Status.IN_DOUBT, Status.FAILED, Status.FOREIGN)
_SENT = (Status.SENT, Status.COMPLETED)


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task as a rollback finds it."""

    id: int
    message: str
    round: int
    status: Status
    doubt: Reason | None = None
    """For a queued one: why it must not be given to the old scheduler."""

    @property
    def held(self) -> bool:
        """Whether a person has to decide."""
        return self.status in _HELD or self.doubt is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class OldState:
    """What the old files and the old table said of a contract."""

    sent_word: str
    word: str | None
    """Under its key in the send-status file; None where there was none."""
    unreadable: bool = False
    """The file was torn, and the key may have stood behind the tear."""
    rows: Mapping[int, str]
    """Every row of the old table, with its status."""
    named: Collection[int] | None = None
    """The rows that name their contract in their metadata; None where the old program writes none."""


def returned(
    campaign: str,
    key: str,
    plan: ContractPlan | None,
    tasks: Sequence[TaskView],
    column: FlagState,
    before: OldState,
    *,
    quiet: bool,
) -> Return:
    """Return what becomes of a contract. `plan`: what was decided about it; None where it came later.

    `column`: what the CSV says now. `quiet`: nothing happened to any contract since.
    """
    if not tasks and not _decided(plan):
        return Return(campaign=campaign, key=key, present=OutboxState.NEVER, column=column, json=before.word, rows={})
    if plan is not None and _unchanged(plan, tasks, column, before, quiet=quiet):
        return Return(
            campaign=campaign,
            key=key,
            present=OutboxState.UNCHANGED,
            column=_as_it_was(plan, column),
            json=before.word,
            rows={task.id: before.rows[task.id] for task in tasks if task.id in before.rows},
        )
    return Return(
        campaign=campaign,
        key=key,
        present=_present(tasks),
        column=FlagState.SENT if column is FlagState.UNSENT else column,
        json=before.sent_word,
        rows=dict(rows_of(tasks)),
    )


def resumed(back: Return, tasks: Sequence[TaskView], before: OldState) -> list[TaskView]:
    """Return what was held and is put back as it was, so that the old program sends it."""
    if back.present is not OutboxState.UNCHANGED:
        return []
    pending = {task.id for task in tasks if back.rows.get(task.id) == PENDING}
    everything = makes(back.column, back.json, before, pending)
    return [task for task in tasks if task.held and (everything or task.id in pending)]


def rows_of(tasks: Sequence[TaskView]) -> Iterator[tuple[int, str]]:
    """Yield the tasks that stay as rows, with the status that the old program sees."""
    for task in tasks:
        if task.status in _SENT:
            yield task.id, COMPLETED
        elif task.status is Status.QUEUED and not task.held:
            yield task.id, PENDING


def _present(tasks: Sequence[TaskView]) -> OutboxState:
    # A contract without any task is one whose task somebody removed: nobody knows what came of it.
    if not tasks or any(task.held for task in tasks):
        return OutboxState.HELD
    statuses = {task.status for task in tasks if task.status is not Status.CANCELLED}
    if not statuses:
        return OutboxState.CANCELLED
    if Status.QUEUED not in statuses:
        return OutboxState.SENT
    return OutboxState.QUEUED if statuses == {Status.QUEUED} else OutboxState.PARTLY


def _decided(plan: ContractPlan | None) -> Sequence[MessageTreatment]:
    return [item for item in plan.decisions if item.decision is not Treatment.GENERATE] if plan else ()


def is_as_planned(plan: ContractPlan | None, tasks: Sequence[TaskView]) -> bool:
    """Whether nothing happened to a contract since the migration."""
    made = {(item.message, item.round): item.decision.status for item in _decided(plan)}
    found = {
        (task.message, task.round): Status.COMPLETED if task.status is Status.SENT else task.status for task in tasks
    }
    return made == found and all(task.doubt is None for task in tasks)


def _unchanged(
    plan: ContractPlan, tasks: Sequence[TaskView], column: FlagState, before: OldState, *, quiet: bool
) -> bool:
    """Whether it is put back as it was: nothing happened since, and the old program would send what is queued.

    Of what nobody knew and nobody decided, it is to do what it would have done: where it would make the messages; and
    where nothing at all happened since, so that going there and back changes nothing. Else a row that may have been
    sent is not given to it.
    """
    if not is_as_planned(plan, tasks) or before.unreadable:
        return False
    pending = _pending(plan, before.rows)
    again = any(makes(flag, before.word, before, pending) for flag in (plan.column, column))
    if any(item.decision is Treatment.HOLD for item in plan.decisions):
        if again:
            return all(item.row is None for item in plan.decisions)
        return (quiet and all(item.decision is not Treatment.CANCEL for item in plan.decisions)) or not pending
    if again:
        return False
    return pending == {task.id for task in tasks if task.status is Status.QUEUED}


def makes(column: FlagState, word: str | None, before: OldState, pending: Collection[int]) -> bool:
    """Whether the old job would make the messages of a contract, by flag, word and the rows that wait."""
    json = StatusFileState.SENT if word == before.sent_word else StatusFileState.ABSENT
    waits = None if before.named is None else any(row in before.named for row in pending)
    return generates(column, json, waits=waits)


def _pending(plan: ContractPlan, rows: Mapping[int, str]) -> Collection[int]:
    return {item.row for item in plan.decisions if item.row is not None and rows.get(item.row) == PENDING}


def _as_it_was(plan: ContractPlan, column: FlagState) -> FlagState:
    """Return the flag that is put back. Only what the migration set is taken away."""
    if plan.column is FlagState.SENT and column is FlagState.UNSENT:
        return FlagState.SENT
    if plan.set_flag and column is FlagState.SENT:
        return plan.column
    return column
