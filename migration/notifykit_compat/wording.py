"""What the shim says of a task; where all else that it says is translated."""

from pathlib import Path

from notifykit.wording import Sentences
from notifykit.wording.translation import Catalogue

CATALOGUE = Catalogue("notifykit_compat", Path(__file__).parent / "locale")

SHIM = Sentences()

NEVER_SENT = SHIM(
    "never_sent",
    "no channel for messages of type {task_type}, which the old scheduler did not send either",
    "没有用于 {task_type} 类型消息的通道，旧的调度程序也不发这类消息",
)
RETURNED = SHIM(
    "returned", "the function returned, which is all that it ever says", "函数正常返回，它能说明的也只有这些"
)
NO_CHANNEL = SHIM("no_channel", "no channel for messages of type {task_type}", "没有用于 {task_type} 类型消息的通道")
