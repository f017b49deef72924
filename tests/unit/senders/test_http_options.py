"""Addresses, certificates and header values, before anything is sent."""

import os
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.http import check_ca_file, check_http_url, header_value, plain
from notifykit.secrets import Secret, SecretMissingError


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/hook",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x",
        "https://通知.example/收",
        "http://[::1]:80/",
        "https://karl:geheim@example.com/",
    ],
)
def test_addresses_that_will_do(url: str) -> None:
    check_http_url(url, "url")
    check_http_url(Secret(url), "url")


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("", "url: must start with http:// or https:// and name a host"),
        ("example.com/hidden", "url: must start with"),
        ("ftp://example.com/hidden", "url: must start with"),
        ("https:///hidden", "url: must start with"),
        ("http://[::1/hidden", "url: is not a URL; it must look like https://host/path"),
        ("http://example.com:0/hidden", r"url: has a port that does not exist \(0\); use 1 to 65535"),
        ("http://example.com:70000/hidden", r"url: has a port that does not exist \(70000\)"),
    ],
)
def test_addresses_that_will_not(url: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as raised:
        check_http_url(url, "url")
    assert "hidden" not in str(raised.value)


def test_a_secret_that_is_not_set_is_not_judged() -> None:
    check_http_url(Secret(None), "url")
    with pytest.raises(SecretMissingError):
        plain(Secret(None))


def test_plain() -> None:
    assert plain("0a1b-plain") == plain(Secret("0a1b-plain")) == "0a1b-plain"


def test_a_file_without_certificates(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")
    with pytest.raises(ValueError, match=r"^ca_file: .*empty\.pem is not a readable file of certificates \(SSLError\)"):
        check_ca_file(empty)
    with pytest.raises(ValueError, match=r"^trust: .*gone\.pem .*\(FileNotFoundError\); give a PEM file"):
        check_ca_file(tmp_path / "gone.pem", "trust")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("beijing/1001/group/1", "beijing/1001/group/1"),
        ("北京/1 2/group/1", "%E5%8C%97%E4%BA%AC/1%202/group/1"),
        ("a\r\nX-B: c", "a%0D%0AX-B:%20c"),
        ("50%", "50%25"),
        ("\ud800", "%ED%A0%80"),
    ],
)
def test_header_value(text: str, value: str) -> None:
    assert header_value(text) == value


@given(st.text())
def test_any_text_fits_a_header_and_stays_itself(text: str) -> None:
    value = header_value(text)
    assert value.isascii()
    assert all("!" <= char <= "~" for char in value)
    assert unquote(value, errors="surrogatepass") == text


def test_a_pipe_is_no_file_of_certificates(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="is a pipe or a device; give a PEM file"):
        check_ca_file(tmp_path / "pipe")
