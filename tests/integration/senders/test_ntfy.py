"""Topics of a server that answers as ntfy does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from notifykit_ntfy.sender import Ntfy, NtfyOptions

from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.secrets import Secret
from notifykit.testing import HttpAnswer, message, send_context
from notifykit.testing.services import BROKEN, FakeNtfy, json_answer

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN
TOKEN = "tk_0a1b2c3d"


@pytest.fixture
def service() -> Iterator[FakeNtfy]:
    with FakeNtfy(token=TOKEN, reserved={"boss"}) as service:
        yield service


def ntfy(service: FakeNtfy, **options: Any) -> Ntfy:
    usual: dict[str, Any] = {"url": service.address, "token": Secret(TOKEN)}
    return Ntfy(**usual | options)


def send(sender: Ntfy, text: str = "工单", to: str = "orders") -> Outcome:
    return sender.send(message(recipient=to, text=text), send_context(timeout=2.0))


def test_a_message(service: FakeNtfy) -> None:
    assert send(ntfy(service)) == Outcome.accepted(vendor_id="id0000000001")
    sender = ntfy(service, topic=Secret("orders-0a1b2c"), title="订单", priority="urgent", tags=["package"])
    assert send(sender, to="desk").verdict is ACCEPTED
    first, second = service.delivered
    assert first.body == {"topic": "orders", "message": "工单", "priority": 3}
    assert second.body == {
        "topic": "orders-0a1b2c",
        "message": "工单",
        "priority": 5,
        "title": "订单",
        "tags": ["package"],
    }


def test_probes(service: FakeNtfy) -> None:
    assert ntfy(service).probe(2).ready is True
    assert ntfy(service, token=Secret("tk_wrong")).probe(2).ready is False
    with FakeNtfy() as open_to_all:
        assert Ntfy(url=open_to_all.address).probe(2).ready is True


def test_a_wrong_token_stops_the_channel_and_a_forbidden_topic_does_not(service: FakeNtfy) -> None:
    outcome = send(ntfy(service, token=Secret("tk_wrong")))
    assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, "40101", FOREVER)
    outcome = send(ntfy(service), to="boss")
    assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, "40301", None)
    assert send(ntfy(service), to="no topic").code == "40009"


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), (" \n", "empty"), ("工" * 1366, "too_long"), ("\ud800", "UnicodeEncodeError")]
)
def test_what_would_become_something_else_is_not_sent(service: FakeNtfy, text: str, code: str) -> None:
    outcome = send(ntfy(service), text)
    assert (outcome.verdict, outcome.code) == (REJECTED, code)
    assert service.requests == []
    assert send(ntfy(service), "工" * 1365).verdict is ACCEPTED


def test_above_the_limit_the_channel_waits() -> None:
    with FakeNtfy(rate=(1, 60.0)) as service:
        sender = Ntfy(url=service.address)
        send(sender)
        outcome = send(sender)
        assert (outcome.verdict, outcome.code, outcome.after, outcome.pause) == (RETRY, "42901", 5.0, 5.0)


@pytest.mark.parametrize(
    ("answer", "verdict", "code", "pause"),
    [
        (json_answer(429, {"code": 42908, "http": 429, "error": "x"}), RETRY, "42908", 1800.0),
        (json_answer(429, {"code": 42908, "http": 429, "error": "x"}, retry_after="9"), RETRY, "42908", 9.0),
        (HttpAnswer(429, b"<html>"), RETRY, "HTTP 429", 5.0),
        (json_answer(507, {"code": 50701, "http": 507, "error": "x"}), RETRY, "50701", None),
        (json_answer(500, {"code": 50001, "http": 500, "error": "x"}), UNKNOWN, "HTTP 500", None),
        (json_answer(200, {"id": "x"}), UNKNOWN, "no_id", None),
        (HttpAnswer(200, b"<html>"), UNKNOWN, "no_id", None),
        (BROKEN, UNKNOWN, "RemoteProtocolError", None),
    ],
)
def test_answers(service: FakeNtfy, answer: HttpAnswer, verdict: Verdict, code: str, pause: float | None) -> None:
    service.fail_next(answer)
    outcome = send(ntfy(service))
    assert (outcome.verdict, outcome.code, outcome.pause) == (verdict, code, pause)


def test_options_of_a_message(service: FakeNtfy) -> None:
    options = NtfyOptions(title="一", priority="low", tags=["b"], click="https://example.com/1", format="markdown")
    sender = ntfy(service, title="订单", priority="urgent", tags=["a"])
    assert sender.send(message(recipient="orders", text="**1**", options=options), send_context()).verdict is ACCEPTED
    assert service.delivered[0].body == {
        "topic": "orders",
        "message": "**1**",
        "title": "一",
        "priority": 2,
        "tags": ["a", "b"],
        "click": "https://example.com/1",
        "markdown": True,
    }
