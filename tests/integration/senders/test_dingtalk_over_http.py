"""The DingTalk robot against a service that answers as DingTalk does: errors as HTTP 200."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_dingtalk.errcodes import ERRCODES, outcome_of
from notifykit_dingtalk.messages import Button, DingtalkOptions, Mentions, body_of
from notifykit_dingtalk.robot import DingtalkRobot

from notifykit.campaign.campaign import Channel
from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.roles import Rate, Sender
from notifykit.secrets import Secret
from notifykit.testing import FakeClock, HttpService, SenderContract, message, send_context
from notifykit.testing.services import BROKEN, FakeDingtalk

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN
Answering = Callable[..., tuple[str, list[bytes]]]
TOKEN, SECRET = "0a1b2c3d-token", "SEC0a1b2c3d"
NOBODY = Mentions((), (), everybody=False)


@pytest.fixture
def service() -> Iterator[FakeDingtalk]:
    with FakeDingtalk(tokens=[TOKEN], secret=SECRET, clock=FakeClock()) as running:
        yield running


def robot(url: str = "http://127.0.0.1:1/send", **options: Any) -> DingtalkRobot:
    usual: dict[str, Any] = {"access_token": Secret(TOKEN), "secret": Secret(SECRET), "base_url": url}
    return DingtalkRobot(**usual | options)


class TestDingtalkContract(SenderContract):
    @pytest.fixture(autouse=True)
    def _service(self) -> Iterator[None]:
        with FakeDingtalk(tokens=[TOKEN], secret=SECRET, clock=FakeClock()) as self.service:
            yield

    def make_sender(self, folder: Path) -> Sender:
        return robot(self.service.url)

    def make_http_sender(self, folder: Path, url: str) -> Sender:
        return robot(url)

    def make_unreachable_sender(self, folder: Path) -> Sender:
        return robot()

    def make_unanswered_sender(self, folder: Path) -> Sender:
        self.service.answer_nothing()
        return robot(self.service.url)


def test_the_facts() -> None:
    assert (robot().limits, robot().repeatable) == ((Rate(20, 60),), False)
    assert robot().credential_key.reveal() == TOKEN
    assert robot().escape is None
    assert DingtalkRobot(access_token=Secret(None)).base_url == "https://oapi.dingtalk.com/robot/send"


def test_a_signed_text_arrives(service: FakeDingtalk) -> None:
    assert robot(service.url).send(message(text="工单\n已完成"), send_context()) == Outcome.accepted()
    (taken,) = service.delivered
    assert taken.body == {"msgtype": "text", "text": {"content": "工单\n已完成"}}


def test_each_attempt_is_signed_anew_and_its_body_is_the_same(service: FakeDingtalk) -> None:
    clock = FakeClock()
    for attempt in (1, 2):
        robot(service.url).send(message(), send_context(attempt=attempt, clock=clock))
        clock.advance(2)
    one, two = service.requests
    assert one.body == two.body
    assert one.path != two.path


def test_a_clock_that_is_wrong_by_more_than_an_hour_is_refused(service: FakeDingtalk) -> None:
    clock = FakeClock()
    clock.jump(3700)
    outcome = robot(service.url).send(message(), send_context(clock=clock))
    assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, "310000", None)


def test_what_the_service_refuses(service: FakeDingtalk) -> None:
    for options, code, pause in (
        ({"access_token": Secret("another")}, "300005", FOREVER),
        ({"secret": Secret("SECother")}, "310000", None),
        ({"secret": None}, "310000", None),
    ):
        outcome = robot(service.url, **options).send(message(), send_context())
        assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, code, pause)
    assert robot(service.url).send(message(text=" "), send_context()).code == "40035"
    assert service.delivered == []


def test_a_robot_that_sends_too_fast_rests_for_ten_minutes() -> None:
    clock = FakeClock()
    with FakeDingtalk(tokens=[TOKEN], rate=(2, 60), clock=clock) as service:
        sender = robot(service.url)
        outcomes = [sender.send(message(), send_context()) for _ in range(3)]
        assert [outcome.verdict for outcome in outcomes] == [ACCEPTED, ACCEPTED, RETRY]
        assert (outcomes[2].after, outcomes[2].pause) == (600, 600)
        clock.advance(599)
        assert sender.send(message(), send_context()).code == "130101"
        clock.advance(2)
        assert sender.send(message(), send_context()).verdict is ACCEPTED
        assert robot(service.url, throttle_pause=5.0).send(message(), send_context()).verdict is ACCEPTED
        outcome = robot(service.url, throttle_pause=5.0).send(message(), send_context())
        assert (outcome.after, outcome.pause) == (5, 5)


def test_a_reply_that_is_lost_leaves_a_doubt(service: FakeDingtalk) -> None:
    service.fail_next(BROKEN, takes=True)
    service.fail_next(None)
    lost = [robot(service.url).send(message(), send_context(timeout=0.3)) for _ in range(2)]
    assert [outcome.verdict for outcome in lost] == [UNKNOWN, UNKNOWN]


def http(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


@pytest.mark.parametrize(
    ("reply", "verdict", "code"),
    [
        (http(b'{"errcode":0,"errmsg":"send too fast"}'), ACCEPTED, ""),
        (http(b'{"errcode":310000,"errmsg":"ok"}'), REJECTED, "310000"),
        (http(b'{"errcode":-1}', "500 Oops"), RETRY, "-1"),
        (http(b'{"errcode":0}', "500 Oops"), UNKNOWN, "HTTP 500"),
        (http(b'{"errcode":"0"}'), UNKNOWN, "no_errcode"),
        (http(b'{"errcode":false}'), UNKNOWN, "no_errcode"),
        (http(b"<html>"), UNKNOWN, "no_errcode"),
        (http(b'{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"0a"}'), RETRY, "punish_deny"),
        (http(b'{"errcode":0}', "429 Too Many", "Retry-After: 9\r\n"), RETRY, "HTTP 429"),
        (http(b"", "302 Found"), REJECTED, "HTTP 302"),
    ],
)
def test_what_a_reply_means(answering: Answering, reply: bytes, verdict: Verdict, code: str) -> None:
    outcome = robot(answering(reply)[0]).send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (verdict, code)


@pytest.mark.parametrize(
    ("errcode", "verdict", "after", "pause"),
    [
        (-1, RETRY, 5, None),
        (130101, RETRY, 600, 600),
        (410100, RETRY, 600, 600),
        (400013, REJECTED, None, FOREVER),
        (400102, REJECTED, None, FOREVER),
        (310000, REJECTED, None, None),
        (460101, REJECTED, None, None),
        (1, REJECTED, None, None),
    ],
)
def test_errcodes(errcode: int, verdict: Verdict, after: float | None, pause: float | None) -> None:
    outcome = outcome_of(errcode)
    assert (outcome.verdict, outcome.code, outcome.after, outcome.pause) == (verdict, str(errcode), after, pause)
    assert outcome.detail


def test_every_errcode_of_the_table_is_under_its_own_number() -> None:
    assert {number: outcome.code or "0" for number, outcome in ERRCODES.items()} == {
        number: str(number) for number in ERRCODES
    }


# what is sent ---------------------------------------------------------------------------------------------


def test_a_request_of_just_the_limit_is_tried_and_one_byte_more_is_not() -> None:
    frame = len(json.dumps({"msgtype": "text", "text": {"content": ""}}, separators=(",", ":")))
    fits = "长" * ((20_000 - frame) // 3)
    fits += "a" * (20_000 - frame - len(fits.encode()))
    assert robot().send(message(text=fits), send_context()).code == "ConnectError"
    outcome = robot().send(message(text=fits + "a"), send_context())
    assert (outcome.verdict, outcome.code) == (REJECTED, "460101")
    assert "20001 bytes" in outcome.detail


def test_the_channel_mentions_whom_it_names(service: FakeDingtalk) -> None:
    robot(service.url, at_mobiles=["13800001111"], at_all=True).send(message(text="x"), send_context())
    assert service.delivered[0].body["at"] == {"atMobiles": ["13800001111"], "atUserIds": [], "isAtAll": True}


def test_a_markdown_names_those_whom_it_mentions(service: FakeDingtalk) -> None:
    sender = robot(service.url, msgtype="markdown", at_mobiles=["13800001111", "13800002222"])
    sender.send(message(text="# 日报\n@13800001111 看"), send_context())
    assert service.delivered[0].body["markdown"] == {"title": "日报", "text": "# 日报\n@13800001111 看\n\n@13800002222"}


@given(st.text())
def test_no_text_of_a_record_mentions_anybody(text: str) -> None:
    body = body_of("text", text, DingtalkOptions(), NOBODY)
    assert "at" not in body


@pytest.mark.parametrize(
    ("format_", "broken"), [("text", False), ("markdown", True), ("link", False), ("actionCard", True)]
)
def test_record_data_makes_no_link(format_: str, broken: bool) -> None:
    channel = Channel.of("ding", "dingtalk_robot", robot()).in_format(format_)
    value = "[点此](https://a.example)"
    escaped = value if channel.escape is None else channel.escape(value)
    assert ("](" not in escaped) is broken


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (
            DingtalkOptions(format="link", message_url="https://a.example/1", pic_url="https://a.example/p.png"),
            {
                "msgtype": "link",
                "link": {
                    "title": "第一行",
                    "text": "第一行\n第二行",
                    "messageUrl": "https://a.example/1",
                    "picUrl": "https://a.example/p.png",
                },
            },
        ),
        (
            DingtalkOptions(format="actionCard", title="签约", single_title="看", single_url="https://a.example/1"),
            {
                "msgtype": "actionCard",
                "actionCard": {
                    "title": "签约",
                    "text": "第一行\n第二行",
                    "btnOrientation": "0",
                    "singleTitle": "看",
                    "singleURL": "https://a.example/1",
                },
            },
        ),
        (
            DingtalkOptions(
                format="actionCard",
                title="签约",
                buttons=[Button(title="同意", action_url="https://a.example/y")],
                btn_orientation="1",
            ),
            {
                "msgtype": "actionCard",
                "actionCard": {
                    "title": "签约",
                    "text": "第一行\n第二行",
                    "btnOrientation": "1",
                    "btns": [{"title": "同意", "actionURL": "https://a.example/y"}],
                },
            },
        ),
    ],
)
def test_the_body_of_each_type(options: DingtalkOptions, body: object) -> None:
    assert body_of("text", "第一行\n第二行", options, NOBODY) == body


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"format": "link"}, "message_url: is missing"),
        ({"format": "actionCard"}, "buttons: an actionCard has either one button or a list"),
        ({"format": "link", "message_url": "https://a.example", "at_all": True}, "format: link mentions nobody"),
    ],
)
def test_options_of_a_message_that_do_not_fit(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        DingtalkOptions(**options)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"base_url": "http://a.example/send?access_token=1"}, "base_url: has a query"),
        (
            {"access_token": Secret("https://a.example/send?access_token=hidden-1")},
            "access_token: is too much of an address",
        ),
        ({"throttle_pause": 0.0}, "throttle_pause: must be more than 0 seconds"),
        ({"proxy": "socks5://127.0.0.1"}, "proxy: must start with http"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as raised:
        robot(**options)
    assert "hidden" not in str(raised.value)


# asked without a message ----------------------------------------------------------------------------------


def test_it_is_asked_by_a_request_that_reaches_nobody() -> None:
    with FakeDingtalk(tokens=[TOKEN], secret=SECRET) as service:
        assert robot(service.url).probe(5).ready is True
        wrong = robot(service.url, access_token=Secret("another")).probe(5)
        assert (wrong.ready, "300005" in wrong.detail) == (False, True)
        unsigned = robot(service.url, secret=None).probe(5)
        assert (unsigned.ready, "310000" in unsigned.detail) == (None, True)
        assert service.delivered == []
    with HttpService() as other:
        assert robot(other.url).probe(5).ready is None
    gone = robot().probe(5)
    assert (gone.ready, "cannot be reached" in gone.detail) == (False, True)
