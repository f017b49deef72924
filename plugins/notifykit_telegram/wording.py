"""What is said of an attempt, and is kept. docs/senders.md tells what follows from each."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

TOO_LONG = ATTEMPTS(
    "telegram_too_long",
    "{size:d} UTF-16 units, and a message takes {most:d}: not sent; shorten or split it",
    "{size} 个 UTF-16 单元，而一条消息至多 {most} 个：没有发送；请缩短或拆分",
)
TOO_FAST = ATTEMPTS(
    "telegram_too_fast", "too many messages, to this chat or in all", "消息过多（发往此聊天的，或总数）"
)
TOKEN = ATTEMPTS(
    "telegram_token",
    "the bot's token is not valid, so every message would fail; the channel is paused until a person resumes it",
    "机器人的 token 无效，每条消息都会失败；通道已暂停，直到有人恢复",
)
CLOSED = ATTEMPTS(
    "telegram_closed",
    "the bot may not write to this chat: it is blocked, was removed, or was never started there",
    "机器人不能向此聊天发消息：被屏蔽、被移出，或从未在那里启动",
)
REFUSED = ATTEMPTS(
    "telegram_refused",
    "this message's defect: the chat is not known, the text is empty or too long, or its markup is wrong",
    "这条消息有问题：聊天不存在，文本为空或过长，或标记有误",
)
MOVED = ATTEMPTS(
    "telegram_moved",
    "the group has become the supergroup {chat}: write that as the recipient",
    "该群已成为超级群 {chat}：请把收件人改为它",
)
FAILED = ATTEMPTS("telegram_failed", "the service failed, perhaps after taking the message", "服务出错，可能已接受消息")
UNSAID = ATTEMPTS("telegram_unsaid", "the reply does not say what became of the message", "应答没有说消息的结果如何")

WORDING = Wording(ATTEMPTS)
