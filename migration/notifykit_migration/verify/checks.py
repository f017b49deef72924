"""Checks that a migration did what it said, and that the old programs can still read: each check with its evidence.

Works right after `migrate`, and long after. What people and other jobs changed meanwhile is told as such.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from notifykit.durable.ordinary import read_ordinary, refuse_others
from notifykit.errors import NotifykitError, StoreError
from notifykit.legacy import Flag
from notifykit.model import Status
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.schema import LEGACY_COLUMNS
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.pipeline.project import Project
from notifykit.wording import Reason
from notifykit.wording.translation import gettext
from notifykit_migration.apply.retire import OldFile, changed_since, old_files
from notifykit_migration.backup import make as backups
from notifykit_migration.backup.checks import RETIRED
from notifykit_migration.backup.in_force import InForce, under_present_names
from notifykit_migration.errors import PreflightError
from notifykit_migration.files.paths import resolved, shown
from notifykit_migration.files.reading import file_digest, untouched
from notifykit_migration.legacy.refusals import as_migrated, keeper_of, not_as_migrated
from notifykit_migration.legacy.settings import others_of
from notifykit_migration.legacy.status_file import parse_status
from notifykit_migration.legacy.task_table import check_version
from notifykit_migration.model import Backup, CampaignPlan, Check, CheckResult, Kept, Plan
from notifykit_migration.store import fence
from notifykit_migration.store.migrated import StoredCampaign, migrated_campaigns
from notifykit_migration.verify.differences import first_of
from notifykit_migration.verify.shadow import compare
from notifykit_migration.verify.tasks import tasks_of_plan
from notifykit_migration.wording import checks as named
from notifykit_migration.wording.checks import CHECK_WORDING

SHOWN = 20
"""Differences that a check lists."""


def verify(project: Project, found: Sequence[InForce], *, strict: bool = False) -> Iterator[Check]:
    """Yield every check. `strict`: right after the latest migration, when nobody can have changed anything of it yet.

    Nothing is compared with a backup that is damaged: that it is, is what its own checks tell.
    Raises PreflightError where nothing was migrated.
    """
    if not found:
        raise PreflightError(
            gettext("nothing was migrated yet"), mend=gettext("run `notifykit migrate`"), where=project.file.file
        )
    damaged = set()
    for one in found:
        checks = list(verify_backup(one.backup))
        if any(check.result is CheckResult.FAILED for check in checks):
            damaged.add(one.backup.id)
        yield from checks
    store = project.store_file().resolve()
    try:
        with untouched(store) as connection:
            yield from _store(project, connection, found, damaged, strict=strict)
    except StoreError as error:
        yield Check(what=named.STORE_OPENS(), result=CheckResult.FAILED, evidence=str(error))


def _store(
    project: Project,
    connection: sqlite3.Connection,
    found: Sequence[InForce],
    damaged: Collection[str],
    *,
    strict: bool,
) -> Iterator[Check]:
    yield _tried(named.INTEGRITY(), lambda: _integrity(connection))
    found = [replace(one, plan=under_present_names(one.plan, one.backup, connection)) for one in found]
    yield _tried(
        named.OUTBOX_SCHEMA(),
        lambda: _schema(connection, shown(project.file.folder, project.store_file())),
    )
    yield _tried(named.AS_MIGRATED(), lambda: _described(project, connection))
    yield _tried(named.LEGACY_READERS(), lambda: _readers(connection))
    yield _tried(named.FENCE_STANDS(), lambda: _fence(connection, [one.plan for one in found]))
    yield _tried(named.ONE_SENDER(), lambda: _others(project, connection))
    for one in found:
        fresh = strict and one is found[-1]
        yield _tried(named.CONTRACTS_ONCE(), partial(tasks_of_plan, connection, one.plan, strict=fresh))
        if one.backup.id not in damaged:
            yield _tried(named.ROWS_KEPT(), partial(_rows_kept, connection, one, strict=fresh))
            yield from _files(project, connection, one, strict=fresh)
    files = old_files(project, found)
    yield _tried(named.OLD_STATUS_FILES(), lambda: _old_files(files))
    yield _tried(named.SHADOW_COMPARISON(), lambda: compare(project, connection, found, files))


def _tried(what: Reason, check: Callable[[], Check]) -> Check:
    """Make a check. What keeps it from being made is what it found."""
    try:
        return check()
    except (NotifykitError, sqlite3.Error) as error:
        evidence = str(error)
    except OSError as error:
        evidence = gettext("{filename} cannot be read: {strerror}", filename=error.filename, strerror=error.strerror)
    return Check(what=what, result=CheckResult.FAILED, evidence=evidence)


def _schema(connection: sqlite3.Connection, store: str) -> Check:
    """Everything that an outbox is made of is there: the index that refuses duplicates, above all."""
    check_version(connection, store)
    return _check(
        named.OUTBOX_SCHEMA(), [*schema.missing(connection)], gettext("every table and index of the outbox is there")
    )


def _described(project: Project, connection: sqlite3.Connection) -> Check:
    """No file of the project says what a rollback would refuse."""
    done = migrated_campaigns(connection)
    wrong = [str(error) for error in not_as_migrated(project, done)]
    return _check(
        named.AS_MIGRATED(), wrong, gettext("{number} campaigns name the files that they had", number=len(done))
    )


def verify_backup(backup: Backup) -> Iterator[Check]:
    """Yield the checks of a backup alone."""
    checks = backups.check(backup.folder)
    failed = [check for check in checks if check.result is CheckResult.FAILED]
    yield from failed
    if not failed:
        yield Check(
            what=named.BACKUP_RESTORES(),
            result=CheckResult.PASSED,
            evidence=gettext(
                "{backup}: {number} checks: {names}",
                backup=backup.id,
                number=len(checks),
                names=gettext("; ").join(CHECK_WORDING.said(check.what) for check in checks),
            ),
        )


def _integrity(connection: sqlite3.Connection) -> Check:
    lines = [str(line) for (line,) in connection.execute("PRAGMA integrity_check")]
    fine = lines == ["ok"]
    return Check(
        what=named.INTEGRITY(),
        result=CheckResult.PASSED if fine else CheckResult.FAILED,
        evidence=gettext("SQLite finds the store sound")
        if fine
        else gettext("SQLite reports {number} faults", number=len(lines)),
        details=() if fine else tuple(lines[:SHOWN]),
    )


def _readers(connection: sqlite3.Connection) -> Check:
    """An old reader goes by position, and an old writer names its six columns."""
    columns = tuple(row[1] for row in connection.execute("PRAGMA table_info(tasks)"))
    wrong = (
        []
        if columns[: len(LEGACY_COLUMNS)] == LEGACY_COLUMNS
        else [gettext("the columns begin with {columns}", columns=columns[:7])]
    )
    needed = [
        row[1]
        for row in connection.execute("PRAGMA table_info(tasks)")
        if row[3] and row[4] is None and row[1] not in LEGACY_COLUMNS
    ]
    wrong += [
        gettext("column {column} must be given, and an old INSERT does not give it", column=name) for name in needed
    ]
    read = 0
    for row in connection.execute("SELECT * FROM tasks ORDER BY id LIMIT 1000"):
        read += 1
        if not (isinstance(row[0], int) and all(row[at] is not None for at in (1, 2, 3, 4))):
            wrong.append(gettext("row {row} cannot be read by position", row=row[0]))
    return _check(
        named.LEGACY_READERS(), wrong, gettext("seven columns first, {read} rows read by position", read=read)
    )


def _fence(connection: sqlite3.Connection, plans: Sequence[Plan]) -> Check:
    """Nobody but us may queue the migrated campaigns' messages, and the old scheduler must not see any of them."""
    wrong = list(fence.missing(connection))
    pairs = {pair for plan in plans for part in plan.campaigns for pair in part.pairs}
    fenced = {(row[0], row[1]) for row in connection.execute("SELECT task_type, recipient FROM fence")}
    wrong += [
        gettext("{kind} to {recipient} is not fenced", kind=kind, recipient=recipient)
        for kind, recipient in sorted(pairs - fenced)
    ]
    owned = islice(StoredOutbox(connection).tasks_in_brief(status=Status.PENDING), SHOWN)
    wrong += [gettext("row {id} is pending and ours: the old scheduler would send it", id=task.id) for task in owned]
    return _check(
        named.FENCE_STANDS(),
        wrong,
        gettext("{number} pairs of kind and recipient are refused from other programs", number=len(fenced)),
    )


