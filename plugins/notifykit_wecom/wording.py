"""What is said of an attempt, and is kept. docs/senders.md tells what follows from each errcode."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

DEFECT = ATTEMPTS("wecom_defect", "this message's defect: {what:why}", "这条消息有问题：{what:why}")
ROBOT = ATTEMPTS(
    "wecom_robot",
    "every message of this robot would fail; the channel is paused until a person resumes it: {what:why}",
    "此机器人的每条消息都会失败；通道已暂停，直到有人恢复：{what:why}",
)
TOO_LONG = ATTEMPTS(
    "wecom_too_long",
    "{size:d} bytes, and {kind} takes {most:d}: not sent; shorten or split it",
    "{size} 字节，而 {kind} 至多 {most} 字节：没有发送；请缩短或拆分",
)
SERVICE_BUSY = ATTEMPTS("wecom_service_busy", "the service is busy", "服务繁忙")
TOO_FAST = ATTEMPTS("wecom_too_fast", "more than 20 messages a minute", "每分钟超过 20 条消息")
TOO_MANY_CALLS = ATTEMPTS("wecom_too_many_calls", "too many calls at once", "同时调用过多")
WRONG_KEY = ATTEMPTS("wecom_wrong_key", "the key is wrong", "key 不正确")
DISABLED = ATTEMPTS("wecom_disabled", "the robot is disabled", "机器人已停用")
REMOVED = ATTEMPTS("wecom_removed", "the robot was removed from the group", "机器人已被移出群")
TYPE_UNKNOWN = ATTEMPTS("wecom_type_unknown", "its type is not known", "类型不被识别")
CHARACTER_REFUSED = ATTEMPTS("wecom_character_refused", "it holds a character that is not allowed", "含有不允许的字符")
BAD_PARAMETER = ATTEMPTS("wecom_bad_parameter", "a parameter is not valid", "某个参数无效")
BAD_LENGTH = ATTEMPTS("wecom_bad_length", "a parameter, or its length, is not valid", "某个参数或其长度无效")
EMPTY_PARAMETER = ATTEMPTS("wecom_empty_parameter", "a parameter is empty", "某个参数为空")
EMPTY_TEXT = ATTEMPTS("wecom_empty_text", "its text is empty", "文本为空")
TEXT_TOO_LONG = ATTEMPTS("wecom_text_too_long", "its text is too long", "文本过长")
ARTICLES = ATTEMPTS("wecom_articles", "it has too many articles", "图文条数过多")
BAD_MEDIA = ATTEMPTS("wecom_bad_media", "a media id is not valid", "media id 无效")
NO_MEDIA = ATTEMPTS("wecom_no_media", "a media id is missing", "缺少 media id")
FILE_REFUSED = ATTEMPTS(
    "wecom_file_refused", "the service takes no file of its type or size", "服务不接受这种类型或大小的文件"
)
NO_MEDIA_ID = ATTEMPTS(
    "wecom_no_media_id", "the upload's reply has no media id: nothing was sent", "上传的应答没有 media id：没有发送"
)
TOO_SMALL = ATTEMPTS(
    "wecom_too_small", "a file needs at least {least:d} bytes: not sent", "文件至少要有 {least} 字节：没有发送"
)
NOT_HELD = ATTEMPTS("wecom_not_held", "another worker has it by now: not sent", "已由另一个进程处理：没有发送")
APP = ATTEMPTS(
    "wecom_app",
    "every message of this application would fail; the channel is paused until a person resumes it: {what:why}",
    "此应用的每条消息都会失败；通道已暂停，直到有人恢复：{what:why}",
)
BAD_SECRET = ATTEMPTS("wecom_bad_secret", "the secret is wrong", "secret 不正确")
BAD_CORPID = ATTEMPTS("wecom_bad_corpid", "the corp id is wrong", "企业 ID 不正确")
BAD_AGENTID = ATTEMPTS(
    "wecom_bad_agentid", "the agent id is wrong, or not of this secret", "agentid 不正确，或与 secret 不符"
)
APP_DISABLED = ATTEMPTS("wecom_app_disabled", "the application is disabled", "应用已停用")
ADDRESS_REFUSED = ATTEMPTS(
    "wecom_address_refused", "this machine's address is not among the trusted ones", "本机地址不在企业可信 IP 中"
)
TOO_MANY_MESSAGES = ATTEMPTS(
    "wecom_too_many_messages", "the service takes no more calls for now", "接口调用超过频率限制"
)
TOKEN_REFUSED = ATTEMPTS(
    "wecom_token_refused", "the service refused two tokens in a row", "服务连续拒绝了两个 access_token"
)
NO_TOKEN = ATTEMPTS("wecom_no_token", "the service gave no token ({said})", "服务没有给出 access_token（{said}）")
NOBODY = ATTEMPTS("wecom_nobody", "it has no recipient", "没有接收人")
NO_SUCH_RECIPIENT = ATTEMPTS(
    "wecom_no_such_recipient",
    "none of its recipients exists, or may see the application",
    "接收人都不存在，或不在应用可见范围内",
)
EVERYBODY = ATTEMPTS(
    "wecom_everybody",
    "@all as a recipient reaches everybody: not sent; the channel allows it with allow_all: true",
    "接收人 @all 会发给所有人：没有发送；如需允许，请在通道中写 allow_all: true",
)
TITLE_TOO_LONG = ATTEMPTS(
    "wecom_title_too_long",
    "a title of {size:d} bytes, and {most:d} are shown: not sent; shorten it",
    "标题有 {size} 字节，而至多显示 {most} 字节：没有发送；请缩短",
)
UNCLASSIFIED = ATTEMPTS("wecom_unclassified", "an errcode that is not classified yet", "尚未归类的 errcode")
UNSAID = ATTEMPTS("wecom_unsaid", "the reply does not say what became of the message", "应答没有说消息的结果如何")

WORDING = Wording(ATTEMPTS)
