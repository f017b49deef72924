"""Requests of every method and body: what goes out, and what a failure proves. Real sockets throughout."""

from __future__ import annotations

import socket
from collections.abc import Callable
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest
from ports import nobodys_port

from notifykit.http import Reply, post, request
from notifykit.model import Outcome, Verdict
from notifykit.testing import HttpService

Serve = Callable[..., str]
Answering = Callable[..., tuple[str, list[bytes]]]
Reset = Callable[[socket.socket], None]

PICTURE = bytes(range(256)) * 300
BODIES: dict[str, dict[str, Any]] = {
    "json": {"json": {"text": "工单"}},
    "text": {"content": "工单"},
    "bytes": {"content": PICTURE},
    "form": {"files": {"chat": "7", "photo": ("图 1.png", PICTURE, "image/png")}},
}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_goes_out_without_a_body(method: str) -> None:
    with HttpService() as service:
        assert isinstance(request(method, service.url, timeout=5), Reply)
    (sent,) = service.requests
    assert (sent.method, sent.body) == (method, b"")
    assert "content-type" not in sent.headers


@pytest.mark.parametrize("method", METHODS[1:])
def test_bytes_go_out_as_they_are(method: str) -> None:
    with HttpService() as service:
        headers = {"X-Title": "a"}
        assert isinstance(request(method, service.url, content=PICTURE, headers=headers, timeout=5), Reply)
    (sent,) = service.requests
    assert (sent.method, sent.body) == (method, PICTURE)
    assert (sent.headers["content-type"], sent.headers["x-title"]) == ("application/octet-stream", "a")


def test_a_form_goes_out_in_order_with_texts_and_files() -> None:
    files: dict[str, Any] = {
        "chat": "群",
        "photo": ("图 1.png", PICTURE, "image/png"),
        "caption": "a\r\nb",
        "empty": ("", b"", "a/b"),
    }
    with HttpService() as service:
        assert isinstance(post(service.url, files=files, timeout=5), Reply)
        assert isinstance(request("PUT", service.url, files=files, timeout=5), Reply)
    first, second = service.requests
    head = f"Content-Type: {first.headers['content-type']}\r\n\r\n".encode()
    parts = list(message_from_bytes(head + first.body, policy=HTTP).iter_parts())
    assert [part.get_param("name", header="content-disposition") for part in parts] == list(files)
    assert [part.get_filename() for part in parts] == [None, "图 1.png", None, None]
    assert parts[1].get_content_type() == "image/png"
    assert [part.get_payload(decode=True) for part in parts] == ["群".encode(), PICTURE, b"a\r\nb", b""]
    assert second.body == first.body, "a repeat is the same, byte for byte"


def test_other_forms_have_other_boundaries() -> None:
    with HttpService() as service:
        for files in ({"a": "b", "c": "d"}, {"a": "bc", "d": ""}, {"a": ("b", b"c", "d")}, {"a": ("bc", b"", "d")}):
            post(service.url, files=files, timeout=5)
    assert len({sent.headers["content-type"] for sent in service.requests}) == 4


@pytest.mark.parametrize("files", [{"a": "\ud800"}, {"a": ("\ud800.png", b"", "image/png")}, {"\ud800": "a"}])
def test_a_form_that_cannot_be_written_is_rejected(files: dict[str, Any]) -> None:
    outcome = post("http://127.0.0.1:1", files=files, timeout=1)
    assert isinstance(outcome, Outcome)
    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "UnicodeEncodeError")


@pytest.mark.parametrize(
    ("method", "arguments", "wrong"),
    [
        ("CONNECT", {}, "not 'CONNECT'"),
        ("get", {}, "not 'get'"),
        ("POST", {"json": 1, "content": ""}, "one of json, content and files"),
        ("POST", {"files": {"a": ("b", b"", "image/png\r\nX-Evil: 1")}}, "control character"),
    ],
)
def test_what_no_request_can_be_is_a_defect_of_the_caller(method: str, arguments: dict[str, Any], wrong: str) -> None:
    with pytest.raises((TypeError, ValueError), match=wrong):
        request(method, "http://127.0.0.1:1", timeout=1, **arguments)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("body", BODIES)
def test_what_a_failure_proves_is_the_same_for_all(serve: Serve, reset: Reset, method: str, body: str) -> None:
    """Refused: never sent. Reset after the request was read: in doubt."""
    outcome = request(method, f"http://127.0.0.1:{nobodys_port()}", timeout=5, **BODIES[body])
    assert isinstance(outcome, Outcome)
    assert (outcome.verdict, outcome.unreached) == (Verdict.RETRY, True)
    whole: list[bytes] = []

    def taken(connection: socket.socket, sent: bytes) -> None:
        whole.append(sent)
        reset(connection)

    outcome = request(method, serve(taken), timeout=5, **BODIES[body])
    assert isinstance(outcome, Outcome)
    assert (outcome.verdict, outcome.unreached) == (Verdict.UNKNOWN, False)
    assert whole[0].startswith(f"{method} / HTTP/1.1\r\n".encode())


def test_tls_through_a_tunnel_has_the_same_proof(
    answering: Answering, serve: Serve, authority: Path, tunnel: Callable[[int], tuple[str, list[bytes]]]
) -> None:
    url, requests = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", tls=True)
    proxy, _ = tunnel(int(url.rpartition(":")[2]))
    assert isinstance(request("PUT", url, content=PICTURE, timeout=5, proxy=proxy, ca_file=authority), Reply)
    assert requests[0].endswith(PICTURE)
    refusing = serve(lambda *_: None)
    outcome = request("PUT", url, content=PICTURE, timeout=5, proxy=refusing, ca_file=authority)
    assert isinstance(outcome, Outcome)
    assert outcome.unreached


@pytest.mark.parametrize(("most", "complete"), [(99_999, False), (100_000, True)])
def test_a_caller_says_how_much_of_a_reply_is_read(answering: Answering, most: int, complete: bool) -> None:
    url, _ = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
    reply = request("GET", url, timeout=5, max_reply=most)
    assert isinstance(reply, Reply)
    assert (len(reply.body), reply.complete) == (most, complete)