def _others(project: Project, connection: sqlite3.Connection) -> Check:
    """Other programs' messages are sent by one of the two, the one that notifykit.yaml names."""
    wanted, there = dict(others_of(project.configuration)), fence.others_in(connection)
    wrong = (
        [] if wanted == there else [gettext("notifykit.yaml says otherwise since; `notifykit migrate` carries it over")]
    )
    who = gettext("notifykit, for {there}", there=", ".join(sorted(there))) if there else gettext("the old scheduler")
    return _check(named.ONE_SENDER(), wrong, gettext("their messages are sent by {who}", who=who))


def _rows_kept(connection: sqlite3.Connection, one: InForce, *, strict: bool) -> Check:
    """No row of the old table is gone, and none says anything else than it did."""
    path = backups.store_copy(one.backup)
    if path is None:
        return Check(what=named.ROWS_KEPT(), result=CheckResult.SKIPPED, evidence=gettext("there was no table before"))
    wrong = []
    count = 0
    rows = "SELECT id, task_type, recipient, message, created_at, status FROM tasks ORDER BY id"
    stored = StoredOutbox(connection)
    owned = stored.owned_ids()
    now = stored.old_columns()
    there = next(now, None)
    with untouched(path) as before:
        for row in before.execute(rows):
            count += 1
            while there is not None and there[0] < row[0]:
                there = next(now, None)
            if there is None or there[0] != row[0]:
                wrong.append(gettext("row {row} is gone", row=row[0]))
            elif there[1:5] != row[1:5]:
                wrong.append(gettext("row {row} does not say what it said", row=row[0]))
            elif row[0] not in owned and there[5] != row[5] and (strict or row[5] == "completed"):
                wrong.append(
                    gettext(
                        "row {row}, of another program, was {before} and is {now}",
                        row=row[0],
                        before=row[5],
                        now=there[5],
                    )
                )
    return _check(
        named.ROWS_KEPT(),
        wrong,
        gettext("{count} rows of the old table are there, with their kind, recipient and text", count=count),
    )


