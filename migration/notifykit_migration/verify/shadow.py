"""Shadow comparison: what the old rule would send now, against what notifykit would send now.

Each difference must be explained by a decision of the plan, or by what happened on the outbox since.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_migration.apply.retire import OldFile, old_files
from notifykit_migration.backup.in_force import InForce
from notifykit_migration.legacy.contracts import Retiring, retiring
from notifykit_migration.legacy.old_rule import generates, json_says
from notifykit_migration.legacy.refusals import as_migrated
from notifykit_migration.model import CampaignPlan, Check, CheckResult, FlagState, MessageTreatment, Treatment
from notifykit_migration.store.migrated import migrated_campaigns
from notifykit_migration.wording import checks as named

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
            differences = []
            for key in shadow.contracts():
                old, new = shadow.old(key), shadow.new(key)
                alike += len(old & new)
                differences += [(key, name, name in old, shadow.why(key, name, name in old)) for name in old ^ new]
            for key, name, of_old, why in sorted(differences):
                if why:
                    explained[why] += 1
                else:
                    which = gettext("the old program") if of_old else "notifykit"
                    unexplained.append(
                        gettext(
                            "{campaign} {key} {name}: only {which} would send it",
                            campaign=part.campaign,
                            key=key,
                            name=name,
                            which=which,
                        )
                    )
    reasons = gettext("; ").join(
        gettext("{number} {why}", number=number, why=why) for why, number in explained.most_common()
    )
    evidence = gettext("both would send {alike} messages now", alike=alike)
    if reasons:
        evidence = gettext(
            "both would send {alike} messages now; explained differences: {reasons}", alike=alike, reasons=reasons
        )
    if unexplained:
        evidence = gettext(
            "{number} differences that no decision explains, the first: {first}",
            number=len(unexplained),
            first=unexplained[0],
        )
    return Check(
        what=named.SHADOW_COMPARISON(),
        result=CheckResult.FAILED if unexplained else CheckResult.PASSED,
        evidence=evidence,
        details=tuple(unexplained[:SHOWN]),
    )


def worlds(
    project: Project, connection: sqlite3.Connection, found: Sequence[InForce]
) -> Iterator[tuple[CampaignPlan, Retiring]]:
    """Yield each migrated campaign with what its files say now, wherever its send-status file lies."""
    where = {item.campaign: item for item in old_files(project, found)}
    for one in found:
        for part in one.plan.campaigns:
            yield part, _world(project, connection, part, where)


def _world(
    project: Project, connection: sqlite3.Connection, part: CampaignPlan, where: Mapping[str, OldFile]
) -> Retiring:
    campaign = as_migrated(project, migrated_campaigns(connection), part.campaign)
    old = where[part.campaign]
    redirect = {} if old.path.exists() else {old.path: old.target}
    assert campaign.legacy is not None  # noqa: S101 - it names its send-status file
    return retiring(project, campaign, campaign.legacy, redirect, recipients=False)


class _Task(NamedTuple):
    """The latest round of a message."""

    name: str
    status: str
    since: bool
    """It was queued since the migration."""
    round: int


class _Shadow:
    """One campaign, seen by both, contract by contract."""

    def __init__(self, world: Retiring, part: CampaignPlan, migrated_at: float, connection: sqlite3.Connection) -> None:
        self._world = world
        self._planned = {contract.key: contract for contract in part.contracts}
        self._tasks: dict[str, tuple[_Task, ...]] = {}
        same: dict[tuple[_Task, ...], tuple[_Task, ...]] = {}  # thousands of contracts stand alike
        for task in StoredOutbox(connection).tasks_in_brief(campaign=part.campaign):
            found = _Task(task.name, task.status, (task.queued_at or 0.0) >= migrated_at, task.round)
            known = self._tasks.get(task.key, ())
            if known and any(one.name == found.name and one.round > found.round for one in known):
                continue
            tasks = (*(one for one in known if one.name != found.name), found) if known else (found,)
            self._tasks[sys.intern(task.key)] = same.setdefault(tasks, tasks)

    def contracts(self) -> Iterable[str]:
        """Return the contracts that anything is known of."""
        return self._planned.keys() | self._world.contracts.keys() | self._tasks.keys()

    def old(self, key: str) -> set[str]:
        """Return the messages that the old program would send: its pending rows, and what it would make (again)."""
        pending = (Treatment.ADOPT, Treatment.CANCEL, Treatment.HOLD)
        found = {item.message for item in self._decisions(key) if item.row is not None and item.decision in pending}
        contract = self._world.contracts.get(key)
        words, sent = self._world.status.words, self._world.state.sent_word
        if contract is not None and generates(contract.column, json_says(words, key, sent)):
            found.update(contract.required)
        return found

    def new(self, key: str) -> set[str]:
        """Return the messages that notifykit would send: what waits, and what the next generation would queue."""
        tasks = self._tasks.get(key, ())
        found = {task.name for task in tasks if task.status in _WAITING}
        contract = self._world.contracts.get(key)
        if contract is not None and contract.column is FlagState.UNSENT:
            found.update(set(contract.required).difference(task.name for task in tasks))
        return found

    def why(self, key: str, name: str, of_old: bool) -> str:
        """Explain why only the old program (`of_old`), or only notifykit, sends a message; empty where nothing does."""
        task = next((task for task in self._tasks.get(key, ()) if task.name == name), None)
        decisions = {item.decision for item in self._decisions(key) if item.message == name}
        if task is None:
            # Of notifykit alone: its flag says unsent, the file says sent, and the plan must have made a task of it.
            return ""
        return self._why_not_sent(task, decisions) if of_old else self._why_sent(task, decisions)

    def _decisions(self, key: str) -> Sequence[MessageTreatment]:
        contract = self._planned.get(key)
        return contract.decisions if contract else ()

    @staticmethod
    def _why_not_sent(task: _Task, decisions: Collection[Treatment]) -> str:
        if task.status in ("sent", "completed"):
            return (
                gettext("sent already")
                if {Treatment.SENT, Treatment.ASSUME}.intersection(decisions)
                else gettext("sent since")
            )
        if task.status == "in_doubt":
            return gettext("held for a person")
        if task.status == "failed":
            return gettext("failed since, for a person")
        return gettext("cancelled as a twin, or by a person") if task.status == "cancelled" else ""

    @staticmethod
    def _why_sent(task: _Task, decisions: Collection[Treatment]) -> str:
        if task.round > 1:
            return gettext("opened again by a person")
        if task.since:
            return gettext("queued since the migration")
        return gettext("held, and put back by a person") if Treatment.HOLD in decisions else ""
