"""The group robot: one webhook, one group.

Facts from the vendor's page "消息推送" (developer.work.weixin.qq.com): 20 messages a minute for each robot,
text up to 2048 bytes of UTF-8, markdown and markdown_v2 up to 4096, no message id, nothing to drop a repeat by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal
from urllib.parse import quote

from notifykit.http import Reply, check_http_url, classify_status, post, throttle
from notifykit.model import FOREVER, Message, Outcome
from notifykit.options import OptionError, Seconds, Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.secrets import SecretMissingError
from notifykit.wording.translation import gettext
from notifykit_wecom import wording
from notifykit_wecom.errcodes import EMPTY, THROTTLE_PAUSE, THROTTLED, outcome_of

MAX_BYTES: Mapping[str, int] = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
"""UTF-8 bytes of content that the service takes."""

ZERO_WIDTH_SPACE = "\u200b"


@dataclass(frozen=True, slots=True, kw_only=True)
class WecomRobot:
    """Send to the group that a robot belongs to. A task's recipient is only a label: the key decides."""

    limits: ClassVar[tuple[Rate, ...]] = (Rate(20, 60),)
    repeatable: ClassVar[bool] = False

    key: Secret
    """What stands behind `key=` in the robot's webhook URL."""
    base_url: str = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
    msgtype: Literal["text", "markdown", "markdown_v2"] = "text"
    mentioned_list: list[str] = field(default_factory=list)
    """User ids to mention, `@all` for everybody. Only with `msgtype: text`."""
    mentioned_mobile_list: list[str] = field(default_factory=list)
    """Phone numbers to mention, `@all` for everybody. Only with `msgtype: text`."""
    throttle_pause: Seconds = THROTTLE_PAUSE
    """How long the channel rests after errcode 45009. The service blocks a robot for 60 s."""
    proxy: Secret | str | None = None
    """`http://host:port`, or a secret where it holds a password."""

    def __post_init__(self) -> None:
        check_http_url(self.base_url, "base_url")
        if "?" in self.base_url:
            raise OptionError(
                "base_url",
                gettext("has a query"),
                mend=gettext("give only what stands before the ?, and the key under `key`"),
            )
        self._check_key()
        if self.msgtype != "text" and (self.mentioned_list or self.mentioned_mobile_list):
            raise OptionError(
                "msgtype",
                gettext("{msgtype} takes no mentioned_list and no mentioned_mobile_list", msgtype=self.msgtype),
                mend=gettext("use msgtype: text, or (markdown only) write <@userid> into the template"),
            )
        if self.throttle_pause <= 0:
            raise OptionError("throttle_pause", gettext("must be more than 0 seconds"))
        if self.proxy is not None:
            check_http_url(self.proxy, "proxy")

    @property
    def max_bytes(self) -> int:
        """UTF-8 bytes of text that one message may have."""
        return MAX_BYTES[self.msgtype]

    def escape(self, value: str) -> str:
        """Break mentions in record data: a cell that says `<@all>` must not call up the whole group.

        A zero-width space goes between `<` and `@`, also where they would only meet through what stands next
        to the value in the template. markdown_v2 knows no mentions.
        """
        if self.msgtype == "markdown_v2":
            return value
        broken = value.replace("<@", f"<{ZERO_WIDTH_SPACE}@")
        if broken.startswith("@"):
            broken = ZERO_WIDTH_SPACE + broken
        return broken + ZERO_WIDTH_SPACE if broken.endswith("<") else broken

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Post once, and judge by errcode alone."""
        size = len(message.text.encode(errors="surrogatepass"))
        if size > self.max_bytes:
            return Outcome.rejected("40058", wording.TOO_LONG(size=size, kind=self.msgtype, most=self.max_bytes).text)
        reply = post(
            self._url(),
            json=self._body(message.text),
            timeout=context.timeout,
            proxy=self.proxy,
        )
        if isinstance(reply, Outcome):
            return reply
        return self._judge(reply, context.clock.now())

    def probe(self, timeout: float) -> Probe:
        """Post a message without a text: the service refuses it (44004), which tells that it knows the key."""
        reply = post(
            self._url(),
            json={"msgtype": self.msgtype, self.msgtype: {"content": ""}},
            timeout=timeout,
            proxy=self.proxy,
        )
        if isinstance(reply, Outcome):
            return Probe.bad(gettext("cannot be reached ({said})", said=reply.said))
        errcode = reply.json_object().get("errcode")
        if errcode == EMPTY:
            return Probe.good(gettext("the service knows the key"))
        if type(errcode) is int and (outcome := outcome_of(errcode)).pause == FOREVER:
            return Probe.bad(wording.WORDING.said(outcome.said))
        said = (
            f"errcode {errcode}"
            if type(errcode) is int
            else gettext("HTTP {status}, and no errcode", status=reply.status)
        )
        return Probe.not_asked(gettext("the service did not say ({said})", said=said))

    def _url(self) -> str:
        return f"{self.base_url}?key={quote(self.key.reveal(), safe='')}"

    def _judge(self, reply: Reply, now: float) -> Outcome:
        if (asked := throttle(reply, now=now)) is not None:
            return asked
        errcode = reply.json_object().get("errcode")
        if type(errcode) is int and (errcode or reply.ok):
            outcome = outcome_of(errcode)
            if errcode == THROTTLED:
                return replace(outcome, after=self.throttle_pause, pause=self.throttle_pause)
            return outcome
        return classify_status(reply, now=now) or Outcome.unknown("no_errcode", wording.UNSAID().text)

    def _body(self, text: str) -> dict[str, object]:
        content: dict[str, object] = {"content": text}
        if self.mentioned_list:
            content["mentioned_list"] = self.mentioned_list
        if self.mentioned_mobile_list:
            content["mentioned_mobile_list"] = self.mentioned_mobile_list
        return {"msgtype": self.msgtype, self.msgtype: content}

    def _check_key(self) -> None:
        try:
            key = self.key.reveal()
        except SecretMissingError:
            return
        if "/" in key or "=" in key:
            raise OptionError(
                "key",
                gettext("is not a robot's key"),
                mend=gettext("give only what stands behind key= in the webhook URL"),
            )