def _files(project: Project, connection: sqlite3.Connection, one: InForce, *, strict: bool) -> Iterator[Check]:
    done = migrated_campaigns(connection)
    for part in one.plan.campaigns:
        what = named.ONLY_FLAGS_DIFFER(file=part.csv_file)
        yield _tried(what, partial(_csv, what, project, done, part, one.backup, strict=strict))
    for kept in one.plan.kept:
        what = named.FILE_UNTOUCHED(file=kept.status_file)
        yield _tried(what, partial(_kept, what, project, kept, one.backup, strict=strict))


def _csv(
    what: Reason,
    project: Project,
    done: Mapping[str, StoredCampaign],
    part: CampaignPlan,
    backup: Backup,
    *,
    strict: bool,
) -> Check:
    """Nothing but flags may differ. Rows that were appended since are fine."""
    path = resolved(project.file.folder, part.csv_file)
    before = backups.content(backup, path)
    if before is None:
        return Check(what=what, result=CheckResult.SKIPPED, evidence=gettext("the file was not there before"))
    keeper = keeper_of(as_migrated(project, done, part.campaign))
    if strict:
        due = [contract.key for contract in part.contracts if contract.set_flag]
        refuse_others(path)
        with path.open("rb") as file:
            if all(file.read(len(piece)) == piece for piece in keeper.with_flags(before, due, Flag.SENT)):
                return _only_flags(what, before, path.stat().st_size - file.tell())
        evidence = gettext("beyond the {number} flags of the plan, something in it was changed", number=len(due))
        return Check(what=what, result=CheckResult.FAILED, evidence=evidence)
    now = read_ordinary(path, None)
    keys = [contract.key for contract in part.contracts]
    alike = [b"".join(keeper.with_flags(data, keys, Flag.SENT)) for data in (before, now)]
    if alike[1].startswith(alike[0]):
        return _only_flags(what, before, len(alike[1]) - len(alike[0]))
    old, new = (set(data.splitlines()) for data in alike)
    return Check(
        what=what,
        result=CheckResult.EXPLAINED,
        evidence=gettext(
            "{number} lines of the backup are not there any more as they were: people or jobs edited the "
            "file since; the outbox does not depend on it",
            number=len(old - new),
        ),
    )


