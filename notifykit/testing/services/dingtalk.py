"""DingTalk's custom robot: open.dingtalk.com, "自定义机器人发送群消息" and "自定义机器人安全设置"."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping
from urllib.parse import parse_qs, urlsplit

from notifykit.clock import Clock
from notifykit.testing.http import HttpAnswer, HttpRequest
from notifykit.testing.services.service import Delivered, FakeService, json_answer, json_body

MAX_REQUEST = 20_000
TEXTS = {"text": "content", "markdown": "text", "link": "text", "actionCard": "text"}


class FakeDingtalk(FakeService):
    """Robots by their tokens. All errors come with a status of 200.

    `secret`, where the robots want signatures; `keywords`, one of which a text must have. Above `rate` a robot is
    blocked for `blocked_for` seconds.
    """

    def __init__(
        self,
        *,
        tokens: Collection[str] = (),
        secret: str = "",
        keywords: Collection[str] = (),
        rate: tuple[int, float] | None = None,
        blocked_for: float = 600.0,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(rate=rate, clock=clock)
        self._tokens, self._secret, self._keywords = tokens, secret, keywords
        self._blocked_for, self._blocked_until = blocked_for, float("-inf")

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        """Look at the token, the security settings, and the message, in this order."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        token = query.get("access_token", "")
        if token not in self._tokens:
            return _said(300005, "token is not exist")
        if self._secret and not self._is_signed(query):
            return _said(310000, "sign not match")
        body = json_body(request)
        text = _text(body)
        if self._keywords and not any(word in text for word in self._keywords):
            return _said(310000, "keywords not in content")
        if body.get("msgtype") not in TEXTS:
            return _said(400105, "unsupported msgtype")
        if not text.strip():
            return _said(40035, "missing parameter text")
        if len(request.body) > MAX_REQUEST:
            return _said(460101, "message too long, exceed 20000 bytes")
        if self._clock.monotonic() < self._blocked_until:
            return _TOO_FAST
        return Delivered(token, text, body)

    def accept(self, message: Delivered, number: int) -> HttpAnswer:  # noqa: ARG002 - there is no number in it
        """Say that all went well."""
        return _said(0, "ok")

    def too_fast(self) -> HttpAnswer:
        """Refuse, and block the robot."""
        self._blocked_until = self._clock.monotonic() + self._blocked_for
        return _TOO_FAST

    def _is_signed(self, query: Mapping[str, str]) -> bool:
        timestamp = query.get("timestamp", "0")
        digest = hmac.digest(self._secret.encode(), f"{timestamp}\n{self._secret}".encode(), hashlib.sha256)
        fresh = timestamp.isdecimal() and abs(self._clock.now() - int(timestamp) / 1000) < 3600
        return fresh and query.get("sign") == base64.b64encode(digest).decode()


def _said(errcode: int, errmsg: str) -> HttpAnswer:
    return json_answer(200, {"errcode": errcode, "errmsg": errmsg})


_TOO_FAST = _said(130101, "send too fast, exceed 20 times per minute")


def _text(body: Mapping[str, object]) -> str:
    kind = str(body.get("msgtype"))
    part = body.get(kind)
    return str(part.get(TEXTS[kind], "")) if isinstance(part, dict) and kind in TEXTS else ""
