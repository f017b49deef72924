"""Carries out a plan: the database first, in one transaction, then the flags. Each step can be done again.

The fence stands before a file is touched: a legacy job that is started by mistake fails before it writes anything.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from notifykit.campaign.campaign import Campaign
from notifykit.campaign.data import data_of
from notifykit.legacy import Flag, KeepsFlags
from notifykit.model import CampaignData, Draft, Record, Status, Table
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.adopting import Adoption
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_migration.archive.archives import Archives
from notifykit_migration.errors import WorldChangedError
from notifykit_migration.files.paths import resolved
from notifykit_migration.files.reading import content_digest, untouched
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.redo import TargetState, digest_now
from notifykit_migration.journal.targets import DatabaseStep, FlagStep
from notifykit_migration.legacy import task_table as rows
from notifykit_migration.legacy.campaigns import described, owners
from notifykit_migration.legacy.settings import others_of
from notifykit_migration.model import CampaignPlan, ContractPlan, InputKind, MessageTreatment, Plan
from notifykit_migration.store import fence
from notifykit_migration.store.migrated import carried_out, record

WHO = "migrate"

UNKNOWN_TEXT = "（原消息内容已不可知 · the text is not known any more）"
"""Stands in the task of a contract whose CSV row is gone: it is there to be decided, not to be sent."""


def check_inputs(project: Project, plan: Plan) -> None:
    """Raise WorldChangedError where a file is not what the plan was made from."""
    changed = []
    for item in plan.inputs:
        path = resolved(project.file.folder, item.path)
        now = store_digest(path) if item.kind is InputKind.STORE else digest_now(path) or ""
        if now != item.sha256:
            changed.append(item.path)
    store = resolved(project.file.folder, plan.store)
    if store.exists() and not any(item.kind is InputKind.STORE for item in plan.inputs):
        changed.append(plan.store)
    if changed:
        raise WorldChangedError(
            gettext(
                "changed since the plan was made: {changed}; nothing was done. Stop the old program, and "
                "make a new plan with `notifykit migrate --dry-run`",
                changed=", ".join(changed),
            )
        )


def store_digest(path: Path) -> str:
    """Return the digest of what a store holds; an empty text where there is none."""
    if not path.exists():
        return ""
    with untouched(path) as connection:
        return content_digest(connection)


def is_applied(project: Project, plan: Plan) -> bool:
    """Whether the store is changed as the plan says."""
    path = resolved(project.file.folder, plan.store)
    if not path.exists():
        return False
    with untouched(path) as connection:
        return carried_out(connection, plan.hash)


def database_step(
    project: Project, plan: Plan, folder: MigrationFolder, *, backup: str, soak_until: float | None
) -> DatabaseStep:
    """Return the step that changes columns, indexes, statuses, fence and record of the store."""
    before = next((item.sha256 for item in plan.inputs if item.kind is InputKind.STORE), "")
    path = resolved(project.file.folder, plan.store)

    def look() -> TargetState:
        if is_applied(project, plan):
            return TargetState.AFTER
        if before and store_digest(path) != before:
            raise WorldChangedError(
                gettext("changed since this migration was begun, and before it had changed anything"),
                mend=gettext("`notifykit rollback` gives it up; `notifykit migrate` then makes a new plan"),
                where=plan.store,
            )
        return TargetState.BEFORE

    def change() -> None:
        times = _Times.of(project, plan)
        db = Database(path, project.clock)
        outbox = SqliteOutbox(db)
        try:
            mode = str(db.one("PRAGMA journal_mode")[0])
            with db.transaction():
                if before and content_digest(db.connection) != before:
                    raise WorldChangedError(
                        gettext("somebody wrote to it just now; nothing was done"), where=plan.store
                    )
                fence.remember_schema(db)
                sequence = _sequence(db)
                schema.upgrade(db)
                outbox.adopt(adoptions(project, plan, times), who=WHO)
                Archives.of(folder, owners(project)).restore_history(db)
                for data in _data(project, plan):
                    outbox.remember_data(data)
                fence.install(db, plan, others=others_of(project.configuration))
                record(db, plan, backup=backup, soak_until=soak_until, journal_mode=mode, sequence=sequence)
        finally:
            outbox.close()

    return DatabaseStep(store=plan.store, facts={"before": before, "migration": plan.hash}, look=look, change=change)


def _data(project: Project, plan: Plan) -> Iterator[CampaignData]:
    """Yield what the campaigns read and write: their messages are there, and so is what they are known by."""
    for part in plan.campaigns:
        if (data := data_of(described(project, part.campaign), project.file.folder)) is not None:
            yield data


def use_wal(project: Project, plan: Plan) -> None:
    """Let readers and the writer of the store not wait for each other: outside of the transaction, it cannot be in it.

    Whether it was done does not show in what the store says, so every run does it. Raises StoreError.
    """
    db = Database(resolved(project.file.folder, plan.store), project.clock, create=False)
    try:
        db.use_wal()
    finally:
        db.close()


def _sequence(db: Database) -> int | None:
    if not db.one("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"):
        return None
    row = db.one("SELECT seq FROM sqlite_sequence WHERE name = 'tasks'")
    return int(row[0]) if row else None


def flag_steps(project: Project, plan: Plan) -> Iterator[FlagStep]:
    """Yield a step for each CSV file in which flags are to be set."""
    for part in plan.campaigns:
        keys = [contract.key for contract in part.contracts if contract.set_flag]
        if not keys:
            continue
        campaign = described(project, part.campaign)
        assert isinstance(campaign.strategy, KeepsFlags)  # noqa: S101 - the plan was made from it
        project.start(campaign)
        yield FlagStep(
            name=f"flags {part.csv_file}",
            path=resolved(project.file.folder, part.csv_file),
            shown=part.csv_file,
            keeper=campaign.strategy,
            keys=keys,
            flag=Flag.SENT,
            refused=gettext(
                "the outbox holds the truth already. Mend it, then run the same command again: it goes on here"
            ),
        )


class _Times:
    """When each row of the old table was made, and when it was changed last. There are many."""

    def __init__(self, made_at: float) -> None:
        """`made_at`: of the plan, for what has no row, or one with no time that can be read."""
        self._usual = (made_at, made_at)
        self._ids, self._made, self._changed = array("q"), array("d"), array("d")

    @classmethod
    def of(cls, project: Project, plan: Plan) -> _Times:
        """Read them; outside of the transaction, which may lock other connections out."""
        found = cls(plan.made_at)
        path = resolved(project.file.folder, plan.store)
        if path.exists():
            with untouched(path) as connection:
                if rows.tasks_table(connection):
                    found._read(connection, plan.options.timezone)
        return found

    def _read(self, connection: sqlite3.Connection, zone: str) -> None:
        for id_, created, updated in connection.execute("SELECT id, created_at, updated_at FROM tasks ORDER BY id"):
            if (at := rows.epoch(str(created), zone)) is not None:
                self._ids.append(id_)
                self._made.append(at)
                self._changed.append(max(at, rows.epoch(str(updated), zone) or at))

    def __getitem__(self, row: int | None) -> tuple[float, float]:
        at = bisect_left(self._ids, row or 0)
        if at == len(self._ids) or self._ids[at] != row:
            return self._usual
        return self._made[at], self._changed[at]


def adoptions(project: Project, plan: Plan, times: _Times) -> Iterator[Adoption]:
    """Yield what each decision makes of the table."""
    for part in plan.campaigns:
        campaign = described(project, part.campaign)
        project.start(campaign)
        for contract, metadata in _with_metadata(campaign, part):
            for item in contract.decisions:
                if (status := item.decision.status) is not None:
                    yield _adoption(campaign, contract, item, status, metadata, times[item.row])


def _with_metadata(campaign: Campaign, part: CampaignPlan) -> Iterator[tuple[ContractPlan, Mapping[str, Any]]]:
    """Yield the contracts that will have tasks, each with what the strategy keeps with them.

    Records and contracts come in the same order, that of the file: few wait for each other.
    """
    due = [
        contract for contract in part.contracts if any(item.decision.status is not None for item in contract.decisions)
    ]
    wanted = {contract.key for contract in due}
    passed: dict[str, Mapping[str, Any]] = {}
    records = (item for item in campaign.records() if isinstance(item, Record))
    for contract in due:
        while contract.key not in passed and (record := next(records, None)) is not None:
            if record.key in wanted:
                wanted.remove(record.key)
                passed[record.key] = campaign.strategy.metadata(record)
        if (metadata := passed.pop(contract.key, None)) is None:
            metadata = _without_record(campaign, part, contract)
        yield contract, metadata


def _without_record(campaign: Campaign, part: CampaignPlan, contract: ContractPlan) -> Mapping[str, Any]:
    try:
        return campaign.strategy.metadata(Record(contract.key, (), Table(part.csv_file, {}), 0))
    except LookupError:
        return {}  # this strategy needs a column of the row, which is gone


def _adoption(
    campaign: Campaign,
    contract: ContractPlan,
    item: MessageTreatment,
    status: Status,
    metadata: Mapping[str, Any],
    times: tuple[float, float],
) -> Adoption:
    plan = campaign.message(item.message)
    lost = plan is None or (item.row is None and item.text is None)
    at, sent_at = times
    return Adoption(
        id=item.row,
        status=status,
        reason=item.why,
        at=at,
        sent_at=sent_at,
        draft=Draft(
            campaign=campaign.name,
            key=contract.key,
            name=item.message,
            round=item.round,
            recipient=item.recipient or "",
            text=item.text or UNKNOWN_TEXT,
            channel="" if plan is None or lost else plan.channel.name,
            task_type=plan.task_type if plan else "",
            ordered=plan.ordered if plan else True,
            metadata=metadata,
        ),
    )