def _only_flags(what: Reason, before: bytes, more: int) -> Check:
    evidence = gettext("{number} bytes compared", number=len(before))
    if more:
        evidence = gettext("{number} bytes compared; {more} bytes were appended since", number=len(before), more=more)
    return Check(
        what=what,
        result=CheckResult.PASSED,
        evidence=evidence,
    )


def _kept(what: Reason, project: Project, kept: Kept, backup: Backup, *, strict: bool) -> Check:
    """A status file that stays is as it was; later it may have grown."""
    path = resolved(project.file.folder, kept.status_file)
    now = file_digest(path) if path.exists() else None
    if now == kept.sha256:
        return Check(
            what=what, result=CheckResult.PASSED, evidence=gettext("{keys} keys, not a byte differs", keys=kept.keys)
        )
    before = backups.content(backup, path)
    if not strict and before is not None and now is not None:
        said, says = parse_status(before).words, parse_status(path.read_bytes()).words
        if missing := said.keys() - says.keys():
            return _check(what, [gettext("key {key} is gone", key=key) for key in sorted(map(str, missing))], "")
        other = sum(says[key] != word for key, word in said.items())
        evidence = gettext(
            "its program wrote since: {number} more keys, {other} other words",
            number=len(says) - len(said),
            other=other,
        )
        return Check(what=what, result=CheckResult.EXPLAINED, evidence=evidence)
    if not strict and before is None and now is not None:
        return Check(what=what, result=CheckResult.EXPLAINED, evidence=gettext("its program made it since"))
    return Check(what=what, result=CheckResult.FAILED, evidence=gettext("it is not what it was before the migration"))


def _old_files(files: Sequence[OldFile]) -> Check:
    """Nobody wrote to the old files since: the old program did not run although the fence stands."""
    files = [item for item in files if item.sha256]
    wrong = [
        gettext("{shown} was written to since the migration: is the old program running?", shown=item.shown)
        for item in files
        if changed_since(item)
    ]
    wrong += [
        gettext("{shown} is neither in its place nor in the backup ({retired})", shown=item.shown, retired=RETIRED)
        for item in files
        if not item.path.exists() and not item.target.exists()
    ]
    retired = sum(item.target.exists() for item in files)
    return _check(
        named.OLD_STATUS_FILES(),
        wrong,
        gettext("{number} files unchanged, {retired} of them retired", number=len(files), retired=retired),
    )


def _check(what: Reason, wrong: Sequence[str], evidence: str) -> Check:
    if not wrong:
        return Check(what=what, result=CheckResult.PASSED, evidence=evidence)
    return Check(what=what, result=CheckResult.FAILED, evidence=first_of(wrong), details=tuple(wrong[:SHOWN]))
