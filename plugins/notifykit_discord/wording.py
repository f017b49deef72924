"""What is said of an attempt, and is kept. docs/senders.md tells what follows from each."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

TOO_LONG = ATTEMPTS(
    "discord_too_long",
    "{size:d} characters, and a message takes {most:d}: not sent; shorten or split it",
    "{size} 个字符，而一条消息至多 {most} 个：没有发送；请缩短或拆分",
)
TOO_FAST = ATTEMPTS("discord_too_fast", "too many messages to this webhook", "发往此 webhook 的消息过多")
EMPTY = ATTEMPTS("discord_empty", "the message has no text", "消息没有文本")
HOOK = ATTEMPTS(
    "discord_hook",
    "the webhook is gone, or its token is wrong, so every message would fail; the channel is paused until a person "
    "resumes it",
    "webhook 已不存在或 token 不正确，每条消息都会失败；通道已暂停，直到有人恢复",
)
DEFECT = ATTEMPTS("discord_defect", "this message's defect", "这条消息有问题")
UNSAID = ATTEMPTS("discord_unsaid", "the reply does not say what became of the message", "应答没有说消息的结果如何")

WORDING = Wording(ATTEMPTS)
