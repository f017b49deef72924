"""The services of Apprise, whose HTTP goes to a server on loopback."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from notifykit_apprise.sender import Apprise, AppriseOptions
from notifykit_apprise.watching import Exchange, judge, watched
from ports import nobodys_port

from notifykit.errors import PluginError
from notifykit.model import Outcome, Verdict
from notifykit.secrets import Secret
from notifykit.testing import HttpAnswer, HttpService, message, send_context

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN
KEY = "7d3c-leak-9f00"


@pytest.fixture
def service() -> Iterator[HttpService]:
    with HttpService() as service:
        yield service


def at(service: HttpService, more: str = "") -> Apprise:
    return Apprise(url=Secret(f"json://{service.address.removeprefix('http://')}/{KEY}{more}"))


def send(sender: Apprise, text: str = "工单", timeout: float = 2.0) -> Outcome:
    return sender.send(message(text=text), send_context(timeout=timeout))


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        (HttpAnswer(200), ACCEPTED, ""),
        (HttpAnswer(204, b""), ACCEPTED, ""),
        (HttpAnswer(400), REJECTED, "HTTP 400"),
        (HttpAnswer(401), REJECTED, "HTTP 401"),
        (HttpAnswer(302, b"", {"location": "/else"}), REJECTED, "HTTP 302"),
        (HttpAnswer(429, b"", {"retry-after": "9"}), RETRY, "HTTP 429"),
        (HttpAnswer(500), UNKNOWN, "HTTP 500"),
        (HttpAnswer(503), UNKNOWN, "HTTP 503"),
        (HttpAnswer(0), UNKNOWN, "unanswered"),
    ],
)
def test_one_request_is_judged_by_its_status(
    service: HttpService, answer: HttpAnswer, verdict: Verdict, code: str
) -> None:
    service.answer(answer.status, answer.body, answer.headers)
    outcome = send(at(service))
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert len(service.requests) == 1


def test_what_never_left_is_tried_again() -> None:
    for host in (f"127.0.0.1:{nobodys_port()}", "nobody.invalid"):
        outcome = send(Apprise(url=Secret(f"json://{host}/{KEY}")))
        assert (outcome.verdict, outcome.unreached) == (RETRY, True)


def test_no_answer_is_a_doubt(service: HttpService) -> None:
    service.answer_nothing()
    assert send(at(service), timeout=0.2) == Outcome.unknown("unanswered", "the request was not answered")


@pytest.mark.parametrize("more", ["?retry=3", "?redirect=yes"])
def test_it_asks_once_whatever_the_url_wants(service: HttpService, more: str) -> None:
    service.answer(302, b"", {"location": f"{service.address}/else"})
    assert send(at(service, more)).verdict is REJECTED
    assert len(service.requests) == 1


def test_a_text_that_a_title_makes_longer_is_not_cut_into_parts(service: HttpService) -> None:
    url = f"mmost://{service.address.removeprefix('http://')}/{KEY.replace('-', 'a') * 2}?overflow=split"
    sender = Apprise(url=Secret(url))
    assert sender.max_length is not None
    text = "工" * sender.max_length
    assert sender.send(message(text=text, options=AppriseOptions(title="订单")), send_context()).verdict is ACCEPTED
    assert len(service.requests) == 1


def test_several_requests_or_none_prove_nothing() -> None:
    assert judge([], said=True, now=0).code == "unseen"
    assert judge([Exchange(200), Exchange(200)], said=True, now=0).code == "several_requests"
    assert judge([Exchange(200)], said=False, now=0).code == "disbelieved"
    assert judge([Exchange(left=False), Exchange(left=False)], said=False, now=0).verdict is RETRY
    assert judge([Exchange(left=False), Exchange()], said=False, now=0).verdict is UNKNOWN


def test_what_others_ask_meanwhile_is_not_seen(service: HttpService) -> None:
    import requests

    with watched() as exchanges:
        requests.get(service.url, timeout=2)
    requests.get(service.url, timeout=2)
    assert [one.status for one in exchanges] == [200]


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        (f"wecombot://{KEY}", "url: wecombot answers 200 .*; use `type: wecom_robot`"),
        (f"dingtalk://{KEY.replace('-', '')}", "url: dingtalk answers 200 .*; use `type: dingtalk_robot`"),
        ("feishu://0a1b2c3d4e5f", "url: feishu answers 200 .*; use `type: feishu_robot`"),
        (f"nothing://{KEY}", "url: is no URL that Apprise knows"),
        (f"ntfy://localhost/{KEY}/other-{KEY}", "url: names 2 targets, and a delivery has one; make a channel"),
    ],
)
def test_urls_that_will_not_do(url: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as raised:
        Apprise(url=Secret(url))
    assert "leak" not in str(raised.value)


def test_odd_texts(service: HttpService) -> None:
    sender = at(service)
    assert sender.max_length == 32_768
    for text, code in (("", "empty"), ("\ud800", "UnicodeEncodeError"), ("a" * 32_769, "too_long")):
        outcome = send(sender, text)
        assert (outcome.verdict, outcome.code) == (REJECTED, code)
    assert service.requests == []


def test_without_the_library_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PluginError, match="needs apprise, which is not installed") as raised:
        Apprise(url=Secret(f"json://localhost/{KEY}"))
    assert raised.value.mend == 'pip install "notifykit-outbox[apprise]"'


def test_nothing_logs_the_key(service: HttpService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (200, 404, 500):
        service.answer(status)
        assert "leak" not in repr(send(at(service)))
    assert "leak" not in caplog.text


def test_options_of_a_message(service: HttpService) -> None:
    options = AppriseOptions(title="订单", kind="warning", format="markdown")
    assert at(service).send(message(text="**1**", options=options), send_context()).verdict is ACCEPTED
    body = json.loads(service.requests[0].body)
    assert (body["title"], body["type"], body["message"]) == ("订单", "warning", "**1**")
