"""A Telegram bot's server, as far as messages go: core.telegram.org/bots/api."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from notifykit.clock import Clock
from notifykit.testing.http import HttpAnswer, HttpRequest
from notifykit.testing.services.service import Delivered, FakeService, json_answer, json_body

MOST_UNITS = 4096
"""UTF-16 units of a text."""
_MARKS = re.compile(r"\\.|!?\[|\]\((?:\\.|[^)\\])*\)|(__|\|\||[*_~`])|([#+\-=|{}.!()\]])", re.DOTALL)
"""Of MarkdownV2: what is escaped or a link's; then what comes in pairs; then what must be escaped."""
_TAG = re.compile(
    r"<(/?)(b|strong|i|em|u|ins|s|strike|del|span|tg-spoiler|a|tg-emoji|code|pre|blockquote)(?: [^<>]*)?>"
)
"""The tags of its HTML; any other `<` is to be written `&lt;`."""


class FakeTelegram(FakeService):
    """Answers `getMe` and `sendMessage` of one bot.

    `chats` are those that it knows (None: all), `blocked` those that blocked it, `migrated` groups with the id of the
    supergroup that each became. `rate` counts for each chat.
    """

    def __init__(
        self,
        token: str,
        *,
        chats: Collection[str] | None = None,
        blocked: Collection[str] = (),
        migrated: Mapping[str, int] | None = None,
        rate: tuple[int, float] | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(rate=rate, clock=clock)
        self._token = token
        self._chats, self._blocked, self._migrated = chats, blocked, dict(migrated or {})

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        """Look at token, chat, length and markup, in this order."""
        path, _, method = request.path.lstrip("/").partition("/")
        if path != f"bot{self._token}":
            return _refusal(401, "Unauthorized")
        if method == "getMe":
            return json_answer(200, {"ok": True, "result": {"id": 1, "is_bot": True, "username": "sample_bot"}})
        if method != "sendMessage":
            return _refusal(404, "Not Found")
        body = json_body(request)
        chat, text = str(body.get("chat_id", "")), str(body.get("text", ""))
        if chat in self._migrated:
            more = {"migrate_to_chat_id": self._migrated[chat]}
            return _refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", more)
        if chat in self._blocked:
            return _refusal(403, "Forbidden: bot was blocked by the user")
        if self._chats is not None and chat not in self._chats:
            return _refusal(400, "Bad Request: chat not found")
        if not text.strip():
            return _refusal(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le", "surrogatepass")) // 2 > MOST_UNITS:
            return _refusal(400, "Bad Request: message is too long")
        if not _parses(text, body.get("parse_mode")):
            return _refusal(400, "Bad Request: can't parse entities")
        return Delivered(chat, text, body)

    def accept(self, message: Delivered, number: int) -> HttpAnswer:
        """Give the message its number in the chat."""
        result = {"message_id": number, "chat": {"id": message.to}, "text": message.text}
        return json_answer(200, {"ok": True, "result": result})

    def too_fast(self) -> HttpAnswer:
        """Ask to wait, in the body."""
        return _refusal(429, "Too Many Requests: retry after 3", {"retry_after": 3})


def _parses(text: str, mode: object) -> bool:
    if mode == "MarkdownV2":
        found = _MARKS.findall(text)
        pairs = [pair for pair, _ in found if pair]
        return not any(bare for _, bare in found) and all(pairs.count(one) % 2 == 0 for one in pairs)
    if mode == "HTML":
        opened: list[str] = []
        for end, tag in _TAG.findall(text):
            if not end:
                opened.append(tag)
            elif not opened or opened.pop() != tag:
                return False
        return not opened and "<" not in _TAG.sub("", text)
    return True


def _refusal(code: int, description: str, parameters: Mapping[str, object] | None = None) -> HttpAnswer:
    told: dict[str, object] = {"ok": False, "error_code": code, "description": description}
    return json_answer(code, told | ({"parameters": parameters} if parameters else {}))
