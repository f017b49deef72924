"""The reasons, accidents and warnings of a plan in Chinese: a plan has them in English."""

from __future__ import annotations

import re

from notifykit_migration.report.words import Words

_KNOWN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"row (\d+|…) is completed", r"第 \1 行已完成"),
        (r"row (\d+|…) with the same text was completed", r"内容相同的第 \1 行已完成"),
        (r"row (\d+|…) has the same text", r"第 \1 行内容相同"),
        (r"row (\d+|…) says (.*)", r"第 \1 行的状态是 \2"),
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
            r"tried and not completed: row (\d+|…), which came later, was completed",
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
        (r"never tried: its id is above (\d+|…), the last that was completed", r"从未尝试：行号大于最后完成的第 \1 行"),
        (r"the log says that it was completed, the table says pending", "日志显示已完成，任务表仍为待执行"),
        (r"the log says that it was tried and raised", "日志显示尝试过并抛出异常"),
        (r"the log says that it was begun, and not how it ended", "日志显示已开始，但没有结果"),
        (r"row (\d+|…) names (\d+|…) contracts", r"第 \1 行提到了 \2 份合同"),
        (
            r"row (\d+|…) names it, to the unknown recipient (.*) or kind",
            r"第 \1 行提到它，但接收人 \2 或类型未知",
        ),
        (
            r"row (\d+|…) may be of (\d+|…) contracts with the same number",
            r"第 \1 行可能属于编号相同的 \2 份合同之一",
        ),
        (r"row (\d+|…) may be any of its messages (.*)", r"第 \1 行可能是它的任一条消息：\2"),
        (r"its time (.*) cannot be read", r"其时间 \1 无法识别"),
        (r"(\w+) before the rollback: no reason was recorded", r"回滚前的状态是 \1，未记录原因"),
        (r"(\w+) before the rollback: (.*)", r"回滚前的状态是 \1：\2"),
        (
            r"the migration made a task of it, which is gone: nobody knows what came of it",
            "迁移曾为它建立任务，任务已不在：无人知道结果",
        ),
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
        (
            r"(.*): (.*) is torn: (\d+|…) keys can be read; the others are judged by their rows",
            r"\1：\2 残缺：可读出 \3 个键，其余按任务行判断",
        ),
        (
            r"(.*): (.*) is open in a spreadsheet program \((.*) is beside it\); close it before you migrate",
            r"\1：\2 正被表格程序打开（旁边有 \3）；请先关闭再迁移",
        ),
        (
            (
                r"the task table was purged \((\d+|…) of (\d+|…) rows are gone from the table.*\): "
                r"what has no row is held, not generated"
            ),
            r"任务表被清理过（\2 行中缺少 \1 行）：没有任务行的合同留待人工决定，不再生成",
        ),
        (
            (
                r"(\d+|…) pending rows belong to no contract: they are left exactly as they are, "
                r"and the old scheduler would send them at its next start"
            ),
            r"\1 个待执行行不属于任何合同：原样保留，旧调度程序下次启动时会发送它们",
        ),
    )
)


def reason(text: str) -> Words:
    """Return a reason, an accident or a warning of a plan in both languages; one that is not known stays as it is."""
    for pattern, chinese in _KNOWN:
        if found := pattern.fullmatch(text):
            return Words(text, found.expand(chinese))
    return Words(text, text)
