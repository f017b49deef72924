"""Slack's incoming webhooks: one address, one channel.

Facts from docs.slack.dev, "Sending messages using incoming webhooks" (a success is 200 with the body `ok`; errors are a
status and a word) and "Rate limits" (one message a second to each webhook); nothing to recognise a repeat by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from notifykit.http import Reply, check_http_url, classify_status, post, throttle
from notifykit.messages.escaping import escape_mrkdwn
from notifykit.model import FOREVER, Message, Outcome
from notifykit.options import Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.wording.translation import gettext
from notifykit_slack import wording
from notifykit_slack.text import MOST_CHARACTERS, refused_unsent, word_of

OF_THE_HOOK = frozenset(
    {
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "invalid_token",
        "no_active_hooks",
        "no_service",
        "no_service_id",
        "no_team",
        "team_disabled",
        "posting_to_general_channel_denied",
    }
)
"""Words that say something of the webhook: every other message would be refused, too."""
WITHOUT_A_TEXT = frozenset({"invalid_payload", "missing_text_or_fallback_or_attachments", "no_text"})
"""What a request without a text is refused with, where the webhook is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackWebhook:
    """Post to the channel of an incoming webhook. A task's recipient is only a label."""

    limits: ClassVar[tuple[Rate, ...]] = (Rate(1, 1),)
    repeatable: ClassVar[bool] = False
    max_length: ClassVar[int] = MOST_CHARACTERS
    length_unit: ClassVar[str] = "characters"

    url: Secret
    """`https://hooks.slack.com/services/…`: a secret, because whoever knows it may post."""
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
        """Keep record data from being a link or a mention."""
        return escape_mrkdwn(value)

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Post once."""
        if (refused := refused_unsent(message.text)) is not None:
            return refused
        reply = post(self.url, json={"text": message.text}, timeout=context.timeout, proxy=self.proxy)
        return reply if isinstance(reply, Outcome) else _judge(reply, context.clock.now())

    def probe(self, timeout: float) -> Probe:
        """Post a message without a text: where the webhook is good, it is refused for that."""
        reply = post(self.url, json={"text": ""}, timeout=timeout, proxy=self.proxy)
        if isinstance(reply, Outcome):
            return Probe.bad(gettext("cannot be reached ({said})", said=reply.said))
        word = _word(reply)
        if word in WITHOUT_A_TEXT:
            return Probe.good(gettext("the service knows the webhook"))
        if word in OF_THE_HOOK:
            return Probe.bad(word)
        return Probe.not_asked(gettext("the service did not say (HTTP {status})", status=reply.status))


def _judge(reply: Reply, now: float) -> Outcome:
    if reply.ok:
        return Outcome.accepted() if reply.body == b"ok" else Outcome.unknown("not_ok", wording.UNSAID().text)
    if (asked := throttle(reply, now=now)) is not None:
        return asked
    word = _word(reply)
    if word is not None and 400 <= reply.status <= 499:
        if word in OF_THE_HOOK:
            return Outcome.rejected(word, wording.CREDENTIAL().text, pause=FOREVER)
        return Outcome.rejected(word, wording.DEFECT().text)
    return classify_status(reply, now=now) or Outcome.unknown("not_ok", wording.UNSAID().text)


def _word(reply: Reply) -> str | None:
    return word_of(reply.body.decode("ascii", "replace").strip())
