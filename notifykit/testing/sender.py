"""What a sender promises, as tests."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from notifykit.campaign.campaign import Channel
from notifykit.campaign.limit_keys import counted_as, keyed
from notifykit.campaign.opening import Opening
from notifykit.errors import PluginError
from notifykit.model import Message, Outcome, Verdict
from notifykit.pipeline.answer import usable
from notifykit.roles import BatchSender, Sender
from notifykit.testing.message_options import check_message_options, with_options
from notifykit.testing.opened import Opens
from notifykit.testing.options import check_options
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

PATIENCE = 10.0
"""Seconds beyond its time limit after which a call counts as hung."""


class SenderContract(Opens):
    """Subclass it as `TestMySender`, and say how your sender is made.

        class TestMySender(SenderContract):
            def make_sender(self, folder):
                return MySender(url=Secret(self.service.url))

    Give it a service of your own (`notifykit.testing.HttpService`), never the real one: odd texts are sent to it.
    """

    recipient = "测试群"
    """To whom the tests send."""

    def make_sender(self, folder: Path) -> Sender:
        """Return a sender to a service that takes every ordinary message."""
        raise NotImplementedError

    def make_unreachable_sender(self, folder: Path) -> Sender | None:
        """Return a sender to a service that cannot be reached. None: this is not tested."""
        del folder
        return None

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
        check_options(self.make_sender(tmp_path))

    def test_its_facts_can_be_read(self, tmp_path: Path) -> None:
        """`limits`, `max_bytes`, `escape` and the others, where declared, are what the host takes them for."""
        try:
            channel = Channel.of("sample", "sample", self.make_sender(tmp_path))
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
            pytest.skip("make_unreachable_sender() returns None")
        outcome = sender.send(with_options(sender, self.message()), send_context(timeout=2.0))
        check_outcome(outcome)
        assert outcome.verdict in (Verdict.RETRY, Verdict.REJECTED), outcome

    def test_what_was_sent_and_not_answered_is_unknown(self, tmp_path: Path) -> None:
        """A service that never answers may have taken the message: `unknown`, and in time."""
        sender = self.make_unanswered_sender(tmp_path)
        if sender is None:
            pytest.skip("make_unanswered_sender() returns None")
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
