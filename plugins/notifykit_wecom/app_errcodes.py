"""What each errcode means for a message of an application, and for the token that it is sent with.

Source: 企业微信开发者中心 (developer.work.weixin.qq.com), "发送应用消息", "获取access_token" and "全局错误码". Errors
come with HTTP 200; only `errcode` counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.model import FOREVER, Outcome
from notifykit_wecom import wording

TOKEN_REFUSED = frozenset({40014, 42001})
"""The token is not valid any more: the message was not taken."""

_ALL_FAIL: Mapping[int, str] = {
    40001: wording.APP(what=wording.BAD_SECRET()).text,
    40091: wording.APP(what=wording.BAD_SECRET()).text,
    40013: wording.APP(what=wording.BAD_CORPID()).text,
    40056: wording.APP(what=wording.BAD_AGENTID()).text,
    301002: wording.APP(what=wording.BAD_AGENTID()).text,
    50003: wording.APP(what=wording.APP_DISABLED()).text,
    60020: wording.APP(what=wording.ADDRESS_REFUSED()).text,
}
_DEFECTS: Mapping[int, str] = {
    40008: wording.DEFECT(what=wording.TYPE_UNKNOWN()).text,
    40033: wording.DEFECT(what=wording.CHARACTER_REFUSED()).text,
    40035: wording.DEFECT(what=wording.BAD_PARAMETER()).text,
    40058: wording.DEFECT(what=wording.BAD_LENGTH()).text,
    40063: wording.DEFECT(what=wording.EMPTY_PARAMETER()).text,
    44004: wording.DEFECT(what=wording.EMPTY_TEXT()).text,
    45002: wording.DEFECT(what=wording.TEXT_TOO_LONG()).text,
    45008: wording.DEFECT(what=wording.ARTICLES()).text,
    # Media ids expire: `app` uploads the file again before it believes these.
    40007: wording.DEFECT(what=wording.BAD_MEDIA()).text,
    41006: wording.DEFECT(what=wording.NO_MEDIA()).text,
    40004: wording.DEFECT(what=wording.FILE_REFUSED()).text,
    40006: wording.DEFECT(what=wording.FILE_REFUSED()).text,
    40009: wording.DEFECT(what=wording.FILE_REFUSED()).text,
    45001: wording.DEFECT(what=wording.FILE_REFUSED()).text,
    40003: wording.DEFECT(what=wording.NO_SUCH_RECIPIENT()).text,
    40031: wording.DEFECT(what=wording.NO_SUCH_RECIPIENT()).text,
    81013: wording.DEFECT(what=wording.NO_SUCH_RECIPIENT()).text,
    82001: wording.DEFECT(what=wording.NOBODY()).text,
    86001: wording.DEFECT(what=wording.NO_SUCH_RECIPIENT()).text,
}
ERRCODES: Mapping[int, Outcome] = {
    0: Outcome.accepted(),
    -1: Outcome.retry("-1", wording.SERVICE_BUSY().text, after=5, max_tries=3),
    45009: Outcome.retry("45009", wording.TOO_MANY_MESSAGES().text, after=60, pause=60),
    45033: Outcome.retry("45033", wording.TOO_MANY_CALLS().text, after=3),
    **{code: Outcome.retry(str(code), wording.TOKEN_REFUSED().text, after=5, max_tries=3) for code in TOKEN_REFUSED},
    **{code: Outcome.rejected(str(code), said, pause=FOREVER) for code, said in _ALL_FAIL.items()},
    **{code: Outcome.rejected(str(code), said) for code, said in _DEFECTS.items()},
}


def outcome_of(errcode: int) -> Outcome:
    """Return what an errcode means. One that is not known is a refusal until somebody classifies it."""
    return ERRCODES.get(errcode) or Outcome.rejected(str(errcode), wording.UNCLASSIFIED().text)
