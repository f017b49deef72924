"""The words that people read for what the plan says in short, in English and in Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from notifykit_migration.model import CheckResult, Column, Decision, InputKind, Json, Present, Rows
from notifykit_migration.phase import Phase


class Words(NamedTuple):
    """The same in both languages."""

    en: str
    zh: str


class Outcome(StrEnum):
    """Where a contract stands after the migration: all its messages together. The first that fits is taken."""

    HELD = "held"
    QUEUED = "queued"
    LATER = "later"
    ASSUMED = "assumed"
    SENT = "sent"
    KNOWN = "known"
    NOTHING = "nothing"


DECISIONS: Mapping[Decision, Words] = {
    Decision.SENT: Words("sent", "已发送"),
    Decision.ADOPT: Words("queued", "转入队列"),
    Decision.GENERATE: Words("left for later", "留待生成"),
    Decision.CREATE: Words("created", "补建"),
    Decision.HOLD: Words("held", "待人工决定"),
    Decision.CANCEL: Words("cancelled twin", "重复，取消"),
    Decision.ASSUME: Words("assumed sent", "视为已发送"),
    Decision.OWNED: Words("known already", "发件箱已有"),
}

MEANINGS: Mapping[Decision, Words] = {
    Decision.SENT: Words("its row is completed, and stays so", "任务行已完成，保持不变"),
    Decision.ADOPT: Words("never tried: its row becomes a queued task", "从未尝试发送：该行转为排队任务"),
    Decision.GENERATE: Words("nothing was done yet: the next generation queues it", "尚未处理：下次生成时入队"),
    Decision.CREATE: Words("it is missing: it is rendered and queued", "缺少该消息：重新渲染并入队"),
    Decision.HOLD: Words("not proven either way: a person decides", "两种可能都无法证明：由人工决定"),
    Decision.CANCEL: Words("the same message as another row", "与另一行是同一条消息"),
    Decision.ASSUME: Words("historic, and assumed sent as you asked", "历史记录，按您的选择视为已发送"),
    Decision.OWNED: Words("the outbox has it from before", "发件箱此前已有"),
}

JSONS: Mapping[Json, Words] = {
    Json.ABSENT: Words("no entry", "无记录"),
    Json.SENT: Words("says sent", "记为已发送"),
    Json.OTHER: Words("other, or torn", "其他值或残缺"),
}

ROWS: Mapping[Rows, Words] = {
    Rows.NONE: Words("no row", "无任务"),
    Rows.PENDING: Words("pending", "待执行"),
    Rows.COMPLETED: Words("completed", "已完成"),
    Rows.FAILED: Words("failed", "失败"),
    Rows.MIXED: Words("mixed", "混合"),
}

COLUMNS: Mapping[Column, Words] = {
    Column.UNSENT: Words("N", "N 未通知"),
    Column.SENT: Words("Y", "Y 已通知"),
    Column.OTHER: Words("other flag", "其他标记"),
    Column.MISSING: Words("row is gone", "行已缺失"),
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

PRESENTS: Mapping[Present, Words] = {
    Present.UNCHANGED: Words("unchanged: put back as it was", "未变：原样放回"),
    Present.NEVER: Words("never queued", "从未入队"),
    Present.QUEUED: Words("queued, not attempted", "排队中，尚未尝试"),
    Present.SENT: Words("sent", "已发送"),
    Present.PARTLY: Words("partly sent", "部分已发送"),
    Present.HELD: Words("held: in doubt, failed or sending", "待人工决定：存疑、失败或发送中"),
    Present.CANCELLED: Words("cancelled", "已取消"),
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
    "retired": Words("old files retired", "旧文件退役"),
    "rollback_begun": Words("rollback begun", "开始回滚"),
    "rollback_done": Words("rolled back", "回滚完成"),
}


def event(kind: str) -> Words:
    """Return what a kind of journal entry is called; a kind that we do not know keeps its own name."""
    plain = kind.replace("_", " ")
    return EVENTS.get(kind, Words(plain, plain))


_REASONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"row (\d+) is completed", r"第 \1 行已完成"),
        (r"row (\d+) with the same text was completed", r"内容相同的第 \1 行已完成"),
        (r"row (\d+) has the same text", r"第 \1 行内容相同"),
        (r"row (\d+) says '(.*)'", r"第 \1 行的状态是“\2”"),
        (r"the outbox has (?:it|this message) already", "发件箱已有这条消息"),
        (r"pending, but its CSV row is gone", "待执行，但其 CSV 行已不在"),
        (r"pending, but its flag says neither sent nor unsent", "待执行，但其标记既非已通知也非未通知"),
        (
            r"the send-status file knows it, its CSV row is gone, and there is no row for it",
            "状态文件有记录，CSV 行已不在，任务表也没有对应行",
        ),
        (r"there are rows for this contract, but none for this message", "该合同有任务行，但没有这条消息的"),
        (
            r"historic: file and flag say sent, its row is gone; assumed sent",
            "历史记录：状态文件和标记都是已发送，任务行已不在；视为已发送",
        ),
        (
            r"historic: file and flag say sent, and there is no row for it any more",
            "历史记录：状态文件和标记都是已发送，任务行已不在",
        ),
        (
            r"the send-status file says sent, but there is no row: purged, or a text that does not match",
            "状态文件记为已发送，但没有任务行：被清理过，或内容对不上",
        ),
        (
            r"the flag says sent, and nothing else knows of it: set by hand, or all lost",
            "标记为已通知，其他地方都没有记录：手工设置，或记录全部丢失",
        ),
        (
            r"its flag says neither sent nor unsent, and there is no row for it",
            "标记既非已通知也非未通知，且没有任务行",
        ),
        (
            r"the send-status file says something else than sent, and there is no row for it",
            "状态文件的值不是已发送，且没有任务行",
        ),
        (r"another message of this contract failed", "该合同的另一条消息失败"),
        (
            r"no row, but rows were deleted from the table: it may have been sent",
            "没有任务行，但表中有行被删除过：可能已经发送",
        ),
        (r"nothing was done about it yet", "尚未处理"),
        (r"the job stopped before it made this one", "任务在创建这条消息之前中止"),
        (r"pending since (.*): older than (\S+) days", r"自 \1 起待执行：超过 \2 天"),
        (
            r"tried and not completed: row (\d+), which came later, was completed",
            r"尝试过但未完成：更晚的第 \1 行已经完成",
        ),
        (
            r"rows that came later were completed before it was made; the clock was set back",
            "更晚的行在它创建之前就已完成：时钟被调回过",
        ),
        (
            r"the first row that was not completed: it may have been in flight when it stopped",
            "第一条未完成的行：程序停止时可能正在发送",
        ),
        (r"never tried: its id is above (\d+), the last that was completed", r"从未尝试：行号大于最后完成的第 \1 行"),
        (r"the log says that it was completed, the table says pending", "日志显示已完成，任务表仍为待执行"),
        (r"the log says that it was tried and raised", "日志显示尝试过并抛出异常"),
        (r"the log says that it was begun, and not how it ended", "日志显示已开始，但没有结果"),
        (r"row (\d+) names (\d+) contracts", r"第 \1 行提到了 \2 份合同"),
        (
            r"row (\d+) names it, to the unknown recipient '(.*)' or kind",
            r"第 \1 行提到它，但接收人“\2”或类型未知",
        ),
        (
            r"row (\d+) may be of (\d+) contracts with the same number",
            r"第 \1 行可能属于编号相同的 \2 份合同之一",
        ),
        (r"row (\d+) may be any of its messages (.*)", r"第 \1 行可能是它的任一条消息：\2"),
        (r"killed between making the task and writing the send-status file", "在创建任务之后、写状态文件之前被终止"),
        (
            r"killed before the send-status file was written; the row was sent later",
            "在写状态文件之前被终止；该行之后已发送",
        ),
        (r"killed before the send-status file was written, and run again", "在写状态文件之前被终止，并再次运行"),
        (r"the flag was set by hand, or the send-status file was lost", "标记由手工设置，或状态文件丢失"),
        (r"the send-status file was lost or reset", "状态文件丢失或被重置"),
        (
            r"killed before the CSV file was rewritten at the end of the loop",
            "在循环结束重写 CSV 之前被终止",
        ),
        (
            r"killed before the CSV file was rewritten, or the file was exported again",
            "在重写 CSV 之前被终止，或文件被重新导出",
        ),
        (r"the task table was purged, or the file was exported again", "任务表被清理过，或文件被重新导出"),
        (r"the task table was purged since", "任务表之后被清理过"),
        (
            r"the row was removed from the CSV file, or lost when it was rewritten",
            "该行被从 CSV 中删除，或在重写时丢失",
        ),
        (r"a program that knows the status `failed` wrote here", "有使用 failed 状态的程序写过这里"),
    )
)


def reason(text: str) -> Words:
    """Return a reason of the plan in both languages; one that we do not know stays as it is."""
    for pattern, chinese in _REASONS:
        if found := pattern.fullmatch(text):
            return Words(text, found.expand(chinese))
    return Words(text, text)
