"""One POST to a receiver that knows nothing of notifykit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from notifykit.http import check_ca_file, check_http_url, classify_status, get, header_value, post, throttle
from notifykit.model import Message, Outcome
from notifykit.options import OptionError, ProjectPath, Secret
from notifykit.roles import Probe, SendContext
from notifykit.wording.translation import gettext
from notifykit_webhook import wording
from notifykit_webhook.accept import Accept
from notifykit_webhook.fields import DEFAULT, check_fields, fill

IDEMPOTENCY_KEY = "Idempotency-Key"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = {IDEMPOTENCY_KEY.lower(), "connection", "content-length", "transfer-encoding"}
_CREDENTIAL = re.compile(r"authorization|cookie|token|secret|signature|password|api-?key", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Post each message to one URL."""

    url: Secret
    """Where to; a secret, because whoever knows a webhook's address may use it."""
    headers: dict[str, Secret | str] = field(default_factory=dict)
    body: Literal["json", "text"] = "json"
    """`json` sends `fields`, `text` the bare text as text/plain in UTF-8."""
    fields: dict[str, object] = field(default_factory=lambda: dict(DEFAULT))
    """The JSON body. Strings may hold {text}, {recipient}, {idempotency_key}, {campaign}, {key} and {name}."""
    accept: Accept | None = None
    """For a receiver that answers 200 with an error inside. Without it every 2xx is an acceptance."""
    idempotent: bool = False
    """The receiver drops a repeat of the same Idempotency-Key: your word for it."""
    max_bytes: int | None = None
    """UTF-8 bytes of text that the receiver takes."""
    probe_url: Secret | str | None = None
    """An address that answers 2xx to a GET with these headers where they are good: `check --online` asks it."""
    proxy: Secret | str | None = None
    """`http://host:port`, or a secret where it holds a password."""
    ca_file: ProjectPath | None = None
    """PEM file of the certificates to trust, for a receiver with an authority of its own."""

    def __post_init__(self) -> None:
        check_http_url(self.url, "url")
        _check_headers(self.headers)
        check_fields(self.fields)
        if self.body == "text" and self.fields != DEFAULT:
            raise OptionError(
                "fields",
                gettext("means nothing with `body: text`, which sends the bare text"),
                mend=gettext("drop one of the two"),
            )
        if self.max_bytes is not None and self.max_bytes < 1:
            raise OptionError("max_bytes", gettext("must be 1 or more, not {max_bytes}", max_bytes=self.max_bytes))
        check_http_url(self.probe_url, "probe_url")
        check_http_url(self.proxy, "proxy")
        if self.ca_file is not None:
            check_ca_file(self.ca_file)

    @property
    def repeatable(self) -> bool:
        """Whether an attempt in doubt may be repeated."""
        return self.idempotent

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Post once."""
        size = len(message.text.encode(errors="surrogatepass"))
        if self.max_bytes is not None and size > self.max_bytes:
            return Outcome.rejected("too_long", wording.TOO_LONG(size=size, most=self.max_bytes).text)
        reply = post(
            self.url,
            json=fill(self.fields, message) if self.body == "json" else None,
            content=message.text if self.body == "text" else None,
            headers={**self.headers, IDEMPOTENCY_KEY: header_value(message.idempotency_key)},
            timeout=context.timeout,
            proxy=self.proxy,
            ca_file=self.ca_file,
        )
        if isinstance(reply, Outcome):
            return reply
        if (asked := throttle(reply, now=context.clock.now())) is not None:
            return asked
        if self.accept is not None and (verdict := self.accept.judge(reply)) is not None:
            return verdict
        if (refused := classify_status(reply, now=context.clock.now())) is not None:
            return refused
        if self.accept is None:
            return Outcome.accepted()
        return Outcome.unknown("no_verdict", wording.NO_VERDICT(name=self.accept.path).text)

    def probe(self, timeout: float) -> Probe:
        """Ask `probe_url`, where there is one."""
        if self.probe_url is None:
            return Probe.not_asked(
                gettext("what it answers to, only a message tells; `probe_url:` names an address to ask")
            )
        reply = get(self.probe_url, headers=self.headers, timeout=timeout, proxy=self.proxy, ca_file=self.ca_file)
        if isinstance(reply, Outcome):
            return Probe.bad(gettext("cannot be reached ({said})", said=reply.said))
        return Probe.good(f"HTTP {reply.status}") if reply.ok else Probe.bad(f"HTTP {reply.status}")


def _check_headers(headers: Mapping[str, Secret | str]) -> None:
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise OptionError(
                "headers",
                gettext("{name!r} is not a header's name", name=name),
                mend=gettext("use letters, digits and hyphens"),
            )
        if name.lower() in _OURS:
            raise OptionError("headers", gettext("{name} is set by notifykit", name=name), mend=gettext("remove it"))
        if isinstance(value, str):
            if _CREDENTIAL.search(name):
                raise OptionError(
                    "headers",
                    gettext("{name} is a credential", name=name),
                    mend=gettext("give it as {env: NAME} or {file: path}"),
                )
            if not (value.isascii() and value.isprintable()):
                raise OptionError(
                    "headers",
                    gettext("{name} is not printable ASCII ({value!r})", name=name, value=value),
                    mend=gettext("remove what is not"),
                )
