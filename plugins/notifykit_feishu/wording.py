"""What is said of an attempt, and is kept. docs/senders.md tells what follows from each code."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

DEFECT = ATTEMPTS("feishu_defect", "this message's defect: {what:why}", "这条消息有问题：{what:why}")
ROBOT = ATTEMPTS(
    "feishu_robot",
    "every message of this robot would fail; the channel is paused until a person resumes it: {what:why}",
    "此机器人的每条消息都会失败；通道已暂停，直到有人恢复：{what:why}",
)
TOO_LONG = ATTEMPTS(
    "feishu_too_long",
    "a request of {size:d} bytes, and the robot takes {most:d}: not sent; shorten or split the text",
    "请求有 {size} 字节，而机器人至多接受 {most} 字节：没有发送；请缩短或拆分文本",
)
TOO_FAST = ATTEMPTS("feishu_too_fast", "the service takes no more messages for now", "服务暂时不再接受消息")
NOT_PARSED = ATTEMPTS(
    "feishu_not_parsed",
    "refused: the request cannot be read or is too large, or there are too many at once",
    "被拒绝：请求无法解析或过大，或请求过于频繁",
)
TOKEN_UNKNOWN = ATTEMPTS("feishu_token_unknown", "the webhook's token is not known", "webhook 的 token 无效")
NOT_SIGNED = ATTEMPTS(
    "feishu_not_signed",
    "the signature is wrong, or this machine's clock by more than an hour",
    "签名不正确，或本机时钟相差超过一小时",
)
ADDRESS_REFUSED = ATTEMPTS("feishu_address_refused", "this machine's address is not allowed", "本机地址不在白名单")
NO_KEYWORD = ATTEMPTS("feishu_no_keyword", "its text has none of the robot's keywords", "文本不含机器人设置的关键词")
BAD_PARAMETER = ATTEMPTS("feishu_bad_parameter", "a parameter is missing or not valid", "缺少参数，或参数无效")
UNCLASSIFIED = ATTEMPTS("feishu_unclassified", "a code that is not classified yet", "尚未归类的返回码")
UNSAID = ATTEMPTS("feishu_unsaid", "the reply does not say what became of the message", "应答没有说消息的结果如何")

WORDING = Wording(ATTEMPTS)
