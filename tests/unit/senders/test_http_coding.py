"""Bodies in the codings that gateways use without being asked."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.http.coding import decoded


def raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


@given(st.binary(max_size=300))
def test_what_was_coded_is_decoded(body: bytes) -> None:
    assert decoded(body, "", 300) == body
    assert decoded(body, "identity", 300) == body
    assert decoded(gzip.compress(body), "gzip", 300) == body
    assert decoded(gzip.compress(body), "X-GZIP ", 300) == body
    assert decoded(zlib.compress(body), "deflate", 300) == body
    assert decoded(raw_deflate(body), "deflate", 300) == body
    assert decoded(gzip.compress(zlib.compress(body)), "deflate, gzip", 400) == body


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"{}", "br"),
        (b"{}", "gzip"),
        (b"{}", "deflate"),
        (gzip.compress(b"{}", mtime=0)[:-3], "gzip"),
        (gzip.compress(b"x" * 10_000_000, mtime=0), "gzip"),
        (b"", "gzip"),
    ],
)
def test_what_cannot_be_decoded_is_an_error_and_takes_no_memory(body: bytes, coding: str) -> None:
    with pytest.raises(ValueError, match=r"coding|too long"):
        decoded(body, coding, 1000)
