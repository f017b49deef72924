"""Whether a migration can be accepted: each point that was agreed on, with what was seen of it."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence

from notifykit.model import Status
from notifykit.operate.activity import Compared
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.pipeline.project import Project
from notifykit.wording.sentence import Sentence
from notifykit.wording.translation import gettext
from notifykit_migration.backup.in_force import InForce, under_present_names
from notifykit_migration.files.reading import untouched
from notifykit_migration.journal.journal import Entry
from notifykit_migration.legacy.log import LegacyLog
from notifykit_migration.model import Check, CheckResult, FlagState
from notifykit_migration.verify.baseline import compared
from notifykit_migration.verify.calendar import Tick, calendar
from notifykit_migration.verify.differences import first_of
from notifykit_migration.verify.shadow import worlds
from notifykit_migration.wording import acceptance as named
from notifykit_migration.wording import checks
from notifykit_migration.wording.checks import CHECK_WORDING

SHOWN = 20
"""Differences that a point lists."""

_VERIFIED = (
    (named.NOTHING_LOST, (checks.CONTRACTS_ONCE, checks.ROWS_KEPT, checks.SHADOW_COMPARISON)),
    (named.OTHERS_UNTOUCHED, (checks.FILE_UNTOUCHED, checks.ONE_SENDER, checks.FENCE_STANDS, checks.OLD_STATUS_FILES)),
    (named.OLD_PROGRAMS_READ, (checks.LEGACY_READERS, checks.OUTBOX_SCHEMA, checks.INTEGRITY)),
    (named.WAY_BACK_OPEN, (checks.BACKUP_RESTORES, checks.AS_MIGRATED)),
)
"""The points that the checks of `verify` answer."""

_WORST = (CheckResult.FAILED, CheckResult.EXPLAINED, CheckResult.PASSED, CheckResult.SKIPPED)

_OPEN = (Status.QUEUED, Status.SENDING, Status.FAILED, Status.IN_DOUBT)


def points(
    project: Project, found: Sequence[InForce], made: Sequence[Check], entries: Sequence[Entry], log: LegacyLog | None
) -> Iterator[Check]:
    """Yield every point, given the checks that `verify` made just now, and the journal.

    Raises StoreError and VerificationError where the store or a backup cannot be read.
    """
    for point, codes in _VERIFIED:
        yield _verified(point, [check for check in made if check.what.code in {code.code for code in codes}])
    now = project.clock.now()
    with untouched(project.store_file().resolve()) as connection:
        stored = StoredOutbox(connection)
        found = [_as_now(one, connection) for one in found]
        at = found[-1].at
        yield _twice(stored, at)
        yield _flags(project, connection, found, at)
        yield _metadata(stored, at)
        yield _holds(stored, found)
    yield from map(_compared, compared(project, found, log))
    yield _calendar(entries, now)


def _as_now(one: InForce, connection: sqlite3.Connection) -> InForce:
    return InForce(at=one.at, backup=one.backup, plan=under_present_names(one.plan, one.backup, connection))


def _verified(point: Sentence, made: Sequence[Check]) -> Check:
    """Return the worst of these checks as the point."""
    worst = min((check.result for check in made), key=_WORST.index, default=CheckResult.SKIPPED)
    shown = [check for check in made if check.result is worst]
    return Check(
        what=point(),
        result=worst,
        evidence=gettext("; ").join(
            gettext("{check}: {evidence}", check=CHECK_WORDING.said(check.what), evidence=check.evidence)
            for check in shown
        )
        or gettext("it was not looked at"),
        details=tuple(detail for check in shown for detail in check.details)[:SHOWN],
    )


def _point(point: Sentence, wrong: Collection[str], evidence: str) -> Check:
    listed = list(wrong)
    return Check(
        what=point(),
        result=CheckResult.FAILED if listed else CheckResult.PASSED,
        evidence=first_of(listed) if listed else evidence,
        details=tuple(listed[:SHOWN]),
    )


def _twice(stored: StoredOutbox, at: float) -> Check:
    wrong = [gettext("task {id} may have been sent twice", id=id_) for id_ in stored.perhaps_twice_since(at)]
    tried = sum(number for _, _, number in stored.verdicts_since(at))
    evidence = gettext(
        "{tried:,} attempts since the migration, none after one that may have been accepted", tried=tried
    )
    return _point(named.NOTHING_TWICE, wrong, evidence)


def _flags(project: Project, connection: sqlite3.Connection, found: Sequence[InForce], at: float) -> Check:
    """A contract all of whose messages were queued since is flagged only once they are sent."""
    tasks: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    earlier = set()
    for task in StoredOutbox(connection).tasks_in_brief():
        tasks[task.campaign, task.key][task.status] += 1
        if task.queued_at < at:
            earlier.add((task.campaign, task.key))
    wrong, flagged = [], 0
    for part, world in worlds(project, connection, found):
        for key, contract in world.contracts.items():
            statuses = tasks.get((part.campaign, key))
            if contract.column is not FlagState.SENT or (part.campaign, key) in earlier or statuses is None:
                continue
            flagged += 1
            if still := [f"{number} {status}" for status, number in statuses.items() if status in _OPEN]:
                wrong.append(
                    gettext(
                        "{campaign} {key} is flagged, and not all is sent: {still}",
                        campaign=part.campaign,
                        key=key,
                        still=", ".join(still),
                    )
                )
    evidence = gettext(
        "{flagged:,} contracts of messages queued since are flagged, each with all of them sent", flagged=flagged
    )
    return _point(named.FLAG_AFTER_SENDING, wrong, evidence)


def _metadata(stored: StoredOutbox, at: float) -> Check:
    wrong, queued = [], 0
    for task in stored.queued_since(at):
        queued += 1
        wrong += (
            []
            if task.has_metadata
            else [gettext("task {id} ({campaign} {key}) has none", id=task.id, campaign=task.campaign, key=task.key)]
        )
    return _point(
        named.METADATA_KEPT,
        wrong,
        gettext("{queued:,} tasks queued since, each with the metadata of its contract", queued=queued),
    )


def _holds(stored: StoredOutbox, found: Sequence[InForce]) -> Check:
    held = sum(one.plan.holds for one in found)
    campaigns = {part.campaign for one in found for part in one.plan.campaigns}
    left = [task for task in stored.tasks_in_brief(status=Status.IN_DOUBT) if task.campaign in campaigns]
    wrong = [
        gettext(
            "{campaign} {key} {task} is still in doubt (task {id})",
            campaign=task.campaign,
            key=task.key,
            task=task.name,
            id=task.id,
        )
        for task in left
    ]
    return _point(named.HOLDS_DECIDED, wrong, gettext("{held} were held by the migration, none is left", held=held))


def _compared(one: Compared) -> Check:
    result = CheckResult.SKIPPED
    if one.no_worse is not None:
        result = CheckResult.PASSED if one.no_worse else CheckResult.FAILED
    untold = gettext("nothing tells of it")
    evidence = gettext("since: {since}; before: {before}", since=one.since or untold, before=one.before or untold)
    return Check(what=one.what, result=result, evidence=evidence)


def _calendar(entries: Sequence[Entry], now: float) -> Check:
    ticks = Counter(slot.tick for slot in calendar(entries, now))
    told = gettext(", ").join(f"{ticks[tick]} {gettext(tick.value)}" for tick in Tick if ticks[tick])
    wrong = [told] if ticks[Tick.FAILED] or ticks[Tick.MISSED] else []
    return _point(named.CALENDAR_KEPT, wrong, told)
