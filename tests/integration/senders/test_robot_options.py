"""The types of the group robot's messages, against a server that answers as the service does."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable
from dataclasses import replace
from hashlib import md5
from typing import Any

import pytest
from notifykit_wecom.robot import WecomRobot
from notifykit_wecom.robot_options import Article, RobotOptions

from notifykit.messages.attachments import Attachment
from notifykit.model import Outcome, Verdict
from notifykit.options import OptionError
from notifykit.secrets import Secret
from notifykit.testing import FakeClock, message, send_context

Serve = Callable[..., str]
PNG = Attachment.of("图.png", b"\x89PNG\r\n" * 100)
SHEET = Attachment.of("工单 8.xlsx", b"PK\x03\x04 sheet")
FINE = {"errcode": 0}


class Service:
    """Answers uploads with media ids, and messages with what a test says, then with `errcode` 0."""

    def __init__(self, serve: Serve) -> None:
        self.url = serve(self._answer)
        self.sent: list[dict[str, Any]] = []
        self.uploads: list[bytes] = []
        self.errcodes: list[int] = []
        self.upload_replies: list[bytes] = []

    def _answer(self, connection: socket.socket, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        if b"/upload_media?" in head:
            self.uploads.append(request)
            reply = self.upload_replies.pop(0) if self.upload_replies else b""
            reply = reply or json.dumps({**FINE, "media_id": f"m{len(self.uploads)}"}).encode()
        else:
            self.sent.append(json.loads(body))
            reply = json.dumps({"errcode": self.errcodes.pop(0) if self.errcodes else 0}).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(reply) + reply)


@pytest.fixture
def service(serve: Serve) -> Service:
    return Service(serve)


def robot(service: Service, **options: Any) -> WecomRobot:
    return WecomRobot(key=Secret("693a+7 aoc"), base_url=f"{service.url}/cgi-bin/webhook/send", **options)


def send(service: Service, text: str = "工单", channel: dict[str, Any] | None = None, **options: Any) -> Outcome:
    given = message(text=text, options=RobotOptions(**options))
    return robot(service, **(channel or {})).send(given, send_context())


@pytest.mark.parametrize(
    ("channel", "options", "body"),
    [
        ({}, {}, {"msgtype": "text", "text": {"content": "工单"}}),
        ({}, {"format": "markdown"}, {"msgtype": "markdown", "markdown": {"content": "工单"}}),
        ({"msgtype": "markdown"}, {"format": "text"}, {"msgtype": "text", "text": {"content": "工单"}}),
        ({}, {"format": "markdown_v2"}, {"msgtype": "markdown_v2", "markdown_v2": {"content": "工单"}}),
        (
            {"mentioned_list": ["@all"]},
            {"mentions": ["li.si"], "mobiles": ["13800001111"]},
            {
                "msgtype": "text",
                "text": {"content": "工单", "mentioned_list": ["li.si"], "mentioned_mobile_list": ["13800001111"]},
            },
        ),
        ({"mentioned_list": ["@all"]}, {"mentions": []}, {"msgtype": "text", "text": {"content": "工单"}}),
        (
            {"mentioned_list": ["@all"]},
            {"format": "markdown"},
            {"msgtype": "markdown", "markdown": {"content": "工单"}},
        ),
        (
            {},
            {"image": PNG},
            {
                "msgtype": "image",
                "image": {
                    "base64": base64.b64encode(PNG.read()).decode(),
                    "md5": md5(PNG.read(), usedforsecurity=False).hexdigest(),
                },
            },
        ),
        (
            {"msgtype": "markdown"},
            {"articles": [Article(title="一", url="https://x.example"), Article(title="二", url="u", description="d")]},
            {
                "msgtype": "news",
                "news": {
                    "articles": [
                        {"title": "一", "url": "https://x.example"},
                        {"title": "二", "url": "u", "description": "d"},
                    ]
                },
            },
        ),
        (
            {},
            {"card": {"card_type": "text_notice", "main_title": {"title": "工单"}}},
            {
                "msgtype": "template_card",
                "template_card": {"card_type": "text_notice", "main_title": {"title": "工单"}},
            },
        ),
    ],
)
def test_the_body_of_each_type(
    service: Service, channel: dict[str, Any], options: dict[str, Any], body: object
) -> None:
    assert send(service, channel=channel, **options) == Outcome.accepted()
    assert service.sent == [body]


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"image": PNG, "file": SHEET}, "file"),
        ({"format": "image"}, "format"),
        ({"format": "markdown", "image": PNG}, "image"),
        ({"format": "markdown", "mentions": ["li.si"]}, "format"),
        ({"card": {"main_title": {}}}, "card"),
        ({"articles": [Article(title="t", url="u")] * 9}, "articles"),
    ],
)
def test_options_that_do_not_fit_together(options: dict[str, Any], option: str) -> None:
    with pytest.raises(OptionError) as caught:
        RobotOptions(**options)
    assert caught.value.option == option


def test_a_title_that_is_too_long_is_refused() -> None:
    with pytest.raises(OptionError, match="title has more than 128 bytes"):
        Article(title="工" * 43, url="u")


def test_the_limit_of_a_text_is_that_of_its_format(service: Service) -> None:
    assert send(service, "工" * 683).code == "40058"
    assert send(service, "工" * 683, format="markdown") == Outcome.accepted()
    assert send(service, "工" * 1366, format="markdown").code == "40058"
    assert send(service, "工" * 1366, image=PNG) == Outcome.accepted(), "its text is not sent"


# files ----------------------------------------------------------------------------------------------------


def test_a_file_is_uploaded_and_named_by_its_media_id(service: Service) -> None:
    assert send(service, file=SHEET) == Outcome.accepted()
    (upload,) = service.uploads
    assert upload.startswith(b"POST /cgi-bin/webhook/upload_media?key=693a%2B7%20aoc&type=file HTTP/1.1\r\n")
    assert b'name="media"' in upload
    assert SHEET.read() in upload
    assert service.sent == [{"msgtype": "file", "file": {"media_id": "m1"}}]


def test_one_that_was_uploaded_lately_is_not_uploaded_again(service: Service) -> None:
    sender, clock = robot(service), FakeClock()
    for days in (0, 1, 3):
        clock.advance(days * 86_400)
        given = message(options=RobotOptions(file=SHEET))
        assert sender.send(given, send_context(clock=clock)) == Outcome.accepted()
    assert [body["file"]["media_id"] for body in service.sent] == ["m1", "m1", "m2"]


@pytest.mark.parametrize("errcode", [40007, 41006])
def test_a_media_id_that_is_not_known_is_made_anew_once(service: Service, errcode: int) -> None:
    service.errcodes = [errcode]
    assert send(service, file=SHEET) == Outcome.accepted()
    assert [body["file"]["media_id"] for body in service.sent] == ["m1", "m2"]
    service.errcodes = [errcode, errcode]
    outcome = send(service, file=SHEET)
    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, str(errcode))
    assert len(service.sent) == 4


@pytest.mark.parametrize(
    ("reply", "verdict", "code"),
    [
        (b'{"errcode":45009}', Verdict.RETRY, "45009"),
        (b'{"errcode":93000}', Verdict.REJECTED, "93000"),
        (b'{"errcode":0}', Verdict.RETRY, "no_media_id"),
        (b"<html>", Verdict.RETRY, "no_media_id"),
    ],
)
def test_nothing_is_sent_and_nothing_in_doubt_where_the_upload_fails(
    service: Service, reply: bytes, verdict: Verdict, code: str
) -> None:
    service.upload_replies = [reply]
    outcome = send(service, file=SHEET)
    assert (outcome.verdict, outcome.code, service.sent) == (verdict, code, [])


def test_an_upload_that_is_not_answered_is_tried_again(serve: Serve) -> None:
    def silent(connection: socket.socket, _: bytes) -> None:
        connection.recv(1)

    sender = WecomRobot(key=Secret("0a1b2c3d-key"), base_url=f"{serve(silent)}/send")
    outcome = sender.send(message(options=RobotOptions(file=SHEET)), send_context(timeout=0.1))
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "ReadTimeout")


def test_one_that_was_taken_away_during_the_upload_is_not_sent(service: Service) -> None:
    context = replace(send_context(), still_held=lambda: False)
    outcome = robot(service).send(message(options=RobotOptions(file=SHEET)), context)
    assert (outcome.code, service.sent) == ("not_held", [])


def test_a_file_of_a_few_bytes_is_refused(service: Service) -> None:
    outcome = send(service, file=Attachment.of("a.txt", b"12345"))
    assert (outcome.verdict, outcome.code, service.uploads) == (Verdict.REJECTED, "40006", [])
