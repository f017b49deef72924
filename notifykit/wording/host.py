"""What the host itself says of a task, a write-back or a channel. docs/cli.md lists the codes."""

from notifykit.wording.sentence import Sentences

HOST = Sentences()

REJECTED = HOST("rejected", "{cause:why}", "{cause:why}")
RETRYING = HOST("retrying", "{cause:why}", "{cause:why}")
OUT_OF_ATTEMPTS = HOST(
    "out_of_attempts", "out of attempts ({tries:d}): {cause:why}", "尝试次数已用完（{tries} 次）：{cause:why}"
)
UNREACHABLE = HOST("unreachable", "unreachable", "无法连接")
THROTTLED = HOST("throttled", "throttled", "被要求等待")
CHANNEL_DOWN = HOST(
    "channel_down", "{kind:why} for {hours:.1f} h: {cause:why}", "通道{kind}已 {hours:.1f} 小时：{cause:why}"
)
CHANNEL_UNREACHABLE = HOST("channel_unreachable", "cannot be reached: {cause:why}", "无法连接：{cause:why}")
CHANNEL_THROTTLED = HOST("channel_throttled", "the service asks to wait: {cause:why}", "服务要求等待：{cause:why}")
FAILED_OVER = HOST(
    "failed_over",
    "another server took over (timeline {timeline}), and no standby had to have each commit first: "
    "the last results may be lost, and what they tell of would be sent again",
    "另一台服务器接管了（时间线 {timeline}），而之前不要求备库先收到每次提交：最后的结果可能丢失，相应的消息会再发一次",
)
NOT_PROVEN = HOST("not_proven", "{cause:why}", "{cause:why}")
ASSUMED_SENT = HOST("assumed_sent", "assumed sent: {cause:why}", "视为已发送：{cause:why}")
LEFT_OUT = HOST("left_out", "not delivered to {recipients}", "未送达 {recipients}")
SENDER_RAISED = HOST("sender_raised", "the sender raised", "发送器抛出异常")
OPTIONS_UNFIT = HOST(
    "options_unfit",
    "nothing was sent: what is stored as its option {field} does not fit the sender: {cause}",
    "没有发送：所存的选项 {field} 与发送器不符：{cause}",
)
OPTIONS_UNTAKEN = HOST(
    "options_untaken",
    "nothing was sent: it says {field} beside its text, and the channel takes no options",
    "没有发送：消息在文本之外还有 {field}，而通道不接受选项",
)
CONTENTS_UNREAD = HOST(
    "contents_unread",
    "nothing was sent: the store could not be read for a file that it carries",
    "没有发送：读取消息所带文件时无法读取存储",
)
CONTENTS_LOST = HOST(
    "contents_lost",
    "nothing was sent: the store has no file with the hash {hash}, which it carries",
    "没有发送：存储中没有消息所带的、哈希为 {hash} 的文件",
)
SENDER_NOT_OPENED = HOST("sender_not_opened", "the sender cannot be opened", "发送器无法打开")
NO_OUTCOME = HOST("no_outcome", "a {kind}, not an Outcome", "返回的是 {kind}，不是 Outcome")
WINDOW_OVER = HOST(
    "window_over",
    "not called again: the service drops a repeat for {seconds:g} s only",
    "不再调用：服务只在 {seconds:g} 秒内去除重复",
)
WORKER_GONE = HOST("worker_gone", "worker of attempt {attempt:d} is gone", "第 {attempt} 次尝试的进程已不在")
DECIDED = HOST("decided", "{why}", "{why}")
UNDO_CELLS = HOST(
    "undo_cells",
    "another program had written into it, which is not written again",
    "其他程序改写过它，不会再写回那样的内容",
)
UNDO_LATER = HOST("undo_later", "decision {decision:d} was made about it since", "此后又对它作了决定 {decision}")
UNDO_FLAGGED = HOST("undo_flagged", "the flag of its record was written since", "此后其记录的标记已写入")
UNDO_SETTLING = HOST(
    "undo_settling",
    "the flags of its campaign are being written: undo it when `notifykit settle` is done",
    "其活动的标记正在写入：请等 `notifykit settle` 完成后再收回",
)
UNDO_MOVED = HOST("undo_moved", "it is {status} by now", "它现在已是 {status}")
UNDO_TRIED = HOST("undo_tried", "it was tried since", "此后已尝试发送")
UNDO_PAUSE_OVER = HOST("undo_pause_over", "the pause would be over by now", "该暂停到现在也已结束")
UNDO_OUTAGE = HOST(
    "undo_outage",
    "it was no pause that was ended: a channel that cannot be reached pauses again by itself",
    "当时结束的不是暂停：连不上的通道会自行再次暂停",
)
RERENDER_GONE = HOST("rerender_gone", "its record is not in the source any more", "其记录已不在来源中")
RERENDER_HELD = HOST("rerender_held", "it cannot be rendered now: {why}", "现在无法生成：{why}")
RERENDER_UNWANTED = HOST("rerender_unwanted", "its record would not get it any more", "其记录现在不再需要这条消息")
RERENDER_TRIED = HOST("rerender_tried", "it was tried, or waits no more", "已尝试发送，或不再等待")
IN_DIGEST = HOST(
    "in_digest", "it is fixed in digest {digest:d}, which is to be sent", "它已固定在待发送的摘要 {digest} 中"
)
RERENDER_ADOPTED = HOST("rerender_adopted", "the old program wrote it", "由旧程序写成")
RERENDER_PARTS = HOST(
    "rerender_parts", "it would have {now:d} parts instead of {before:d}", "现在会分成 {now} 条，而不是 {before} 条"
)
RERENDER_CHANNEL = HOST(
    "rerender_channel", "it would go by {now} instead of {before}", "现在会走 {now}，而不是 {before}"
)
DIGEST_EMPTY = HOST("digest_empty", "no message was left to be sent in it", "其中已没有要发送的消息")
DIGEST_TEXT = HOST("digest_text", "the text of the digest cannot be made: {why}", "无法生成摘要的文本：{why}")
DIGEST_TOO_LONG = HOST(
    "digest_too_long",
    "its first message alone makes a text of more than {most:d} {unit}, and the channel takes no more",
    "仅第一条消息的正文就超过 {most} {unit}，而通道最多只收这么多",
)
PAUSED = HOST("paused", "{cause:why}", "{cause:why}")
WRITE_BACK_FAILED = HOST("write_back_failed", "{error}", "{error}")
WRITE_BACK_ODD = HOST(
    "write_back_odd",
    "write_back() of {strategy} returned a {answer}, not a WriteBack; its author must mend that",
    "{strategy} 的 write_back() 返回了 {answer}，而不是 WriteBack；须由其作者修正",
)
WRITE_BACK_SILENT = HOST(
    "write_back_silent",
    "write_back() of {strategy} did not say what became of it; its author must mend that",
    "{strategy} 的 write_back() 没有说明结果；须由其作者修正",
)
STATUS_OVERWRITTEN = HOST(
    "status_overwritten",
    "another program set the status to {status}, which tells nothing here",
    "其他程序把状态设成了 {status}，它在这里没有含义",
)
CELLS_UNREADABLE = HOST(
    "cells_unreadable",
    "another program wrote what cannot be read into {columns}",
    "其他程序在 {columns} 中写入了无法读取的内容",
)
EXPIRED = HOST("expired", "it was not sent in time, and has expired", "未能及时发送，已过期")
NOT_FLAGGED = HOST(
    "not_flagged",
    "nothing is written back: another message of its record has expired",
    "不写回：其记录的另一条消息已过期",
)
FLAG_UNSET = HOST("flag_unset", "the flag was found unset again", "发现标记又变回未通知")

