"""What a person should know of a plan or a rollback, beside the decisions."""

from notifykit.wording import Sentences

WARNINGS = Sentences()

FILE_TORN = WARNINGS(
    "file_torn",
    "{campaign}: {file} is torn: {keys:d} keys can be read; the others are judged by their rows",
    "{campaign}：{file} 残缺：可读出 {keys} 个键，其余按任务行判断",
)
OPEN_ELSEWHERE = WARNINGS(
    "open_elsewhere",
    "{campaign}: {file} is open in a spreadsheet program ({lock} is beside it); close it before you migrate",
    "{campaign}：{file} 正被表格程序打开（旁边有 {lock}）；请先关闭再迁移",
)
UNUSABLE_ROW = WARNINGS("unusable_row", "{campaign}: {problem}", "{campaign}：{problem}")
UNUSABLE_ROWS = WARNINGS(
    "unusable_rows",
    "{campaign}: {rows:d} more rows of its CSV file cannot be used",
    "{campaign}：其 CSV 文件还有 {rows} 行无法使用",
)
PURGED = WARNINGS(
    "purged",
    "the task table was purged ({cause:why}): what has no row is held, not generated",
    "任务表被清理过（{cause:why}）：没有任务行的合同留待人工决定，不再生成",
)
ROWS_GONE = WARNINGS("rows_gone", "{gone:d} of {given:d} rows are gone from the table", "{given} 行中缺少 {gone} 行")
FIRST_ROWS_GONE = WARNINGS(
    "first_rows_gone",
    "{gone:d} of {given:d} rows are gone from the table, the first has id {lowest:d}",
    "{given} 行中缺少 {gone} 行，最小行号是 {lowest}",
)
NO_TABLE = WARNINGS(
    "no_table",
    "there is no task table, though the send-status file knows contracts",
    "没有任务表，而状态文件中有合同",
)
NO_ROW_EVER = WARNINGS(
    "no_row_ever",
    "it never had a row, though the send-status file knows contracts",
    "任务表从未有过任何行，而状态文件中有合同",
)
WORDS_WITHOUT_ROWS = WARNINGS(
    "words_without_rows",
    "none of the {contracts:d} contracts that the send-status file calls sent has a row in it",
    "状态文件记为已发送的 {contracts} 份合同，在任务表中都没有任何行",
)
TIMES_AHEAD = WARNINGS(
    "times_ahead",
    "the newest row of the task table is of {time}, which is {hours:.1f} hours ahead of this computer's clock; say in "
    "notifykit.yaml in which zone the old program ran: legacy: timezone: Asia/Shanghai, for one",
    "任务表最新一行写于 {time}，比本机时钟快 {hours:.1f} 小时；请在 notifykit.yaml 中写明旧程序所在时区，"
    "例如 legacy: timezone: Asia/Shanghai",
)
TAKEN_AS_NEVER_TRIED = WARNINGS(
    "taken_as_never_tried",
    "{rows:d} rows after row {row:d} are taken as never tried, by their ids alone; if sends failed one after another "
    "just before the old program ended, give its log with --log",
    "第 {row} 行之后的 {rows} 行仅凭行号视为从未尝试；如果旧程序结束前连续发送失败，请用 --log 提供其日志",
)
ORPHANS = WARNINGS(
    "orphans",
    "{rows:d} pending rows belong to no contract: they are left exactly as they are, and the old scheduler would send "
    "them at its next start",
    "{rows} 个待执行行不属于任何合同：原样保留，旧调度程序下次启动时会发送它们",
)
OLD_WILL_SEND = WARNINGS(
    "old_will_send",
    "{rows:d} pending rows belong to no campaign, and the old program will send them at its next start: {recipients}. "
    "Contracts are held whose rows are missing from the CSV file, and some of these may be their messages: look "
    "through them first",
    "{rows} 个待执行行不属于任何活动，旧程序下次启动时会发送它们：{recipients}。有待定的合同在 CSV 中没有对应的行，"
    "其中可能有它们的消息：启动前请先逐条看过",
)
STILL_PATCHED = WARNINGS(
    "still_patched",
    "the old program's check is gone from {files}: the patch that `retire` made is applied. Before it is started, take "
    "that back (in {code}: `patch -R -p1 -i {patch}`): without its check, it tells everybody again once it is killed",
    "{files} 中旧程序的检查已被拿掉：`retire` 生成的补丁还打着。启动旧程序之前请先撤回（在 {code} 里执行 "
    "`patch -R -p1 -i {patch}`）：没有这道检查，它被杀一次就会把所有人再通知一遍",
)
CODE_CHANGED = WARNINGS(
    "code_changed",
    "{files} in {code} changed since `retire` made its patch ({patch}): see that the old check (`load_send_status`) is "
    "there before the old program is started",
    "{code} 中的 {files} 在 `retire` 生成补丁（{patch}）之后改动过：启动旧程序之前请确认旧的检查"
    "（`load_send_status`）还在",
)
SHARED_RECIPIENT = WARNINGS(
    "shared_recipient",
    "other jobs make {kind} rows to {recipient}, too: from the migration on, the fence refuses them; give those jobs "
    "another recipient, or run them under `notifykit shim`",
    "其他任务也会为 {recipient} 创建 {kind} 行：迁移后会被防护拒绝；请为它们换一个接收人，或用 `notifykit shim` 运行",
)
BUSY = WARNINGS(
    "busy",
    "{messages:d} messages are being sent just now: a rollback refuses until `notifykit run` is stopped",
    "有 {messages} 条消息正在发送：停止 `notifykit run` 之前不能回滚",
)
FILE_WAS_TORN = WARNINGS(
    "file_was_torn",
    "{campaign}: {file} was torn, and the old program would stop at it: it is written anew, with what could be read of "
    "it and what the outbox knows",
    "{campaign}：{file} 残缺，旧程序会因此停止：将按可读出的内容和发件箱的记录重新写入",
)
UNKNOWN_CAMPAIGN = WARNINGS(
    "unknown_campaign",
    "{campaign}: the old program does not know this campaign: {messages:d} queued messages are not given to it. They "
    "stay in the archive, and are queued again when you migrate again",
    "{campaign}：旧程序没有这个活动：{messages} 条排队消息不会交给它，留在归档中，再次迁移时重新入队",
)
