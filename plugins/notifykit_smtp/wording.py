"""What is said of an attempt, and is kept. docs/senders.md tells what follows from each."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

UNREACHED = ATTEMPTS("smtp_unreached", "no connection", "没有连接")
LOST_BEFORE = ATTEMPTS(
    "smtp_lost_before",
    "the connection was lost before the message was whole, so the server took nothing",
    "消息传完之前连接已断开，服务器没有接受任何内容",
)
LOST_AFTER = ATTEMPTS(
    "smtp_lost_after",
    "the message was sent to its end, and no answer came: perhaps taken",
    "消息已全部发出，但没有应答：可能已被接受",
)
LATER = ATTEMPTS("smtp_later", "the server refuses {what:why} for now", "服务器暂时拒绝{what}")
NEVER = ATTEMPTS("smtp_never", "the server refuses {what:why}", "服务器拒绝{what}")
CONNECTION = ATTEMPTS("smtp_connection", "the connection", "连接")
SENDER = ATTEMPTS("smtp_sender", "the sender's address", "发件人地址")
RECIPIENT = ATTEMPTS("smtp_recipient", "the recipient", "收件人")
CONTENT = ATTEMPTS("smtp_content", "the message", "邮件")
LOGIN = ATTEMPTS(
    "smtp_login",
    "the server refuses the log-in, so every message would fail; the channel is paused until a person resumes it",
    "服务器拒绝登录，每条消息都会失败；通道已暂停，直到有人恢复",
)
NO_STARTTLS = ATTEMPTS(
    "smtp_no_starttls",
    "the server offers no STARTTLS, so nothing was sent; the channel is paused until a person resumes it",
    "服务器不提供 STARTTLS，没有发送；通道已暂停，直到有人恢复",
)
NO_SMTPUTF8 = ATTEMPTS(
    "smtp_no_smtputf8",
    "the server takes no addresses with other letters than a to z (it has no SMTPUTF8): not sent",
    "服务器不接受含非英文字母的地址（不支持 SMTPUTF8）：没有发送",
)
TOO_LARGE = ATTEMPTS(
    "smtp_too_large",
    "{size:d} bytes, and the server takes {most:d}: not sent",
    "{size} 字节，而服务器至多接受 {most} 字节：没有发送",
)
BAD_ADDRESS = ATTEMPTS(
    "smtp_bad_address", "{field} is no list of e-mail addresses: not sent", "{field} 不是邮件地址列表：没有发送"
)
NOT_UNICODE = ATTEMPTS("smtp_not_unicode", "the text is not Unicode: not sent", "文本不是有效的 Unicode：没有发送")

WORDING = Wording(ATTEMPTS)
