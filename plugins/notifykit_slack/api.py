"""Slack's Web API: chat.postMessage, with a bot's token, to any channel that it may post to.

Facts from docs.slack.dev, "chat.postMessage" and "Rate limits": one message a second to a channel, several hundred a
minute in a workspace; a refusal is HTTP 200 with `ok: false`; nothing to recognise a repeat by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from notifykit.http import Reply, check_http_url, classify_status, post, throttle
from notifykit.messages.escaping import escape_mrkdwn
from notifykit.model import Message, Outcome
from notifykit.options import Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.wording.translation import gettext
from notifykit_slack import wording
from notifykit_slack.errors import OF_THE_TOKEN, outcome_of
from notifykit_slack.text import MOST_CHARACTERS, refused_unsent, word_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackOptions:
    """What a message may say beside its text."""

    thread: str = ""
    """The `ts` of the message that it answers."""
    broadcast: bool = False
    """Show an answer in the channel, too."""
    username: str = ""
    """Another name than the app's; the token needs the scope `chat:write.customize`."""
    icon_emoji: str = ""
    """Another picture, such as `:package:`; likewise."""
    unfurl: bool = True
    """Show previews of links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackApi:
    """Post as an app. A message's recipient is a channel's or a person's id, such as `C0123456789`, or `#channel`."""

    key_limits: ClassVar[tuple[Rate, ...]] = (Rate(1, 1),)
    """For each channel."""
    repeatable: ClassVar[bool] = False
    max_length: ClassVar[int] = MOST_CHARACTERS
    length_unit: ClassVar[str] = "characters"
    message_options: ClassVar[type] = SlackOptions

    token: Secret
    """A bot's token, `xoxb-…`, with the scope `chat:write`."""
    api_url: str = "https://slack.com/api"
    proxy: Secret | str | None = None
    """`http://host:port`, or a secret where it holds a password."""

    def __post_init__(self) -> None:
        check_http_url(self.api_url, "api_url")
        check_http_url(self.proxy, "proxy")

    def limit_key(self, message: Message) -> str:
        """Return the channel."""
        return message.recipient

    def escape(self, value: str) -> str:
        """Keep record data from being a link or a mention."""
        return escape_mrkdwn(value)

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Post once, and judge by `ok` and `error` alone."""
        if (refused := refused_unsent(message.text)) is not None:
            return refused
        reply = self._call("chat.postMessage", _body(message), context.timeout)
        return reply if isinstance(reply, Outcome) else _judge(reply, context.clock.now())

    def probe(self, timeout: float) -> Probe:
        """Ask whose the token is."""
        reply = self._call("auth.test", {}, timeout)
        if isinstance(reply, Outcome):
            return Probe.bad(gettext("cannot be reached ({said})", said=reply.said))
        answer = reply.json_object()
        if reply.ok and answer.get("ok") is True:
            return Probe.good(gettext("the service knows the token"))
        word = word_of(answer.get("error"))
        if word in OF_THE_TOKEN:
            return Probe.bad(word)
        return Probe.not_asked(gettext("the service did not say (HTTP {status})", status=reply.status))

    def _call(self, method: str, body: dict[str, object], timeout: float) -> Reply | Outcome:
        headers = {
            "Authorization": f"Bearer {self.token.reveal()}",
            "Content-Type": "application/json; charset=utf-8",
        }
        return post(
            f"{self.api_url.rstrip('/')}/{method}", json=body, headers=headers, timeout=timeout, proxy=self.proxy
        )


def _judge(reply: Reply, now: float) -> Outcome:
    if (asked := throttle(reply, now=now)) is not None:
        return asked
    answer = reply.json_object()
    if answer.get("ok") is True and reply.ok and isinstance(ts := answer.get("ts"), str):
        return Outcome.accepted(vendor_id=f"{answer.get('channel', '')}/{ts}")
    if answer.get("ok") is False and (error := word_of(answer.get("error"))) is not None:
        return outcome_of(error)
    return classify_status(reply, now=now) or Outcome.unknown("no_verdict", wording.UNSAID().text)


def _body(message: Message) -> dict[str, object]:
    said = message.options if isinstance(message.options, SlackOptions) else SlackOptions()
    body: dict[str, object] = {"channel": message.recipient, "text": message.text}
    if said.thread:
        body["thread_ts"] = said.thread
        body["reply_broadcast"] = said.broadcast
    if said.username:
        body["username"] = said.username
    if said.icon_emoji:
        body["icon_emoji"] = said.icon_emoji
    if not said.unfurl:
        body["unfurl_links"] = body["unfurl_media"] = False
    return body
