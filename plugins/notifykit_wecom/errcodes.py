"""What each errcode of the group robot means for a message.

Source: 企业微信开发者中心, "消息推送" (the group robot's page) and "全局错误码" (developer.work.weixin.qq.com). The
service answers errors with HTTP 200 and says in `errmsg` what nobody promises to keep: only `errcode` counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.model import FOREVER, Outcome

THROTTLED = 45009
THROTTLE_PAUSE = 60.0
"""Seconds for which the service blocks a robot that sent too fast."""

EMPTY = 44004
"""What a message without a text is refused with, where the key is good."""

_DEFECT = "this message's defect: "
_CHANNEL = "every message of this robot would fail; the channel is paused until a person resumes it: "

ERRCODES: Mapping[int, Outcome] = {
    0: Outcome.accepted(),
    -1: Outcome.retry("-1", "the service is busy", after=5, max_tries=3),
    THROTTLED: Outcome.retry("45009", "more than 20 messages a minute", after=THROTTLE_PAUSE, pause=THROTTLE_PAUSE),
    45033: Outcome.retry("45033", "too many calls at once", after=3),
    93000: Outcome.rejected("93000", _CHANNEL + "the key is wrong", pause=FOREVER),
    93004: Outcome.rejected("93004", _CHANNEL + "the robot is disabled", pause=FOREVER),
    93008: Outcome.rejected("93008", _CHANNEL + "the robot was removed from the group", pause=FOREVER),
    40008: Outcome.rejected("40008", _DEFECT + "its type is not known"),
    40033: Outcome.rejected("40033", _DEFECT + "it holds a character that is not allowed"),
    40035: Outcome.rejected("40035", _DEFECT + "a parameter is not valid"),
    40058: Outcome.rejected("40058", _DEFECT + "a parameter, or its length, is not valid"),
    40063: Outcome.rejected("40063", _DEFECT + "a parameter is empty"),
    EMPTY: Outcome.rejected("44004", _DEFECT + "its text is empty"),
    45002: Outcome.rejected("45002", _DEFECT + "its text is too long"),
    45008: Outcome.rejected("45008", _DEFECT + "it has too many articles"),
    # Media ids expire and could be uploaded again, but the types that are sent here carry none.
    40007: Outcome.rejected("40007", _DEFECT + "a media id is not valid"),
    41006: Outcome.rejected("41006", _DEFECT + "a media id is missing"),
}


def outcome_of(errcode: int) -> Outcome:
    """Return what an errcode means. One that is not known is a refusal until somebody classifies it."""
    return ERRCODES.get(errcode) or Outcome.rejected(str(errcode), "an errcode that is not classified yet")
