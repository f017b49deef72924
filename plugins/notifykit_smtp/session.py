"""A connection to an SMTP server, and one message over it.

smtplib's `sendmail` raises the same exceptions on both sides of the final dot (RFC 5321, 4.5.3.2.6), and only that dot
decides whether a message may have been taken: so the steps are taken one by one here, each with its own meaning.
"""

from __future__ import annotations

import contextlib
import functools
import re
import smtplib
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from notifykit.model import FOREVER, Outcome
from notifykit.wording import Sentence
from notifykit_smtp import wording
from notifykit_smtp.letter import Letter

SERVER_GONE = 421
TOO_LARGE = 552
BUSY_PAUSE = 60.0
"""Seconds that a channel pauses where the server takes no connections for now."""
UNWELCOME_PAUSE = 300.0
"""Seconds that it pauses where the server refuses this machine for good, until somebody mends that."""
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?= |$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where to connect, and as whom."""

    host: str
    port: int
    security: str
    context: ssl.SSLContext
    login: tuple[str, str] | None
    hello: str | None
    """The name to greet with; None: this machine's."""


class _Plain(smtplib.SMTP):
    _host: str
    """The name that a certificate must be for: set by the constructor only where it connects at once."""


class _Encrypted(smtplib.SMTP_SSL):
    _host: str


