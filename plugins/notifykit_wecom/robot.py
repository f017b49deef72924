"""The group robot: one webhook, one group.

Facts from the vendor's page "消息推送" (developer.work.weixin.qq.com): 20 messages a minute for each robot,
text up to 2048 bytes of UTF-8, markdown and markdown_v2 up to 4096, no message id, nothing to drop a repeat by.
What a message may say beside its text is in `robot_options`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal
from urllib.parse import quote

from notifykit.http import Reply, check_http_url, check_url_part, classify_status, post, throttle
from notifykit.messages.attachments import Attachment
from notifykit.model import FOREVER, Message, Outcome
from notifykit.options import OptionError, Seconds, Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.wording.translation import gettext
from notifykit_wecom import wording
from notifykit_wecom.errcodes import EMPTY, THROTTLE_PAUSE, THROTTLED, outcome_of
from notifykit_wecom.kinds import MIN_FILE, kind_of
from notifykit_wecom.media import MediaIds
from notifykit_wecom.robot_options import (
    ESCAPES,
    KINDS,
    MAX_BYTES,
    MAX_BYTES_IN,
    RobotOptions,
    image_content,
    news_content,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WecomRobot:
    """Send to the group that a robot belongs to. A task's recipient is only a label: the key decides."""

    limits: ClassVar[tuple[Rate, ...]] = (Rate(20, 60),)
    repeatable: ClassVar[bool] = False
    message_options: ClassVar[type] = RobotOptions
    escapes: ClassVar[Mapping[str, Callable[[str], str] | None]] = ESCAPES
    max_bytes_in: ClassVar[Mapping[str, int | None]] = MAX_BYTES_IN

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
    _media: MediaIds = field(init=False, repr=False, compare=False, default_factory=lambda: MediaIds(outcome_of))

    def __post_init__(self) -> None:
        check_http_url(self.base_url, "base_url")
        if "?" in self.base_url:
            raise OptionError(
                "base_url",
                gettext("has a query"),
                mend=gettext("give only what stands before the ?, and the key under `key`"),
            )
        check_url_part(self.key, "key", behind="key=")
        if self.msgtype != "text" and (self.mentioned_list or self.mentioned_mobile_list):
            raise OptionError(
                "msgtype",
                gettext("{msgtype} takes no mentioned_list and no mentioned_mobile_list", msgtype=self.msgtype),
                mend=gettext("use msgtype: text, or (markdown only) write <@userid> into the template"),
            )
        if self.throttle_pause <= 0:
            raise OptionError("throttle_pause", gettext("must be more than 0 seconds"))
        check_http_url(self.proxy, "proxy")

    @property
    def max_bytes(self) -> int:
        """UTF-8 bytes of text that one message may have."""
        return MAX_BYTES[self.msgtype]

    def escape(self, value: str) -> str:
        """Make record data plain in messages that say no format: see `robot_options`."""
        escape = ESCAPES[self.msgtype]
        return value if escape is None else escape(value)

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Post once, and judge by errcode alone. A media id that the service does not know is made anew, once."""
        options: RobotOptions = message.options or RobotOptions()
        kind = kind_of(options, KINDS, self.msgtype)
        if kind in MAX_BYTES and (size := len(message.text.encode(errors="surrogatepass"))) > MAX_BYTES[kind]:
            return Outcome.rejected("40058", wording.TOO_LONG(size=size, kind=kind, most=MAX_BYTES[kind]).text)
        if kind != "file":
            return self._post(kind, self._content(kind, message.text, options), context)
        file = options.file
        if file is None or file.size < MIN_FILE:
            return Outcome.rejected("40006", wording.TOO_SMALL(least=MIN_FILE).text)
        return self._media.sending(file, lambda: self._send_file(file, context))

    def _send_file(self, file: Attachment, context: SendContext) -> Outcome:
        media_id = self._media.of(file, lambda one: self._upload(one, context.timeout), context.clock.now())
        if isinstance(media_id, Outcome):
            return media_id
        if not context.still_held():
            return Outcome.retry("not_held", wording.NOT_HELD().text)
        return self._post("file", {"media_id": media_id}, context)

    def _upload(self, file: Attachment, timeout: float) -> Reply | Outcome:
        address = f"{self.base_url.rsplit('/', 1)[0]}/upload_media?key={quote(self.key.reveal(), safe='')}&type=file"
        files = {"media": (file.name, file.read(), file.media_type)}
        return post(address, files=files, timeout=timeout, proxy=self.proxy)

    def _post(self, kind: str, content: object, context: SendContext) -> Outcome:
        reply = post(self._url(), json={"msgtype": kind, kind: content}, timeout=context.timeout, proxy=self.proxy)
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

    def _content(self, kind: str, text: str, options: RobotOptions) -> object:
        if kind == "image" and options.image is not None:
            return image_content(options.image)
        if kind == "news":
            return news_content(options.articles)
        if kind == "template_card":
            return options.card
        content: dict[str, object] = {"content": text}
        mentions = self.mentioned_list if options.mentions is None else options.mentions
        mobiles = self.mentioned_mobile_list if options.mobiles is None else options.mobiles
        if kind == "text" and mentions:
            content["mentioned_list"] = mentions
        if kind == "text" and mobiles:
            content["mentioned_mobile_list"] = mobiles
        return content
