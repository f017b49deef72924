"""Messages to topics of an ntfy server, ntfy.sh or one of one's own.

Facts from docs.ntfy.sh/publish ("Publish as JSON", "Limitations": 4096 bytes, 60 requests at once and then one in 5
seconds) and the server's errors.go (github.com/binwiederhier/ntfy); nothing to recognise a repeat by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from notifykit.http import Reply, check_ca_file, check_http_url, classify_status, get, post, retry_after
from notifykit.messages.escaping import escape_commonmark
from notifykit.model import FOREVER, Message, Outcome
from notifykit.options import ProjectPath, Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.wording.translation import gettext
from notifykit_ntfy import wording

Priority = Literal["min", "low", "default", "high", "urgent"]

PRIORITIES: Mapping[str, int] = {"min": 1, "low": 2, "default": 3, "high": 4, "urgent": 5}
NO_DEVICE = 50701
"""A server that stores nothing for a topic that nobody listens to."""
PAUSES: Mapping[int, float] = {42901: 5.0, 42908: 1800.0, 42909: 1800.0}
"""Seconds that a channel pauses after these codes: requests come back one in 5 s, messages once a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NtfyOptions:
    """What a message may say beside its text."""

    title: str = ""
    priority: Literal["", "min", "low", "default", "high", "urgent"] = ""
    """What is not said here is as the channel says."""
    tags: list[str] = field(default_factory=list)
    """Words, or the short names of emoji; the channel's come first."""
    click: str = ""
    """An address that opens where the notification is tapped."""
    format: Literal["text", "markdown"] = "text"
    """What its text is written in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ntfy:
    """Publish to a topic: the message's recipient, or `topic`."""

    limits: ClassVar[tuple[Rate, ...]] = (Rate(60, 300),)
    repeatable: ClassVar[bool] = False
    max_bytes: ClassVar[int] = 4096
    """What is longer becomes a file on the server."""
    message_options: ClassVar[type] = NtfyOptions
    escapes: ClassVar[Mapping[str, Callable[[str], str] | None]] = {"text": None, "markdown": escape_commonmark}

    url: str = "https://ntfy.sh"
    """The server, without a topic."""
    token: Secret | None = None
    """An access token, `tk_…`, where topics are protected."""
    topic: Secret | None = None
    """For a topic that is known to nobody else: the recipient is a label then."""
    title: str = ""
    """Above each message that says no other."""
    priority: Priority = "default"
    tags: list[str] = field(default_factory=list)
    """Words, or the short names of emoji, with each message."""
    proxy: Secret | str | None = None
    """`http://host:port`, or a secret where it holds a password."""
    ca_file: ProjectPath | None = None
    """PEM file of the certificates to trust, for a server with an authority of its own."""

    def __post_init__(self) -> None:
        check_http_url(self.url, "url")
        check_http_url(self.proxy, "proxy")
        if self.ca_file is not None:
            check_ca_file(self.ca_file)

    @property
    def credential_key(self) -> Secret | None:
        """What channels of one account share their `limits` by."""
        return self.token

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Publish once."""
        if not message.text.strip():
            return Outcome.rejected("empty", wording.EMPTY().text)
        size = len(message.text.encode(errors="surrogatepass"))
        if size > self.max_bytes:
            return Outcome.rejected("too_long", wording.TOO_LONG(size=size, most=self.max_bytes).text)
        reply = post(
            self.url.rstrip("/") + "/",
            json=self._body(message),
            headers=self._headers(),
            timeout=context.timeout,
            proxy=self.proxy,
            ca_file=self.ca_file,
        )
        return reply if isinstance(reply, Outcome) else _judge(reply, context.clock.now())

    def probe(self, timeout: float) -> Probe:
        """Ask whose the token is; without one, whether the server is well."""
        place = "/v1/health" if self.token is None else "/v1/account"
        reply = get(
            self.url.rstrip("/") + place,
            headers=self._headers(),
            timeout=timeout,
            proxy=self.proxy,
            ca_file=self.ca_file,
        )
        if isinstance(reply, Outcome):
            return Probe.bad(gettext("cannot be reached ({said})", said=reply.said))
        if reply.status in (401, 403):
            return Probe.bad(gettext("the server refuses the token"))
        answer = reply.json_object()
        if reply.ok and self.token is not None and "username" in answer:
            return Probe.good(gettext("the server knows the token"))
        if reply.ok and answer.get("healthy") is True:
            return Probe.good(gettext("the server says that it is well"))
        return Probe.not_asked(gettext("the service did not say (HTTP {status})", status=reply.status))

    def _headers(self) -> Mapping[str, str]:
        return {} if self.token is None else {"Authorization": f"Bearer {self.token.reveal()}"}

    def _body(self, message: Message) -> dict[str, object]:
        said = message.options if isinstance(message.options, NtfyOptions) else NtfyOptions()
        body: dict[str, object] = {
            "topic": message.recipient if self.topic is None else self.topic.reveal(),
            "message": message.text,
            "priority": PRIORITIES[said.priority or self.priority],
        }
        if title := said.title or self.title:
            body["title"] = title
        if tags := [*self.tags, *said.tags]:
            body["tags"] = tags
        if said.click:
            body["click"] = said.click
        if said.format == "markdown":
            body["markdown"] = True
        return body


def _judge(reply: Reply, now: float) -> Outcome:
    answer = reply.json_object()
    code = answer.get("code")
    if code == NO_DEVICE:
        return Outcome.retry(str(code), wording.NO_DEVICE().text)
    if type(code) is int and 400 <= reply.status <= 499:
        if reply.status == 429:
            wait = retry_after(reply, now=now) or PAUSES.get(code, 60.0)
            return Outcome.retry(str(code), wording.TOO_MUCH().text, after=wait, pause=wait)
        if reply.status == 401:
            return Outcome.rejected(str(code), wording.TOKEN().text, pause=FOREVER)
        return Outcome.rejected(str(code), (wording.FORBIDDEN if reply.status == 403 else wording.DEFECT)().text)
    if reply.ok and isinstance(id_ := answer.get("id"), str) and answer.get("event") == "message":
        return Outcome.accepted(vendor_id=id_)
    return classify_status(reply, now=now) or Outcome.unknown("no_id", wording.UNSAID().text)
