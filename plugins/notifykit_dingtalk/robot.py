"""The custom robot: one webhook, one group.

Facts from the vendor's pages "自定义机器人接入", "自定义机器人安全设置" and "自定义机器人发送群消息"
(open.dingtalk.com): 20 messages a minute for each robot, above which it is blocked for ten minutes; requests up to
20,000 bytes; no message id, nothing to drop a repeat by. Record data mentions nobody: only what stands under `at` does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal
from urllib.parse import urlencode

from notifykit.clock import SystemClock
from notifykit.http import Reply, check_http_url, check_url_part, classify_status, post, throttle
from notifykit.messages.escaping import escape_wecom_markdown
from notifykit.model import FOREVER, Message, Outcome
from notifykit.options import OptionError, Seconds, Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.wording.translation import gettext
from notifykit_dingtalk import wording
from notifykit_dingtalk.errcodes import BLOCKED_FOR, MISSING_PARAMETER, outcome_of, too_fast
from notifykit_dingtalk.messages import DingtalkOptions, Mentions, body_of

MAX_REQUEST = 20_000
"""Bytes of a request that the service takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DingtalkRobot:
    """Send to the group that a custom robot belongs to. A task's recipient is only a label: the token decides."""

    limits: ClassVar[tuple[Rate, ...]] = (Rate(20, 60),)
    repeatable: ClassVar[bool] = False
    max_bytes: ClassVar[int] = 18_000
    """UTF-8 bytes of text in one message: what JSON and mentions add has room in `MAX_REQUEST`."""
    message_options: ClassVar[type] = DingtalkOptions
    escapes: ClassVar[Mapping[str, Callable[[str], str] | None]] = {
        "text": None,
        "markdown": escape_wecom_markdown,
        "link": None,
        "actionCard": escape_wecom_markdown,
    }
    """What defuses record data, by format: this Markdown documents no escape either."""

    access_token: Secret
    """What stands behind `access_token=` in the robot's webhook URL."""
    secret: Secret | None = None
    """What the robot's security settings show under 加签, where that is on."""
    base_url: str = "https://oapi.dingtalk.com/robot/send"
    msgtype: Literal["text", "markdown"] = "text"
    at_mobiles: list[str] = field(default_factory=list)
    """Phone numbers to mention with each text or markdown."""
    at_user_ids: list[str] = field(default_factory=list)
    """User ids to mention with each text or markdown."""
    at_all: bool = False
    """Mention everybody with each text or markdown."""
    throttle_pause: Seconds = BLOCKED_FOR
    """How long the channel rests after errcode 130101 or 410100. The service blocks a robot for ten minutes."""
    proxy: Secret | str | None = None
    """`http://host:port`, or a secret where it holds a password."""

    def __post_init__(self) -> None:
        check_http_url(self.base_url, "base_url")
        if "?" in self.base_url:
            raise OptionError(
                "base_url",
                gettext("has a query"),
                mend=gettext("give only what stands before the ?, and the token under `access_token`"),
            )
        check_url_part(self.access_token, "access_token", behind="access_token=")
        if self.throttle_pause <= 0:
            raise OptionError("throttle_pause", gettext("must be more than 0 seconds"))
        check_http_url(self.proxy, "proxy")

    @property
    def credential_key(self) -> Secret:
        """What the limits belong to: channels of one robot share them."""
        return self.access_token

    @property
    def escape(self) -> Callable[[str], str] | None:
        """What defuses record data in messages that name no format."""
        return self.escapes[self.msgtype]

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Post once, signed for this attempt, and judge by errcode alone."""
        body = self._body(message)
        size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
        if size > MAX_REQUEST:
            return Outcome.rejected("460101", wording.TOO_LONG(size=size, most=MAX_REQUEST).text)
        now = context.clock.now()
        reply = post(self._url(now), json=body, timeout=context.timeout, proxy=self.proxy)
        return reply if isinstance(reply, Outcome) else self._judge(reply, now)

    def probe(self, timeout: float) -> Probe:
        """Post a request that names a type and has no content: it is refused (40035), which tells the token is known.

        The settings are looked at first. Where they want a keyword, 310000 says nothing of the signature.
        """
        reply = post(self._url(SystemClock().now()), json={"msgtype": "text"}, timeout=timeout, proxy=self.proxy)
        if isinstance(reply, Outcome):
            return Probe.bad(gettext("cannot be reached ({said})", said=reply.said))
        errcode = reply.json_object().get("errcode")
        if errcode == MISSING_PARAMETER:
            return Probe.good(gettext("the service knows the token"))
        if type(errcode) is not int:
            said = gettext("HTTP {status}, and no errcode", status=reply.status)
        elif (outcome := outcome_of(errcode)).pause == FOREVER:
            return Probe.bad(wording.WORDING.said(outcome.said))
        else:
            said = f"errcode {errcode}"
        return Probe.not_asked(gettext("the service did not say ({said})", said=said))

    def _body(self, message: Message) -> dict[str, object]:
        options = message.options or DingtalkOptions()
        mentions = Mentions(
            [*self.at_mobiles, *options.at_mobiles],
            [*self.at_user_ids, *options.at_user_ids],
            self.at_all or options.at_all,
        )
        return body_of(self.msgtype, message.text, options, mentions)

    def _url(self, now: float) -> str:
        query = {"access_token": self.access_token.reveal()}
        if self.secret is not None:
            query |= signed(self.secret.reveal(), now)
        return f"{self.base_url}?{urlencode(query)}"

    def _judge(self, reply: Reply, now: float) -> Outcome:
        if (asked := throttle(reply, now=now)) is not None:
            return asked
        answer = reply.json_object()
        errcode = answer.get("errcode")
        if type(errcode) is int and (errcode or reply.ok):
            return outcome_of(errcode, self.throttle_pause)
        if answer.get("punish") == "deny":  # the gateway before the service, once a robot is blocked
            return too_fast("punish_deny", self.throttle_pause)
        return classify_status(reply, now=now) or Outcome.unknown("no_errcode", wording.UNSAID().text)


def signed(secret: str, now: float) -> dict[str, str]:
    """Return the timestamp (milliseconds) and the signature of a request that is made now: good for an hour.

    Base64 of HMAC-SHA256, its key the secret, its text the timestamp, a line end and the secret (自定义机器人安全设置).
    """
    timestamp = str(int(now * 1000))
    digest = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}
