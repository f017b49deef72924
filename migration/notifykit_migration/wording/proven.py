"""What is proven of a message: why a plan decides about it by itself, and what the fence heard later."""

from notifykit.wording import Sentences

PROVEN = Sentences()

OWNED = PROVEN("owned", "the outbox has it already", "发件箱已有这条消息")
ROW_COMPLETED = PROVEN("row_completed", "row {row:d} is completed", "第 {row} 行已完成")
TWIN_OF_OWNED = PROVEN("twin_of_owned", "the outbox has this message already", "发件箱已有这条消息")
TWIN_OF_COMPLETED = PROVEN(
    "twin_of_completed", "row {row:d} with the same text was completed", "内容相同的第 {row} 行已完成"
)
TWIN = PROVEN("twin", "row {row:d} has the same text", "第 {row} 行内容相同")
HISTORIC_ASSUMED = PROVEN(
    "historic_assumed",
    "historic: file and flag say sent, its row is gone; assumed sent",
    "历史记录：状态文件和标记都是已发送，任务行已不在；视为已发送",
)
SENT_BEFORE_ROLLBACK = PROVEN(
    "sent_before_rollback",
    "sent before the rollback, as row {row:d}, which is gone",
    "回退之前已发送（第 {row} 行），该行已不在",
)
NOT_BEGUN = PROVEN("not_begun", "nothing was done about it yet", "尚未处理")
STOPPED_BEFORE = PROVEN("stopped_before", "the job stopped before it made this one", "任务在创建这条消息之前中止")
NEVER_TRIED = PROVEN(
    "never_tried",
    "never tried: its id is above {row:d}, the last that was completed",
    "从未尝试：行号大于最后完成的第 {row} 行",
)
NOT_IN_LOG = PROVEN("not_in_log", "the log does not say that it was ever tried", "日志中没有尝试过的记录")
COMPLETED_BY_OLD = PROVEN("completed_by_old_program", "completed by the old program", "由旧程序完成")
