"""A moving line on a terminal, and nothing anywhere else."""

from __future__ import annotations

import io
import sys

import pytest

from notifykit.terminal.progress import progress


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_nothing_where_stderr_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)

    def total() -> int:
        raise AssertionError("nobody needs to know")

    with progress("sending", "attempts", total) as more:
        more(3)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("total", [None, lambda: 10])
def test_a_terminal_shows_how_far_it_has_come(monkeypatch: pytest.MonkeyPatch, total: object) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with progress("sending", "attempts", (lambda: 10) if total else None) as more:
        more(3)
        more(4)
    shown = screen.getvalue()
    assert "sending" in shown
    assert "7 attempts" in shown
    assert sys.stderr is screen


def test_a_redirected_stdout_stays_out_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, file = Screen(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdout", file)
    monkeypatch.setenv("TERM", "xterm")
    with progress("sending", "attempts"):
        print("a result")
    assert file.getvalue() == "a result\n"
    assert "a result" not in screen.getvalue()
