"""What each errcode of the group robot means for a message.

Source: 企业微信开发者中心, "消息推送" (the group robot's page) and "全局错误码" (developer.work.weixin.qq.com). The
service answers errors with HTTP 200 and says in `errmsg` what nobody promises to keep: only `errcode` counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.model import FOREVER, Outcome
from notifykit_wecom import wording

THROTTLED = 45009
THROTTLE_PAUSE = 60.0
"""Seconds for which the service blocks a robot that sent too fast."""

EMPTY = 44004
"""What a message without a text is refused with, where the key is good."""

BAD_MEDIA = frozenset({"40007", "41006"})
"""The codes of media ids that the service does not know."""

ERRCODES: Mapping[int, Outcome] = {
    0: Outcome.accepted(),
    -1: Outcome.retry("-1", wording.SERVICE_BUSY().text, after=5, max_tries=3),
    THROTTLED: Outcome.retry("45009", wording.TOO_FAST().text, after=THROTTLE_PAUSE, pause=THROTTLE_PAUSE),
    45033: Outcome.retry("45033", wording.TOO_MANY_CALLS().text, after=3),
    93000: Outcome.rejected("93000", wording.ROBOT(what=wording.WRONG_KEY()).text, pause=FOREVER),
    93004: Outcome.rejected("93004", wording.ROBOT(what=wording.DISABLED()).text, pause=FOREVER),
    93008: Outcome.rejected("93008", wording.ROBOT(what=wording.REMOVED()).text, pause=FOREVER),
    40008: Outcome.rejected("40008", wording.DEFECT(what=wording.TYPE_UNKNOWN()).text),
    40033: Outcome.rejected("40033", wording.DEFECT(what=wording.CHARACTER_REFUSED()).text),
    40035: Outcome.rejected("40035", wording.DEFECT(what=wording.BAD_PARAMETER()).text),
    40058: Outcome.rejected("40058", wording.DEFECT(what=wording.BAD_LENGTH()).text),
    40063: Outcome.rejected("40063", wording.DEFECT(what=wording.EMPTY_PARAMETER()).text),
    EMPTY: Outcome.rejected("44004", wording.DEFECT(what=wording.EMPTY_TEXT()).text),
    45002: Outcome.rejected("45002", wording.DEFECT(what=wording.TEXT_TOO_LONG()).text),
    45008: Outcome.rejected("45008", wording.DEFECT(what=wording.ARTICLES()).text),
    # Media ids expire: `robot` uploads the file again before it believes these.
    40007: Outcome.rejected("40007", wording.DEFECT(what=wording.BAD_MEDIA()).text),
    41006: Outcome.rejected("41006", wording.DEFECT(what=wording.NO_MEDIA()).text),
}


def outcome_of(errcode: int) -> Outcome:
    """Return what an errcode means. One that is not known is a refusal until somebody classifies it."""
    return ERRCODES.get(errcode) or Outcome.rejected(str(errcode), wording.UNCLASSIFIED().text)
