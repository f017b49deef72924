"""What is said of an attempt, and is kept. docs/senders.md tells what follows from each."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

TOO_LONG = ATTEMPTS(
    "slack_too_long",
    "{size:d} characters, and Slack cuts a text off after {most:d}: not sent; shorten or split it",
    "{size} 个字符，而 Slack 会截去 {most} 个之后的部分：没有发送；请缩短或拆分",
)
EMPTY = ATTEMPTS("slack_empty", "the message has no text", "消息没有文本")
DEFECT = ATTEMPTS("slack_defect", "this message's defect, or its channel's", "这条消息或其频道有问题")
CREDENTIAL = ATTEMPTS(
    "slack_credential",
    "every message would fail; the channel is paused until a person resumes it",
    "每条消息都会失败；通道已暂停，直到有人恢复",
)
BUSY = ATTEMPTS("slack_busy", "refused for now", "暂时拒绝")
FAILED = ATTEMPTS("slack_failed", "the service failed, perhaps after taking the message", "服务出错，可能已接受消息")
UNSAID = ATTEMPTS("slack_unsaid", "the reply does not say what became of the message", "应答没有说消息的结果如何")

WORDING = Wording(ATTEMPTS)
