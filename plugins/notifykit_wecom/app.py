"""The application message: an application of the company writes to members, departments or tags.

Facts from the vendor's pages "发送应用消息", "获取access_token" and "访问频率限制" (developer.work.weixin.qq.com): a
token is good for 7200 s, and may end early; a member gets 30 messages a minute and 1000 an hour from one application,
and what is beyond is dropped without a word; with `enable_duplicate_check` a repeat of the same request is dropped, for
up to four hours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal
from urllib.parse import urlencode

from notifykit.clock import SystemClock
from notifykit.http import Reply, TokenCache, check_http_url, classify_status, get, post, throttle
from notifykit.messages.attachments import Attachment
from notifykit.messages.escaping import escape_wecom_markdown
from notifykit.model import Message, Outcome, Verdict
from notifykit.options import OptionError, Seconds, Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.wording.translation import gettext
from notifykit_wecom import wording
from notifykit_wecom.app_errcodes import TOKEN_REFUSED, outcome_of
from notifykit_wecom.app_messages import KINDS, MAX_BYTES, MAX_TITLE, MEDIA, WecomAppOptions, content_of
from notifykit_wecom.kinds import MIN_FILE, kind_of
from notifykit_wecom.media import MediaIds

ZERO_WIDTH_SPACE = "\u200b"

SHORTEST_CHECK, LONGEST_CHECK = 300.0, 14400.0
"""Seconds: what a window of duplicates may be. The service allows four hours."""

MARGIN = 60.0
"""Seconds before the end of the window at which nothing is repeated any more: a request may be under way so long."""

SHORTEST_CALL = 1.0
"""Seconds that a request gets, however long the token took."""

LONG_WAIT = 1.0
"""Seconds of waiting for a token after which it is asked whether the message is still this worker's to send."""

EVERYBODY = "@all"

_ADDRESSED: Mapping[str, str] = {"user": "touser", "party": "toparty", "tag": "totag"}


def break_tags(value: str) -> str:
    """Break tags in record data, such as links. A zero-width space goes behind each `<`."""
    return value.replace("<", f"<{ZERO_WIDTH_SPACE}")