_MEANT = "or, where both are meant, write `shares_data_with: {known}` in its file"
_MEANT_CHINESE = "如果两者本来就应并存，请在其文件中写明 `shares_data_with: {known}`"

SAME_DATA_GONE = HOST(
    "same_data_gone",
    "the store knows the same source and the same flag as campaign {known}, which no file describes any more, so "
    'nothing is queued: it would be sent again; run `notifykit campaign rename "{known}" "{campaign}" --why TEXT`, or '
    f"put the name back (`name: {{known}}` in the file), {_MEANT}",
    "存储中同一来源、同一标记属于活动 {known}，而该活动已没有文件描述，因此不会排队任何消息，否则会重复发送；"
    '请运行 `notifykit campaign rename "{known}" "{campaign}" --why 原因`，或恢复原名（在文件中写 `name: {known}`）；'
    f"{_MEANT_CHINESE}",
)
SAME_DATA_BEFORE = HOST(
    "same_data_before",
    "{campaign} reads the same source and writes the same flag as campaign {known}, which was there first, so nothing "
    f"is queued: it would be sent twice; remove one of the two files, {_MEANT}",
    "{campaign} 与早已存在的活动 {known} 读取同一来源、写入同一标记，因此不会排队任何消息，否则会重复发送；"
    f"请删除其中一个文件；{_MEANT_CHINESE}",
)
RENAMED_MEANWHILE = HOST(
    "renamed_meanwhile",
    "{campaign} is campaign {known} by now, and its file is not there any more, so nothing is queued under this name: "
    "start this program anew",
    "{campaign} 现在是活动 {known}，原来的文件已不在，因此不会再以此名排队任何消息：请重新启动本程序",
)
KEY_CHANGED = HOST(
    "key_changed",
    "the keys of {campaign} were taken from `{before}` and are to be taken from `{key}` now, so nothing is queued: "
    "every record would be a new one, and told again; write `key: {before}` again, or, where that is meant, "
    "`replaces_key: {before}` in its file",
    "{campaign} 的业务键原先取自 `{before}`，现在要取自 `{key}`，因此不会排队任何消息，否则每条都会当作新的重复发送；"
    "请改回 `key: {before}`；如果确实要改，请在其文件中写明 `replaces_key: {before}`",
)
KEY_UNSEEN = HOST("key_unseen", 'nothing of the key "{key}" can be seen', "键“{key}”没有任何看得见的字符")
KEY_NUMBER = HOST(
    "key_number",
    "a spreadsheet or another program turned the key into the number {key}",
    "表格软件或其他程序把键变成了数 {key}",
)
KEY_ERROR = HOST(
    "key_error",
    'the key is the error value "{key}" of a spreadsheet',
    "键是表格软件的错误值“{key}”",
)
RECIPIENT_NUMBER = HOST(
    "recipient_number",
    "message `{message}`: a spreadsheet or another program turned the recipient into the number {recipient}",
    "消息 `{message}`：表格软件或其他程序把接收方变成了数 {recipient}",
)
RECIPIENT_ERROR = HOST(
    "recipient_error",
    'message `{message}`: the recipient is the error value "{recipient}" of a spreadsheet',
    "消息 `{message}`：接收方是表格软件的错误值“{recipient}”",
)
KEY_READS_AS = HOST(
    "key_reads_as",
    'the key "{key}" is new, and reads as {others} ({whence:why})',
    "键“{key}”是新的，读起来与 {others} 相同（{whence:why}）",
)
KEY_QUEUED = HOST("key_queued", "queued before", "之前已入队")
KEY_TOLD = HOST("key_told", "told before", "之前已告知")
KEY_IN_SOURCE = HOST("key_in_source", "in the source", "在来源中")
HALF_CHARACTER = HOST(
    "half_character",
    "message `{message}`: its {part} holds half of a character ({half}), which nothing can store or send",
    "消息 `{message}`：其 {part} 含有半个字符（{half}），既无法存储也无法发送",
)

