"""The words that people read for what the plan says in short, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from notifykit.terminal.console import count
from notifykit.wording import Language
from notifykit.wording.translation import spoken, untranslated
from notifykit_migration.journal.phase import Phase
from notifykit_migration.model import (
    CheckResult,
    FlagState,
    InputKind,
    OutboxState,
    RowState,
    StatusFileState,
    Treatment,
)


class Words(NamedTuple):
    """The same in both languages."""

    en: str
    zh: str

    @property
    def said(self) -> str:
        """The one in the language that is spoken."""
        return self.zh if spoken() == Language.CHINESE else self.en


def counted(number: int, one: str) -> str:
    """Return what `count` does in English, whatever is spoken: a half of `Words`."""
    with untranslated():
        return count(number, one)


class Outcome(StrEnum):
    """Where a contract stands after the migration: all its messages together. The first that fits is taken."""

    HELD = "held"
    QUEUED = "queued"
    LATER = "later"
    ASSUMED = "assumed"
    SENT = "sent"
    KNOWN = "known"
    NOTHING = "nothing"


DECISIONS: Mapping[Treatment, Words] = {
    Treatment.SENT: Words("sent", "已发送"),
    Treatment.ADOPT: Words("queued", "转入队列"),
    Treatment.GENERATE: Words("left for later", "留待生成"),
    Treatment.CREATE: Words("created", "补建"),
    Treatment.HOLD: Words("held", "待人工决定"),
    Treatment.CANCEL: Words("cancelled twin", "重复，取消"),
    Treatment.ASSUME: Words("assumed sent", "视为已发送"),
    Treatment.OWNED: Words("known already", "发件箱已有"),
}

MEANINGS: Mapping[Treatment, Words] = {
    Treatment.SENT: Words("its row is completed, and stays so", "任务行已完成，保持不变"),
    Treatment.ADOPT: Words("never tried: its row becomes a queued task", "从未尝试发送：该行转为排队任务"),
    Treatment.GENERATE: Words("nothing was done yet: the next generation queues it", "尚未处理：下次生成时入队"),
    Treatment.CREATE: Words("it is missing: it is rendered and queued", "缺少该消息：重新渲染并入队"),
    Treatment.HOLD: Words("not proven either way: a person decides", "两种可能都无法证明：由人工决定"),
    Treatment.CANCEL: Words("the same message as another row", "与另一行是同一条消息"),
    Treatment.ASSUME: Words(
        "its row is gone; sent before a rollback, or assumed as you asked",
        "任务行已不在；回退之前已发送，或按您的选择视为已发送",
    ),
    Treatment.OWNED: Words("the outbox has it from before", "发件箱此前已有"),
}

JSONS: Mapping[StatusFileState, Words] = {
    StatusFileState.ABSENT: Words("no entry", "无记录"),
    StatusFileState.SENT: Words("says sent", "记为已发送"),
    StatusFileState.OTHER: Words("other, or torn", "其他值或残缺"),
}

ROWS: Mapping[RowState, Words] = {
    RowState.NONE: Words("no row", "无任务"),
    RowState.PENDING: Words("pending", "待执行"),
    RowState.COMPLETED: Words("completed", "已完成"),
    RowState.FAILED: Words("failed", "失败"),
    RowState.MIXED: Words("mixed", "混合"),
}

COLUMNS: Mapping[FlagState, Words] = {
    FlagState.UNSENT: Words("N", "N"),
    FlagState.SENT: Words("Y", "Y"),
    FlagState.OTHER: Words("other flag", "其他标记"),
    FlagState.MISSING: Words("row is gone", "行已缺失"),
}

OUTCOMES: Mapping[Outcome, Words] = {
    Outcome.HELD: Words("held", "待人工决定"),
    Outcome.QUEUED: Words("queued", "排队待发"),
    Outcome.LATER: Words("left for later", "留待生成"),
    Outcome.ASSUMED: Words("assumed sent", "视为已发送"),
    Outcome.SENT: Words("sent", "已发送"),
    Outcome.KNOWN: Words("known already", "发件箱已有"),
    Outcome.NOTHING: Words("nothing to send", "无需发送"),
}

RESULTS: Mapping[CheckResult, Words] = {
    CheckResult.PASSED: Words("passed", "通过"),
    CheckResult.FAILED: Words("failed", "失败"),
    CheckResult.EXPLAINED: Words("differs, explained", "有差异，已说明"),
    CheckResult.SKIPPED: Words("skipped", "不适用"),
}

PRESENTS: Mapping[OutboxState, Words] = {
    OutboxState.UNCHANGED: Words("unchanged: put back as it was", "未变：原样放回"),
    OutboxState.NEVER: Words("never queued", "从未入队"),
    OutboxState.QUEUED: Words("queued, not attempted", "排队中，尚未尝试"),
    OutboxState.SENT: Words("sent", "已发送"),
    OutboxState.PARTLY: Words("partly sent", "部分已发送"),
    OutboxState.HELD: Words("held: in doubt, failed or sending", "待人工决定：存疑、失败或发送中"),
    OutboxState.CANCELLED: Words("cancelled", "已取消"),
}

KINDS: Mapping[InputKind, Words] = {
    InputKind.CSV: Words("contract table", "合同表"),
    InputKind.JSON: Words("send-status file", "发送状态文件"),
    InputKind.STORE: Words("task table", "任务表"),
}

PHASES: Mapping[Phase, Words] = {
    Phase.NONE: Words("not migrated", "未迁移"),
    Phase.MIGRATING: Words("half migrated", "迁移未完成"),
    Phase.SOAKING: Words("migrated, the old files are still there", "已迁移，旧文件仍保留"),
    Phase.RETIRED: Words("migrated, and the old files are retired", "已迁移，旧文件已退役"),
    Phase.ROLLING_BACK: Words("half rolled back", "回滚未完成"),
}

EVENTS: Mapping[str, Words] = {
    "migrate_begun": Words("migration begun", "开始迁移"),
    "migrate_done": Words("migration done", "迁移完成"),
    "verified": Words("verified", "已校验"),
    "accepted": Words("accepted", "已验收"),
    "retired": Words("old files retired", "旧文件退役"),
    "rollback_begun": Words("rollback begun", "开始回滚"),
    "rollback_done": Words("rolled back", "回滚完成"),
    "patch_written": Words("patch for the old code written", "生成旧代码补丁"),
    "rename_begun": Words("a campaign gets another name", "活动改名"),
}


def event(kind: str) -> Words:
    """Return what a kind of journal entry is called; a kind that we do not know keeps its own name."""
    plain = kind.replace("_", " ")
    return EVENTS.get(kind, Words(plain, plain))
