"""Carries out a plan: the database first, in one transaction, then the flags. Each step can be done again.

The fence stands before a file is touched: a legacy job that is started by mistake fails before it writes anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifykit.campaign.campaign import Campaign
from notifykit.clock import Clock
from notifykit.legacy import Flag, KeepsFlags
from notifykit.model import Draft, Record, Status, Table
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.adopting import Adoption
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.pipeline.project import Project
from notifykit_migration.apply import fence
from notifykit_migration.errors import PreflightError, WorldChangedError
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.redo import Step, TargetState
from notifykit_migration.legacy import task_table as rows
from notifykit_migration.model import CampaignPlan, ContractPlan, InputKind, MessageTreatment, Plan, Treatment
from notifykit_migration.reading import content_digest, file_digest, untouched
from notifykit_migration.rollback.archive import archived

WHO = "migrate"

STATUS = {
    Treatment.SENT: Status.COMPLETED,
    Treatment.ASSUME: Status.COMPLETED,
    Treatment.ADOPT: Status.QUEUED,
    Treatment.CREATE: Status.QUEUED,
    Treatment.HOLD: Status.IN_DOUBT,
    Treatment.CANCEL: Status.CANCELLED,
}
"""What a decision makes of a row. The others make nothing."""

UNKNOWN_TEXT = "（原消息内容已不可知 · the text is not known any more）"
"""Stands in the task of a contract whose CSV row is gone: it is there to be decided, not to be sent."""


def resolved(project: Project, name: str) -> Path:
    """Return the file that a plan calls by this name."""
    return project.file.folder / name


def check_inputs(project: Project, plan: Plan) -> None:
    """Raise WorldChangedError where a file is not what the plan was made from."""
    changed = []
    for item in plan.inputs:
        path = resolved(project, item.path)
        if not path.exists():
            now = ""
        elif item.kind is InputKind.STORE:
            with untouched(path) as connection:
                now = content_digest(connection)
        else:
            now = file_digest(path)
        if now != item.sha256:
            changed.append(item.path)
    store = resolved(project, plan.store)
    if store.exists() and not any(item.kind is InputKind.STORE for item in plan.inputs):
        changed.append(plan.store)
    if changed:
        raise WorldChangedError(
            f"changed since the plan was made: {', '.join(changed)}; nothing was done. Stop the old program, and make "
            "a new plan with `notifykit migrate --dry-run`"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseStep:
    """Columns, indexes, statuses, fence and the record of the migration, in one transaction."""

    project: Project
    plan: Plan
    folder: MigrationFolder
    backup: str
    soak_until: float | None

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return f"database {self.plan.store}"

    @property
    def path(self) -> Path:
        """The store."""
        return resolved(self.project, self.plan.store)

    def describe(self) -> dict[str, Any]:
        """Return what the journal keeps of it."""
        return {"target": self.plan.store, "before": self._before, "migration": self.plan.hash}

    @property
    def _before(self) -> str:
        return next((item.sha256 for item in self.plan.inputs if item.kind is InputKind.STORE), "")

    def stand(self) -> TargetState:
        """Look whether it is done."""
        if not self.path.exists():
            return TargetState.BEFORE if not self._before else TargetState.FOREIGN
        with untouched(self.path) as connection:
            if fence.carried_out(connection, self.plan.hash):
                return TargetState.AFTER
            if content_digest(connection) == (self._before or content_digest(connection)):
                return TargetState.BEFORE
        return TargetState.FOREIGN

    def do(self) -> None:
        """Change the database."""
        wanted = list(adoptions(self.project, self.plan))
        db = Database(self.path, self.project.clock)
        outbox = SqliteOutbox(db)
        try:
            mode = str(db.one("PRAGMA journal_mode")[0])
            with db.transaction():
                if self._before and content_digest(db.connection) != self._before:
                    raise WorldChangedError(f"{self.plan.store}: somebody wrote to it just now; nothing was done")
                fence.remember_schema(db)
                sequence = _sequence(db)
                schema.upgrade(db)
                outbox.adopt(wanted, who=WHO)
                if (before := archived(self.folder)) is not None:
                    before.restore_history(db)
                fence.install(db, self.plan, others=fence.others_of(self.project.configuration))
                fence.record(
                    db,
                    self.plan,
                    backup=self.backup,
                    soak_until=self.soak_until,
                    journal_mode=mode,
                    sequence=sequence,
                )
        finally:
            outbox.close()


def use_wal(project: Project, plan: Plan) -> None:
    """Let readers and the writer of the store not wait for each other: outside of the transaction, it cannot be in it.

    Whether it was done does not show in what the store says, so every run does it. Raises StoreError.
    """
    db = Database(resolved(project, plan.store), project.clock, create=False)
    try:
        db.use_wal()
    finally:
        db.close()


def _sequence(db: Database) -> int | None:
    if not db.one("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"):
        return None
    row = db.one("SELECT seq FROM sqlite_sequence WHERE name = 'tasks'")
    return int(row[0]) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagStep:
    """Sets the flags of one CSV file. Rows that are appended meanwhile stay."""

    path: Path
    shown: str
    keeper: KeepsFlags
    keys: Collection[str]
    before: bytes
    """The file as the plan found it."""
    flag: Flag = Flag.SENT

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return f"flags {self.shown}"

    def describe(self) -> dict[str, Any]:
        """Return what the journal keeps of it."""
        return {
            "target": self.shown,
            "before": _sha(self.before),
            "after": _sha(self._after(self.before)),
            "flag": self.flag.value,
            "keys": len(self.keys),
        }

    def _after(self, data: bytes) -> bytes:
        return self.keeper.with_flags(data, self.keys, self.flag)

    def stand(self) -> TargetState:
        """Look whether it is done: flags that are set already, by hand or by a run that was cut short, are fine."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise PreflightError(f"{self.shown}: cannot be read ({error.strerror})") from error
        after = self._after(self.before)
        if data.startswith(after):
            return TargetState.AFTER
        if data.startswith(self.before):
            return TargetState.BEFORE
        return TargetState.PARTLY if self._after(data).startswith(after) else TargetState.FOREIGN

    def do(self) -> None:
        """Set the flags."""
        refused = self.keeper.set_flags(self.keys, self.flag)
        if refused:
            first = next(iter(refused.values()))
            raise PreflightError(
                f"{self.shown}: {len(refused)} flags could not be set: {first}; the outbox holds the truth already. "
                "Mend it, then run the same command again: it goes on here"
            )


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def flag_steps(project: Project, plan: Plan, before: dict[str, bytes]) -> Iterator[Step]:
    """Yield a step for each CSV file in which flags are to be set. `before`: the files as the plan found them."""
    for part in plan.campaigns:
        keys = [contract.key for contract in part.contracts if contract.set_flag]
        if not keys:
            continue
        campaign = described(project, part.campaign)
        assert isinstance(campaign.strategy, KeepsFlags)  # noqa: S101 - the plan was made from it
        project.start(campaign)
        yield FlagStep(
            path=resolved(project, part.csv_file),
            shown=part.csv_file,
            keeper=campaign.strategy,
            keys=keys,
            before=before[part.csv_file],
        )