FOUND_FAILED = HOST("found_failed", "{number} failed", "{number} 条失败")
FOUND_IN_DOUBT = HOST("found_in_doubt", "{number} in doubt", "{number} 条存疑")
FOUND_FOREIGN = HOST("found_foreign", "{number} whose status another program changed", "{number} 条被其他程序改了状态")
FOUND_PAUSED = HOST("found_paused", "channel {channel} is paused ({cause:why})", "通道 {channel} 已暂停（{cause:why}）")
FOUND_UNUSABLE = HOST(
    "found_unusable",
    "{number} waiting for channel {channel}, which cannot be used here",
    "{number} 条在等通道 {channel}，而这里用不了它",
)
FOUND_AWAY = HOST("found_away", "channel {channel}: {cause:why}", "通道 {channel}：{cause:why}")
FOUND_FAILING = HOST("found_failing", "campaign {campaign} cannot go on: {error}", "活动 {campaign} 无法继续：{error}")
FOUND_SUCCESS_RATE = HOST(
    "found_success_rate",
    "{rate} of {attempts} attempts of the last {window} were accepted",
    "最近 {window} 的 {attempts} 次尝试中，{rate} 被接受",
)
FOUND_OLDEST_WAITING = HOST("found_oldest_waiting", "a message has waited for {age}", "有消息已等待 {age}")
FOUND_STUCK = HOST(
    "found_stuck",
    "a message for channel {channel} has been due for {age}",
    "发往通道 {channel} 的消息到期已有 {age}",
)
FOUND_OLDEST_DOUBT = HOST("found_oldest_doubt", "a message has been in doubt for {age}", "有消息已存疑 {age}")
FOUND_FLAGS_OWED = HOST("found_flags_owed", "{number} sent and not written back", "{number} 条已发送但未写回")
FOUND_ERRORS = HOST(
    "found_errors",
    "{number} errors were logged in the last {window}, the latest: {latest}",
    "最近 {window} 记录了 {number} 个错误，最后一个：{latest}",
)
FOUND_TWICE = HOST(
    "found_twice",
    "{number} messages of the last {window} may have been sent twice",
    "最近 {window} 有 {number} 条消息可能发了两次",
)
FOUND_SLOW = HOST(
    "found_slow",
    "of the messages of the last {window}, one in twenty waited for {age} or longer",
    "最近 {window} 的消息中，每二十条有一条等待了 {age} 或更久",
)
FOUND_SILENT = HOST(
    "found_silent",
    "the source of campaign {campaign} has not changed for {age}",
    "活动 {campaign} 的来源已 {age} 没有变化",
)
FOUND_NO_PASS = HOST(
    "found_no_pass", "campaign {campaign} has had no pass for {age}", "活动 {campaign} 已 {age} 没有执行"
)
FOUND_NOT_RUNNING = HOST(
    "found_not_running", "nothing was generated, sent or written back for {age}", "已有 {age} 没有生成、发送或写回"
)
FOUND_SLOW_CALLS = HOST(
    "found_slow_calls",
    "{slow} of {number} calls of channel {channel} took longer than {limit} in the last {window}",
    "最近 {window} 对通道 {channel} 的 {number} 次调用中，{slow} 次超过 {limit}",
)
FOUND_WORKER_GONE = HOST(
    "found_worker_gone", "{place} has given no sign of life for {age}", "{place} 已 {age} 没有动静"
)
FOUND_OLD_SNAPSHOT = HOST(
    "found_old_snapshot",
    "a transaction has been open for {age}, so each message costs the server more",
    "有事务已打开 {age}，服务器处理每条消息的开销因此变大",
)
ALERT_HEAD = HOST("alert_head", "notifykit alert: {project} at {place}", "notifykit 告警：{project}，{place}")
ALERT_BEGAN = HOST("alert_began", "{name} began: {what:why}", "{name} 出现：{what:why}")
ALERT_ENDED = HOST(
    "alert_ended", "{name} is over after {lasted}: {what:why}", "{name} 已结束，历时 {lasted}：{what:why}"
)
ALERT_MORE = HOST(
    "alert_more", "and {number:d} more: `notifykit alerts` lists them", "另有 {number} 项：`notifykit alerts` 列出全部"
)
NOT_ENCODABLE = HOST(
    "http_not_encodable",
    "the message or a header cannot be encoded: nothing was sent",
    "消息或某个标头无法编码：什么都没有发出",
)
MALFORMED = HOST(
    "http_malformed",
    "the address or a header is malformed: nothing was sent, nothing can be",
    "地址或某个标头格式不对：什么都没有发出，也发不出",
)
ASKED_TO_WAIT = HOST("http_asked_to_wait", "the service asks to wait", "服务要求等待")
SIZE_NOT_NOW = HOST("http_size_not_now", "the service takes no message of this size now", "服务目前不接收这样大的消息")
TOO_LARGE = HOST("http_too_large", "the message is too large for the service", "消息对该服务来说太大")
REDIRECTED = HOST(
    "http_redirected",
    "redirects are not followed: configure the address that this one leads to",
    "不跟随重定向：请直接配置它所指的地址",
)
REFUSED = HOST("http_refused", "the service refused the request", "服务拒绝了请求")
PERHAPS_TAKEN = HOST("http_perhaps_taken", "the message may have been taken all the same", "消息仍可能已被接收")
