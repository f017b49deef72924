"""What a sender promises, as tests."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from notifykit.campaign.campaign import Channel
from notifykit.campaign.limit_keys import counted_as, keyed
from notifykit.campaign.opening import Opening
from notifykit.errors import PluginError
from notifykit.model import Message, Outcome, Verdict
from notifykit.pipeline.answer import usable
from notifykit.roles import BatchSender, Sender
from notifykit.testing.http import HttpService
from notifykit.testing.message_options import check_message_options, with_options
from notifykit.testing.opened import Opens
from notifykit.testing.options import check_can_be_called, check_fact, check_options
from notifykit.testing.promises import TellsPromises, untested
from notifykit.testing.samples import draft, message, send_context

ODD_TEXTS = {
    "empty": "",
    "spaces": " \t ",
    "line ends": "第一行\r\nsecond\rthird\n\n",
    "quotes": "'\"`${x}{y}%s%(z)d\\",
    "markup": "<@all><b>&amp;</b> @all [x](y) *_~",
    "emoji": "🎉👩‍👩‍👧" * 10,
    "right to left": "\u202eabc\u202c שלום",
    "controls": "a\x00b\x07c\x1b[31m\x7f",
    "half a surrogate": "a\ud800b",
    "long": "长" * 20_000,
}
"""Texts that records have held. What JSON can spell, a record can hold."""

SCRIPTS = {
    "plain": "C-1",
    "Latin": "Zoë-ÿ",
    "Chinese": "合同-一二三",
    "Arabic": "عقد-7",
    "emoji": "🎉-7",
    "percent": "50%25 off",
    "spaces": "two  words ",
    "line end": "a\r\nX-Evil: 1",
    "long": "长" * 300,
}
"""Keys and recipients that records have held."""

NOT_A_YES = {
    "a page": (b"<!doctype html><title>Log in</title>", "text/html; charset=utf-8"),
    "nothing": (b"", "text/plain"),
    "an empty object": (b"{}", "application/json"),
    "a list": (b"[]", "application/json"),
    "an error": (
        b'{"ok": false, "success": false, "error": "no group", "errcode": 93000, "code": 19001, "status": "error"}',
        "application/json",
    ),
    "half an answer": (b'{"ok": tr', "application/json"),
}
"""What comes with a status of 200 from a proxy, a portal or a service that refuses: no acceptance."""

REFUSALS = (301, 400, 401, 403, 404, 413, 429, 500, 502, 503, 504)
"""Statuses that are no acceptance, whatever comes with them."""

OF_THE_TRANSPORT = {"UnicodeEncodeError", "LocalProtocolError", "InvalidURL"}
"""Codes of `notifykit.http` for a request that could not be written."""

PATIENCE = 10.0
"""Seconds beyond its time limit after which a call counts as hung."""


class SenderContract(Opens, TellsPromises):
    """Subclass it as `TestMySender`, and say how your sender is made.

        class TestMySender(SenderContract):
            def make_sender(self, folder):
                return MySender(url=Secret(self.service.url))

    Give it a service of your own (`notifykit.testing.HttpService`), never the real one: odd texts are sent to it. A
    sender that speaks HTTP also says `make_http_sender`: then the contract asks it what it makes of odd answers.
    """

    recipient = "测试群"
    """To whom the tests send."""

    def make_sender(self, folder: Path) -> Sender:
        """Return a sender to a service that takes every ordinary message."""
        raise NotImplementedError

    def make_http_sender(self, folder: Path, url: str) -> Sender | None:
        """Return a sender to an HTTP service at this address. None: it speaks no HTTP, or this is not tested."""
        del folder, url
        return None

    def make_unreachable_sender(self, folder: Path) -> Sender | None:
        """Return a sender to a service that cannot be reached. None: this is not tested."""
        with HttpService() as gone:
            url = gone.url
        return self.make_http_sender(folder, url)

    def make_unanswered_sender(self, folder: Path) -> Sender | None:
        """Return a sender to a service that takes everything and answers nothing. None: this is not tested."""
        del folder
        return None

    def message(self, text: str = "工单已完成", number: int = 1) -> Message:
        """Return a message to send."""
        key = f"sample/C-{number}/group/1"
        return message(recipient=self.recipient, text=text, key=f"C-{number}", idempotency_key=key)

    def test_its_fields_are_options(self, tmp_path: Path) -> None:
        """A sender is a dataclass whose fields the host can validate."""
        check_options("senders", self.make_sender(tmp_path))

    def test_its_facts_can_be_read(self, tmp_path: Path) -> None:
        """`limits`, `max_bytes`, `escape` and the others, where declared, are what the host takes them for."""
        sender = self.make_sender(tmp_path)
        check_fact(sender, "writes", Path)
        check_can_be_called(sender, "probe", "check_online")
        try:
            channel = Channel.of("sample", "sample", sender)
        except PluginError as error:
            raise AssertionError(str(error)) from error
        for escape in (channel.escape, *channel.escapes.values()):
            for text in ODD_TEXTS.values():
                assert escape is None or isinstance(escape(text), str), f"escape({text!r}) is no text"

    def test_its_message_options_can_be_used(self, tmp_path: Path) -> None:
        """`message_options`: YAML can fill them, the store keeps them, and a message that is only a text has some."""
        check_message_options(self.make_sender(tmp_path), list(ODD_TEXTS.values()))

    def test_what_a_message_is_counted_by_is_a_text(self, tmp_path: Path) -> None:
        """`limit_key` answers a text for any message, the same each time; `credential_key` is a text, or a secret."""
        channel = Channel.of("sample", "sample", self.make_sender(tmp_path))
        counted_as(channel)
        for text in ODD_TEXTS.values() if channel.key_limits else ():
            drafted = draft(recipient=self.recipient, text=text)
            assert keyed(drafted, channel) == keyed(drafted, channel), "a retry is counted as the first attempt was"

    def test_it_can_be_opened_again_after_it_was_closed(self, tmp_path: Path) -> None:
        """The host closes what it opened, and may open it once more. What close() raises would only be logged."""
        sender = self.make_sender(tmp_path)
        for _ in range(2):
            Opening().require(sender)
            outcome = sender.send(with_options(sender, self.message()), send_context())
            assert outcome.verdict is Verdict.ACCEPTED, f"{outcome.code} {outcome.detail}"
            if callable(closes := getattr(sender, "close", None)):
                closes()

    def test_an_ordinary_message_is_accepted(self, tmp_path: Path) -> None:
        """The service of `make_sender` takes it, and the sender says so."""
        sender = self.opened(self.make_sender(tmp_path))
        outcome = sender.send(with_options(sender, self.message()), send_context())
        check_outcome(outcome)
        assert outcome.verdict is Verdict.ACCEPTED, f"{outcome.code} {outcome.detail}"

    def test_a_batch_has_an_outcome_for_each_message(self, tmp_path: Path) -> None:
        """One that says how many it takes in one call takes so many, and fewer."""
        sender = self.opened(self.make_sender(tmp_path))
        size = Channel.of("sample", "sample", sender).batch_size
        if size == 1:
            return
        assert isinstance(sender, BatchSender)
        for count in {1, 2, size}:
            messages = [with_options(sender, self.message(number=number)) for number in range(count)]
            outcomes = sender.send_many(messages, [send_context() for _ in messages])
            assert len(outcomes) == count
            for outcome in outcomes:
                check_outcome(outcome)
                assert outcome.verdict is Verdict.ACCEPTED, f"{outcome.code} {outcome.detail}"

    @pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
    def test_an_odd_text_gets_an_outcome(self, tmp_path: Path, text: str) -> None:
        """Whatever a record holds: an outcome, never an exception (which would leave the message in doubt)."""
        sender = self.opened(self.make_sender(tmp_path))
        check_outcome(sender.send(with_options(sender, self.message(text)), send_context()))

    @pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
    def test_a_key_of_any_script_is_sent(self, tmp_path: Path, text: str) -> None:
        """A business key holds whatever a record holds: where it goes into a header, `header_value` writes it."""
        sender = self.opened(self.make_sender(tmp_path))
        sent = replace(self.message(), key=text, idempotency_key=f"sample/{text}/group/1")
        outcome = sender.send(with_options(sender, sent), send_context())
        check_outcome(outcome)
        assert outcome.verdict is Verdict.ACCEPTED, f"with the key {text!r}: {outcome.code} {outcome.detail}"

    @pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
    def test_a_recipient_of_any_script_gets_an_outcome(self, tmp_path: Path, text: str) -> None:
        """The service may refuse a recipient; the request can be written, also where it goes into a header."""
        sender = self.opened(self.make_sender(tmp_path))
        sent = replace(self.message(), recipient=text)
        outcome = sender.send(with_options(sender, sent), send_context())
        check_outcome(outcome)
        assert outcome.code not in OF_THE_TRANSPORT, f"with the recipient {text!r}: {outcome.code}"

    def test_a_status_of_200_is_no_yes(self, tmp_path: Path) -> None:
        """A proxy and a portal answer 200, too: accepted is what the service said in a form that was understood."""
        for name, (body, kind) in NOT_A_YES.items():
            outcome = self._answered(tmp_path, 200, body, kind)
            assert outcome.verdict is not Verdict.ACCEPTED, f"accepted by {name}: {body!r}"

    def test_a_refusal_is_not_accepted(self, tmp_path: Path) -> None:
        """No status but 2xx is a yes; 429 is certainly a no, and may succeed later."""
        for status in REFUSALS:
            outcome = self._answered(tmp_path, status, b"", "text/plain")
            assert outcome.verdict is not Verdict.ACCEPTED, f"accepted by HTTP {status}"
            assert status != 429 or outcome.verdict is Verdict.RETRY, f"{outcome.verdict} by HTTP 429"

    def _answered(self, folder: Path, status: int, body: bytes, kind: str) -> Outcome:
        with HttpService() as service:
            service.answer(status, body, {"content-type": kind})
            if (sender := self.make_http_sender(folder, service.url)) is None:
                untested("a status is believed only with an answer that was understood", "make_http_sender")
            outcome = self.opened(sender).send(with_options(sender, self.message()), send_context())
            assert service.requests, "make_http_sender() gives a sender that asks its address"
        check_outcome(outcome)
        return outcome

    def test_a_second_attempt_is_sent_like_the_first(self, tmp_path: Path) -> None:
        """One sender object sends many times."""
        sender = self.opened(self.make_sender(tmp_path))
        for attempt in (1, 2, 3):
            outcome = sender.send(with_options(sender, self.message()), send_context(attempt=attempt))
            assert outcome.verdict is Verdict.ACCEPTED, f"attempt {attempt}: {outcome.code} {outcome.detail}"

    def test_several_threads_send_at_once(self, tmp_path: Path) -> None:
        """`send` is called from several threads at once, on one object."""
        sender = self.opened(self.make_sender(tmp_path))
        together = threading.Barrier(4)
        outcomes: list[object] = []

        def work(first: int) -> None:
            together.wait()
            for number in range(first, first + 5):
                try:
                    message = with_options(sender, self.message(number=number))
                    outcomes.append(sender.send(message, send_context()))
                except BaseException as error:  # noqa: BLE001 - compared below
                    outcomes.append(error)

        threads = [threading.Thread(target=work, args=(at * 10,)) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 20
        for outcome in outcomes:
            assert isinstance(outcome, Outcome), f"in a thread: {outcome!r}"
            assert outcome.verdict is Verdict.ACCEPTED, f"in a thread: {outcome}"

    def test_what_was_not_sent_is_not_in_doubt(self, tmp_path: Path) -> None:
        """Where the service cannot be reached, nothing was sent: `retry` (or `rejected`), so nobody need look."""
        sender = self.make_unreachable_sender(tmp_path)
        if sender is None:
            untested("what was not sent is not in doubt", "make_unreachable_sender")
        outcome = sender.send(with_options(sender, self.message()), send_context(timeout=2.0))
        check_outcome(outcome)
        assert outcome.verdict in (Verdict.RETRY, Verdict.REJECTED), outcome

    def test_what_was_sent_and_not_answered_is_unknown(self, tmp_path: Path) -> None:
        """A service that never answers may have taken the message: `unknown`, and in time."""
        with HttpService() as silent:
            silent.answer_nothing()
            sender = self.make_unanswered_sender(tmp_path) or self.make_http_sender(tmp_path, silent.url)
            if sender is None:
                untested("what was sent and not answered is unknown", "make_unanswered_sender")
            started = time.monotonic()
            outcome = sender.send(with_options(sender, self.message()), send_context(timeout=0.3))
        assert time.monotonic() - started < PATIENCE, "the context's timeout was not kept"
        check_outcome(outcome)
        assert outcome.verdict is Verdict.UNKNOWN, outcome


def check_outcome(outcome: object) -> None:
    """Assert that the host can work with what `send` returned."""
    assert isinstance(outcome, Outcome), f"send() returned {outcome!r}, not an Outcome"
    _, wrong = usable(outcome)
    assert not wrong, f"the host would leave out {', '.join(wrong)} of {outcome!r}"
    if outcome.verdict is not Verdict.ACCEPTED:
        assert outcome.code, f"{outcome.verdict} without a code: people look for it in `notifykit status`"
    for text in (outcome.code, outcome.detail):
        assert isinstance(text, str), f"code and detail are texts, not {text!r}"
        assert "://" not in text, f"an address may be a credential, and outcomes are stored: {text!r}"
    for seconds in (outcome.after, outcome.pause):
        assert seconds is None or seconds >= 0, f"{seconds} seconds"
    assert outcome.max_tries is None or outcome.max_tries >= 1
