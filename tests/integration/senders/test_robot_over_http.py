"""The group robot against a server that answers as the service does: errors as HTTP 200."""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from notifykit_wecom.robot import WecomRobot

from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.secrets import Secret
from notifykit.testing import message, send_context

Answering = Callable[..., tuple[str, list[bytes]]]
ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN


def http(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def robot(url: str, **options: Any) -> WecomRobot:
    return WecomRobot(key=Secret("693a+7 aoc"), base_url=f"{url}/cgi-bin/webhook/send", **options)


def body_of(request: bytes) -> object:
    return json.loads(request.partition(b"\r\n\r\n")[2])


def test_the_request(answering: Answering) -> None:
    url, requests = answering(http(b'{"errcode":0,"errmsg":"ok"}'))
    outcome = robot(url).send(message(recipient="北京签约群", text="工单\n已完成"), send_context())
    assert outcome == Outcome.accepted()
    assert requests[0].startswith(b"POST /cgi-bin/webhook/send?key=693a%2B7%20aoc HTTP/1.1\r\n")
    assert body_of(requests[0]) == {"msgtype": "text", "text": {"content": "工单\n已完成"}}


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({"msgtype": "markdown"}, {"msgtype": "markdown", "markdown": {"content": "工单"}}),
        ({"msgtype": "markdown_v2"}, {"msgtype": "markdown_v2", "markdown_v2": {"content": "工单"}}),
        (
            {"mentioned_list": ["li.si", "@all"], "mentioned_mobile_list": ["13800001111"]},
            {
                "msgtype": "text",
                "text": {
                    "content": "工单",
                    "mentioned_list": ["li.si", "@all"],
                    "mentioned_mobile_list": ["13800001111"],
                },
            },
        ),
    ],
)
def test_the_body_of_each_type(answering: Answering, options: dict[str, Any], body: object) -> None:
    url, requests = answering(http(b'{"errcode":0}'))
    robot(url, **options).send(message(text="工单"), send_context())
    assert body_of(requests[0]) == body


@pytest.mark.parametrize(
    ("reply", "verdict", "code"),
    [
        (http(b'{"errcode":0,"errmsg":"ok"}'), ACCEPTED, ""),
        (http(b'{"errcode":93000,"errmsg":"ok"}'), REJECTED, "93000"),
        (http(b'{"errcode":0,"errmsg":"invalid webhook url"}'), ACCEPTED, ""),
        (http(b'{"errcode":45009}', "503 Busy"), RETRY, "45009"),
        (http(b'{"errcode":40008}', "502 Bad Gateway"), REJECTED, "40008"),
        (http(b'{"errcode":-1}', "500 Oops"), RETRY, "-1"),
        (http(b'{"errcode":0}', "500 Oops"), UNKNOWN, "HTTP 500"),
        (http(b'{"errcode":0}', "302 Found"), REJECTED, "HTTP 302"),
        (http(b"<html>", "200 OK"), UNKNOWN, "no_errcode"),
        (http(b""), UNKNOWN, "no_errcode"),
        (http(b"[0]"), UNKNOWN, "no_errcode"),
        (http(b'{"errmsg":"ok"}'), UNKNOWN, "no_errcode"),
        (http(b'{"errcode":"0"}'), UNKNOWN, "no_errcode"),
        (http(b'{"errcode":false}'), UNKNOWN, "no_errcode"),
        (http(b'{"errcode":null}'), UNKNOWN, "no_errcode"),
        (http(b'{"errcode":0.0}'), UNKNOWN, "no_errcode"),
        (http(b'{"errcode":0', "200 OK"), UNKNOWN, "no_errcode"),
        (http(b"", "429 Too Many", "Retry-After: 9\r\n"), RETRY, "HTTP 429"),
        (http(b"", "503 Down", "Retry-After: 9\r\n"), RETRY, "HTTP 503"),
        (http(b'{"errcode":93000}', "429 Too Many"), RETRY, "HTTP 429"),
        (http(b'{"errcode":0}', "429 Too Many"), RETRY, "HTTP 429"),
        (http(b'{"errcode":40058}', "503 Down", "Retry-After: 9\r\n"), RETRY, "HTTP 503"),
        (http(b"", "503 Down"), UNKNOWN, "HTTP 503"),
        (http(b"", "413 Large"), REJECTED, "HTTP 413"),
        (http(b"", "404 Gone"), REJECTED, "HTTP 404"),
        (b"garbage", UNKNOWN, "RemoteProtocolError"),
        (b"", UNKNOWN, "RemoteProtocolError"),
    ],
)
def test_replies(answering: Answering, reply: bytes, verdict: Verdict, code: str) -> None:
    url, requests = answering(reply)
    outcome = robot(url).send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("errcode", "options", "after", "pause"),
    [
        (45009, {}, 60, 60),
        (45009, {"throttle_pause": 0.5}, 0.5, 0.5),
        (45033, {"throttle_pause": 0.5}, 3, None),
        (-1, {"throttle_pause": 0.5}, 5, None),
        (93008, {"throttle_pause": 0.5}, None, FOREVER),
    ],
)
def test_pauses(
    answering: Answering, errcode: int, options: dict[str, Any], after: float | None, pause: float | None
) -> None:
    url, _ = answering(http(json.dumps({"errcode": errcode}).encode()))
    outcome = robot(url, **options).send(message(), send_context())
    assert (outcome.after, outcome.pause) == (after, pause)


def test_a_text_that_is_too_long_never_leaves(answering: Answering) -> None:
    url, requests = answering(http(b'{"errcode":0}'))
    assert robot(url).send(message(text="工" * 683), send_context()).code == "40058"
    assert requests == []
    assert robot(url).send(message(text="工" * 682 + "ab"), send_context()) == Outcome.accepted()


def test_through_a_proxy(answering: Answering) -> None:
    proxy, requests = answering(http(b'{"errcode":0}'))
    sender = robot("http://robot.invalid", proxy=Secret(proxy))
    assert sender.send(message(), send_context()) == Outcome.accepted()
    assert requests[0].startswith(b"POST http://robot.invalid/cgi-bin/webhook/send?key=")


def test_the_timeout_is_the_contexts(serve: Callable[..., str]) -> None:
    def silent(connection: socket.socket, _: bytes) -> None:
        connection.recv(1)

    outcome = robot(serve(silent)).send(message(), send_context(timeout=0.1))
    assert (outcome.verdict, outcome.code) == (UNKNOWN, "ReadTimeout")
