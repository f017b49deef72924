"""Content codings of replies. None is asked for; a gateway may use one all the same."""

from __future__ import annotations

import zlib

_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""zlib's `wbits` of a coding (RFC 9110, 8.4.1)."""


def decoded(body: bytes, codings: str, limit: int) -> bytes:
    """Return a body as it was before its codings, which are listed in the order in which they were applied.

    Raises ValueError where one is unknown, the body is not of that coding or is cut off, or more than `limit` bytes
    come out of it.
    """
    for coding in reversed([name.strip().lower() for name in codings.split(",")]):
        if coding in ("", "identity"):
            continue
        if coding not in _WINDOW:
            raise ValueError(f"the coding {coding} is not known")
        body = _inflated(body, _WINDOW[coding], limit)
    return body


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    try:
        return _whole(zlib.decompressobj(window), body, limit)
    except zlib.error as error:
        if window != _WINDOW["deflate"]:
            raise ValueError("the body is not of its coding") from error
    try:
        return _whole(zlib.decompressobj(-window), body, limit)  # as some servers send `deflate`: without its header
    except zlib.error as error:
        raise ValueError("the body is not of its coding") from error


def _whole(stream: zlib._Decompress, body: bytes, limit: int) -> bytes:
    found = stream.decompress(body, limit + 1)
    if len(found) > limit or not stream.eof:
        raise ValueError("the body is too long, or cut off")
    return found
