"""The body of a request, as its caller gives it and as it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

MAX_REPLY = 64 * 1024
"""Bytes of a reply that are read, unless the caller says otherwise."""

File = tuple[str, bytes, str]
"""A file in a form: its name, its bytes, its media type."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: text or bytes of a media type, or the fields of a form, or nothing."""

    content: str | bytes | None = None
    kind: str = ""
    """The Content-Type; that of a form is said by `form_type`."""
    files: Mapping[str, str | File] | None = None

    @property
    def encoded(self) -> bytes | None:
        """The content as bytes. Raises UnicodeEncodeError where a text holds half a surrogate pair."""
        return self.content.encode() if isinstance(self.content, str) else self.content

    @property
    def form_type(self) -> str:
        """The Content-Type of a form. Its boundary is made of what the form holds, so that a repeat is the same."""
        digest = sha256()
        for name, value in (self.files or {}).items():
            parts = (name, value) if isinstance(value, str) else (name, *value)
            digest.update(b"%d;" % len(parts))
            for part in parts:
                data = part.encode() if isinstance(part, str) else part
                digest.update(b"%d:" % len(data) + data)
        return f"multipart/form-data; boundary={digest.hexdigest()}"

    @property
    def form(self) -> list[tuple[str, tuple[None, str] | File]] | None:
        """The fields as the client takes them: a text has no file name."""
        if self.files is None:
            return None
        return [(name, (None, value) if isinstance(value, str) else value) for name, value in self.files.items()]