_ESCAPES: Mapping[str, Callable[[str], str]] = {
    "text": break_tags,
    "markdown": escape_wecom_markdown,
    "textcard": break_tags,
    "news": break_tags,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WecomApp:
    """Send as an application of WeCom. The recipient is the id of a member; several are joined by `|`."""

    key_limits: ClassVar[tuple[Rate, ...]] = (Rate(30, 60), Rate(1000, 3600))
    """For each recipient."""
    repeatable: ClassVar[bool] = True
    """The service drops a repeat of the same request: nothing in it differs from attempt to attempt."""
    repeatable_with_files: ClassVar[bool] = False
    """A file that another process uploads anew has another media id, which makes another request."""
    message_options: ClassVar[type] = WecomAppOptions
    max_bytes_in: ClassVar[Mapping[str, int | None]] = {**dict.fromkeys(KINDS.values()), **MAX_BYTES}
    escapes: ClassVar[Mapping[str, Callable[[str], str] | None]] = {**dict.fromkeys(KINDS.values()), **_ESCAPES}
    """What defuses record data, by format."""

    corpid: str
    corpsecret: Secret
    """The application's own secret."""
    agentid: int
    base_url: str = "https://qyapi.weixin.qq.com/cgi-bin"
    msgtype: Literal["text", "markdown"] = "text"
    to: Literal["user", "party", "tag"] = "user"
    """What recipients are ids of: members, departments, or tags."""
    allow_all: bool = False
    """`@all` as a recipient reaches everybody who may see the application. Without this it is rejected."""
    duplicate_check_interval: Seconds = 1800.0
    """For how long the service drops a repeat: 5 minutes to 4 hours."""
    proxy: Secret | str | None = None
    """`http://host:port`, or a secret where it holds a password."""
    _tokens: TokenCache = field(init=False, repr=False, compare=False)
    _media: Mapping[str, MediaIds] = field(
        init=False, repr=False, compare=False, default_factory=lambda: {kind: MediaIds(outcome_of) for kind in MEDIA}
    )

    def __post_init__(self) -> None:
        check_http_url(self.base_url, "base_url")
        if "?" in self.base_url:
            raise OptionError(
                "base_url", gettext("has a query"), mend=gettext("give only what stands before /gettoken")
            )
        if not SHORTEST_CHECK <= self.duplicate_check_interval <= LONGEST_CHECK:
            raise OptionError("duplicate_check_interval", gettext("must be 5 minutes to 4 hours"))
        check_http_url(self.proxy, "proxy")
        object.__setattr__(self, "_tokens", TokenCache(self._fetch_token))

    @property
    def max_bytes(self) -> int:
        """UTF-8 bytes of text that one message may have."""
        return MAX_BYTES[self.msgtype]

    @property
    def repeatable_for(self) -> float:
        """Seconds for which the service drops repeats, less what a request may be under way."""
        return self.duplicate_check_interval - MARGIN

    @property
    def credential_key(self) -> str:
        """What the limits belong to: channels of one application share them."""
        return f"{self.corpid}/{self.agentid}"

    def limit_key(self, message: Message) -> str:
        """Return what `key_limits` are counted by: ids are the same in any case."""
        return f"{self.to} {message.recipient.lower()}"

    @property
    def escape(self) -> Callable[[str], str]:
        """What defuses record data in messages that name no format."""
        return _ESCAPES[self.msgtype]

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Post, after the file was uploaded where the message is one; where the token or the media id is refused, once
        more with a new one, for then the message was refused, too."""
        options = message.options or WecomAppOptions()
        kind = kind_of(options, KINDS, self.msgtype)
        if (wrong := self._refusal(message, kind, options)) is not None:
            return wrong
        end = context.clock.monotonic() + context.timeout
        file = options.image if kind == "image" else options.file
        if kind not in MEDIA or file is None:
            return self._post(message, content_of(kind, message.text, options), context, end)
        return self._media[kind].sending(file, lambda: self._send_file(message, kind, options, file, context, end))

    def _send_file(
        self, message: Message, kind: str, options: WecomAppOptions, file: Attachment, context: SendContext, end: float
    ) -> Outcome:
        def upload(one: Attachment) -> Reply | Outcome:
            files = {"media": (one.name, one.read(), one.media_type)}
            return self._ask("media/upload", context, end, partial(post, files=files), type=kind)

        media_id = self._media[kind].of(file, upload, context.clock.now())
        if isinstance(media_id, Outcome):
            return media_id
        if not context.still_held():
            return Outcome.retry("not_held", wording.NOT_HELD().text)
        return self._post(message, content_of(kind, message.text, options, media_id), context, end)

    def _post(self, message: Message, content: Mapping[str, object], context: SendContext, end: float) -> Outcome:
        reply = self._ask("message/send", context, end, partial(post, json=self._body(message, content)))
        return reply if isinstance(reply, Outcome) else _judge(reply, context.clock.now())

    def probe(self, timeout: float) -> Probe:
        """Ask for a token, and with it for the application itself."""
        token = self._tokens.get(timeout)
        if isinstance(token, Outcome):
            if token.unreached:
                return Probe.bad(gettext("cannot be reached ({said})", said=token.said))
            return Probe.bad(wording.WORDING.said(token.said))
        reply = get(
            self._url("agent/get", access_token=token, agentid=str(self.agentid)), timeout=timeout, proxy=self.proxy
        )
        if isinstance(reply, Outcome):
            return Probe.bad(gettext("cannot be reached ({said})", said=reply.said))
        errcode = _errcode(reply)
        if errcode == 0:
            return Probe.good(gettext("the service knows the application"))
        if errcode is None:
            said = gettext("HTTP {status}, and no errcode", status=reply.status)
            return Probe.not_asked(gettext("the service did not say ({said})", said=said))
        return Probe.bad(wording.WORDING.said(outcome_of(errcode).said))

    def _ask(
        self, path: str, context: SendContext, end: float, ask: Callable[..., Reply | Outcome], **query: str
    ) -> Reply | Outcome:
        """Ask with a token; where it is refused, once more with a new one. `ask` is given the address, and how long."""
        clock, errcode = context.clock, 0
        for _ in range(2):
            asked = clock.monotonic()
            token = self._tokens.get(max(end - asked, SHORTEST_CALL))
            if isinstance(token, Outcome):
                return token
            if clock.monotonic() - asked > LONG_WAIT and not context.still_held():
                return Outcome.retry("not_held", wording.NOT_HELD().text)
            url, left = self._url(path, access_token=token, **query), max(end - clock.monotonic(), SHORTEST_CALL)
            reply = ask(url, timeout=left, proxy=self.proxy)
            if isinstance(reply, Outcome) or throttle(reply, now=clock.now()) is not None:
                return reply
            errcode = _errcode(reply) or 0
            if errcode not in TOKEN_REFUSED:
                return reply
            self._tokens.drop(token)
        return outcome_of(errcode)

    def _refusal(self, message: Message, kind: str, options: WecomAppOptions) -> Outcome | None:
        """Say what the service would do otherwise than is wanted: cut off, or tell everybody."""
        size, most = _size(message.text), MAX_BYTES.get(kind)
        if most is not None and size > most:
            return Outcome.rejected("45002", wording.TOO_LONG(size=size, kind=kind, most=most).text)
        if (size := _size(options.title)) > MAX_TITLE:
            return Outcome.rejected("45002", wording.TITLE_TOO_LONG(size=size, most=MAX_TITLE).text)
        file = {"image": options.image, "file": options.file}.get(kind)
        if file is not None and file.size < MIN_FILE:
            return Outcome.rejected("40006", wording.TOO_SMALL(least=MIN_FILE).text)
        ids = [one.strip() for one in message.recipient.split("|")]
        if not any(ids):
            return Outcome.rejected("82001", wording.DEFECT(what=wording.NOBODY()).text)
        if EVERYBODY in map(str.lower, ids) and not self.allow_all:
            return Outcome.rejected("everybody", wording.EVERYBODY().text)
        return None

    def _body(self, message: Message, content: Mapping[str, object]) -> dict[str, object]:
        """Return the request: to the byte the same for each attempt of a task, and different for every other task.

        The service compares whole requests, so `idempotency_key`, which it does not know, keeps apart two messages
        that say the same.
        """
        return {
            _ADDRESSED[self.to]: message.recipient,
            "agentid": self.agentid,
            **content,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": int(self.duplicate_check_interval),
            "idempotency_key": message.idempotency_key,
        }

    def _url(self, path: str, **query: str) -> str:
        return f"{self.base_url.rstrip('/')}/{path}?{urlencode(query)}"

    def _fetch_token(self, timeout: float) -> tuple[str, float] | Outcome:
        url = self._url("gettoken", corpid=self.corpid, corpsecret=self.corpsecret.reveal())
        reply = get(url, timeout=timeout, proxy=self.proxy)
        if isinstance(reply, Outcome):
            return reply
        now = SystemClock().now()
        if (asked := throttle(reply, now=now)) is not None:
            return asked
        match reply.json_object():
            case {"errcode": 0, "access_token": str(token), "expires_in": int(seconds)} if token and reply.ok:
                return token, float(seconds)
            case {"errcode": int(errcode)} if errcode:
                return outcome_of(errcode)
        said = f"HTTP {reply.status}"
        return classify_status(reply, now=now) or Outcome.retry("no_token", wording.NO_TOKEN(said=said).text)


def _judge(reply: Reply, now: float) -> Outcome:
    if (asked := throttle(reply, now=now)) is not None:
        return asked
    errcode = _errcode(reply)
    if errcode is None or not (errcode or reply.ok):
        return classify_status(reply, now=now) or Outcome.unknown("no_errcode", wording.UNSAID().text)
    outcome = outcome_of(errcode)
    if outcome.verdict is not Verdict.ACCEPTED:
        return outcome
    answer = reply.json_object()
    msgid = answer.get("msgid")
    return Outcome.accepted(vendor_id=msgid if isinstance(msgid, str) else None, undelivered=_left_out(answer))


def _errcode(reply: Reply) -> int | None:
    errcode = reply.json_object().get("errcode")
    return errcode if type(errcode) is int else None


def _left_out(answer: Mapping[str, object]) -> tuple[str, ...]:
    """Return the recipients that the service left out: ids of members, `party 7`, `tag 7`, `without a licence: id`."""
    kinds = {"invaliduser": "", "invalidparty": "party ", "invalidtag": "tag ", "unlicenseduser": "without a licence: "}
    found: list[str] = []
    for name, kind in kinds.items():
        ids = answer.get(name)
        found += [f"{kind}{one}" for one in ids.split("|") if one] if isinstance(ids, str) else []
    return tuple(found)


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))
