"""A message as an e-mail: its envelope, and its bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses

from notifykit.messages.attachments import Attachment

_PART = r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+"
_ADDRESS = re.compile(rf"({_PART})@({_PART})")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What no line of a mail may hold as it is."""

_POLICY = SMTP.clone(cte_type="7bit", max_line_length=76)
"""Every part is written in ASCII, so that any server takes it."""


class AddressError(ValueError):
    """A text is no list of addresses. Its text is the field's name."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is handed to a server."""

    sender: str
    to: tuple[str, ...]
    copies: tuple[str, ...]
    """Addresses of `cc` and `bcc`."""
    data: bytes
    needs_smtputf8: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a letter says."""

    sender: str
    to: str
    cc: Sequence[str]
    bcc: Sequence[str]
    reply_to: str
    subject: str
    text: str
    html: str
    attachments: Sequence[Attachment]
    key: str
    """Idempotency key: each attempt of a task has the same Message-ID."""
    now: float
    """Seconds since the epoch."""


def write(content: Content) -> Letter:
    """Write a letter. Raises AddressError, and UnicodeEncodeError where a text is no Unicode."""
    sender = addresses(content.sender, "from_address")
    to = addresses(content.to, "recipient")
    cc, bcc = addresses(", ".join(content.cc), "cc"), addresses(", ".join(content.bcc), "bcc")
    reply_to = addresses(content.reply_to, "reply_to")
    if len(sender) != 1:
        raise AddressError("from_address")
    if not to:
        raise AddressError("recipient")
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = to
    for name, listed in (("Cc", cc), ("Reply-To", reply_to)):
        if listed:
            message[name] = listed
    message["Subject"] = one_line(content.subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(content.now, UTC))
    name = hashlib.sha256(content.key.encode(errors="surrogatepass")).hexdigest()[:32]
    message["Message-ID"] = f"<{name}@{sender[0].domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notes in answer to it
    message.set_content(content.text, cte=_encoding(content.text))
    if content.html:
        message.add_alternative(content.html, subtype="html", cte=_encoding(content.html))
    for attachment in content.attachments:
        main, _, sub = attachment.media_type.partition("/")
        message.add_attachment(attachment.read(), maintype=main, subtype=sub, filename=one_line(attachment.name))
    needs = any(not one.addr_spec.isascii() for one in (*sender, *to, *cc, *bcc, *reply_to))
    named = tuple(dict.fromkeys(one.addr_spec for one in to))
    return Letter(
        sender[0].addr_spec,
        named,
        tuple(spec for spec in dict.fromkeys(one.addr_spec for one in (*cc, *bcc)) if spec not in named),
        message.as_bytes(policy=_POLICY.clone(utf8=True) if needs else _POLICY),
        needs,
    )


def addresses(text: str, field: str) -> tuple[Address, ...]:
    """Return the addresses of a list such as `Li <li@example.com>, wang@example.com`. Raises AddressError.

    A domain with other letters than a to z is written as DNS has it.
    """
    if _CONTROLS.search(text):
        raise AddressError(field)
    found = []
    for name, spec in getaddresses([text]) if text.strip() else []:
        match = _ADDRESS.fullmatch(spec)
        if match is None:
            raise AddressError(field)
        try:
            domain = match[2] if match[2].isascii() else match[2].encode("idna").decode()
            found.append(Address(name, match[1], domain))
        except ValueError as error:
            raise AddressError(field) from error
    return tuple(found)


def one_line(text: str) -> str:
    """Return the text with each line end, and what else controls, as one space: a header is a line."""
    return _CONTROLS.sub(" ", text).strip()


def first_line(text: str, most: int = 78) -> str:
    """Return what may stand for a subject: the first line that is not empty, cut at `most` characters."""
    line = one_line(next((line for line in text.splitlines() if line.strip()), ""))
    return line if len(line) <= most else line[: most - 1] + "…"


def _encoding(text: str) -> str | None:
    return "base64" if _UNSAFE.search(text) else None
