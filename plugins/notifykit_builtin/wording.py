"""What the senders say of an attempt, and is kept. docs/senders.md tells what follows from it."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

NO_STREAM = ATTEMPTS("console_no_stream", "this process has no {stream}", "此进程没有 {stream}")
STREAM_FAILED = ATTEMPTS(
    "console_stream_failed", "{stream} failed; the line may have been shown", "{stream} 写出失败；这一行可能已显示"
)
NOT_UNICODE = ATTEMPTS(
    "file_not_unicode", "the message is not Unicode text: nothing was written", "消息不是 Unicode 文本：什么也没有写入"
)
FILE_LOCKED = ATTEMPTS("file_locked", "another process holds the file's lock", "另一个进程持有该文件的锁")
NOT_PLAIN = ATTEMPTS(
    "file_not_plain", "the path leads to something that is not a plain file", "该路径指向的不是普通文件"
)
HALF_WRITTEN = ATTEMPTS(
    "file_half_written", "a line was half written and cannot be taken back", "有一行只写了一半，并且无法撤回"
)
NOT_WRITTEN = ATTEMPTS(
    "file_not_written",
    "nothing was written; free space, or mend the path or its rights",
    "什么也没有写入；请腾出空间，或改正路径或其权限",
)
CLAIM_TAKEN = ATTEMPTS(
    "python_claim_taken",
    "nothing was called: the message is no longer this worker's to send",
    "没有调用：这条消息已不归本进程发送",
)
NOT_SENT = ATTEMPTS("python_not_sent", "the function says that nothing was sent", "函数说什么也没有发送")
FAILED = ATTEMPTS("python_failed", "the function: {error:why}", "函数：{error:why}")
RAISED = ATTEMPTS("python_raised", "{kind} raised at {place}", "{place} 抛出 {kind}")
RETURNED_NOTHING = ATTEMPTS(
    "python_returned_nothing",
    "the function returned nothing, which proves nothing",
    "函数没有返回值，什么也不能证明",
)
RETURNED_FALSE = ATTEMPTS("python_returned_false", "the function returned False", "函数返回了 False")
NO_YES = ATTEMPTS(
    "python_no_yes",
    "the function returned {word}: only True is a yes",
    "函数返回了 {word}：只有 True 才算成功",
)

WORDING = Wording(ATTEMPTS)
