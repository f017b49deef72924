"""A Discord webhook: docs.discord.com/developers, "Webhook", "Rate Limits" and "Opcodes and Status Codes"."""

from __future__ import annotations

from notifykit.clock import Clock
from notifykit.testing.http import HttpAnswer, HttpRequest
from notifykit.testing.services.service import Delivered, FakeService, json_answer, json_body

MOST_CHARACTERS = 2000


class FakeDiscord(FakeService):
    """One webhook, with its id and token."""

    def __init__(
        self,
        *,
        id_: str = "100000000000000001",
        token: str,
        rate: tuple[int, float] | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(rate=rate, clock=clock)
        self._id, self._token = id_, token

    @property
    def hook(self) -> str:
        """The webhook's address: a secret."""
        return f"{self.address}/api/webhooks/{self._id}/{self._token}"

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        """Look at id, token and content, in this order."""
        path, _, query = request.path.partition("?")
        *_, id_, token = path.split("/")
        if id_ != self._id:
            return _refusal(404, 10015, "Unknown Webhook")
        if token != self._token:
            return _refusal(401, 50027, "Invalid Webhook Token")
        if request.method == "GET":
            return json_answer(200, {"id": self._id, "type": 1, "name": "sample"})
        body = json_body(request)
        text = str(body.get("content", ""))
        if not (text.strip() or body.get("embeds")):
            return _refusal(400, 50006, "Cannot send an empty message")
        if len(text) > MOST_CHARACTERS:
            return _refusal(400, 50035, "Invalid Form Body")
        return Delivered(self._id, text, {**body, "query": query})

    def accept(self, message: Delivered, number: int) -> HttpAnswer:
        """Give the message an id where the query says `wait=true`; 204 and nothing else where it does not."""
        if "wait=true" not in str(message.body["query"]).split("&"):
            return HttpAnswer(204, b"")
        return json_answer(200, {"id": str(200000000000000000 + number), "content": message.text})

    def too_fast(self) -> HttpAnswer:
        """Ask to wait, in the body and by the header."""
        told = {"message": "You are being rate limited.", "retry_after": 1.337, "global": False}
        return json_answer(429, told, retry_after="2")


def _refusal(status: int, code: int, message: str) -> HttpAnswer:
    return json_answer(status, {"message": message, "code": code})