class NotReadyError(Exception):
    """There is no session to send over. `outcome` says what that means: nothing was sent."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


@contextlib.contextmanager
def bounded(smtp: smtplib.SMTP, deadline: float) -> Iterator[None]:
    """Cut the connection at the deadline (`time.monotonic()`), however slowly the server drips."""
    if smtp.sock is not None:
        smtp.sock.settimeout(max(0.001, deadline - time.monotonic()))
    watch = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, (smtp,))
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _cut(smtp: smtplib.SMTP) -> None:
    sock = smtp.sock
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(2)


def connect(server: Server, deadline: float) -> smtplib.SMTP:
    """Connect, encrypt and log in. Raises NotReadyError."""
    hello = server.hello or _own_name()
    timeout = max(0.001, deadline - time.monotonic())
    smtp = (
        _Encrypted(timeout=timeout, context=server.context, local_hostname=hello)
        if server.security == "tls"
        else _Plain(timeout=timeout, local_hostname=hello)
    )
    smtp._host = server.host  # noqa: SLF001 - its own
    try:
        with bounded(smtp, deadline):
            code, said = smtp.connect(server.host, server.port)
            if code != 220:
                raise smtplib.SMTPResponseException(code, said)
            smtp.ehlo_or_helo_if_needed()
            if server.security == "starttls":
                _must_offer_starttls(smtp)
                smtp.starttls(context=server.context)
                smtp.ehlo_or_helo_if_needed()
            if server.login is not None:
                smtp.login(*server.login)
    except NotReadyError:
        end(smtp)
        raise
    except (OSError, UnicodeEncodeError) as error:
        smtp.close()
        raise NotReadyError(_not_ready(error)) from None
    return smtp


@functools.cache
def _own_name() -> str:
    """Return the name to greet with, as smtplib would: looking it up may take seconds, so it is done once."""
    return smtplib.SMTP().local_hostname


def _must_offer_starttls(smtp: smtplib.SMTP) -> None:
    if not smtp.has_extn("starttls"):
        raise NotReadyError(Outcome.rejected("no_starttls", wording.NO_STARTTLS().text, pause=FOREVER))


def _not_ready(error: OSError | UnicodeEncodeError) -> Outcome:
    match error:
        case smtplib.SMTPAuthenticationError() if error.smtp_code >= 500:
            return Outcome.rejected(_code(error.smtp_code, error.smtp_error), wording.LOGIN().text, pause=FOREVER)
        case smtplib.SMTPResponseException():
            return _refused(error.smtp_code, error.smtp_error, wording.CONNECTION, pause=BUSY_PAUSE)
        case smtplib.SMTPServerDisconnected():
            return Outcome.retry(_name(error), wording.UNREACHED().text, unreached=True)
        case smtplib.SMTPException() | UnicodeEncodeError():  # no way to log in that both know, or no ASCII
            return Outcome.rejected("no_login", wording.LOGIN().text, pause=FOREVER)
    return Outcome.retry(_name(error), wording.UNREACHED().text, unreached=True)


def end(smtp: smtplib.SMTP) -> None:
    """Say goodbye, whatever comes of it: what was accepted stays accepted."""
    if smtp.sock is not None:
        smtp.sock.settimeout(1.0)
        with contextlib.suppress(OSError):
            smtp.quit()
    smtp.close()


def hand_over(smtp: smtplib.SMTP, letter: Letter) -> Outcome:
    """Send one letter over a session. Raises smtplib.SMTPServerDisconnected only where nothing can have been taken.

    A connection that is of no use any more is closed (`smtp.sock` is None then).
    """
    options = ["SMTPUTF8"] if letter.needs_smtputf8 else []
    if options and not smtp.has_extn("smtputf8"):
        return Outcome.rejected("no_smtputf8", wording.NO_SMTPUTF8().text)
    size = len(letter.data)
    most = smtp.esmtp_features.get("size", "")
    if most.isdecimal() and 0 < int(most) < size:
        return Outcome.rejected("552", wording.TOO_LARGE(size=size, most=int(most)).text)
    if smtp.has_extn("size"):
        options.append(f"SIZE={size}")
    code, said = smtp.mail(letter.sender, options)
    if code != 250:
        return _given_up(smtp, code, said, wording.SENDER)
    left_out: list[str] = []
    for address in (*letter.to, *letter.copies):
        code, said = smtp.rcpt(address)
        if code in (250, 251):
            continue
        if not 500 <= code <= 599:
            return _given_up(smtp, code, said, wording.RECIPIENT)
        left_out.append(address)
        if set(letter.to) <= set(left_out):
            return _given_up(smtp, code, said, wording.RECIPIENT)
    code, said = smtp.docmd("DATA")
    if code != 354:
        return _given_up(smtp, code, said, wording.CONTENT)
    smtp.send(_stuffed(letter.data))
    return _end(smtp, tuple(left_out))


def _end(smtp: smtplib.SMTP, left_out: tuple[str, ...]) -> Outcome:
    """Send the final dot: from here on, no answer means that nobody knows."""
    try:
        smtp.send(b".\r\n")
        code, said = smtp.getreply()
    except OSError as error:
        smtp.close()
        return Outcome.unknown(_name(error), wording.LOST_AFTER().text)
    if code == 250:
        return Outcome.accepted(undelivered=left_out)
    if 400 <= code <= 599:
        return _given_up(smtp, code, said, wording.CONTENT)
    smtp.close()
    return Outcome.unknown(str(code), wording.LOST_AFTER().text)


def _given_up(smtp: smtplib.SMTP, code: int, said: bytes, what: Sentence) -> Outcome:
    """Say what a refusal means, and make the session ready for the next message."""
    if code == SERVER_GONE:
        smtp.close()
    else:
        try:
            smtp.rset()
        except OSError:
            smtp.close()
    return _refused(code, said, what, pause=BUSY_PAUSE if code == SERVER_GONE else None)


def _refused(code: int, said: bytes | str, what: Sentence, *, pause: float | None) -> Outcome:
    if 500 <= code <= 599:
        never = wording.NEVER(what=what()).text
        if what is wording.CONNECTION:  # which says nothing of the message
            return Outcome.retry(_code(code, said), never, after=UNWELCOME_PAUSE, pause=UNWELCOME_PAUSE)
        every = what is wording.SENDER and code != TOO_LARGE
        return Outcome.rejected(_code(code, said), never, pause=FOREVER if every else None)
    return Outcome.retry(_code(code, said), wording.LATER(what=what()).text, after=pause, pause=pause)


def lost(error: OSError) -> Outcome:
    """Say what it means that a connection was lost before the final dot."""
    return Outcome.retry(_name(error), wording.LOST_BEFORE().text)


def _code(code: int, said: bytes | str) -> str:
    """Return the code of a reply, with the enhanced one of RFC 3463 where there is one: never its text."""
    said = said.encode("ascii", "replace") if isinstance(said, str) else said
    enhanced = _ENHANCED.match(said)
    return f"{code} {enhanced[0].decode()}" if enhanced else str(code)


def _name(error: BaseException) -> str:
    """Return the class of an error, or of what smtplib says was its cause."""
    cause = error.__cause__ or error.__context__
    return type(cause if isinstance(cause, OSError) and isinstance(error, smtplib.SMTPException) else error).__name__


def _stuffed(data: bytes) -> bytes:
    """Return the content as lines that end with CRLF, a dot doubled at the start of each (RFC 5321, 4.5.2)."""
    lines = _LINE_ENDS.sub(b"\r\n", data)
    lines = re.sub(rb"(?m)^\.", b"..", lines)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"
