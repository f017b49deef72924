"""What is said of an attempt, and is kept. docs/senders.md tells what follows from each."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

TOO_LONG = ATTEMPTS(
    "apprise_too_long",
    "{size:d} characters, and the service takes {most:d}: not sent; shorten or split it",
    "{size} 个字符，而该服务至多接受 {most} 个：没有发送；请缩短或拆分",
)
EMPTY = ATTEMPTS("apprise_empty", "the message has no text", "消息没有文本")
NOT_UNICODE = ATTEMPTS("apprise_not_unicode", "the text is not Unicode: not sent", "文本不是有效的 Unicode：没有发送")
UNREACHED = ATTEMPTS("apprise_unreached", "no connection", "没有连接")
UNSEEN = ATTEMPTS(
    "apprise_unseen",
    "Apprise asked nothing by HTTP that could be watched, so nothing is proved",
    "Apprise 没有发出可以观察的 HTTP 请求，因此什么也没有证明",
)
SEVERAL = ATTEMPTS(
    "apprise_several",
    "Apprise made {count:d} requests, so no single answer proves what became of the message",
    "Apprise 发出了 {count} 个请求，没有哪个应答能证明消息的结果",
)
UNANSWERED = ATTEMPTS("apprise_unanswered", "the request was not answered", "请求没有得到应答")
DISBELIEVED = ATTEMPTS(
    "apprise_disbelieved",
    "the service answered {status:d}, and Apprise takes that for a refusal",
    "服务应答 {status}，而 Apprise 视之为拒绝",
)

WORDING = Wording(ATTEMPTS)
