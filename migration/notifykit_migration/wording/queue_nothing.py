"""Why a campaign of which the old program knows queues nothing: the outbox does not know what was sent."""

from notifykit.wording import Sentences

QUEUE_NOTHING = Sentences()

STATUS_FILE_IN_FORCE = QUEUE_NOTHING(
    "status_file_in_force",
    "{file}: the old program's send-status file is still in force, and the outbox does not know what it sent; run "
    "`notifykit migrate` first",
    "{file}：旧程序的发送状态文件仍然有效，而发件箱不知道它发过什么；请先运行 `notifykit migrate`",
)
OLD_ROWS_IN_FORCE = QUEUE_NOTHING(
    "old_rows_in_force",
    "{store}: still holds what the old program queued and sent, and the outbox does not know whose it is; run "
    "`notifykit migrate` first",
    "{store}：仍存有旧程序排队和发送过的消息，而发件箱不知道它们属于谁；请先运行 `notifykit migrate`",
)
MIGRATED_AS = QUEUE_NOTHING(
    "migrated_as",
    "its send-status file {file} is that of campaign {before}, which was migrated: all would be sent again; run "
    '`notifykit campaign rename "{before}" "{campaign}" --why TEXT`, or put the name back: `name: {before}` in its '
    "file",
    "它的发送状态文件 {file} 属于已迁移的活动 {before}，否则全部会重复发送；请运行 "
    '`notifykit campaign rename "{before}" "{campaign}" --why 原因`，或恢复原名（在文件中写 `name: {before}`）',
)
MIGRATED_BESIDE = QUEUE_NOTHING(
    "migrated_beside",
    "its send-status file {file} is that of campaign {before}, which was migrated and is described as well: all would "
    "be sent again; one file belongs to one campaign: remove the file of {campaign}, or correct its `legacy: "
    "status_file:`",
    "它的发送状态文件 {file} 属于已迁移的活动 {before}，而该活动仍有文件描述，否则全部会重复发送；"
    "一个文件只属于一个活动：请删除 {campaign} 的文件，或改正其 `legacy: status_file:`",
)
UNCLAIMED_STATUS_FILE = QUEUE_NOTHING(
    "unclaimed_status_file",
    "{file}: the old program's send-status file knows {keys:d} of its records, and no campaign names it: they would be "
    "sent again; write `legacy: {{kind: contract, status_file: {file}}}` in the campaign's file and run `notifykit "
    "migrate`, or move {file} elsewhere if what it says does not count",
    "{file}：旧程序的发送状态文件记有它的 {keys} 条记录，而没有活动指明该文件，否则会重复发送；请在活动文件中写 "
    "`legacy: {{kind: contract, status_file: {file}}}` 并运行 `notifykit migrate`；"
    "如果其内容不算数，请把 {file} 移到别处",
)
UNCLAIMED_ROWS = QUEUE_NOTHING(
    "unclaimed_rows",
    "{store}: {rows:d} rows of the old program are messages of its records, and it says nothing of old state: they "
    "would be sent again; write `legacy: {{kind: contract, status_file: …}}` in the campaign's file, with the "
    "send-status file that the old program had for it, and run `notifykit migrate`",
    "{store}：旧程序有 {rows} 行是它的记录的消息，而它没有写明旧状态，否则会重复发送；请在活动文件中写 "
    "`legacy: {{kind: contract, status_file: …}}`，填上旧程序为它使用的发送状态文件，并运行 `notifykit migrate`",
)
NOT_SEEN = QUEUE_NOTHING("not_seen", "whether it was migrated cannot be seen: {error}", "无法得知它是否已迁移：{error}")
