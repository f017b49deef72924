"""The accident that most likely explains what the three old states of a contract say."""

from notifykit.wording import Sentences

ACCIDENTS = Sentences()

CSV_ROW_LOST = ACCIDENTS(
    "csv_row_lost",
    "the row was removed from the CSV file, or lost when it was rewritten",
    "该行被从 CSV 中删除，或在重写时丢失",
)
FOREIGN_STATUS = ACCIDENTS(
    "foreign_status", "a program that knows the status `failed` wrote here", "有使用 failed 状态的程序写过这里"
)
KILLED_AFTER_TASK = ACCIDENTS(
    "killed_after_task",
    "killed between making the task and writing the send-status file",
    "在创建任务之后、写状态文件之前被终止",
)
KILLED_BEFORE_FILE = ACCIDENTS(
    "killed_before_file",
    "killed before the send-status file was written; the row was sent later",
    "在写状态文件之前被终止；该行之后已发送",
)
KILLED_AND_RUN_AGAIN = ACCIDENTS(
    "killed_and_run_again",
    "killed before the send-status file was written, and run again",
    "在写状态文件之前被终止，并再次运行",
)
FLAG_BY_HAND = ACCIDENTS(
    "flag_by_hand",
    "the flag was set by hand, or the send-status file was lost",
    "标记由手工设置，或状态文件丢失",
)
FILE_LOST = ACCIDENTS("file_lost", "the send-status file was lost or reset", "状态文件丢失或被重置")
KILLED_BEFORE_CSV = ACCIDENTS(
    "killed_before_csv",
    "killed before the CSV file was rewritten at the end of the loop",
    "在循环结束重写 CSV 之前被终止",
)
KILLED_OR_EXPORTED = ACCIDENTS(
    "killed_or_exported",
    "killed before the CSV file was rewritten, or the file was exported again",
    "在重写 CSV 之前被终止，或文件被重新导出",
)
PURGED_OR_EXPORTED = ACCIDENTS(
    "purged_or_exported",
    "the task table was purged, or the file was exported again",
    "任务表被清理过，或文件被重新导出",
)
PURGED_SINCE = ACCIDENTS("purged_since", "the task table was purged since", "任务表之后被清理过")
