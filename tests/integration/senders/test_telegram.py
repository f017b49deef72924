"""A bot against a server that answers as Telegram's does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from notifykit_telegram.sender import Button, Telegram, TelegramOptions

from notifykit.messages.escaping import escape_html, escape_telegram_markdown
from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.roles import Rate
from notifykit.secrets import Secret
from notifykit.testing import HttpAnswer, message, send_context
from notifykit.testing.services import BROKEN, FakeTelegram, json_answer

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN
TOKEN = "123456:0a1b2c3d4e5f6a7b8c9d0e"


@pytest.fixture
def service() -> Iterator[FakeTelegram]:
    with FakeTelegram(TOKEN, chats={"-1", "-2", "-1001"}, blocked={"-9"}, migrated={"-5": -1001}) as service:
        yield service


def bot(service: FakeTelegram, **options: Any) -> Telegram:
    usual: dict[str, Any] = {"token": Secret(TOKEN), "api_url": service.address}
    return Telegram(**usual | options)


def bot_of(format_: Literal["text", "html", "markdown_v2"]) -> Telegram:
    return Telegram(token=Secret(TOKEN), format=format_)


def send(sender: Telegram, text: str = "工单", to: str = "-1") -> Outcome:
    return sender.send(message(recipient=to, text=text), send_context(timeout=2.0))


def test_facts(service: FakeTelegram) -> None:
    sender = bot(service)
    assert (sender.limits, sender.key_limits) == ((Rate(30, 1),), (Rate(1, 1), Rate(20, 60)))
    assert sender.limit_key(message(recipient="-1")) == "-1"
    assert sender.credential_key == Secret(TOKEN)


def test_a_message(service: FakeTelegram) -> None:
    assert send(bot(service)) == Outcome.accepted(vendor_id="1")
    assert send(bot(service, silent=True, link_preview=False)) == Outcome.accepted(vendor_id="2")
    first, second = service.delivered
    assert first.body == {"chat_id": "-1", "text": "工单"}
    assert second.body["disable_notification"] is True
    assert second.body["link_preview_options"] == {"is_disabled": True}


@pytest.mark.parametrize(
    ("to", "text", "verdict", "code"),
    [
        ("-3", "工单", REJECTED, "400"),
        ("-9", "工单", REJECTED, "403"),
        ("-1", "", REJECTED, "400"),
        ("-1", "🎉" * 2048, ACCEPTED, ""),
        ("-1", "🎉" * 2048 + "a", REJECTED, "too_long"),
        ("-1", "\ud800", REJECTED, "UnicodeEncodeError"),
    ],
)
def test_what_concerns_the_message(service: FakeTelegram, to: str, text: str, verdict: Verdict, code: str) -> None:
    outcome = send(bot(service), text, to)
    assert (outcome.verdict, outcome.code, outcome.pause) == (verdict, code, None)


@pytest.mark.parametrize(
    ("format_", "broken", "around", "escape"),
    [
        (
            "html",
            ["a < b", "<b>a", "<x>a</x>", "<b><i>a</b></i>", "</b>"],
            '<b>{}</b> <a href="https://a.example">a</a>',
            escape_html,
        ),
        (
            "markdown_v2",
            ["a.b", "*a", "a_", "__a_", "`a", "~a", "||a", "(a)", "a]"],
            "*{}* ||a|| __b__ `c` [d](https://a.example)",
            escape_telegram_markdown,
        ),
    ],
)
def test_markup_that_the_service_cannot_read_is_refused_and_no_value_makes_such(
    service: FakeTelegram,
    format_: Literal["html", "markdown_v2"],
    broken: list[str],
    around: str,
    escape: Callable[[str], str],
) -> None:
    sender = bot(service, format=format_)
    assert [send(sender, text).code for text in broken] == ["400"] * len(broken)
    assert send(sender, around.format(escape("</b> *_`~|< & <x> a.b [x](y) \\"))).verdict is ACCEPTED


def test_a_wrong_token_stops_the_channel(service: FakeTelegram) -> None:
    wrong = bot(service, token=Secret("123456:wrong-wrong-wrong-wrong"))
    outcome = send(wrong)
    assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, "401", FOREVER)
    assert (wrong.probe(2).ready, bot(service).probe(2).ready) == (False, True)
    assert service.delivered == []


def test_one_chat_at_its_limit_lets_the_others_go_on() -> None:
    with FakeTelegram(TOKEN, rate=(1, 60.0)) as service:
        sender = bot(service)
        assert send(sender).verdict is ACCEPTED
        outcome = send(sender)
        assert (outcome.verdict, outcome.code, outcome.after, outcome.pause) == (RETRY, "429", 3.0, None)
        assert send(sender, to="-2").verdict is ACCEPTED


def test_a_group_that_became_a_supergroup_gets_the_message_once(service: FakeTelegram) -> None:
    outcome = send(bot(service), to="-5")
    assert (outcome.verdict, outcome.vendor_id) == (ACCEPTED, "1")
    assert "-1001" in outcome.detail
    assert [one.to for one in service.delivered] == ["-1001"]
    service.fail_next(BROKEN, takes=True)
    assert send(bot(service), to="-5").verdict is UNKNOWN


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        (BROKEN, UNKNOWN, "RemoteProtocolError"),
        (json_answer(500, {"ok": False, "error_code": 500, "description": "Internal"}), UNKNOWN, "500"),
        (json_answer(200, {"ok": True}), UNKNOWN, "no_verdict"),
        (json_answer(200, {"ok": True, "result": {"message_id": "1"}}), UNKNOWN, "no_verdict"),
        (HttpAnswer(200, b"<html>"), UNKNOWN, "no_verdict"),
        (json_answer(502, {"ok": True, "result": {"message_id": 1}}), UNKNOWN, "HTTP 502"),
        (HttpAnswer(502, b"<html>"), UNKNOWN, "HTTP 502"),
        (HttpAnswer(429, b"<html>"), RETRY, "429"),
        (json_answer(429, {"ok": False, "error_code": 429, "parameters": {"retry_after": "x"}}), RETRY, "429"),
    ],
)
def test_answers(service: FakeTelegram, answer: HttpAnswer, verdict: Verdict, code: str) -> None:
    service.fail_next(answer)
    outcome = send(bot(service))
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert len(service.requests) == 1


def test_record_data_is_no_markup() -> None:
    wanted = {"text": None, "html": escape_html, "markdown_v2": escape_telegram_markdown}
    assert Telegram.escapes == wanted
    assert [bot_of(format_).escape for format_ in ("text", "html", "markdown_v2")] == list(wanted.values())


def test_marked_up_text_says_so(service: FakeTelegram) -> None:
    sender = bot(service, format="markdown_v2")
    assert send(sender, f"*{escape_telegram_markdown('1.5 (a-b)!')}*").verdict is ACCEPTED
    assert send(sender, "1.5").verdict is REJECTED
    send(bot(service, format="html"), "<b>a</b>")
    assert [one.body["parse_mode"] for one in service.delivered] == ["MarkdownV2", "HTML"]


def test_options_of_a_message(service: FakeTelegram) -> None:
    options = TelegramOptions(
        format="html",
        silent=False,
        link_preview=True,
        thread=7,
        buttons=[Button(text="看", url="https://example.com/1")],
    )
    sender = bot(service, silent=True, link_preview=False, format="markdown_v2")
    assert sender.send(message(recipient="-1", text="1.5", options=options), send_context()).verdict is ACCEPTED
    assert service.delivered[0].body == {
        "chat_id": "-1",
        "text": "1.5",
        "parse_mode": "HTML",
        "message_thread_id": 7,
        "reply_markup": {"inline_keyboard": [[{"text": "看", "url": "https://example.com/1"}]]},
    }


@pytest.mark.parametrize("token", ["0a1b2c", "bot123456:0a1b2c3d4e5f6a7b8c9d0e"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(ValueError, match="token: is not a bot's token; give it as @BotFather") as raised:
        Telegram(token=Secret(token))
    assert json.dumps(token)[1:-1] not in str(raised.value)
