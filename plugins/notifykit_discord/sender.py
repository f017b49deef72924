"""Discord's webhooks: one address, one channel.

Facts from docs.discord.com/developers: "Execute Webhook" (2000 characters; `wait=true` returns the message), "Rate
Limits" (a 429 says in its JSON how long; rates are told by headers and may change) and "JSON Error Codes"; nothing to
recognise a repeat by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from notifykit.http import Reply, check_http_url, classify_status, get, post, throttle
from notifykit.messages.escaping import escape_commonmark
from notifykit.model import FOREVER, Message, Outcome
from notifykit.options import Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.wording.translation import gettext
from notifykit_discord import wording

OF_THE_HOOK = frozenset({10015, 50027})
"""Unknown Webhook, Invalid Webhook Token."""
LONGEST_WAIT = 3600.0
"""Seconds: a longer `retry_after` is taken as this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordOptions:
    """What a message may say beside its text."""

    silent: bool = False
    """Without a notification on phones and desktops."""
    thread: str = ""
    """The id of a thread in the webhook's channel."""
    username: str = ""
    """Another name than the webhook's."""
    mentions: list[Literal["everyone", "roles", "users"]] = field(default_factory=list)
    """What in the template's text may notify people. Otherwise a mention is only shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordWebhook:
    """Post to the channel of a webhook. A task's recipient is only a label."""

    limits: ClassVar[tuple[Rate, ...]] = (Rate(5, 2), Rate(30, 60))
    """What was seen: the documentation names no numbers."""
    repeatable: ClassVar[bool] = False
    max_length: ClassVar[int] = 2000
    length_unit: ClassVar[str] = "characters"
    message_options: ClassVar[type] = DiscordOptions

    url: Secret
    """`https://discord.com/api/webhooks/…`: a secret, because whoever knows it may post."""
    proxy: Secret | str | None = None
    """`http://host:port`, or a secret where it holds a password."""

    def __post_init__(self) -> None:
        check_http_url(self.url, "url")
        check_http_url(self.proxy, "proxy")

    @property
    def credential_key(self) -> Secret:
        """What channels of one webhook share their `limits` by."""
        return self.url

    def escape(self, value: str) -> str:
        """Keep record data from being Markdown, a link with another text, or a mention."""
        return escape_commonmark(value)

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Post once, and wait until the message is there."""
        if not message.text.strip():
            return Outcome.rejected("50006", wording.EMPTY().text)
        if (size := len(message.text)) > self.max_length:
            return Outcome.rejected("too_long", wording.TOO_LONG(size=size, most=self.max_length).text)
        said = message.options if isinstance(message.options, DiscordOptions) else DiscordOptions()
        query = "wait=true" + (f"&thread_id={said.thread}" if said.thread.isdecimal() else "")
        address = self.url.reveal()
        url = f"{address}{'&' if '?' in address else '?'}{query}"
        reply = post(url, json=_body(message.text, said), timeout=context.timeout, proxy=self.proxy)
        return reply if isinstance(reply, Outcome) else _judge(reply, context.clock.now())

    def probe(self, timeout: float) -> Probe:
        """Ask what the webhook is."""
        reply = get(self.url, timeout=timeout, proxy=self.proxy)
        if isinstance(reply, Outcome):
            return Probe.bad(gettext("cannot be reached ({said})", said=reply.said))
        answer = reply.json_object()
        if reply.ok and "id" in answer:
            return Probe.good(gettext("the service knows the webhook"))
        if answer.get("code") in OF_THE_HOOK:
            return Probe.bad(wording.WORDING.said(wording.HOOK()))
        return Probe.not_asked(gettext("the service did not say (HTTP {status})", status=reply.status))


def _body(text: str, said: DiscordOptions) -> dict[str, object]:
    body: dict[str, object] = {"content": text, "allowed_mentions": {"parse": list(said.mentions)}}
    if said.silent:
        body["flags"] = 1 << 12  # SUPPRESS_NOTIFICATIONS
    if said.username:
        body["username"] = said.username
    return body


def _judge(reply: Reply, now: float) -> Outcome:
    answer = reply.json_object()
    wait = answer.get("retry_after")
    if reply.status == 429 and isinstance(wait, int | float):
        seconds = min(max(1.0, wait), LONGEST_WAIT)
        return Outcome.retry("HTTP 429", wording.TOO_FAST().text, after=seconds, pause=seconds)
    if (asked := throttle(reply, now=now)) is not None:
        return asked
    if reply.ok and isinstance(id_ := answer.get("id"), str):
        return Outcome.accepted(vendor_id=id_)
    code = answer.get("code")
    if type(code) is int and 400 <= reply.status <= 499 and reply.status != 408:
        if code in OF_THE_HOOK:
            return Outcome.rejected(str(code), wording.HOOK().text, pause=FOREVER)
        return Outcome.rejected(str(code), wording.DEFECT().text)
    return classify_status(reply, now=now) or Outcome.unknown("no_id", wording.UNSAID().text)
