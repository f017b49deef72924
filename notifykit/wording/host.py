"""What the host itself says of a task, a write-back or a channel. docs/cli.md lists the codes."""

from notifykit.wording.sentence import Sentences

HOST = Sentences()

REJECTED = HOST("rejected", "{cause:why}", "{cause:why}")
RETRYING = HOST("retrying", "{cause:why}", "{cause:why}")
OUT_OF_ATTEMPTS = HOST(
    "out_of_attempts", "out of attempts ({tries:d}): {cause:why}", "尝试次数已用完（{tries} 次）：{cause:why}"
)
NOT_PROVEN = HOST("not_proven", "{cause:why}", "{cause:why}")
ASSUMED_SENT = HOST("assumed_sent", "assumed sent: {cause:why}", "视为已发送：{cause:why}")
LEFT_OUT = HOST("left_out", "not delivered to {recipients}", "未送达 {recipients}")
DECIDED = HOST("decided", "{why}", "{why}")
PAUSED = HOST("paused", "{cause:why}", "{cause:why}")
WRITE_BACK_FAILED = HOST("write_back_failed", "{error}", "{error}")
