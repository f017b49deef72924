"""What an alert says of a project that was migrated."""

from notifykit.wording import Sentences

ADVICE = Sentences()

NOT_VERIFIED = ADVICE(
    "not_verified",
    "the migration fails its checks ({checks}); `notifykit verify` tells more",
    "迁移未通过校验（{checks}）；详情见 `notifykit verify`",
)
ROLL_BACK = ADVICE(
    "roll_back",
    "migrated: {campaigns}; `notifykit rollback` is the way back to the old program",
    "已迁移：{campaigns}；`notifykit rollback` 可以退回旧程序",
)
