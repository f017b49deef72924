"""What is said of an attempt, and is kept. docs/senders.md tells what follows from each."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

TOO_LONG = ATTEMPTS(
    "ntfy_too_long",
    "{size:d} bytes, and a message takes {most:d}: not sent; shorten or split it",
    "{size} 字节，而一条消息至多 {most} 字节：没有发送；请缩短或拆分",
)
EMPTY = ATTEMPTS("ntfy_empty", "the message has no text", "消息没有文本")
TOO_MUCH = ATTEMPTS("ntfy_too_much", "a limit of the server is reached", "已达到服务器的限额")
TOKEN = ATTEMPTS(
    "ntfy_token",
    "the server wants another token, so every message would fail; the channel is paused until a person resumes it",
    "服务器要求另一个 token，每条消息都会失败；通道已暂停，直到有人恢复",
)
FORBIDDEN = ATTEMPTS("ntfy_forbidden", "the token may not publish to this topic", "此 token 不能向该主题发布")
DEFECT = ATTEMPTS("ntfy_defect", "this message's defect, or its topic's", "这条消息或其主题有问题")
NO_DEVICE = ATTEMPTS("ntfy_no_device", "no device listens to the topic", "没有设备订阅该主题")
UNSAID = ATTEMPTS("ntfy_unsaid", "the reply does not say what became of the message", "应答没有说消息的结果如何")

WORDING = Wording(ATTEMPTS)
