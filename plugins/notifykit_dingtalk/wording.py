"""What is said of an attempt, and is kept. docs/senders.md tells what follows from each errcode."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

DEFECT = ATTEMPTS("dingtalk_defect", "this message's defect: {what:why}", "这条消息有问题：{what:why}")
ROBOT = ATTEMPTS(
    "dingtalk_robot",
    "every message of this robot would fail; the channel is paused until a person resumes it: {what:why}",
    "此机器人的每条消息都会失败；通道已暂停，直到有人恢复：{what:why}",
)
TOO_LONG = ATTEMPTS(
    "dingtalk_too_long",
    "a request of {size:d} bytes, and the robot takes {most:d}: not sent; shorten or split the text",
    "请求有 {size} 字节，而机器人至多接受 {most} 字节：没有发送；请缩短或拆分文本",
)
SERVICE_BUSY = ATTEMPTS("dingtalk_service_busy", "the service is busy", "服务繁忙")
TOO_FAST = ATTEMPTS(
    "dingtalk_too_fast",
    "more than 20 messages a minute: the service blocks the robot for ten minutes",
    "每分钟超过 20 条消息：服务会限制此机器人十分钟",
)
TOKEN_UNKNOWN = ATTEMPTS("dingtalk_token_unknown", "the access token is not known", "access_token 不存在")
GROUP_GONE = ATTEMPTS("dingtalk_group_gone", "the group was dissolved", "群已被解散")
STOPPED = ATTEMPTS("dingtalk_stopped", "the robot is disabled", "机器人已停用")
NO_ROBOT = ATTEMPTS("dingtalk_no_robot", "the robot does not exist", "机器人不存在")
NOT_VERIFIED = ATTEMPTS(
    "dingtalk_not_verified",
    "refused by the robot's security settings: a keyword is missing in the text, the signature or the clock is wrong,"
    " or this address is not allowed",
    "未通过机器人的安全设置：文本缺少关键词，或签名或时钟不对，或此地址不在白名单",
)
MISSING_PARAMETER = ATTEMPTS("dingtalk_missing_parameter", "a parameter is missing or empty", "缺少参数，或参数为空")
TYPE_UNKNOWN = ATTEMPTS("dingtalk_type_unknown", "its type is not known", "类型不被识别")
UNSAFE_LINK = ATTEMPTS("dingtalk_unsafe_link", "it has a link that is held for unsafe", "含有不安全的外链")
IMPROPER_TEXT = ATTEMPTS("dingtalk_improper_text", "its text is held for improper", "含有不合适的文本")
IMPROPER_PICTURE = ATTEMPTS("dingtalk_improper_picture", "its picture is held for improper", "含有不合适的图片")
IMPROPER = ATTEMPTS("dingtalk_improper", "its content is held for improper", "含有不合适的内容")
TEXT_TOO_LONG = ATTEMPTS("dingtalk_text_too_long", "it is too long", "内容过长")
UNCLASSIFIED = ATTEMPTS("dingtalk_unclassified", "an errcode that is not classified yet", "尚未归类的 errcode")
UNSAID = ATTEMPTS("dingtalk_unsaid", "the reply does not say what became of the message", "应答没有说消息的结果如何")

WORDING = Wording(ATTEMPTS)
