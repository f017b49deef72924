"""The generic webhook against real servers."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from notifykit_webhook.accept import Accept
from notifykit_webhook.sender import Webhook

from notifykit.model import Outcome, Verdict
from notifykit.secrets import Secret
from notifykit.testing import message, send_context

Answering = Callable[..., tuple[str, list[bytes]]]
ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN

ERRCODE = Accept(path="errcode", equals="0", retry=["7"])


def http(status: str, body: bytes = b"", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def webhook(url: str, **options: Any) -> Webhook:
    return Webhook(url=Secret(f"{url}/hooks/0a1b2c3d"), **options)


def test_the_request(answering: Answering) -> None:
    url, requests = answering(http("204 No Content"))
    sender = webhook(url, headers={"X-Team": "sales", "Authorization": Secret("Bearer 0a1b2c3d4e")})
    said = message(recipient="测试群", text="工单", idempotency_key="北京/C 1/group/1")
    assert sender.send(said, send_context()) == Outcome.accepted()
    head, _, body = requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /hooks/0a1b2c3d HTTP/1.1"
    assert {
        b"Content-Type: application/json",
        b"Idempotency-Key: %E5%8C%97%E4%BA%AC/C%201/group/1",
        b"X-Team: sales",
        b"Authorization: Bearer 0a1b2c3d4e",
    } <= set(lines)
    assert json.loads(body) == {"text": "工单", "recipient": "测试群", "idempotency_key": "北京/C 1/group/1"}


def test_every_attempt_of_a_task_is_the_same_to_the_byte(answering: Answering) -> None:
    url, requests = answering(http("500 Oops"))
    sender = webhook(url)
    for attempt in (1, 2):
        assert sender.send(message(), send_context(attempt=attempt)).verdict is UNKNOWN
    assert requests[0] == requests[1]


def test_the_bare_text(answering: Answering) -> None:
    url, requests = answering(http("200 OK"))
    sender = webhook(url, body="text", headers={"Content-Type": "text/markdown"})
    assert sender.send(message(text="# 工单"), send_context()) == Outcome.accepted()
    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert body.decode() == "# 工单"
    assert b"Content-Type: text/markdown" in head
    assert b"Idempotency-Key: " in head


@pytest.mark.parametrize(
    ("accept", "reply", "verdict", "code"),
    [
        (None, http("200 OK"), ACCEPTED, ""),
        (None, http("202 Accepted", b"queued"), ACCEPTED, ""),
        (None, http("200 OK", b'{"errcode":40001}'), ACCEPTED, ""),
        (None, http("302 Found", more="Location: http://127.0.0.1:1/\r\n"), REJECTED, "HTTP 302"),
        (None, http("400 Bad"), REJECTED, "HTTP 400"),
        (None, http("408 Timeout"), UNKNOWN, "HTTP 408"),
        (None, http("413 Large"), REJECTED, "HTTP 413"),
        (None, http("429 Slow", more="Retry-After: 3\r\n"), RETRY, "HTTP 429"),
        (None, http("500 Oops"), UNKNOWN, "HTTP 500"),
        (None, http("503 Down"), UNKNOWN, "HTTP 503"),
        (None, http("503 Down", more="Retry-After: 3\r\n"), RETRY, "HTTP 503"),
        (None, b"garbage", UNKNOWN, "RemoteProtocolError"),
        (ERRCODE, http("200 OK", b'{"errcode":0}'), ACCEPTED, ""),
        (ERRCODE, http("200 OK", b'{"errcode":40001}'), REJECTED, "40001"),
        (ERRCODE, http("200 OK", b'{"errcode":7}'), RETRY, "7"),
        (ERRCODE, http("503 Down", b'{"errcode":7}'), RETRY, "7"),
        (ERRCODE, http("200 OK", b"<html>"), UNKNOWN, "no_verdict"),
        (ERRCODE, http("204 No Content"), UNKNOWN, "no_verdict"),
        (ERRCODE, http("500 Oops", b'{"errcode":0}'), UNKNOWN, "HTTP 500"),
        (ERRCODE, http("404 Gone", b"<html>"), REJECTED, "HTTP 404"),
    ],
)
def test_replies(answering: Answering, accept: Accept | None, reply: bytes, verdict: Verdict, code: str) -> None:
    url, requests = answering(reply)
    outcome = webhook(url, accept=accept).send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert len(requests) == 1


def test_retry_after_is_counted_from_the_given_clock(answering: Answering) -> None:
    url, _ = answering(http("429 Slow", more="Retry-After: Fri, 15 Jan 2027 08:00:30 GMT\r\n"))
    outcome = webhook(url).send(message(), send_context())  # whose clock stands at 08:00:00
    assert (outcome.after, outcome.pause) == (30, 30)


def test_a_receiver_with_an_authority_of_its_own(answering: Answering, authority: Path) -> None:
    url, _ = answering(http("200 OK"), tls=True)
    assert webhook(url).send(message(), send_context()).code == "ConnectError"
    assert webhook(url, ca_file=authority).send(message(), send_context()) == Outcome.accepted()


def test_through_a_proxy(answering: Answering) -> None:
    proxy, requests = answering(http("200 OK"))
    assert webhook("http://hook.invalid", proxy=proxy).send(message(), send_context()) == Outcome.accepted()
    assert requests[0].startswith(b"POST http://hook.invalid/hooks/0a1b2c3d HTTP/1.1")


def test_a_throttle_of_the_status_counts_whatever_the_body_says(answering: Answering) -> None:
    for status, more in (("429 Slow", "Retry-After: 2\r\n"), ("503 Later", "Retry-After: 2\r\nRetry-After: 1\r\n")):
        for body in (b'{"errcode": 0}', b'{"errcode": 1}', b'{"errcode": 7}', b"", b"[]"):
            url, _ = answering(http(status, body, more))
            outcome = webhook(url, accept=ERRCODE).send(message(), send_context())
            assert (outcome.verdict, outcome.after, outcome.pause) == (RETRY, 2.0, 2.0)


def test_a_throttle_in_the_body_can_be_named(answering: Answering) -> None:
    accept = Accept(path="errcode", equals="0", throttled=["130101"], pause=600.0)
    url, _ = answering(http("200 OK", b'{"errcode": 130101}'))
    outcome = webhook(url, accept=accept).send(message(), send_context())
    assert (outcome.verdict, outcome.code, outcome.after, outcome.pause) == (RETRY, "130101", 600.0, 600.0)


def test_a_reply_is_decoded_as_it_declares(answering: Answering) -> None:
    for coding, body in (("gzip", gzip.compress(b'{"errcode": 0}')), ("br", b"\x0b\x02\x80{}\x03")):
        url, _ = answering(http("200 OK", body, f"Content-Encoding: {coding}\r\n"))
        outcome = webhook(url, accept=ERRCODE).send(message(), send_context())
        assert outcome.verdict is (ACCEPTED if coding == "gzip" else UNKNOWN)


def test_what_never_left_the_machine_is_told_so() -> None:
    outcome = webhook("http://127.0.0.1:1").send(message(), send_context())
    assert (outcome.verdict, outcome.code, outcome.unreached) == (RETRY, "ConnectError", True)
