"""What a rollback left for a person to decide is left for a person when the project is migrated again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from notifykit.model import Status
from notifykit_migration.archive.archive import SENT, RemovedTask
from notifykit_migration.archive.archives import Archives
from notifykit_migration.model import MessageTreatment, Treatment
from notifykit_migration.wording.holds import BEFORE_ROLLBACK
from notifykit_migration.wording.proven import HISTORIC_ASSUMED
from notifykit_migration.wording.way_back import UNRECORDED

_WITHOUT_ROW = (Treatment.HOLD, Treatment.ASSUME)

_BEGUN_ANEW = (Treatment.GENERATE, Treatment.CREATE, Treatment.OWNED)


class Memory:
    """The tasks that the newest rollback did not leave in the table, by contract."""

    def __init__(self, archived: Archives) -> None:
        self._tasks: dict[tuple[str, str], dict[str, list[RemovedTask]]] = defaultdict(lambda: defaultdict(list))
        for item in archived.removed:
            self._tasks[item.task.campaign, item.task.key][item.task.name].append(item)

    def keys(self, campaign: str) -> set[str]:
        """Return the contracts of which a rollback left tasks without rows."""
        return {key for of, key in self._tasks if of == campaign}

    def decisions(
        self, campaign: str, key: str, made: Sequence[MessageTreatment], new: Collection[str]
    ) -> list[MessageTreatment]:
        """Return the decisions about a contract, with what is remembered of it.

        A message that is held for want of a row is what it was before the rollback. One about which the old files say
        nothing any more is held again as well. What the old program began anew since is its own: messages whose flag
        and word call for them again, and those with rows that were made since (`new`).
        """
        known = self._tasks.get((campaign, key))
        if known is None:
            return list(made)
        anew = {item.message for item in made if item.decision in _BEGUN_ANEW} | set(new)
        known = {message: tasks for message, tasks in known.items() if message not in anew}
        kept = [
            item
            for item in made
            if item.row is not None or item.decision not in _WITHOUT_ROW or item.message not in known
        ]
        replaced = {item.message for item in made} - {item.message for item in kept}
        for message, tasks in known.items():
            rounds = {item.round for item in kept if item.message == message}
            kept += _again(tasks, rounds, twins=message in replaced)
        return kept


def _again(tasks: Sequence[RemovedTask], rounds: set[int], *, twins: bool) -> Iterator[MessageTreatment]:
    """Yield what becomes of a message of which a rollback left no row.

    What a person said was sent is sent; each task that waited is held; where none did and `twins`, what cancelled them
    is said again.
    """
    if any(item.status in SENT for item in tasks):
        yield MessageTreatment(message=tasks[0].task.name, decision=Treatment.ASSUME, why=HISTORIC_ASSUMED())
        return
    waiting = [item for item in tasks if item.status is not Status.CANCELLED]
    for item in waiting or (tasks[-1:] if twins else ()):
        round_ = item.round
        while round_ in rounds:
            round_ += 1
        rounds.add(round_)
        yield MessageTreatment(
            message=item.task.name,
            decision=Treatment.HOLD if waiting else Treatment.CANCEL,
            why=BEFORE_ROLLBACK(status=item.status.value, cause=item.reason or UNRECORDED()),
            round=round_,
            recipient=item.task.recipient,
            text=item.task.text,
        )
