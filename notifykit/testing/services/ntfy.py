"""An ntfy server: docs.ntfy.sh/publish, and server/errors.go of github.com/binwiederhier/ntfy."""

from __future__ import annotations

import re
from collections.abc import Collection

from notifykit.clock import Clock
from notifykit.testing.http import HttpAnswer, HttpRequest
from notifykit.testing.services.service import Delivered, FakeService, json_answer, json_body

_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")


class FakeNtfy(FakeService):
    """Takes messages as JSON. With `token`, only those that come with it; `reserved` topics are forbidden to it."""

    def __init__(
        self,
        *,
        token: str = "",
        reserved: Collection[str] = (),
        rate: tuple[int, float] | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(rate=rate, clock=clock)
        self._token, self._reserved = token, reserved

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        """Look at token, topic and right, in this order. A message without a text is one that says "triggered"."""
        if request.path == "/v1/health":
            return json_answer(200, {"healthy": True})
        if self._token and request.headers.get("authorization") != f"Bearer {self._token}":
            return _refusal(401, 40101, "unauthorized")
        if request.path == "/v1/account":
            return json_answer(200, {"username": "sample"})
        if request.path != "/":
            return _refusal(404, 40401, "page not found")
        body = json_body(request)
        topic = str(body.get("topic", ""))
        if not _TOPIC.fullmatch(topic):
            return _refusal(400, 40009, "invalid request: topic invalid")
        if topic in self._reserved:
            return _refusal(403, 40301, "forbidden")
        return Delivered(topic, str(body.get("message") or "triggered"), body)

    def accept(self, message: Delivered, number: int) -> HttpAnswer:
        """Return the message as it is published."""
        return json_answer(200, {"id": f"id{number:010d}", "event": "message", "topic": message.to})

    def too_fast(self) -> HttpAnswer:
        """Refuse, without a word on how long."""
        return _refusal(429, 42901, "limit reached: too many requests, please be nice")


def _refusal(status: int, code: int, error: str) -> HttpAnswer:
    return json_answer(status, {"code": code, "http": status, "error": error})
