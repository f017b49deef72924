"""The Feishu robot against a service that answers as Feishu does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_feishu.codes import CODES, outcome_of
from notifykit_feishu.messages import Button, FeishuOptions, body_of
from notifykit_feishu.robot import FeishuRobot, signature

from notifykit.campaign.campaign import Channel
from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.roles import Rate, Sender
from notifykit.secrets import Secret
from notifykit.testing import FakeClock, HttpService, SenderContract, message, send_context
from notifykit.testing.services import BROKEN, FakeFeishu

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN
Answering = Callable[..., tuple[str, list[bytes]]]
TOKEN, SECRET = "0a1b2c3d-token", "0a1b2c3d-secret"


@pytest.fixture
def service() -> Iterator[FakeFeishu]:
    with FakeFeishu(tokens=[TOKEN], secret=SECRET, clock=FakeClock()) as running:
        yield running


def robot(url: str = "http://127.0.0.1:1/hook", **options: Any) -> FeishuRobot:
    usual: dict[str, Any] = {"token": Secret(TOKEN), "secret": Secret(SECRET), "base_url": url}
    return FeishuRobot(**usual | options)


class TestFeishuContract(SenderContract):
    @pytest.fixture(autouse=True)
    def _service(self) -> Iterator[None]:
        with FakeFeishu(tokens=[TOKEN], secret=SECRET, clock=FakeClock()) as self.service:
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
    assert (robot().limits, robot().repeatable) == ((Rate(100, 60), Rate(5, 1)), False)
    assert robot().credential_key.reveal() == TOKEN
    assert FeishuRobot(token=Secret(None)).base_url == "https://open.feishu.cn/open-apis/bot/v2/hook"


def test_the_signature_is_that_of_the_vendors_example() -> None:
    assert signature("demo", 100.9) == {"timestamp": "100", "sign": "jquNHnVOwmDRfw+vqTIrY5dooJAgi5EcRtLsQE4wfXg="}


def test_a_signed_text_arrives(service: FakeFeishu) -> None:
    assert robot(service.url).send(message(text="工单\n已完成"), send_context()) == Outcome.accepted()
    (taken,) = service.delivered
    assert (taken.to, taken.text) == (TOKEN, "工单\n已完成")


def test_each_attempt_is_signed_anew(service: FakeFeishu) -> None:
    clock = FakeClock()
    for attempt in (1, 2):
        robot(service.url).send(message(), send_context(attempt=attempt, clock=clock))
        clock.advance(2)
    one, two = (json.loads(request.body) for request in service.requests)
    assert one.pop("timestamp") != two.pop("timestamp")
    assert one.pop("sign") != two.pop("sign")
    assert one == two


def test_what_the_service_refuses(service: FakeFeishu) -> None:
    late = FakeClock()
    late.jump(3700)
    for options, clock, code in (
        ({"token": Secret("another")}, FakeClock(), "19001"),
        ({"secret": Secret("another")}, FakeClock(), "19021"),
        ({"secret": None}, FakeClock(), "19021"),
        ({}, late, "19021"),
    ):
        outcome = robot(service.url, **options).send(message(), send_context(clock=clock))
        assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, code, FOREVER)
    assert service.delivered == []


def test_a_missing_keyword_is_the_messages_defect() -> None:
    with FakeFeishu(tokens=[TOKEN], keywords=["签约"]) as service:
        outcome = robot(service.url, secret=None).send(message(text="工单"), send_context())
        assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, "19024", None)
        assert robot(service.url, secret=None).send(message(text="签约 1"), send_context()).verdict is ACCEPTED


def test_a_robot_that_sends_too_fast_rests() -> None:
    with FakeFeishu(tokens=[TOKEN], rate=(1, 60)) as service:
        sender = robot(service.url, secret=None, throttle_pause=7.0)
        assert sender.send(message(), send_context()).verdict is ACCEPTED
        outcome = sender.send(message(), send_context())
        assert (outcome.verdict, outcome.code, outcome.after, outcome.pause) == (RETRY, "11232", 7, 7)


def test_a_reply_that_is_lost_leaves_a_doubt(service: FakeFeishu) -> None:
    service.fail_next(BROKEN, takes=True)
    service.fail_next(None)
    lost = [robot(service.url).send(message(), send_context(timeout=0.3)) for _ in range(2)]
    assert [outcome.verdict for outcome in lost] == [UNKNOWN, UNKNOWN]


def http(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


@pytest.mark.parametrize(
    ("reply", "verdict", "code"),
    [
        (http(b'{"code":0,"msg":"frequency limited"}'), ACCEPTED, ""),
        (http(b'{"StatusCode":0,"StatusMessage":"success"}'), ACCEPTED, ""),
        (http(b'{"code":19001,"StatusCode":0}'), REJECTED, "19001"),
        (http(b'{"code":9499,"msg":"Bad Request"}', "400 Bad Request"), RETRY, "9499"),
        (http(b'{"code":9499,"msg":"too many request"}'), RETRY, "9499"),
        (http(b'{"code":99991400}', "400 Bad Request"), RETRY, "99991400"),
        (http(b'{"code":0}', "500 Oops"), UNKNOWN, "HTTP 500"),
        (http(b'{"code":"0"}'), UNKNOWN, "no_code"),
        (http(b'{"code":false}'), UNKNOWN, "no_code"),
        (http(b"ok"), UNKNOWN, "no_code"),
        (http(b'{"code":0}', "429 Too Many", "Retry-After: 9\r\n"), RETRY, "HTTP 429"),
    ],
)
def test_what_a_reply_means(answering: Answering, reply: bytes, verdict: Verdict, code: str) -> None:
    outcome = robot(answering(reply)[0]).send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (verdict, code)


def test_what_may_be_a_defect_is_tried_three_times_at_most() -> None:
    assert (outcome_of(9499).max_tries, outcome_of(9499).pause) == (3, None)


def test_every_code_of_the_table_is_under_its_own_number() -> None:
    assert {number: outcome.code or "0" for number, outcome in CODES.items()} == {
        number: str(number) for number in CODES
    }
    assert outcome_of(1).verdict is REJECTED


# what is sent ---------------------------------------------------------------------------------------------


def test_a_request_that_is_too_large_is_not_sent() -> None:
    outcome = robot(secret=None).send(message(text="长" * 6_700), send_context())
    assert (outcome.verdict, outcome.code) == (REJECTED, "too_long")
    assert robot(secret=None).send(message(text="长" * 6_600), send_context()).code == "ConnectError"


ODD = st.text(st.sampled_from('<>at/ \n\u200b工="'))


@given(st.lists(ODD), ODD.filter(lambda text: "<" not in text))
def test_no_tag_arises_however_values_meet(values: list[str], between: str) -> None:
    text = between.join(map(robot().escape, values))
    assert re.search(r"<(?!\u200b)", text) is None
    assert text.replace("\u200b", "") == between.join(values).replace("\u200b", "")


@pytest.mark.parametrize("format_", ["text", "post", "interactive"])
def test_no_format_lets_record_data_call_up_the_group(format_: str) -> None:
    channel = Channel.of("feishu", "feishu_robot", robot()).in_format(format_)
    assert channel.escape is not None
    assert "<at" not in channel.escape("<at id=all></at>")


def test_the_template_mentions_and_a_record_does_not(service: FakeFeishu) -> None:
    sender = robot(service.url, at_all=True, at_user_ids=["ou_0a1b"])
    sender.send(message(text=sender.escape('<at user_id="all">')), send_context())
    assert service.delivered[0].text == '<\u200bat user_id="all">\n<at user_id="ou_0a1b"></at><at user_id="all"></at>'


@pytest.mark.parametrize(
    ("options", "mentioned", "body"),
    [
        (
            FeishuOptions(format="post", title="日报"),
            ["all"],
            {
                "msg_type": "post",
                "content": {
                    "post": {
                        "zh_cn": {
                            "title": "日报",
                            "content": [
                                [{"tag": "text", "text": "一"}],
                                [{"tag": "text", "text": "二"}],
                                [{"tag": "at", "user_id": "all"}],
                            ],
                        }
                    }
                },
            },
        ),
        (
            FeishuOptions(
                format="interactive",
                title="日报",
                template="red",
                buttons=[Button(text="看", url="https://a.example/1")],
            ),
            ["ou_1"],
            {
                "msg_type": "interactive",
                "card": {
                    "config": {"wide_screen_mode": True},
                    "header": {"title": {"tag": "plain_text", "content": "日报"}, "template": "red"},
                    "elements": [
                        {"tag": "markdown", "content": "一\n二\n<at id=ou_1></at>"},
                        {
                            "tag": "action",
                            "actions": [
                                {
                                    "tag": "button",
                                    "text": {"tag": "plain_text", "content": "看"},
                                    "url": "https://a.example/1",
                                    "type": "default",
                                }
                            ],
                        },
                    ],
                },
            },
        ),
    ],
)
def test_the_body_of_each_type(options: FeishuOptions, mentioned: list[str], body: object) -> None:
    assert body_of("text", "一\n二", options, mentioned) == body


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"format": "post", "buttons": [Button(text="看", url="https://a.example")]}, "buttons: post has none"),
        ({"at_user_ids": ["all"]}, "at_user_ids: 'all' is nobody's id"),
        ({"at_user_ids": ["x></at><at id=all"]}, "at_user_ids: 'x></at><at id=all' is nobody's id"),
    ],
)
def test_options_of_a_message_that_do_not_fit(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        FeishuOptions(**options)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"base_url": "http://a.example/hook?x=1"}, "base_url: has a query"),
        ({"token": Secret("https://a.example/hook/hidden-1")}, "token: is too much of an address"),
        ({"at_user_ids": ["all"]}, "at_user_ids: 'all' is nobody's id; give open ids or user ids, and at_all"),
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
    with FakeFeishu(tokens=[TOKEN], secret=SECRET) as service:
        assert robot(service.url).probe(5).ready is True
        for wrong in ({"token": Secret("another")}, {"secret": Secret("another")}):
            assert robot(service.url, **wrong).probe(5).ready is False
        assert service.delivered == []
    with FakeFeishu(tokens=[TOKEN]) as open_to_all:
        assert robot(open_to_all.url, secret=None).probe(5).ready is True
    with HttpService() as other:
        assert robot(other.url).probe(5).ready is None
        other.answer(body=b'{"code": 11232}')
        assert robot(other.url).probe(5).ready is None
    assert robot().probe(5).ready is False
