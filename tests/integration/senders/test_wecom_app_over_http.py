"""The messages of a WeCom application, against a service that gives tokens, drops repeats and leaves people out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_wecom.app import WecomApp
from notifykit_wecom.app_errcodes import ERRCODES
from notifykit_wecom.app_messages import Article, WecomAppOptions, content_of

from notifykit.campaign.campaign import Channel
from notifykit.model import FOREVER, Message, Outcome, Verdict
from notifykit.roles import Rate, SendContext, Sender
from notifykit.secrets import Secret, redact
from notifykit.testing import FakeClock, HttpRequest, HttpService, SenderContract, message, send_context
from notifykit.testing.http import HttpAnswer
from notifykit.testing.services import BROKEN, Delivered, FakeWecom, json_answer

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN
Answering = Callable[..., tuple[str, list[bytes]]]
LOGIN: dict[str, Any] = {"corpid": "ww0a1b", "corpsecret": "0a1b2c3d-app", "agentid": 1000002}


def fake(**options: Any) -> FakeWecom:
    return FakeWecom(**LOGIN, **options)


@pytest.fixture
def service() -> Iterator[FakeWecom]:
    with fake() as running:
        yield running


def app(service: HttpService | None = None, **options: Any) -> WecomApp:
    base = service.address if service else "http://127.0.0.1:1"
    usual: dict[str, Any] = {**LOGIN, "corpsecret": Secret("0a1b2c3d-app"), "base_url": f"{base}/cgi-bin"}
    return WecomApp(**usual | options)


class TestWecomAppContract(SenderContract):
    recipient = "li.si"

    @pytest.fixture(autouse=True)
    def _service(self) -> Iterator[None]:
        with fake() as self.service:
            yield

    def make_sender(self, folder: Path) -> Sender:
        return app(self.service)

    def make_unreachable_sender(self, folder: Path) -> Sender:
        return app()

    def make_unanswered_sender(self, folder: Path) -> Sender:
        self.service.answer_nothing()
        return app(self.service)


def said(text: str = "工单已完成", to: str = "li.si", key: str = "C-1") -> Message:
    return message(text=text, recipient=to, key=key, idempotency_key=f"sample/{key}/group/1")


def test_the_facts() -> None:
    assert (app().repeatable, app().repeatable_for) == (True, 1740)
    assert app(duplicate_check_interval=14400.0).repeatable_for == 14340
    assert app().key_limits == (Rate(30, 60), Rate(1000, 3600))
    assert app().credential_key == "ww0a1b/1000002"
    assert app().limit_key(said(to="Li.Si")) == app().limit_key(said(to="li.si")) != app(to="tag").limit_key(said())


def test_a_message_arrives_with_its_id(service: FakeWecom) -> None:
    assert app(service).send(said(), send_context()) == Outcome.accepted(vendor_id="msg-1")
    (taken,) = service.delivered
    assert taken.body == {
        "touser": "li.si",
        "agentid": 1000002,
        "msgtype": "text",
        "text": {"content": "工单已完成"},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 1800,
        "idempotency_key": "sample/C-1/group/1",
    }


@pytest.mark.parametrize(("to", "field"), [("party", "toparty"), ("tag", "totag")])
def test_a_channel_writes_to_departments_or_tags(service: FakeWecom, to: str, field: str) -> None:
    app(service, to=to).send(said(to="7"), send_context())
    assert service.delivered[0].body[field] == "7"
    assert "touser" not in service.delivered[0].body


# the token ------------------------------------------------------------------------------------------------


def at_once(sender: WecomApp, count: int) -> list[Outcome]:
    together, outcomes = threading.Barrier(count), list[Outcome]()

    def work(number: int) -> None:
        together.wait()
        outcomes.append(sender.send(said(key=f"C-{number}", to=f"m{number}"), send_context()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_many_threads_ask_for_one_token(service: FakeWecom) -> None:
    sender = app(service)
    assert {outcome.verdict for outcome in at_once(sender, 16)} == {ACCEPTED}
    assert len(service.tokens) == 1
    service.end_tokens()
    assert {outcome.verdict for outcome in at_once(sender, 16)} == {ACCEPTED}
    assert len(service.tokens) == 2


def test_a_message_whose_token_ended_early_is_sent_once_more_and_arrives_once(service: FakeWecom) -> None:
    sender = app(service)
    sender.send(said(key="C-0"), send_context())
    service.end_tokens()
    assert sender.send(said(), send_context()).verdict is ACCEPTED
    assert len(service.delivered) == 2
    *_, refused, _, again = service.requests
    assert refused.body == again.body


class _Refusing(FakeWecom):
    """Gives tokens, and takes none."""

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        return json_answer(200, {"errcode": 42001, "errmsg": "access_token expired"})


def test_a_service_that_refuses_two_tokens_in_a_row_is_tried_later() -> None:
    with _Refusing(**LOGIN) as service:
        outcome = app(service).send(said(), send_context())
    assert (outcome.verdict, outcome.code, outcome.max_tries) == (RETRY, "42001", 3)
    assert (len(service.tokens), len(service.requests)) == (2, 4)


def test_where_no_token_can_be_had_nothing_was_sent(service: FakeWecom) -> None:
    wrong = app(service, corpsecret=Secret("another")).send(said(), send_context())
    assert (wrong.verdict, wrong.code, wrong.pause) == (REJECTED, "40001", FOREVER)
    with HttpService() as other:
        for body, code in ((b"<html>", "no_token"), (b'{"errcode":-1}', "-1"), (b'{"errcode":0}', "no_token")):
            other.answer(body=body)
            outcome = app(other).send(said(), send_context())
            assert (outcome.verdict, outcome.code) == (RETRY, code)
        other.answer(502)
        assert app(other).send(said(), send_context()).verdict is RETRY
        other.answer(429, headers={"Retry-After": "9"})
        assert app(other).send(said(), send_context()).pause == 9
        other.answer_nothing()
        silent = app(other).send(said(), send_context(timeout=0.3))
        assert (silent.verdict, silent.code) == (RETRY, "ReadTimeout")


class _LateClock(FakeClock):
    """Ten seconds pass whenever somebody looks."""

    def monotonic(self) -> float:
        self.advance(10)
        return super().monotonic()


def test_a_message_that_another_worker_has_by_now_is_not_sent(service: FakeWecom) -> None:
    given = send_context(clock=_LateClock())
    lost = SendContext(attempt=1, timeout=5, clock=given.clock, log=given.log, still_held=lambda: False)
    assert app(service).send(said(), lost).code == "not_held"
    assert app(service).send(said(), given).verdict is ACCEPTED
    assert len(service.delivered) == 1


def test_the_token_is_kept_out_of_texts(service: FakeWecom) -> None:
    app(service).send(said(), send_context())
    assert service.tokens[0] not in redact(f"GET /cgi-bin/message/send?access_token={service.tokens[0]}")


# repeats --------------------------------------------------------------------------------------------------


def test_a_repeat_is_the_same_to_the_byte_and_is_shown_once(service: FakeWecom) -> None:
    service.fail_next(BROKEN, takes=True)
    clock = FakeClock()
    assert app(service).send(said(), send_context(clock=clock)).verdict is UNKNOWN
    clock.advance(90)
    assert app(service).send(said(), send_context(attempt=2, clock=clock)).verdict is ACCEPTED
    one, two = (request.body for request in service.requests if request.method == "POST")
    assert one == two
    assert (len(service.delivered), len(service.dropped)) == (1, 1)


def test_two_messages_that_say_the_same_are_two(service: FakeWecom) -> None:
    for key in ("C-1", "C-2"):
        app(service).send(said(key=key), send_context())
    assert len(service.delivered) == 2


def test_what_a_member_gets_beyond_the_limit_is_dropped_and_accepted(service: FakeWecom) -> None:
    """Which is why the limit is kept here."""
    sender = app(service)
    outcomes = [sender.send(said(key=f"C-{number}"), send_context()) for number in range(31)]
    assert {outcome.verdict for outcome in outcomes} == {ACCEPTED}
    assert (len(service.delivered), len(service.dropped)) == (30, 1)


# recipients -----------------------------------------------------------------------------------------------


def test_those_who_were_left_out_are_named() -> None:
    with fake(members=["li.si"]) as service:
        outcome = app(service).send(said(to="li.si|nobody|noone"), send_context())
        assert (outcome.verdict, outcome.undelivered) == (ACCEPTED, ("nobody", "noone"))
        none = app(service).send(said(to="nobody"), send_context())
        assert (none.verdict, none.code, none.pause) == (REJECTED, "81013", None)


def test_departments_tags_and_licences_are_told_apart() -> None:
    answer = {"errcode": 0, "invaliduser": "", "invalidparty": "7|8", "invalidtag": "9", "unlicenseduser": "li.si"}
    with fake() as service:
        service.fail_next(json_answer(200, answer))
        outcome = app(service).send(said(), send_context())
    assert outcome.undelivered == ("party 7", "party 8", "tag 9", "without a licence: li.si")


@pytest.mark.parametrize("to", ["@all", "@ALL", "li.si|@all", " @all "])
def test_nobody_tells_everybody_by_accident(service: FakeWecom, to: str) -> None:
    outcome = app(service).send(said(to=to), send_context())
    assert (outcome.verdict, outcome.code) == (REJECTED, "everybody")
    assert service.requests == []
    assert app(service, allow_all=True).send(said(to=to), send_context()).verdict is ACCEPTED


def test_a_message_to_nobody_is_rejected(service: FakeWecom) -> None:
    assert app(service).send(said(to=" | "), send_context()).code == "82001"
    assert service.requests == []


# what a reply means ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        (json_answer(200, {"errcode": -1}), RETRY, "-1"),
        (json_answer(200, {"errcode": 45009}), RETRY, "45009"),
        (json_answer(200, {"errcode": 60020}), REJECTED, "60020"),
        (json_answer(200, {"errcode": 12345}), REJECTED, "12345"),
        (json_answer(502, {"errcode": 0}), UNKNOWN, "HTTP 502"),
        (json_answer(200, {"errcode": "0"}), UNKNOWN, "no_errcode"),
        (json_answer(200, {"errcode": False}), UNKNOWN, "no_errcode"),
        (HttpAnswer(200, b"<html>"), UNKNOWN, "no_errcode"),
        (HttpAnswer(429, b"", {"retry-after": "9"}), RETRY, "HTTP 429"),
        (None, UNKNOWN, "ReadTimeout"),
    ],
)
def test_what_a_reply_means(service: FakeWecom, answer: HttpAnswer | None, verdict: Verdict, code: str) -> None:
    service.fail_next(answer)
    outcome = app(service).send(said(), send_context(timeout=1.0))
    assert (outcome.verdict, outcome.code) == (verdict, code)


def test_every_errcode_of_the_table_is_under_its_own_number() -> None:
    assert {number: outcome.code or "0" for number, outcome in ERRCODES.items()} == {
        number: str(number) for number in ERRCODES
    }


# what is sent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("msgtype", ["text", "markdown"])
def test_what_the_service_would_cut_off_is_not_sent(service: FakeWecom, msgtype: str) -> None:
    sender = app(service, msgtype=msgtype)
    assert sender.max_bytes == 2048
    assert sender.send(said("a" * 2048), send_context()).verdict is ACCEPTED
    outcome = sender.send(said("长" * 683), send_context())
    assert (outcome.verdict, outcome.code) == (REJECTED, "45002")
    assert len(service.delivered) == 1


def test_each_format_has_its_bound() -> None:
    channel = Channel.of("app", "wecom_app", app())
    assert [channel.in_format(one).max_bytes for one in ("", "text", "textcard", "news")] == [2048, 2048, 512, 512]


@given(st.lists(st.text(st.sampled_from("<a hrefont/> \n工"))))
def test_no_tag_arises_from_record_data(values: list[str]) -> None:
    text = "".join(map(app().escape, values))
    assert text.count("<") == text.count("<\u200b")
    assert text.replace("\u200b", "") == "".join(values)


@pytest.mark.parametrize(
    ("options", "content"),
    [
        (WecomAppOptions(safe=True), {"msgtype": "text", "text": {"content": "二"}, "safe": 1}),
        (WecomAppOptions(format="markdown", safe=True), {"msgtype": "markdown", "markdown": {"content": "二"}}),
        (
            WecomAppOptions(format="textcard", title="一", url="https://a.example/1", btntxt="看"),
            {
                "msgtype": "textcard",
                "textcard": {"title": "一", "description": "二", "url": "https://a.example/1", "btntxt": "看"},
            },
        ),
        (
            WecomAppOptions(
                format="news",
                title="一",
                url="https://a.example/1",
                picurl="https://a.example/p.png",
                articles=[Article(title="三", url="https://a.example/3")],
            ),
            {
                "msgtype": "news",
                "news": {
                    "articles": [
                        {
                            "title": "一",
                            "description": "二",
                            "url": "https://a.example/1",
                            "picurl": "https://a.example/p.png",
                        },
                        {"title": "三", "url": "https://a.example/3"},
                    ]
                },
            },
        ),
    ],
)
def test_the_content_of_each_type(options: WecomAppOptions, content: object) -> None:
    assert content_of(options.format or "text", "二", options) == content


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"format": "textcard", "title": "一"}, "url: is missing; a textcard needs it"),
        ({"format": "news", "url": "https://a.example"}, "title: is missing; a news needs it"),
        ({"articles": [Article(title="x", url="https://a.example")] * 8}, "articles: has 8, and there may be 7"),
    ],
)
def test_options_of_a_message_that_do_not_fit(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        WecomAppOptions(**options)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"base_url": "qyapi.weixin.qq.com"}, "base_url: must start with http"),
        ({"base_url": "http://a.example/cgi-bin?x=1"}, "base_url: has a query"),
        ({"duplicate_check_interval": 299.0}, "duplicate_check_interval: must be 5 minutes to 4 hours"),
        ({"duplicate_check_interval": 14401.0}, "duplicate_check_interval: must be 5 minutes to 4 hours"),
        ({"proxy": "socks5://127.0.0.1"}, "proxy: must start with http"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        app(**options)


# asked without a message ----------------------------------------------------------------------------------


def test_it_is_asked_for_a_token_and_for_the_application(service: FakeWecom) -> None:
    assert app(service).probe(5).ready is True
    for wrong, code in (({"agentid": 7}, "301002"), ({"corpsecret": Secret("another")}, "40001")):
        probe = app(service, **wrong).probe(5)
        assert (probe.ready, code in probe.detail) == (False, True)
    assert (service.delivered, service.dropped) == ([], [])
    gone = app().probe(5)
    assert (gone.ready, "cannot be reached" in gone.detail) == (False, True)
