"""Texts that an index takes, however long they are."""

from __future__ import annotations

from hashlib import sha256

MOST_BYTES = 500
"""An entry of an index has room for some 2,700 bytes, in all its columns together."""


def short(text: str) -> str:
    """Return a text, or a hash of one that is long."""
    if len(text) <= MOST_BYTES // 4 or len(data := text.encode()) <= MOST_BYTES:
        return text
    return f"sha256:{sha256(data).hexdigest()}"
