"""What a sender makes of odd answers and odd headers: each slip is made once, and the contract must see it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from notifykit.http import Reply, classify_status, header_value, post
from notifykit.model import Message, Outcome
from notifykit.roles import SendContext
from notifykit.testing import HttpService, SenderContract

pytest_plugins = "pytester"


@dataclass
class Good:
    """Accepted is what the service says with `{"ok": true}`."""

    url: str

    def headers(self, message: Message) -> dict[str, str]:
        return {"Idempotency-Key": header_value(message.idempotency_key), "X-To": header_value(message.recipient)}

    def send(self, message: Message, context: SendContext) -> Outcome:
        body = {"text": message.text}
        reply = post(self.url, json=body, headers=self.headers(message), timeout=context.timeout)
        return reply if isinstance(reply, Outcome) else self.judge(reply)

    def judge(self, reply: Reply) -> Outcome:
        if reply.json_object().get("ok") is True and reply.ok:
            return Outcome.accepted()
        return classify_status(reply, now=0.0) or Outcome.unknown("unreadable_reply")


class AnyAnswer(Good):
    def judge(self, reply: Reply) -> Outcome:
        return Outcome.accepted()


class Any200(Good):
    def judge(self, reply: Reply) -> Outcome:
        return classify_status(reply, now=0.0) or Outcome.accepted()


class AnyJson(Good):
    def judge(self, reply: Reply) -> Outcome:
        read = reply.json() is not None
        return classify_status(reply, now=0.0) or (Outcome.accepted() if read else Outcome.unknown("no_json"))


class AnyBody(Good):
    def judge(self, reply: Reply) -> Outcome:
        return classify_status(reply, now=0.0) or (Outcome.accepted() if reply.body else Outcome.unknown("empty"))


class GivesUpTooEarly(Good):
    def judge(self, reply: Reply) -> Outcome:
        outcome = super().judge(reply)
        return Outcome.rejected("HTTP 429") if reply.status == 429 else outcome


class PlainKey(Good):
    def headers(self, message: Message) -> dict[str, str]:
        return {"Idempotency-Key": message.idempotency_key}


class PlainRecipient(Good):
    def headers(self, message: Message) -> dict[str, str]:
        return {"X-To": message.recipient}


@dataclass
class Constant(Good):
    def send(self, message: Message, context: SendContext) -> Outcome:
        return Outcome.accepted()


def contract(make: Callable[[str], Good]) -> Any:
    made = {"make_http_sender": lambda self, folder, url: make(url)}
    return type("Made", (SenderContract,), made)()


class OnlyHalf(Good):
    def judge(self, reply: Reply) -> Outcome:
        return Outcome.accepted() if b'"ok": tr' in reply.body else super().judge(reply)


class OnlyErrors(Good):
    def judge(self, reply: Reply) -> Outcome:
        return Outcome.accepted() if "ok" in reply.json_object() else super().judge(reply)


class OnlyNothing(Good):
    def judge(self, reply: Reply) -> Outcome:
        return super().judge(reply) if reply.body or not reply.ok else Outcome.accepted()


class OnlyRedirects(Good):
    def judge(self, reply: Reply) -> Outcome:
        return Outcome.accepted() if reply.status == 301 else super().judge(reply)


@pytest.mark.parametrize(
    ("slip", "promise", "said"),
    [
        (AnyAnswer, "a_refusal_is_not_accepted", "accepted by HTTP 301"),
        (OnlyRedirects, "a_refusal_is_not_accepted", "accepted by HTTP 301"),
        (GivesUpTooEarly, "a_refusal_is_not_accepted", "rejected by HTTP 429"),
        (Constant, "a_refusal_is_not_accepted", "a sender that asks its address"),
        (Any200, "a_status_of_200_is_no_yes", "accepted by a page"),
        (AnyJson, "a_status_of_200_is_no_yes", "accepted by an empty object"),
        (AnyBody, "a_status_of_200_is_no_yes", "accepted by a page"),
        (OnlyHalf, "a_status_of_200_is_no_yes", "accepted by half an answer"),
        (OnlyErrors, "a_status_of_200_is_no_yes", "accepted by an error"),
        (OnlyNothing, "a_status_of_200_is_no_yes", "accepted by nothing"),
    ],
)
def test_a_slip_about_answers_is_caught(tmp_path: Path, slip: type[Good], promise: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        getattr(contract(slip), f"test_{promise}")(tmp_path)
    getattr(contract(Good), f"test_{promise}")(tmp_path)


@pytest.mark.parametrize("text", ["合同-一", "a\r\nX-Evil: 1"])
def test_a_header_that_cannot_be_written_is_caught(tmp_path: Path, text: str) -> None:
    with HttpService() as service:
        service.answer(200, b'{"ok": true}')

        def told(slip: type[Good]) -> Any:
            made = {"make_sender": lambda self, folder: slip(service.url)}
            return type("Made", (SenderContract,), made)()

        for slip, promise in (
            (PlainKey, "key_of_any_script_is_sent"),
            (PlainRecipient, "recipient_of_any_script_gets_an_outcome"),
        ):
            with pytest.raises(AssertionError):
                getattr(told(slip), f"test_a_{promise}")(tmp_path, text)
            getattr(told(Good), f"test_a_{promise}")(tmp_path, text)


@pytest.mark.parametrize("promise", ["what_was_not_sent_is_not_in_doubt", "what_was_sent_and_not_answered_is_unknown"])
def test_a_dead_service_is_asked_for_senders_over_http_by_itself(tmp_path: Path, promise: str) -> None:
    getattr(contract(Good), f"test_{promise}")(tmp_path)
    with pytest.raises(AssertionError):
        getattr(contract(Constant), f"test_{promise}")(tmp_path)


def test_promises_that_were_not_tested_are_listed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        textwrap.dedent(
            """
            from dataclasses import dataclass
            from notifykit.model import Outcome
            from notifykit.testing import SenderContract

            @dataclass
            class Quiet:
                def send(self, message, context):
                    return Outcome.accepted()

            class TestQuiet(SenderContract):
                def make_sender(self, folder):
                    return Quiet()
            """
        )
    )
    done = pytester.runpytest_subprocess(
        "-q", "-k", "refusal or not_sent or not_answered or ordinary", "-p", "no:cacheprovider"
    )
    done.assert_outcomes(passed=1, skipped=3)
    module = "test_promises_that_were_not_tested_are_listed.py::TestQuiet"
    done.stdout.fnmatch_lines(
        [
            "*promises that were not tested*",
            f"{module}: a status is believed only with an answer that was understood; say make_http_sender()",
            f"{module}: what was not sent is not in doubt; say make_unreachable_sender()",
            f"{module}: what was sent and not answered is unknown; say make_unanswered_sender()",
        ]
    )
