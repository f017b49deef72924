"""Where the page listens, and what are addresses of its own."""

from __future__ import annotations

import pytest

from notifykit.web.entrance import is_loopback
from notifykit.web.prepared import Done, Prepared
from notifykit.web.serving import Address
from notifykit.web.visit import local_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("[::1]:8765", "::1", 8765),
        ("notify.example.com:65535", "notify.example.com", 65_535),
    ],
)
def test_an_address_is_read_and_written(text: str, host: str, port: int) -> None:
    assert Address.of(text) == Address(host=host, port=port)
    assert str(Address.of(text)) == text


@pytest.mark.parametrize("text", ["", "8765", ":8765", "a:", "a:x", "a:65536", "::1:8765", "[::1]", "[a]:1"])
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="no address such as"):
        Address.of(text)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_is_this_computer(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", "127.0.0.1.example.com", ""])
def test_nothing_else_is(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("address", ["/", "/in-doubt?key=a b&x=//y", "/键"])
def test_an_address_of_ours_stays(address: str) -> None:
    assert local_address(address) == address


@pytest.mark.parametrize("address", ["", "x", "//x", "/\\x", "https://x/", "/\nx", "/\x00"])
def test_an_address_of_elsewhere_becomes_the_beginning(address: str) -> None:
    assert local_address(address) == "/"


def test_the_command_can_be_pasted_into_a_shell() -> None:
    form = Prepared(
        question="", lines=(), words=("resolve", "--where", "it's; rm -rf"), act=lambda *_: Done(lines=()), back="/"
    )
    assert form.command("web:anna", "a 'b'") == (
        """notifykit resolve --where 'it'"'"'s; rm -rf' --who web:anna --why 'a '"'"'b'"'"''"""
    )
    bare = Prepared(question="", lines=(), words=("resume", "c"), act=form.act, back="/", why_needed=False)
    assert bare.command("web:anna", "") == "notifykit resume c --who web:anna"
