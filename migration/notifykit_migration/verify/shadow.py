"""Shadow comparison: what the old rule would send now, against what notifykit would send now.

Each difference must be explained by a decision of the plan, or by what happened on the outbox since.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.pipeline.project import Project
from notifykit_migration.apply.retire import OldFile
from notifykit_migration.backup.in_force import InForce
from notifykit_migration.legacy.contracts import Retiring, retiring
from notifykit_migration.legacy.old_rule import generates, json_says
from notifykit_migration.legacy.refusals import as_migrated
from notifykit_migration.model import CampaignPlan, Check, CheckResult, FlagState, MessageTreatment, Treatment
from notifykit_migration.store.migrated import migrated_campaigns
from notifykit_migration.wording import checks as named

Message = tuple[str, str]
"""(key, message name)."""

SHOWN = 20

_WAITING = ("queued", "sending")


def compare(
    project: Project, connection: sqlite3.Connection, found: Sequence[InForce], files: Sequence[OldFile]
) -> Check:
    """Compare all migrated campaigns."""
    explained: Counter[str] = Counter()
    unexplained: list[str] = []
    alike = 0
    where = {item.campaign: item for item in files}
    for one in found:
        for part in one.plan.campaigns:
            shadow = _Shadow(_world(project, connection, part, where), part, one.at, connection)
            old, new = set(shadow.old()), set(shadow.new())
            alike += len(old & new)
            for message in sorted(old ^ new):
                why = shadow.why_not_sent(message) if message in old else shadow.why_sent(message)
                if why is None:
                    which = "the old program" if message in old else "notifykit"
                    unexplained.append(f"{part.campaign} {message[0]} {message[1]}: only {which} would send it")
                else:
                    explained[why] += 1
    reasons = "; ".join(f"{count} {why}" for why, count in explained.most_common())
    evidence = f"both would send {alike} messages now" + (f"; explained differences: {reasons}" if reasons else "")
    if unexplained:
        evidence = f"{len(unexplained)} differences that no decision explains, the first: {unexplained[0]}"
    return Check(
        what=named.SHADOW_COMPARISON(),
        result=CheckResult.FAILED if unexplained else CheckResult.PASSED,
        evidence=evidence,
        details=tuple(unexplained[:SHOWN]),
    )


def _world(
    project: Project, connection: sqlite3.Connection, part: CampaignPlan, where: Mapping[str, OldFile]
) -> Retiring:
    campaign = as_migrated(project, migrated_campaigns(connection), part.campaign)
    old = where[part.campaign]
    redirect = {} if old.path.exists() else {old.path: old.target}
    assert campaign.legacy is not None  # noqa: S101 - it names its send-status file
    return retiring(project, campaign, campaign.legacy, redirect, recipients=False)


class _Shadow:
    """One campaign, seen by both."""

    def __init__(self, world: Retiring, part: CampaignPlan, migrated_at: float, connection: sqlite3.Connection) -> None:
        self._world = world
        self._migrated_at = migrated_at
        self._decisions: dict[Message, list[MessageTreatment]] = {}
        for contract in part.contracts:
            for item in contract.decisions:
                self._decisions.setdefault((contract.key, item.message), []).append(item)
        self._tasks: dict[Message, tuple[str, float, int]] = {}
        """The latest round of each message: status, when it was queued, round."""
        for task in StoredOutbox(connection).tasks_in_brief(campaign=part.campaign):
            latest = self._tasks.get((task.key, task.name))
            if latest is None or latest[2] < task.round:
                self._tasks[task.key, task.name] = (task.status, task.queued_at or 0.0, task.round)

    def old(self) -> Iterator[Message]:
        """Yield what the old program would send: its pending rows, and what it would make (again)."""
        pending = (Treatment.ADOPT, Treatment.CANCEL, Treatment.HOLD)
        for message, items in self._decisions.items():
            if any(item.row is not None and item.decision in pending for item in items):
                yield message
        words, sent = self._world.status.words, self._world.state.sent_word
        for contract in self._world.contracts.values():
            if generates(contract.column, json_says(words, contract.key, sent)):
                for name in contract.required:
                    yield contract.key, name

    def new(self) -> Iterator[Message]:
        """Yield what notifykit would send: what waits, and what the next generation would queue."""
        for message, (status, _, _) in self._tasks.items():
            if status in _WAITING:
                yield message
        for contract in self._world.contracts.values():
            if contract.column is FlagState.UNSENT:
                for name in contract.required:
                    if (contract.key, name) not in self._tasks:
                        yield contract.key, name

    def why_not_sent(self, message: Message) -> str | None:
        """Explain why notifykit does not send what the old program would; None where nothing explains it."""
        status = self._tasks.get(message, ("", 0.0, 0))[0]
        decisions = {item.decision for item in self._decisions.get(message, ())}
        if status in ("sent", "completed"):
            return "sent already" if decisions & {Treatment.SENT, Treatment.ASSUME} else "sent since"
        if status == "in_doubt":
            return "held for a person"
        if status == "failed":
            return "failed since, for a person"
        if status == "cancelled":
            return "cancelled as a twin, or by a person"
        return None

    def why_sent(self, message: Message) -> str | None:
        """Explain why notifykit sends what the old program would not; None where nothing explains it."""
        if message not in self._tasks:
            # Its flag says unsent, the file says sent: the plan must have made a task of it.
            return None
        _, queued_at, round_ = self._tasks[message]
        if round_ > 1:
            return "opened again by a person"
        if queued_at >= self._migrated_at:
            return "queued since the migration"
        if any(item.decision is Treatment.HOLD for item in self._decisions.get(message, ())):
            return "held, and put back by a person"
        return None
