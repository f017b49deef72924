"""Plans, checks, holds and journals made by hand, for tests of what is done with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from notifykit_migration.journal.journal import Entry
from notifykit_migration.model import (
    CampaignPlan,
    Check,
    CheckResult,
    ContractPlan,
    FlagState,
    Hold,
    Input,
    InputKind,
    Kept,
    MessageTreatment,
    Options,
    OutboxState,
    Plan,
    Return,
    RollbackPlan,
    RowState,
    Stand,
    StatusFileState,
    Treatment,
)
from notifykit_migration.wording import accidents, holds, proven
from notifykit_migration.wording.checks import BACKUP_RESTORES, SHADOW_COMPARISON

from notifykit.wording import Reason

HISTORIC = holds.HISTORIC()

AS_IT_IS = Reason("as it is")
"""Of a version that does not know codes."""

MADE_AT = 1_760_000_000.0
HASH = "5f2c9a" + "0" * 58

Recipe = tuple[StatusFileState, RowState, FlagState, Treatment, Reason]
"""A state, and what is decided about its one message, and why."""

SENT: Recipe = (StatusFileState.SENT, RowState.COMPLETED, FlagState.SENT, Treatment.SENT, proven.ROW_COMPLETED(row=7))
LATE: Recipe = (StatusFileState.SENT, RowState.COMPLETED, FlagState.UNSENT, Treatment.SENT, proven.ROW_COMPLETED(row=8))
QUEUED: Recipe = (
    StatusFileState.SENT,
    RowState.PENDING,
    FlagState.SENT,
    Treatment.ADOPT,
    proven.NEVER_TRIED(row=90),
)
NEW: Recipe = (
    StatusFileState.ABSENT,
    RowState.NONE,
    FlagState.UNSENT,
    Treatment.GENERATE,
    proven.NOT_BEGUN(),
)
STALE: Recipe = (
    StatusFileState.SENT,
    RowState.PENDING,
    FlagState.UNSENT,
    Treatment.HOLD,
    holds.STALE(since="2025-08-01 09:30:00", days=7.0),
)
OLD: Recipe = (StatusFileState.SENT, RowState.NONE, FlagState.SENT, Treatment.HOLD, holds.HISTORIC())
GONE: Recipe = (
    StatusFileState.SENT,
    RowState.NONE,
    FlagState.MISSING,
    Treatment.HOLD,
    holds.SEVERAL_CONTRACTS(row=12, contracts=2),
)


def decision(
    what: Treatment, why: Reason = AS_IT_IS, *, message: str = "group", row: int | None = None
) -> MessageTreatment:
    return MessageTreatment(message=message, decision=what, why=why, row=row)


def contract(number: int, recipe: Recipe = SENT, **changes: Any) -> ContractPlan:
    """A contract with one message."""
    json, rows, column, what, why = recipe
    made = ContractPlan(
        key=str(2025080000000000000 + number),
        number=f"YHWX-BJ-SDHY-{2025080000 + number}",
        json=json,
        rows=rows,
        column=column,
        decisions=(decision(what, why, row=None if rows is RowState.NONE else number),),
        crash=accidents.KILLED_BEFORE_CSV() if recipe is STALE else None,
        age=None if rows is RowState.NONE else 3.0 * 86_400,
        set_flag=recipe is LATE,
        place=None if column is FlagState.MISSING else f"state/PerformanceData-BJ-Aug.csv:{number + 2}",
    )
    return replace(made, **changes)


def contracts(*recipes: tuple[Recipe, int]) -> tuple[ContractPlan, ...]:
    """So many contracts of each recipe."""
    made: list[ContractPlan] = []
    for recipe, many in recipes:
        made += [contract(len(made) + at, recipe) for at in range(many)]
    return tuple(made)


def campaign(name: str = "beijing-aug", found: Sequence[ContractPlan] = (), **changes: Any) -> CampaignPlan:
    made = CampaignPlan(
        campaign=name,
        status_file="state/send_status_bj_aug.json",
        csv_file="state/PerformanceData-BJ-Aug.csv",
        sent_word="发送成功",
        contracts=tuple(found),
        pairs=(("send_wecom_message", "北京签约喜报群"), ("send_wechat_message", "测试管家1")),
    )
    return replace(made, **changes)


def plan(*campaigns: CampaignPlan, **changes: Any) -> Plan:
    made = Plan(
        store="tasks.db",
        made_at=MADE_AT,
        options=Options(),
        inputs=(
            Input(path="state/PerformanceData-BJ-Aug.csv", kind=InputKind.CSV, sha256="a1" * 32, size=48_211),
            Input(path="state/send_status_bj_aug.json", kind=InputKind.JSON, sha256="b2" * 32, size=9_120),
            Input(path="tasks.db", kind=InputKind.STORE, sha256="c3" * 32, size=0),
        ),
        campaigns=campaigns or (campaign(found=contracts((SENT, 3), (QUEUED, 2), (STALE, 1))),),
        kept=(
            Kept(campaign="technicians", status_file="state/technician_status_record.json", sha256="d4" * 32, keys=41),
        ),
        orphans=(),
        others=0,
        warnings=(),
        statements=(
            "ALTER TABLE tasks ADD COLUMN campaign TEXT",
            "CREATE TABLE migrations (\n  id TEXT PRIMARY KEY\n)",
        ),
        purged=False,
        hash=HASH,
    )
    return replace(made, **changes)


def checks() -> tuple[Check, ...]:
    """One of each result."""
    return (
        Check(what=BACKUP_RESTORES(), result=CheckResult.PASSED, evidence="3 files, 120 rows, the same plan"),
        Check(
            what=SHADOW_COMPARISON(),
            result=CheckResult.EXPLAINED,
            evidence="4 of 120 messages differ",
            details=("2025080000000000005 group: held; the old rule would send it",),
        ),
        Check(what=Reason("technician JSON"), result=CheckResult.SKIPPED, evidence="there is none"),
        Check(
            what=Reason("CSV differs in flags only"),
            result=CheckResult.FAILED,
            evidence="1 of 120 rows",
            details=("line 7: 备注 is '催付', was ''",),
        ),
    )


def hold(number: int, why: Reason = HISTORIC, **changes: Any) -> Hold:
    made = Hold(
        campaign="beijing-aug",
        key=str(2025080000000000000 + number),
        message="group",
        recipient="北京签约喜报群",
        text=f"签约喜报 YHWX-BJ-SDHY-{2025080000 + number}",
        status="in_doubt",
        why=why,
        task=number,
    )
    return replace(made, **changes)


def returned(number: int, present: OutboxState = OutboxState.QUEUED, **changes: Any) -> Return:
    made = Return(
        campaign="beijing-aug",
        key=str(2025080000000000000 + number),
        present=present,
        column=FlagState.SENT,
        json="发送成功",
        rows={number: "pending"} if present is OutboxState.QUEUED else {},
    )
    return replace(made, **changes)


def rollback(*returns: Return, **changes: Any) -> RollbackPlan:
    found = returns or (returned(1), returned(2), returned(3, OutboxState.NEVER, column=FlagState.UNSENT, json=None))
    made = RollbackPlan(
        store="tasks.db",
        returns=Counter(Stand(item.campaign, item.present, item.column, item.json) for item in found),
        rows=Counter(status for item in found for status in item.rows.values()),
        agreed="",
        holds=(),
        resumed=(),
        files=("state/PerformanceData-BJ-Aug.csv", "state/send_status_bj_aug.json"),
        others=324,
        others_pending=0,
    )
    return replace(made, **changes)


def entry(kind: str, later: float = 0.0, /, **fields: Any) -> Entry:
    """A line of the journal, so many seconds after the plan was made."""
    return Entry(kind=kind, at=MADE_AT + later, fields=fields)


def migrated() -> tuple[Entry, ...]:
    """What the journal says after a migration that retired the old files."""
    begun = entry(
        "migrate_begun",
        60,
        plan_hash=HASH,
        plan_made_at=MADE_AT,
        backup="20251009T085320Z-0001",
        soak_until=None,
        campaigns=["beijing-aug"],
        who="operator",
    )
    return (
        begun,
        entry("begun", 61, step="database"),
        entry("done", 62, step="database"),
        entry("verified", 64, passed=True, failed=[]),
        entry("migrate_done", 65, held=1),
        entry("retired", 66, files=["state/send_status_bj_aug.json"]),
    )
