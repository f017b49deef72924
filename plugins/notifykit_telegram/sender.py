"""Messages of a Telegram bot.

Facts from core.telegram.org: "Bot API" (sendMessage, Formatting options) and "Bots FAQ" (30 messages a second in all,
one a second to a chat, 20 a minute to a group); nothing to recognise a repeat by.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from notifykit.http import Reply, check_http_url, post
from notifykit.messages.escaping import escape_html, escape_telegram_markdown
from notifykit.model import Message, Outcome
from notifykit.options import OptionError, Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.secrets import SecretMissingError
from notifykit.wording.translation import gettext
from notifykit_telegram import wording
from notifykit_telegram.answers import judge, moved_to

Format = Literal["text", "html", "markdown_v2"]

_PARSE_MODES = {"html": "HTML", "markdown_v2": "MarkdownV2"}
_TOKEN = re.compile(r"\d+:[\w-]{20,}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button below the message that opens an address."""

    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramOptions:
    """What a message may say beside its text."""

    format: Format | None = None
    """How its text is marked up."""
    silent: bool | None = None
    """Without a sound. What is not said here is as the channel says."""
    link_preview: bool | None = None
    thread: int | None = None
    """The topic of a forum, by the id of its thread."""
    buttons: list[Button] = field(default_factory=list)
    """Each in a row of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telegram:
    """Send as a bot. A message's recipient is a chat's id, such as `-1001234567890`, or a public `@channelname`."""

    limits: ClassVar[tuple[Rate, ...]] = (Rate(30, 1),)
    key_limits: ClassVar[tuple[Rate, ...]] = (Rate(1, 1), Rate(20, 60))
    """For each chat: those of a group, which are the tighter ones."""
    repeatable: ClassVar[bool] = False
    max_length: ClassVar[int] = 4096
    length_unit: ClassVar[str] = "utf16"
    message_options: ClassVar[type] = TelegramOptions
    escapes: ClassVar[Mapping[str, Callable[[str], str] | None]] = {
        "text": None,
        "html": escape_html,
        "markdown_v2": escape_telegram_markdown,
    }

    token: Secret
    """As @BotFather gives it: `123456:ABC…`."""
    format: Format = "text"
    """How the text is marked up: `html` and `markdown_v2` as the Bot API describes them."""
    silent: bool = False
    """Without a sound."""
    link_preview: bool = True
    api_url: str = "https://api.telegram.org"
    """Of a Bot API server of one's own, where there is one."""
    proxy: Secret | str | None = None
    """`http://host:port`, or a secret where it holds a password."""

    def __post_init__(self) -> None:
        check_http_url(self.api_url, "api_url")
        check_http_url(self.proxy, "proxy")
        try:
            token = self.token.reveal()
        except SecretMissingError:
            return
        if not _TOKEN.fullmatch(token):
            raise OptionError("token", gettext("is not a bot's token"), mend=gettext("give it as @BotFather shows it"))

    @property
    def credential_key(self) -> Secret:
        """What channels of one bot share their `limits` by."""
        return self.token

    def limit_key(self, message: Message) -> str:
        """Return the chat."""
        return message.recipient

    @property
    def escape(self) -> Callable[[str], str] | None:
        """Keeps record data from being markup."""
        return self.escapes[self.format]

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Send once; a second time where the first was refused because the group has another id now."""
        size = len(message.text.encode("utf-16-le", "surrogatepass")) // 2
        if size > self.max_length:
            return Outcome.rejected("too_long", wording.TOO_LONG(size=size, most=self.max_length).text)
        until = time.monotonic() + context.timeout
        reply = self._call("sendMessage", self._body(message, message.recipient), context.timeout)
        if isinstance(reply, Outcome):
            return reply
        chat = moved_to(reply)
        if chat is None:
            return judge(reply, now=context.clock.now())
        moved = wording.MOVED(chat=str(chat)).text
        if (left := until - time.monotonic()) <= 0 or not context.still_held():
            return Outcome.retry("migrated", moved)
        reply = self._call("sendMessage", self._body(message, str(chat)), left)
        if isinstance(reply, Outcome):
            return reply
        outcome = judge(reply, now=context.clock.now())
        return outcome if outcome.detail else replace(outcome, detail=moved)

    def probe(self, timeout: float) -> Probe:
        """Ask who the bot is."""
        reply = self._call("getMe", {}, timeout)
        if isinstance(reply, Outcome):
            return Probe.bad(gettext("cannot be reached ({said})", said=reply.said))
        if reply.ok and reply.json_object().get("ok") is True:
            return Probe.good(gettext("the service knows the bot"))
        outcome = judge(reply, now=0.0)
        if outcome.pause is not None:
            return Probe.bad(wording.WORDING.said(outcome.said))
        return Probe.not_asked(gettext("the service did not say (HTTP {status})", status=reply.status))

    def _call(self, method: str, body: dict[str, object], timeout: float) -> Reply | Outcome:
        url = f"{self.api_url.rstrip('/')}/bot{self.token.reveal()}/{method}"
        return post(url, json=body, timeout=timeout, proxy=self.proxy)

    def _body(self, message: Message, chat: str) -> dict[str, object]:
        said = message.options if isinstance(message.options, TelegramOptions) else TelegramOptions()
        body: dict[str, object] = {"chat_id": chat, "text": message.text}
        if (format_ := said.format or self.format) in _PARSE_MODES:
            body["parse_mode"] = _PARSE_MODES[format_]
        if self.silent if said.silent is None else said.silent:
            body["disable_notification"] = True
        if not (self.link_preview if said.link_preview is None else said.link_preview):
            body["link_preview_options"] = {"is_disabled": True}
        if said.thread is not None:
            body["message_thread_id"] = said.thread
        if said.buttons:
            rows = [[{"text": button.text, "url": button.url}] for button in said.buttons]
            body["reply_markup"] = {"inline_keyboard": rows}
        return body
