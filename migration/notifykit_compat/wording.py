"""What the shim says of a task."""

from notifykit.wording import Sentences

SHIM = Sentences()

NO_CHANNEL = SHIM("no_channel", "no channel for messages of type {task_type}", "没有用于 {task_type} 类型消息的通道")