def described(project: Project, name: str) -> Campaign:
    """Return a campaign of the plan. Raises PreflightError where it is not configured any more."""
    for campaign in project.described:
        if campaign.name == name:
            return campaign
    raise PreflightError(f"campaign {name} was migrated and is not configured any more; put its file back")


def adoptions(project: Project, plan: Plan) -> Iterator[Adoption]:
    """Yield what each decision makes of the table."""
    for part in plan.campaigns:
        campaign = described(project, part.campaign)
        project.start(campaign)
        metadata = _metadata(campaign, part)
        times = _times(project, plan)
        for contract in part.contracts:
            for item in contract.decisions:
                if item.decision in STATUS:
                    at = times.get(item.row or 0, plan.made_at)
                    yield _adoption(campaign, contract, item, metadata.get(contract.key, {}), at)


def _times(project: Project, plan: Plan) -> dict[int, float]:
    path = resolved(project, plan.store)
    if not path.exists():
        return {}
    with untouched(path) as connection:
        if not rows.tasks_table(connection):
            return {}
        found = connection.execute("SELECT id, created_at FROM tasks")
        return {id_: at for id_, text in found if (at := rows.epoch(str(text))) is not None}


def _metadata(campaign: Campaign, part: CampaignPlan) -> dict[str, dict[str, Any]]:
    wanted = {
        contract.key for contract in part.contracts if any(item.decision in STATUS for item in contract.decisions)
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
    campaign: Campaign, contract: ContractPlan, item: MessageTreatment, metadata: dict[str, Any], at: float
) -> Adoption:
    plan = campaign.message(item.message)
    lost = plan is None or (item.row is None and item.text is None)
    return Adoption(
        id=item.row,
        status=STATUS[item.decision],
        reason=item.why.text,
        at=at,
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


def now(clock: Clock) -> float:
    """Return whole seconds: what a plan file keeps."""
    return float(int(clock.now()))
