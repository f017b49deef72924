"""Feishu's custom robot: open.feishu.cn, "自定义机器人使用指南"."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping

from notifykit.clock import Clock
from notifykit.testing.http import HttpAnswer, HttpRequest
from notifykit.testing.services.service import Delivered, FakeService, json_answer, json_body

MAX_REQUEST = 20 * 1024


class FakeFeishu(FakeService):
    """Robots by their tokens, which are the end of the path.

    `secret`, where the robots want signatures; `keywords`, one of which a message must have.
    """

    def __init__(
        self,
        *,
        tokens: Collection[str] = (),
        secret: str = "",
        keywords: Collection[str] = (),
        rate: tuple[int, float] | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(rate=rate, clock=clock)
        self._tokens, self._secret, self._keywords = tokens, secret, keywords

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        """Look at the size, the token, the security settings, and the message, in this order."""
        token = request.path.partition("?")[0].rpartition("/")[2]
        body = json_body(request)
        if len(request.body) > MAX_REQUEST or not (body or request.body == b"{}"):
            return json_answer(400, {"code": 9499, "msg": "Bad Request", "data": {}})
        if token not in self._tokens:
            return _said(19001, "param invalid: incoming webhook access token invalid")
        if self._secret and not self._is_signed(body):
            return _said(19021, "sign match fail or timestamp is not within one hour from current time")
        if not body.get("msg_type"):
            return _said(19002, "params error, msg_type need")
        text = _text(body)
        if self._keywords and not any(word in text for word in self._keywords):
            return _said(19024, "Key Words Not Found")
        return Delivered(token, text, body) if text else _said(19002, "params error, content need")

    def accept(self, message: Delivered, number: int) -> HttpAnswer:  # noqa: ARG002 - there is no number in it
        """Say that all went well."""
        return json_answer(200, {"code": 0, "msg": "success", "data": {}, "StatusCode": 0, "StatusMessage": "success"})

    def too_fast(self) -> HttpAnswer:
        """Refuse; for how long, it does not say."""
        return _said(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")

    def _is_signed(self, body: Mapping[str, object]) -> bool:
        timestamp = str(body.get("timestamp", ""))
        digest = hmac.digest(f"{timestamp}\n{self._secret}".encode(), b"", hashlib.sha256)
        fresh = timestamp.isdecimal() and abs(self._clock.now() - int(timestamp)) < 3600
        return fresh and body.get("sign") == base64.b64encode(digest).decode()


def _said(code: int, msg: str) -> HttpAnswer:
    return json_answer(200, {"code": code, "msg": msg, "data": {}})


def _text(body: Mapping[str, object]) -> str:
    """Return the text of a `text`, or all of a richer message as JSON."""
    content = body.get("content")
    if body.get("msg_type") == "text":
        return str(content.get("text", "")) if isinstance(content, dict) else ""
    rich = content or body.get("card")
    return json.dumps(rich, ensure_ascii=False) if rich else ""
