"""What each code of the custom robot means for a message.

Source: 飞书开放平台 (open.feishu.cn), "自定义机器人使用指南" and "服务端错误码说明". The service answers errors with
HTTP 200 or 400; only `code` counts, for `msg` is prose that may change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from notifykit.model import FOREVER, Outcome
from notifykit_feishu import wording

THROTTLE_PAUSE = 60.0
"""Seconds after which the rate of a minute is free again."""

BAD_PARAMETER = 19002
"""What a request without a type is refused with, where token and signature are good."""

CODES: Mapping[int, Outcome] = {
    0: Outcome.accepted(),
    11232: Outcome.retry("11232", wording.TOO_FAST().text, after=THROTTLE_PAUSE, pause=THROTTLE_PAUSE),
    99991400: Outcome.retry("99991400", wording.TOO_FAST().text, after=THROTTLE_PAUSE, pause=THROTTLE_PAUSE),
    # Said of a body that is no good, and of too many requests at once: both are refusals, only one of them passes.
    9499: Outcome.retry("9499", wording.NOT_PARSED().text, after=THROTTLE_PAUSE, max_tries=3),
    19001: Outcome.rejected("19001", wording.ROBOT(what=wording.TOKEN_UNKNOWN()).text, pause=FOREVER),
    19021: Outcome.rejected("19021", wording.ROBOT(what=wording.NOT_SIGNED()).text, pause=FOREVER),
    19022: Outcome.rejected("19022", wording.ROBOT(what=wording.ADDRESS_REFUSED()).text, pause=FOREVER),
    19024: Outcome.rejected("19024", wording.DEFECT(what=wording.NO_KEYWORD()).text),
    BAD_PARAMETER: Outcome.rejected("19002", wording.DEFECT(what=wording.BAD_PARAMETER()).text),
}


def outcome_of(code: int, throttle_pause: float = THROTTLE_PAUSE) -> Outcome:
    """Return what a code means. One that is not known is a refusal until somebody classifies it.

    `throttle_pause`: seconds for which the channel rests where it sent too fast.
    """
    outcome = CODES.get(code) or Outcome.rejected(str(code), wording.UNCLASSIFIED().text)
    if outcome.pause == THROTTLE_PAUSE:
        return replace(outcome, after=throttle_pause, pause=throttle_pause)
    return outcome
