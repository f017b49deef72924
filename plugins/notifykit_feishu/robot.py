"""The custom robot: one webhook, one group.

Facts from the vendor's page "自定义机器人使用指南" (open.feishu.cn; open.larksuite.com for Lark): 100 messages a minute
and 5 a second for each robot, requests up to 20 KB, no message id, nothing to drop a repeat by.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal
from urllib.parse import quote

from notifykit.clock import SystemClock
from notifykit.http import Reply, check_http_url, check_url_part, classify_status, post, throttle
from notifykit.messages.escaping import escape_wecom_markdown
from notifykit.model import FOREVER, Message, Outcome
from notifykit.options import OptionError, Seconds, Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.wording.translation import gettext
from notifykit_feishu import wording
from notifykit_feishu.codes import BAD_PARAMETER, THROTTLE_PAUSE, outcome_of
from notifykit_feishu.messages import EVERYBODY, FeishuOptions, body_of, check_ids

MAX_REQUEST = 20_000
"""Bytes of a request. The page says 20 KB, and not whether that is 20,480."""

ZERO_WIDTH_SPACE = "\u200b"


def break_tags(value: str) -> str:
    """Break tags in record data: a cell that says `<at user_id="all">` must not call up the whole group.

    A zero-width space goes behind each `<`, so that none arises where two values meet either.
    """
    return value.replace("<", f"<{ZERO_WIDTH_SPACE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeishuRobot:
    """Send to the group that a custom robot belongs to. A task's recipient is only a label: the token decides."""

    limits: ClassVar[tuple[Rate, ...]] = (Rate(100, 60), Rate(5, 1))
    repeatable: ClassVar[bool] = False
    max_bytes: ClassVar[int] = 18_000
    """UTF-8 bytes of text in one message: what JSON, a card and mentions add has room in `MAX_REQUEST`."""
    message_options: ClassVar[type] = FeishuOptions
    escapes: ClassVar[Mapping[str, Callable[[str], str]]] = {
        "text": break_tags,
        "post": break_tags,
        "interactive": escape_wecom_markdown,
    }
    """What defuses record data, by format: the Markdown of a card has tags, too."""

    token: Secret
    """What stands behind `/hook/` in the robot's webhook URL."""
    secret: Secret | None = None
    """What the robot's security settings show under 签名校验, where that is on."""
    base_url: str = "https://open.feishu.cn/open-apis/bot/v2/hook"
    """For Lark: `https://open.larksuite.com/open-apis/bot/v2/hook`."""
    msg_type: Literal["text", "post", "interactive"] = "text"
    at_user_ids: list[str] = field(default_factory=list)
    """Open ids or user ids to mention with each message."""
    at_all: bool = False
    """Mention everybody with each message."""
    throttle_pause: Seconds = THROTTLE_PAUSE
    """How long the channel rests after code 11232 or 99991400."""
    proxy: Secret | str | None = None
    """`http://host:port`, or a secret where it holds a password."""

    def __post_init__(self) -> None:
        check_http_url(self.base_url, "base_url")
        if "?" in self.base_url:
            raise OptionError(
                "base_url", gettext("has a query"), mend=gettext("give only what stands before the token")
            )
        check_url_part(self.token, "token", behind="/hook/")
        check_ids(self.at_user_ids)
        if self.throttle_pause <= 0:
            raise OptionError("throttle_pause", gettext("must be more than 0 seconds"))
        check_http_url(self.proxy, "proxy")

    @property
    def credential_key(self) -> Secret:
        """What the limits belong to: channels of one robot share them."""
        return self.token

    @property
    def escape(self) -> Callable[[str], str]:
        """What defuses record data in messages that name no format."""
        return self.escapes[self.msg_type]

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Post once, signed for this attempt, and judge by the code alone."""
        now = context.clock.now()
        body = self._signed(self._body(message), now)
        size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
        if size > MAX_REQUEST:
            return Outcome.rejected("too_long", wording.TOO_LONG(size=size, most=MAX_REQUEST).text)
        reply = post(self._url(), json=body, timeout=context.timeout, proxy=self.proxy)
        return reply if isinstance(reply, Outcome) else self._judge(reply, now)

    def probe(self, timeout: float) -> Probe:
        """Post a request that has no type: it is refused (19002), which tells that token and signature are good."""
        body = self._signed({}, SystemClock().now())
        reply = post(self._url(), json=body, timeout=timeout, proxy=self.proxy)
        if isinstance(reply, Outcome):
            return Probe.bad(gettext("cannot be reached ({said})", said=reply.said))
        code = _code(reply)
        if code == BAD_PARAMETER:
            return Probe.good(gettext("the service knows the token"))
        if code is None:
            said = gettext("HTTP {status}, and no code", status=reply.status)
        elif (outcome := outcome_of(code)).pause == FOREVER:
            return Probe.bad(wording.WORDING.said(outcome.said))
        else:
            said = gettext("code {code}", code=code)
        return Probe.not_asked(gettext("the service did not say ({said})", said=said))

    def _body(self, message: Message) -> dict[str, object]:
        options = message.options or FeishuOptions()
        mentioned = [*self.at_user_ids, *options.at_user_ids]
        if self.at_all or options.at_all:
            mentioned.append(EVERYBODY)
        return body_of(self.msg_type, message.text, options, mentioned)

    def _signed(self, body: dict[str, object], now: float) -> dict[str, object]:
        return body if self.secret is None else {**signature(self.secret.reveal(), now), **body}

    def _url(self) -> str:
        return f"{self.base_url.rstrip('/')}/{quote(self.token.reveal(), safe='')}"

    def _judge(self, reply: Reply, now: float) -> Outcome:
        if (asked := throttle(reply, now=now)) is not None:
            return asked
        code = _code(reply)
        if code is not None and (code or reply.ok):
            return outcome_of(code, self.throttle_pause)
        return classify_status(reply, now=now) or Outcome.unknown("no_code", wording.UNSAID().text)


def signature(secret: str, now: float) -> dict[str, str]:
    """Return the timestamp (seconds) and the signature of a request that is made now: good for an hour.

    Base64 of HMAC-SHA256 over nothing, its key the timestamp, a line end and the secret (自定义机器人使用指南).
    """
    timestamp = str(int(now))
    digest = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}


def _code(reply: Reply) -> int | None:
    """Return the code of a reply. Robots of the first generation say `StatusCode` where all went well."""
    answer = reply.json_object()
    code = answer.get("code", answer.get("StatusCode"))
    return code if type(code) is int else None
