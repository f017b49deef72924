"""A webhook against a server that answers as Discord does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from notifykit_discord.sender import DiscordOptions, DiscordWebhook

from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.secrets import Secret
from notifykit.testing import HttpAnswer, message, send_context
from notifykit.testing.services import BROKEN, FakeDiscord, json_answer

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN


@pytest.fixture
def service() -> Iterator[FakeDiscord]:
    with FakeDiscord(token="0a1b2c3d-token") as service:
        yield service


def hook(url: str) -> DiscordWebhook:
    return DiscordWebhook(url=Secret(url))


def send(sender: DiscordWebhook, text: str = "工单") -> Outcome:
    return sender.send(message(text=text), send_context(timeout=2.0))


def test_a_message(service: FakeDiscord) -> None:
    assert send(hook(service.hook)) == Outcome.accepted(vendor_id="200000000000000001")
    assert send(hook(f"{service.hook}?thread_id=7")).verdict is ACCEPTED
    first, second = service.delivered
    assert first.body == {"content": "工单", "allowed_mentions": {"parse": []}, "query": "wait=true"}
    assert second.body["query"] == "thread_id=7&wait=true"
    assert hook(service.hook).probe(2).ready is True
    assert len(service.delivered) == 2


@pytest.mark.parametrize(("end", "code"), [("gone/0a1b2c3d-token", "10015"), ("100000000000000001/wrong", "50027")])
def test_a_webhook_that_is_gone_stops_the_channel(service: FakeDiscord, end: str, code: str) -> None:
    sender = hook(f"{service.address}/api/webhooks/{end}")
    outcome = send(sender)
    assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, code, FOREVER)
    assert sender.probe(2).ready is False


@pytest.mark.parametrize(
    ("text", "code"), [("", "50006"), ("\n ", "50006"), ("工" * 2001, "too_long"), ("\ud800", "UnicodeEncodeError")]
)
def test_what_would_be_refused_is_not_sent(service: FakeDiscord, text: str, code: str) -> None:
    outcome = send(hook(service.hook), text)
    assert (outcome.verdict, outcome.code) == (REJECTED, code)
    assert service.requests == []
    assert send(hook(service.hook), "工" * 2000).verdict is ACCEPTED


def test_above_the_limit_the_channel_waits_as_long_as_the_body_says() -> None:
    with FakeDiscord(token="0a1b2c3d-token", rate=(1, 60.0)) as service:
        send(hook(service.hook))
        outcome = send(hook(service.hook))
        assert (outcome.verdict, outcome.code, outcome.after, outcome.pause) == (RETRY, "HTTP 429", 1.337, 1.337)


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        (HttpAnswer(204, b""), UNKNOWN, "no_id"),
        (HttpAnswer(200, b"<html>"), UNKNOWN, "no_id"),
        (json_answer(200, {"id": 5}), UNKNOWN, "no_id"),
        (json_answer(400, {"code": 50035, "message": "Invalid Form Body"}), REJECTED, "50035"),
        (json_answer(400, {"code": 240000, "message": "harmful link"}), REJECTED, "240000"),
        (json_answer(500, {"code": 0, "message": "500: Internal Server Error"}), UNKNOWN, "HTTP 500"),
        (json_answer(408, {"code": 0, "message": "Request Timeout"}), UNKNOWN, "HTTP 408"),
        (HttpAnswer(502, b"<html>"), UNKNOWN, "HTTP 502"),
        (HttpAnswer(429, b"<html>", {"retry-after": "9"}), RETRY, "HTTP 429"),
        (json_answer(429, {"retry_after": "soon"}, retry_after="9"), RETRY, "HTTP 429"),
        (BROKEN, UNKNOWN, "RemoteProtocolError"),
    ],
)
def test_answers(service: FakeDiscord, answer: HttpAnswer, verdict: Verdict, code: str) -> None:
    service.fail_next(answer)
    outcome = send(hook(service.hook))
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert outcome.pause == (9.0 if verdict is RETRY else None)


def test_options_of_a_message(service: FakeDiscord) -> None:
    options = DiscordOptions(silent=True, thread="77", username="订单", mentions=["users"])
    sender = hook(service.hook)
    assert sender.send(message(text="<@1>", options=options), send_context()).verdict is ACCEPTED
    assert service.delivered[0].body == {
        "content": "<@1>",
        "allowed_mentions": {"parse": ["users"]},
        "flags": 4096,
        "username": "订单",
        "query": "wait=true&thread_id=77",
    }


def test_record_data_is_no_markdown() -> None:
    assert hook("http://127.0.0.1:1/x").escape("<@1> *a* [b](c)") == r"\<\@1\> \*a\* \[b\]\(c\)"
