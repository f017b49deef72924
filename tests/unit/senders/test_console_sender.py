"""One line for each message, and nothing that a terminal would obey."""

import io
import sys
import threading
import time

import pytest
from notifykit_builtin.console import Console

from notifykit.model import Outcome, Verdict
from notifykit.roles import Sender
from notifykit.testing import message, send_context


def test_one_line_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(Console(), Sender)
    assert Console().send(message(recipient="测试群", text="工单已完成"), send_context()) == Outcome.accepted()
    assert capsys.readouterr() == ("测试群\t工单已完成\n", "")


def test_stderr_for_those_who_want_it(capsys: pytest.CaptureFixture[str]) -> None:
    Console(stream="stderr").send(message(recipient="a", text="b"), send_context())
    assert capsys.readouterr() == ("", "a\tb\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("一\r\n二\n", "一\\r\\n二\\n"),
        ("a\tb", "a\\tb"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\u202eb", "a\\u202eb"),
        ("全角\u3000空格\xa0。", "全角\u3000空格\xa0。"),
        ("🎉", "🎉"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_would_break_the_line_is_escaped(capsys: pytest.CaptureFixture[str], text: str, shown: str) -> None:
    Console().send(message(recipient="a", text=text), send_context())
    assert capsys.readouterr().out == f"a\t{shown}\n"


def test_a_terminal_with_a_small_alphabet(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", newline="\n") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert Console().send(message(recipient="a", text="工"), send_context()) == Outcome.accepted()
        assert raw.getvalue() == b"a\t\\u5de5\n"


def test_no_console_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert Console().send(message(), send_context()).verdict is Verdict.RETRY


def test_a_closed_console(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    outcome = Console().send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "no_console")


def test_a_console_that_fails_may_have_shown_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Broken())
    outcome = Console().send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (Verdict.UNKNOWN, "BrokenPipeError")


def test_lines_of_several_threads_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    class Piecemeal(io.StringIO):
        def write(self, text: str) -> int:
            for char in text:
                super().write(char)
                time.sleep(0)
            return len(text)

    stream = Piecemeal()
    monkeypatch.setattr(sys, "stdout", stream)

    def work(worker: int) -> None:
        for number in range(10):
            Console().send(message(recipient=str(worker), text=f"{number} " + "x" * 50), send_context())

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted(f"{worker}\t{number} {'x' * 50}" for worker in range(4) for number in range(10))
    assert sorted(stream.getvalue().splitlines()) == expected
