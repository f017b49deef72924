"""Slack's webhooks and API against a server that answers as Slack does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from notifykit_slack.api import SlackApi, SlackOptions
from notifykit_slack.errors import FAILED, OF_THE_TOKEN, WAITS
from notifykit_slack.webhook import OF_THE_HOOK, SlackWebhook

from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.secrets import Secret
from notifykit.testing import HttpAnswer, message, send_context
from notifykit.testing.services import BROKEN, FakeSlack, json_answer

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN
TOKEN = "xoxb-0a1b-2c3d"
HOOK = "T0/B0/0a1b2c3d"


@pytest.fixture
def service() -> Iterator[FakeSlack]:
    with FakeSlack(token=TOKEN, hooks={HOOK}, archived={"T0/B0/archived"}, channels={"C1", "C2"}) as service:
        yield service


def hook(service: FakeSlack, path: str = HOOK) -> SlackWebhook:
    return SlackWebhook(url=Secret(f"{service.address}/services/{path}"))


def api(service: FakeSlack, token: str = TOKEN) -> SlackApi:
    return SlackApi(token=Secret(token), api_url=f"{service.address}/api")


def send(sender: Any, text: str = "工单", to: str = "C1") -> Outcome:
    outcome = sender.send(message(recipient=to, text=text), send_context(timeout=2.0))
    assert isinstance(outcome, Outcome)
    return outcome


def test_a_webhook(service: FakeSlack) -> None:
    assert send(hook(service)) == Outcome.accepted()
    assert (service.delivered[0].to, service.delivered[0].body) == (HOOK, {"text": "工单"})
    assert hook(service).probe(2).ready is True
    assert len(service.delivered) == 1


@pytest.mark.parametrize(("path", "word"), [("T0/B0/gone", "no_service"), ("T0/B0/archived", "channel_is_archived")])
def test_a_webhook_that_is_gone_stops_the_channel(service: FakeSlack, path: str, word: str) -> None:
    outcome = send(hook(service, path))
    assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, word, FOREVER)
    probe = hook(service, path).probe(2)
    assert (probe.ready, probe.detail) == (False, word)


@pytest.mark.parametrize(
    ("answer", "verdict", "code", "pause"),
    [
        (HttpAnswer(200, b"ok "), UNKNOWN, "not_ok", None),
        (HttpAnswer(200, b"<html>"), UNKNOWN, "not_ok", None),
        (HttpAnswer(200, b""), UNKNOWN, "not_ok", None),
        (HttpAnswer(400, b"invalid_payload"), REJECTED, "invalid_payload", None),
        (HttpAnswer(400, b"user_not_found\n"), REJECTED, "user_not_found", None),
        (HttpAnswer(403, b"action_prohibited"), REJECTED, "action_prohibited", FOREVER),
        (HttpAnswer(403, b"<html>who are you</html>"), REJECTED, "HTTP 403", None),
        (HttpAnswer(500, b"rollup_error"), UNKNOWN, "HTTP 500", None),
        (HttpAnswer(429, b"rate_limited", {"retry-after": "7"}), RETRY, "HTTP 429", 7.0),
        (BROKEN, UNKNOWN, "RemoteProtocolError", None),
    ],
)
def test_what_a_webhook_answers(
    service: FakeSlack, answer: HttpAnswer, verdict: Verdict, code: str, pause: float | None
) -> None:
    service.fail_next(answer)
    outcome = send(hook(service))
    assert (outcome.verdict, outcome.code, outcome.pause) == (verdict, code, pause)


def test_above_the_limit_the_channel_waits() -> None:
    with FakeSlack(token=TOKEN, hooks={HOOK}, rate=(1, 60.0)) as service:
        for sender in (hook(service), api(service)):
            assert send(sender).verdict is ACCEPTED
            outcome = send(sender)
            assert (outcome.verdict, outcome.after, outcome.pause) == (RETRY, 3.0, 3.0)


@pytest.mark.parametrize(("text", "code"), [("", "no_text"), (" \n", "no_text"), ("工" * 40_001, "msg_too_long")])
def test_what_slack_would_refuse_or_cut_off_is_not_sent(service: FakeSlack, text: str, code: str) -> None:
    for sender in (hook(service), api(service)):
        outcome = send(sender, text)
        assert (outcome.verdict, outcome.code) == (REJECTED, code)
    assert service.requests == []
    assert send(api(service), "工" * 40_000).verdict is ACCEPTED


def test_the_api(service: FakeSlack) -> None:
    assert send(api(service)) == Outcome.accepted(vendor_id="C1/1800000000.000001")
    (request,) = service.requests
    assert (request.path, request.headers["authorization"]) == ("/api/chat.postMessage", f"Bearer {TOKEN}")
    assert service.delivered[0].body == {"channel": "C1", "text": "工单"}
    assert send(api(service), to="C9").code == "channel_not_found"
    assert (api(service).probe(2).ready, api(service, "xoxb-wrong").probe(2).ready) == (True, False)
    outcome = send(api(service, "xoxb-wrong"))
    assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, "invalid_auth", FOREVER)


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        *((json_answer(200, {"ok": False, "error": word}), UNKNOWN, word) for word in sorted(FAILED)),
        *((json_answer(200, {"ok": False, "error": word}), RETRY, word) for word in sorted(WAITS)),
        (json_answer(500, {"ok": False, "error": "internal_error"}), UNKNOWN, "internal_error"),
        (json_answer(200, {"ok": False, "error": "is_archived"}), REJECTED, "is_archived"),
        (json_answer(200, {"ok": False, "error": "what is this?"}), UNKNOWN, "no_verdict"),
        (json_answer(200, {"ok": True}), UNKNOWN, "no_verdict"),
        (json_answer(200, {"ok": "true", "ts": "1"}), UNKNOWN, "no_verdict"),
        (json_answer(502, {"ok": True, "ts": "1"}), UNKNOWN, "HTTP 502"),
        (HttpAnswer(200, b"ok"), UNKNOWN, "no_verdict"),
        (BROKEN, UNKNOWN, "RemoteProtocolError"),
    ],
)
def test_what_the_api_answers(service: FakeSlack, answer: HttpAnswer, verdict: Verdict, code: str) -> None:
    service.fail_next(answer)
    outcome = send(api(service))
    assert (outcome.verdict, outcome.code, outcome.pause) == (verdict, code, None)


def test_no_word_has_two_meanings() -> None:
    assert not FAILED & OF_THE_TOKEN
    assert not WAITS.keys() & (FAILED | OF_THE_TOKEN)
    assert "no_text" not in OF_THE_HOOK


def test_record_data_is_no_link_and_no_mention(service: FakeSlack) -> None:
    for sender in (hook(service), api(service)):
        assert sender.escape("<!channel> & co") == "&lt;!channel&gt; &amp; co"


def test_options_of_a_message(service: FakeSlack) -> None:
    options = SlackOptions(thread="1.5", broadcast=True, username="订单", icon_emoji=":package:", unfurl=False)
    sent = api(service).send(message(recipient="C1", text="工单", options=options), send_context())
    assert sent.verdict is ACCEPTED
    assert service.delivered[0].body == {
        "channel": "C1",
        "text": "工单",
        "thread_ts": "1.5",
        "reply_broadcast": True,
        "username": "订单",
        "icon_emoji": ":package:",
        "unfurl_links": False,
        "unfurl_media": False,
    }
