"""Why a plan leaves a message for a person to decide. docs/migration.md says what to do about each."""

from notifykit.wording import Sentences

HOLDS = Sentences()

HISTORIC = HOLDS(
    "historic",
    "historic: file and flag say sent, and there is no row for it any more",
    "历史记录：状态文件和标记都是已发送，任务行已不在",
)
SENT_WITHOUT_ROW = HOLDS(
    "sent_without_row",
    "the send-status file says sent, but there is no row: purged, or a text that does not match",
    "状态文件记为已发送，但没有任务行：被清理过，或内容对不上",
)
FLAG_ALONE = HOLDS(
    "flag_alone",
    "the flag says sent, and nothing else knows of it: set by hand, or all lost",
    "标记为已通知，其他地方都没有记录：手工设置，或记录全部丢失",
)
OTHER_WORD = HOLDS(
    "other_word",
    "the send-status file says something else than sent, and there is no row for it",
    "状态文件的值不是已发送，且没有任务行",
)
OTHER_FLAG = HOLDS(
    "other_flag",
    "its flag says neither sent nor unsent, and there is no row for it",
    "标记既非已通知也非未通知，且没有任务行",
)
CSV_ROW_GONE = HOLDS(
    "csv_row_gone",
    "the send-status file knows it, its CSV row is gone, and there is no row for it",
    "状态文件有记录，CSV 行已不在，任务表也没有对应行",
)
MESSAGE_MISSING = HOLDS(
    "message_missing",
    "there are rows for this contract, but none for this message",
    "该合同有任务行，但没有这条消息的",
)
OTHER_FAILED = HOLDS("other_failed", "another message of this contract failed", "该合同的另一条消息失败")
ROWS_DELETED = HOLDS(
    "rows_deleted",
    "no row, but rows were deleted from the table: it may have been sent",
    "没有任务行，但表中有行被删除过：可能已经发送",
)
ODD_STATUS = HOLDS("odd_status", "row {row:d} says {status!r}", "第 {row} 行的状态是 {status!r}")
PENDING_CSV_ROW_GONE = HOLDS("pending_csv_row_gone", "pending, but its CSV row is gone", "待执行，但其 CSV 行已不在")
PENDING_OTHER_FLAG = HOLDS(
    "pending_other_flag",
    "pending, but its flag says neither sent nor unsent",
    "待执行，但其标记既非已通知也非未通知",
)
STALE = HOLDS("stale", "pending since {since}: older than {days:g} days", "自 {since} 起待执行：超过 {days:g} 天")
UNREADABLE_TIME = HOLDS("unreadable_time", "its time {time!r} cannot be read", "其时间 {time!r} 无法识别")
TRIED = HOLDS(
    "tried_not_completed",
    "tried and not completed: row {row:d}, which came later, was completed",
    "尝试过但未完成：更晚的第 {row} 行已经完成",
)
TRIED_BEFORE_ITS_TYPE = HOLDS(
    "tried_before_later_type",
    "tried and not completed: a row of a type whose turn comes later was completed",
    "尝试过但未完成：排在其后的任务类型已有行完成",
)
CLOCK_SET_BACK = HOLDS(
    "clock_set_back",
    "rows that came later were completed before it was made; the clock was set back",
    "更晚的行在它创建之前就已完成：时钟被调回过",
)
PERHAPS_IN_FLIGHT = HOLDS(
    "perhaps_in_flight",
    "the first row that was not completed: it may have been in flight when it stopped",
    "第一条未完成的行：程序停止时可能正在发送",
)
LOG_COMPLETED = HOLDS(
    "log_completed",
    "the log says that it was completed, the table says pending",
    "日志显示已完成，任务表仍为待执行",
)
LOG_RAISED = HOLDS("log_raised", "the log says that it was tried and raised", "日志显示尝试过并抛出异常")
LOG_BEGUN = HOLDS("log_begun", "the log says that it was begun, and not how it ended", "日志显示已开始，但没有结果")
SEVERAL_CONTRACTS = HOLDS(
    "several_contracts", "row {row:d} names {contracts:d} contracts", "第 {row} 行提到了 {contracts} 份合同"
)
UNKNOWN_RECIPIENT = HOLDS(
    "unknown_recipient",
    "row {row:d} names it, to the unknown recipient {recipient!r} or kind",
    "第 {row} 行提到它，但接收人 {recipient!r} 或类型未知",
)
SAME_NUMBER = HOLDS(
    "same_number",
    "row {row:d} may be of {contracts:d} contracts with the same number",
    "第 {row} 行可能属于编号相同的 {contracts} 份合同之一",
)
ANY_MESSAGE = HOLDS(
    "any_message",
    "row {row:d} may be any of its messages {messages}",
    "第 {row} 行可能是它的任一条消息：{messages}",
)
UNUSABLE_NUMBER = HOLDS(
    "unusable_number",
    "its number {number!r} has neither letter nor digit: no row can be matched to it",
    "其编号 {number!r} 既无字母也无数字：无法与任务行对应",
)
NO_NUMBER = HOLDS(
    "no_number", "its {column} is empty: no row can be matched to it", "其 {column} 为空：无法与任务行对应"
)
KEY_TWICE = HOLDS(
    "key_twice",
    "its key stands in the lines {first:d} and {second:d} with different numbers",
    "同一业务键出现在第 {first} 行和第 {second} 行，编号却不同",
)
NOT_TOLD = HOLDS(
    "not_told",
    "which messages it needs, or to whom, cannot be told: {error}",
    "无法确定需要哪些消息或发给谁：{error}",
)
NO_TEXT = HOLDS("no_text", "{cause:why}; its text cannot be made: {error}", "{cause:why}；其内容无法生成：{error}")
TOO_LONG = HOLDS(
    "too_long",
    "{cause:why}; its text has {bytes:d} bytes, channel `{channel}` takes {limit:d}",
    "{cause:why}；其内容有 {bytes} 字节，通道 `{channel}` 最多 {limit}",
)
BEFORE_ROLLBACK = HOLDS(
    "before_rollback", "{status} before the rollback: {cause:why}", "回滚前的状态是 {status}：{cause:why}"
)
