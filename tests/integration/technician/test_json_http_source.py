"""The HTTP source against a real service: what it reads, and how it says that it cannot."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Protocol

import pytest
from notifykit_technician.json_http import JsonHttp
from ports import nobodys_port

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record
from notifykit.options import Secret
from notifykit.testing import SourceContract

COLUMNS = ["id", "time", "technician", "company", "_", "content"]
ROW = ["6001", "2025-08-21T09:30:00.000+0800", "测试管家甲", "测试服务商一", None, ["上线"]]
REPLY = json.dumps({"data": {"rows": [ROW, [6002, *ROW[1:]]]}, "status": "completed"}).encode()


class Service(Protocol):
    url: str
    asked: list[tuple[str, str, dict[str, str]]]
    stopping: threading.Event

    def answer_by(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None: ...
    def reply(self, body: bytes, status: int = 200, **headers: str) -> None: ...


def refusal(source: JsonHttp) -> str:
    with pytest.raises(CampaignError) as refused:
        source.read()
    return str(refused.value)


def test_positional_rows_of_a_nested_array(service: Service) -> None:
    service.reply(REPLY)
    first, second = JsonHttp(url=service.url, columns=COLUMNS, rows="data.rows").read()
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.key, first["content"], first.place) == ("6001", ["上线"], f"{service.url}:1")
    assert second.key == "6002"


def test_each_pass_asks_anew_and_sends_its_credentials(service: Service) -> None:
    service.reply(REPLY, 202)
    source = JsonHttp(
        url=Secret(f"{service.url}?key=12345678"),
        method="POST",
        columns=COLUMNS,
        rows="data.rows",
        headers={"X-API-Key": Secret("87654321"), "User-Agent": "ours"},
    )
    assert len(source.read()) == len(source.read()) == 2
    (method, path, headers), again = service.asked
    assert again[1] == path
    assert (method, path) == ("POST", "/api/card/7/query?key=12345678")
    assert (headers["X-API-Key"], headers["User-Agent"], headers["Connection"]) == ("87654321", "ours", "close")


def test_a_packed_reply_is_unpacked(service: Service) -> None:
    service.reply(gzip.compress(REPLY), Content_Encoding="gzip")
    assert len(JsonHttp(url=service.url, columns=COLUMNS, rows="data.rows").read()) == 2


@pytest.mark.parametrize(
    ("status", "mend"),
    [
        (500, "see why the service fails; the next pass asks again"),
        (429, "see why the service fails; the next pass asks again"),
        (401, "see that the credentials in `headers` are set and valid"),
        (403, "see that the credentials in `headers` are set and valid"),
        (404, "correct `url` or `method`"),
        (302, "redirects are not followed: set `url` to the final address"),
    ],
)
def test_an_error_status_is_said_with_its_mend(service: Service, status: int, mend: str) -> None:
    service.reply(REPLY, status, Location=f"{service.url}/elsewhere")
    assert refusal(JsonHttp(url=service.url)) == f"{service.url}: answered {status}; {mend}"
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<html>12345678</html>", ":1:1: not valid JSON (Expecting value); see that `url` answers with JSON"),
        (b"", ":1:1: empty, which is not JSON; see that"),
        (b"[\xff]", ":1:2: byte 0xff is not UTF-8"),
        (b'{"error": "boom", "data": {"rows": []}}', ": the service reports 'boom'; mend the query there"),
        (b'{"data": {}}', ": 'data' has no 'rows' (it has []); correct `rows`"),
    ],
)
def test_a_reply_without_an_array_is_said(service: Service, body: bytes, text: str) -> None:
    service.reply(body)
    said = refusal(JsonHttp(url=f"{service.url}?a=1", rows="data.rows"))
    assert said.startswith(f"{service.url}{text}")
    assert "12345678" not in said


def test_a_reply_beyond_the_limit_is_refused(service: Service) -> None:
    service.reply(b"[" + b" " * 200_000 + b"]")
    said = refusal(JsonHttp(url=service.url, max_bytes=100_000))
    assert said == f"{service.url}: the reply is longer than 100000 bytes; ask for fewer rows, or raise `max_bytes`"
    assert JsonHttp(url=service.url, max_bytes=200_002).read() == []


def test_a_reply_that_unpacks_beyond_the_limit_is_refused(service: Service) -> None:
    service.reply(gzip.compress(b"[" + b" " * 50_000_000 + b"]"), Content_Encoding="gzip")
    assert "is longer than 1000000 bytes" in refusal(JsonHttp(url=service.url, max_bytes=1_000_000))


def test_an_endless_reply_is_refused(service: Service) -> None:
    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not service.stopping.is_set():
            handler.wfile.write(b" " * 65536)

    service.answer_by(pour)
    assert "is longer than 1000000 bytes" in refusal(JsonHttp(url=service.url, max_bytes=1_000_000))


def silent(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
    stopping.wait()


def dripping_body(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not stopping.wait(0.02):
        handler.wfile.write(b" ")


def dripping_headers(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
    while not stopping.wait(0.02):
        handler.wfile.write(b"x")


@pytest.mark.parametrize("slow", [silent, dripping_body, dripping_headers])
def test_a_slow_service_is_given_up_in_time(
    service: Service, slow: Callable[[BaseHTTPRequestHandler, threading.Event], None]
) -> None:
    service.answer_by(lambda handler: slow(handler, service.stopping))
    began = time.monotonic()
    said = refusal(JsonHttp(url=service.url, timeout=0.2))
    assert time.monotonic() - began < 3
    assert said == (f"{service.url}: no whole reply within 0.2 s; raise `timeout`, or see why the service is slow")


def test_a_broken_reply_is_said(service: Service) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"[1, ")

    service.answer_by(cut)
    assert refusal(JsonHttp(url=service.url)).startswith(f"{service.url}: no reply (RemoteProtocolError); see that")
    service.reply(b"no gzip", Content_Encoding="gzip")
    assert "no reply (DecodingError)" in refusal(JsonHttp(url=service.url))


def test_nobody_listening_is_said_without_the_query() -> None:
    port = nobodys_port()
    said = refusal(JsonHttp(url=Secret(f"http://127.0.0.1:{port}/x?key=12345678")))
    mend = "see that `url` is right and the service runs; the next pass asks again"
    assert said == f"http://127.0.0.1:{port}/***: no reply (ConnectError); {mend}"


def test_where_the_rows_stand_is_told_without_a_secret_address(service: Service) -> None:
    """Many addresses have their token in the path."""
    service.reply(b'[{"id": "", "n": 1}]')
    host = service.url.partition("/api/")[0]
    (row,) = JsonHttp(url=Secret(f"{host}/hook/T0KEN-abcdef/rows")).read()
    assert isinstance(row, Problem)
    assert row.place == f"{host}/***:1"
    (row,) = JsonHttp(url=f"{host}/rows?page=1").read()
    assert isinstance(row, Problem)
    assert row.place == f"{host}/rows:1"


def test_a_service_without_tls_is_said(service: Service) -> None:
    service.reply(REPLY)
    url = service.url.replace("http:", "https:")
    assert refusal(JsonHttp(url=url)).startswith(f"{url}: no reply (ConnectError); ")


def test_the_environments_proxy_and_certificates_are_not_used(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    service.reply(b"[]")
    assert JsonHttp(url=service.url).read() == []


def test_nothing_of_the_address_is_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    service.reply(b"[]")
    with caplog.at_level(logging.INFO):
        JsonHttp(url=Secret(f"{service.url}?key=12345678")).read()
    assert caplog.text == ""


class TestJsonHttp(SourceContract):
    @pytest.fixture(autouse=True)
    def serve(self, service: Service) -> None:
        service.reply(REPLY)
        self.url = service.url

    def make_source(self, folder: Path) -> JsonHttp:
        return JsonHttp(url=self.url, columns=COLUMNS, rows="data.rows")

    def make_broken_source(self, folder: Path) -> JsonHttp:
        return JsonHttp(url=self.url, columns=COLUMNS)
