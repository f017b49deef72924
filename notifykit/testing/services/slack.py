"""Slack's incoming webhooks and its chat.postMessage: docs.slack.dev."""

from __future__ import annotations

from collections.abc import Collection

from notifykit.clock import Clock
from notifykit.testing.http import HttpAnswer, HttpRequest
from notifykit.testing.services.service import Delivered, FakeService, json_answer, json_body


class FakeSlack(FakeService):
    """One workspace: webhooks below `/services/`, the Web API below `/api/`.

    `hooks` are the paths that are webhooks (behind `/services/`), `archived` those whose channel is archived;
    `channels` are those that the token may post to (None: all). `rate` counts for each webhook and channel.
    """

    def __init__(
        self,
        *,
        token: str = "",
        hooks: Collection[str] = (),
        archived: Collection[str] = (),
        channels: Collection[str] | None = None,
        rate: tuple[int, float] | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(rate=rate, clock=clock)
        self._token, self._hooks, self._archived, self._channels = token, hooks, archived, channels

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        """Tell webhooks from the API, and look at the credential first."""
        path = request.path.partition("?")[0]
        if path.startswith("/services/"):
            return self._hook(path.removeprefix("/services/"), request)
        if not self._token or request.headers.get("authorization") != f"Bearer {self._token}":
            return _refused("invalid_auth")
        if path == "/api/auth.test":
            return json_answer(200, {"ok": True, "team": "Sample", "user": "sample_bot", "bot_id": "B1"})
        if path != "/api/chat.postMessage":
            return _refused("unknown_method")
        body = json_body(request)
        channel, text = str(body.get("channel", "")), str(body.get("text", ""))
        if self._channels is not None and channel not in self._channels:
            return _refused("channel_not_found")
        if not (text.strip() or body.get("blocks")):
            return _refused("no_text")
        return Delivered(channel, text, body)

    def accept(self, message: Delivered, number: int) -> HttpAnswer:
        """Say `ok`, the API with the time stamp by which a message is known."""
        if "channel" not in message.body:
            return _plain(200, "ok")
        return json_answer(200, {"ok": True, "channel": message.to, "ts": f"1800000000.{number:06d}"})

    def too_fast(self) -> HttpAnswer:
        """Ask to wait, by the header."""
        return json_answer(429, {"ok": False, "error": "ratelimited"}, retry_after="3")

    def _hook(self, path: str, request: HttpRequest) -> Delivered | HttpAnswer:
        if path in self._archived:
            return _plain(410, "channel_is_archived")
        if path not in self._hooks:
            return _plain(404, "no_service")
        body = json_body(request)
        text = str(body.get("text", ""))
        return Delivered(path, text, body) if text.strip() or body.get("blocks") else _plain(400, "no_text")


def _plain(status: int, word: str) -> HttpAnswer:
    return HttpAnswer(status, word.encode(), {"content-type": "text/html"})


def _refused(error: str) -> HttpAnswer:
    return json_answer(200, {"ok": False, "error": error})
