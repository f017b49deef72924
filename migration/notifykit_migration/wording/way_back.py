"""Why a rollback does not give a message to the old program, beside the reasons that it was held for before."""

from notifykit.wording import Sentences

WAY_BACK = Sentences()

BEING_SENT = WAY_BACK(
    "being_sent",
    "it was being sent when its worker stopped: nobody knows whether it arrived",
    "工作进程停止时它正在发送：无人知道是否送达",
)
PERHAPS_ACCEPTED = WAY_BACK(
    "perhaps_accepted",
    "an earlier attempt may have been accepted; the old program would send it again",
    "之前的一次尝试可能已被接受；旧程序会再次发送",
)
PERHAPS_ACCEPTED_CODE = WAY_BACK(
    "perhaps_accepted_code",
    "an earlier attempt may have been accepted ({result}); the old program would send it again",
    "之前的一次尝试可能已被接受（{result}）；旧程序会再次发送",
)
ACCEPTED_LATER = WAY_BACK(
    "accepted_later",
    "it was queued again, and then an earlier attempt turned out to have been accepted",
    "重新入队之后，才得知之前的一次尝试已被接受",
)
UNKNOWN_TYPE = WAY_BACK(
    "unknown_type",
    "the old scheduler does not know the task type {task_type!r}: it would mark it completed without sending it",
    "旧调度程序不认识任务类型 {task_type!r}：会不发送就标为已完成",
)
UNEXPLAINED = WAY_BACK("unexplained", "it is {status}, and no reason was recorded", "状态是 {status}，未记录原因")
TASK_GONE = WAY_BACK(
    "task_gone",
    "the migration made a task of it, which is gone: nobody knows what came of it",
    "迁移曾为它建立任务，任务已不在：无人知道结果",
)
UNRECORDED = WAY_BACK("unrecorded", "no reason was recorded", "未记录原因")
