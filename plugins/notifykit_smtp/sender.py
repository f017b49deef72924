"""Messages as e-mails, through an SMTP server.

Facts from RFC 5321 (4.2.1: what 4xx and 5xx mean; 4.5.3.2.6: after the final dot, only the answer tells), RFC 3207
(STARTTLS), RFC 6531 (SMTPUTF8) and RFC 1870 (SIZE). Nothing drops a repeat; a Message-ID that stays helps to find one.
"""

from __future__ import annotations

import functools
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from notifykit.http import check_ca_file
from notifykit.messages.attachments import Attachment
from notifykit.messages.escaping import escape_html
from notifykit.model import Message, Outcome, Verdict
from notifykit.options import OptionError, ProjectPath, Secret
from notifykit.roles import Probe, SendContext
from notifykit.wording.translation import gettext
from notifykit_smtp import wording
from notifykit_smtp.letter import AddressError, Content, Letter, addresses, first_line, write
from notifykit_smtp.pool import Pool
from notifykit_smtp.session import NotReadyError, Server, bounded, connect, end, hand_over, lost

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """What a message may say beside its text."""

    subject: str = ""
    """Without one: the channel's, or the first line of the text."""
    html: str = field(default="", metadata={"escape": escape_html})
    """The same again in HTML, for programs that show it; the text is what others show."""
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    reply_to: str = ""
    attachments: list[Attachment] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """Send e-mails. A message's recipient is an address, or several with commas between them."""

    repeatable: ClassVar[bool] = False
    message_options: ClassVar[type] = SmtpOptions

    host: str
    """The server that takes mail from you."""
    from_address: str
    """Whom mails are from: `orders@example.com`, or `Orders <orders@example.com>`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`tls` encrypts from the first byte; `none` only where nobody can listen."""
    port: int | None = None
    """587 for `starttls`, 465 for `tls`, 25 for `none`."""
    username: str = ""
    password: Secret | None = None
    subject: str = ""
    """Of messages that say none; where this is empty too, the first line of the text."""
    reply_to: str = ""
    hello: str | None = None
    """The name to greet the server with: this machine's, where nothing is said."""
    ca_file: ProjectPath | None = None
    """PEM file of the certificates to trust, for a server with an authority of its own."""
    _pool: Pool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pool", Pool())
        if self.port is not None and not 1 <= self.port <= 65_535:
            raise OptionError("port", gettext("must be 1 to 65535, not {port}", port=self.port))
        for name, most in (("from_address", 1), ("reply_to", 100)):
            try:
                count = len(addresses(getattr(self, name), name))
            except AddressError:
                count = -1
            if not (name == "reply_to" or count == 1) or not 0 <= count <= most:
                raise OptionError(name, gettext("is no e-mail address"), mend=gettext("write it as orders@example.com"))
        if bool(self.username) != (self.password is not None):
            raise OptionError("username", gettext("needs a password, and the password needs it"))
        if self.password is not None and self.security == "none" and self.host not in _LOOPBACK:
            raise OptionError(
                "security",
                gettext("a password would go over the network for all to read"),
                mend=gettext("use `starttls` or `tls`"),
            )
        if self.ca_file is not None:
            check_ca_file(self.ca_file)

    def open(self) -> None:
        """Keep sessions from now on: before this, each message has one of its own."""
        self._pool.open()

    def close(self) -> None:
        """End the sessions that are kept."""
        self._pool.close()

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Send once, in one transaction."""
        deadline = time.monotonic() + context.timeout
        try:
            letter = self._letter(message, context.clock.now())
        except AddressError as error:
            return Outcome.rejected("bad_address", wording.BAD_ADDRESS(field=str(error)).text)
        except UnicodeEncodeError:
            return Outcome.rejected("UnicodeEncodeError", wording.NOT_UNICODE().text)
        if (smtp := self._pool.take()) is not None:
            try:
                with bounded(smtp, deadline):
                    outcome = hand_over(smtp, letter)
            except OSError:
                smtp.close()  # the server had closed it: nothing was taken, and a new one is made
            else:
                self._pool.give_back(smtp)
                if outcome.verdict is not Verdict.RETRY or smtp.sock is not None:
                    return outcome  # 421 closes the session: it may have been idle for too long
        return self._over_a_new_session(letter, context, deadline)

    def probe(self, timeout: float) -> Probe:
        """Connect, log in, and do nothing."""
        deadline = time.monotonic() + timeout
        try:
            smtp = connect(self._server(), deadline)
            with bounded(smtp, deadline):
                code, _ = smtp.noop()
        except NotReadyError as error:
            return Probe.bad(wording.WORDING.said(error.outcome.said))
        except OSError as error:
            return Probe.bad(gettext("cannot be reached ({said})", said=type(error).__name__))
        end(smtp)
        if code != 250:
            return Probe.bad(str(code))
        return Probe.good(gettext("the server takes the log-in") if self.username else gettext("the server answers"))

    def _over_a_new_session(self, letter: Letter, context: SendContext, deadline: float) -> Outcome:
        try:
            smtp = connect(self._server(), deadline)
        except NotReadyError as error:
            return error.outcome
        if not context.still_held():
            end(smtp)
            return Outcome.retry("not_held")
        try:
            with bounded(smtp, deadline):
                outcome = hand_over(smtp, letter)
        except OSError as error:
            smtp.close()
            return lost(error)
        self._pool.give_back(smtp)
        return outcome

    def _server(self) -> Server:
        login = None if self.password is None else (self.username, self.password.reveal())
        port = _PORTS[self.security] if self.port is None else self.port
        return Server(
            host=self.host,
            port=port,
            security=self.security,
            context=_trust(self.ca_file),
            login=login,
            hello=self.hello,
        )

    def _letter(self, message: Message, now: float) -> Letter:
        said = message.options if isinstance(message.options, SmtpOptions) else SmtpOptions()
        return write(
            Content(
                sender=self.from_address,
                to=message.recipient,
                cc=said.cc,
                bcc=said.bcc,
                reply_to=said.reply_to or self.reply_to,
                subject=said.subject or self.subject or first_line(message.text),
                text=message.text,
                html=said.html,
                attachments=said.attachments,
                key=message.idempotency_key,
                now=now,
            )
        )


@functools.cache
def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return what says whom to trust. Loading the system's certificates takes tens of milliseconds."""
    return ssl.create_default_context(cafile=ca_file)
