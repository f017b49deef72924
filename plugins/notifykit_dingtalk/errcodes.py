"""What each errcode of the custom robot means for a message.

Source: 钉钉开放平台 (open.dingtalk.com), "自定义机器人发送群消息" and "全局错误码". The service answers errors with
HTTP 200; only `errcode` counts, for `errmsg` is prose that may change.
"""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.model import FOREVER, Outcome
from notifykit_dingtalk import wording

BLOCKED_FOR = 600.0
"""Seconds for which the service blocks a robot that sent too fast."""

MISSING_PARAMETER = 40035
"""What a request without a content is refused with, where the token is good."""

ERRCODES: Mapping[int, Outcome] = {
    0: Outcome.accepted(),
    -1: Outcome.retry("-1", wording.SERVICE_BUSY().text, after=5, max_tries=3),
    130101: Outcome.retry("130101", wording.TOO_FAST().text, after=BLOCKED_FOR, pause=BLOCKED_FOR),
    410100: Outcome.retry("410100", wording.TOO_FAST().text, after=BLOCKED_FOR, pause=BLOCKED_FOR),
    300001: Outcome.rejected("300001", wording.ROBOT(what=wording.TOKEN_UNKNOWN()).text, pause=FOREVER),
    300005: Outcome.rejected("300005", wording.ROBOT(what=wording.TOKEN_UNKNOWN()).text, pause=FOREVER),
    400101: Outcome.rejected("400101", wording.ROBOT(what=wording.TOKEN_UNKNOWN()).text, pause=FOREVER),
    400013: Outcome.rejected("400013", wording.ROBOT(what=wording.GROUP_GONE()).text, pause=FOREVER),
    400102: Outcome.rejected("400102", wording.ROBOT(what=wording.STOPPED()).text, pause=FOREVER),
    400106: Outcome.rejected("400106", wording.ROBOT(what=wording.NO_ROBOT()).text, pause=FOREVER),
    # One number for a missing keyword, which is one message's defect, and for two that are the channel's.
    310000: Outcome.rejected("310000", wording.NOT_VERIFIED().text),
    MISSING_PARAMETER: Outcome.rejected("40035", wording.DEFECT(what=wording.MISSING_PARAMETER()).text),
    400105: Outcome.rejected("400105", wording.DEFECT(what=wording.TYPE_UNKNOWN()).text),
    430101: Outcome.rejected("430101", wording.DEFECT(what=wording.UNSAFE_LINK()).text),
    430102: Outcome.rejected("430102", wording.DEFECT(what=wording.IMPROPER_TEXT()).text),
    430103: Outcome.rejected("430103", wording.DEFECT(what=wording.IMPROPER_PICTURE()).text),
    430104: Outcome.rejected("430104", wording.DEFECT(what=wording.IMPROPER()).text),
    460101: Outcome.rejected("460101", wording.DEFECT(what=wording.TEXT_TOO_LONG()).text),
}


def outcome_of(errcode: int, blocked_for: float = BLOCKED_FOR) -> Outcome:
    """Return what an errcode means. One that is not known is a refusal until somebody classifies it.

    `blocked_for`: seconds for which the channel rests where it sent too fast.
    """
    outcome = ERRCODES.get(errcode) or Outcome.rejected(str(errcode), wording.UNCLASSIFIED().text)
    return too_fast(outcome.code, blocked_for) if outcome.pause == BLOCKED_FOR else outcome


def too_fast(code: str, blocked_for: float) -> Outcome:
    """Return what it means that the robot sent too fast."""
    return Outcome.retry(code, wording.TOO_FAST().text, after=blocked_for, pause=blocked_for)
