"""What is said of an attempt, and is kept. docs/senders.md tells what follows from each answer."""

from notifykit.wording import Sentences, Wording

ATTEMPTS = Sentences()

TAKEN = ATTEMPTS(
    "teams_taken",
    "the workflow took it; whether it is shown in Teams, only the workflow's run history tells",
    "工作流已接收；是否已显示在 Teams 中，只有工作流的运行历史记录知道",
)
WORKFLOW = ATTEMPTS(
    "teams_workflow",
    "every message to this workflow would fail; the channel is paused until a person resumes it: {what:why}",
    "发往此工作流的每条消息都会失败；通道已暂停，直到有人恢复：{what:why}",
)
TOO_LONG = ATTEMPTS(
    "teams_too_long",
    "a card of {size:d} bytes, and Teams shows {most:d}: not sent; shorten or split the text",
    "卡片有 {size} 字节，而 Teams 至多显示 {most} 字节：没有发送；请缩短或拆分文本",
)
TURNED_OFF = ATTEMPTS("teams_turned_off", "it is turned off, or was deleted", "工作流已关闭，或已被删除")
GONE = ATTEMPTS("teams_gone", "nobody knows it at this address", "此地址没有这个工作流")
NOT_ALLOWED = ATTEMPTS(
    "teams_not_allowed",
    "the address is not whole, or the workflow is not for anyone to call",
    "地址不完整，或工作流不允许任何人触发",
)
REFUSED = ATTEMPTS("teams_refused", "the workflow refuses this request", "工作流拒绝此请求")
NO_RUN = ATTEMPTS("teams_no_run", "the reply names no run of a workflow", "应答没有说明工作流的运行")

WORDING = Wording(ATTEMPTS)
