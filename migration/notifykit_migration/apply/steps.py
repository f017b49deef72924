"""Carries out a plan: the database first, in one transaction, then the flags. Each step can be done again.

The fence stands before a file is touched: a legacy job that is started by mistake fails before it writes anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
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
        if item.kind is InputKind.STORE and path.exists():
            with untouched(path) as connection:
                now = content_digest(connection)
        else:
            now = digest_now(path) or ""
        if now != item.sha256:
            changed.append(item.path)
    store = resolved(project.file.folder, plan.store)
    if store.exists() and not any(item.kind is InputKind.STORE for item in plan.inputs):
        changed.append(plan.store)
    if changed:
        raise WorldChangedError(
            f"changed since the plan was made: {', '.join(changed)}; nothing was done. Stop the old program, and "
            "make a new plan with `notifykit migrate --dry-run`"
        )


def database_step(
    project: Project, plan: Plan, folder: MigrationFolder, *, backup: str, soak_until: float | None
) -> DatabaseStep:
    """Return the step that changes columns, indexes, statuses, fence and record of the store."""
    before = next((item.sha256 for item in plan.inputs if item.kind is InputKind.STORE), "")
    path = resolved(project.file.folder, plan.store)

    def look() -> TargetState:
        if not path.exists():
            return TargetState.BEFORE if not before else TargetState.FOREIGN
        with untouched(path) as connection:
            if carried_out(connection, plan.hash):
                return TargetState.AFTER
            unchanged = not before or content_digest(connection) == before
            return TargetState.BEFORE if unchanged else TargetState.FOREIGN

    def change() -> None:
        wanted = list(adoptions(project, plan))
        db = Database(path, project.clock)
        outbox = SqliteOutbox(db)
        try:
            mode = str(db.one("PRAGMA journal_mode")[0])
            with db.transaction():
                if before and content_digest(db.connection) != before:
                    raise WorldChangedError("somebody wrote to it just now; nothing was done", where=plan.store)
                fence.remember_schema(db)
                sequence = _sequence(db)
                schema.upgrade(db)
                outbox.adopt(wanted, who=WHO)
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
            refused="the outbox holds the truth already. Mend it, then run the same command again: it goes on here",
        )


def adoptions(project: Project, plan: Plan) -> Iterator[Adoption]:
    """Yield what each decision makes of the table."""
    for part in plan.campaigns:
        campaign = described(project, part.campaign)
        project.start(campaign)
        metadata = _metadata(campaign, part)
        times = _times(project, plan)
        for contract in part.contracts:
            for item in contract.decisions:
                if (status := item.decision.status) is not None:
                    at, sent_at = times.get(item.row or 0, (plan.made_at, plan.made_at))
                    kept = metadata.get(contract.key, {})
                    yield replace(_adoption(campaign, contract, item, status, kept), at=at, sent_at=sent_at)


def _times(project: Project, plan: Plan) -> dict[int, tuple[float, float]]:
    """Return when each row of the old table was made, and when it was changed last."""
    path = resolved(project.file.folder, plan.store)
    if not path.exists():
        return {}
    with untouched(path) as connection:
        if not rows.tasks_table(connection):
            return {}
        zone = plan.options.timezone
        times = {}
        for id_, created, updated in connection.execute("SELECT id, created_at, updated_at FROM tasks"):
            if (at := rows.epoch(str(created), zone)) is not None:
                times[id_] = at, max(at, rows.epoch(str(updated), zone) or at)
        return times


def _metadata(campaign: Campaign, part: CampaignPlan) -> dict[str, dict[str, Any]]:
    wanted = {
        contract.key
        for contract in part.contracts
        if any(item.decision.status is not None for item in contract.decisions)
    }
    found = {}
    for item in campaign.source.read():
        if isinstance(item, Record) and item.key in wanted and item.key not in found:
            found[item.key] = campaign.strategy.metadata(item)
    for key in wanted - found.keys():
        bare = Record(key, (), Table(part.csv_file, {}), 0)
        try:
            found[key] = campaign.strategy.metadata(bare)
        except LookupError:
            found[key] = {}  # this strategy needs a column of the row, which is gone
    return found


def _adoption(
    campaign: Campaign,
    contract: ContractPlan,
    item: MessageTreatment,
    status: Status,
    metadata: dict[str, Any],
) -> Adoption:
    plan = campaign.message(item.message)
    lost = plan is None or (item.row is None and item.text is None)
    return Adoption(
        id=item.row,
        status=status,
        reason=item.why,
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
