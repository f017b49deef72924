from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from notifykit_builtin import NotSent
from notifykit_compat.sender import LegacyFunction

from notifykit.clock import SystemClock
from notifykit.model import Message, Outcome, Verdict
from notifykit.roles import SendContext

MESSAGE = Message(recipient="测试管家", text="签约", idempotency_key="k", campaign="c", key="1", name="group")
CONTEXT = SendContext(attempt=1, timeout=1.0, clock=SystemClock(), log=logging.getLogger("test"))


@pytest.fixture
def send() -> Iterator[Callable[..., Outcome]]:
    module = ModuleType("old_desktop")
    sys.modules["old_desktop"] = module

    def sending(function: Callable[[str, str], object], **options: object) -> Outcome:
        module.__dict__["go"] = function
        return LegacyFunction(call="old_desktop:go", **options).send(MESSAGE, CONTEXT)  # type: ignore[arg-type]

    yield sending
    del sys.modules["old_desktop"]


def broken(*_: str) -> None:
    raise RuntimeError("找不到窗口")


def test_a_return_without_a_word_is_what_the_old_scheduler_took_for_sent(send: Callable[..., Outcome]) -> None:
    assert send(lambda _to, _text: None).verdict is Verdict.ACCEPTED
    assert send(lambda _to, _text: True).verdict is Verdict.ACCEPTED


def test_an_exception_may_have_come_after_the_click(send: Callable[..., Outcome]) -> None:
    assert send(broken).verdict is Verdict.UNKNOWN
    assert send(broken, on_raise="retry").verdict is Verdict.RETRY


def test_what_says_more_is_believed(send: Callable[..., Outcome]) -> None:
    def not_sent(*_: str) -> None:
        raise NotSent("window_not_found")

    assert send(lambda _to, _text: False, on_raise="retry").verdict is Verdict.UNKNOWN
    assert send(lambda _to, _text: "ok", on_raise="retry").verdict is Verdict.UNKNOWN
    assert send(not_sent).verdict is Verdict.RETRY
    assert send(lambda _to, _text: Outcome.rejected("40058")).verdict is Verdict.REJECTED


def test_it_is_a_file_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "desk_of_compat.py").write_text("def go(to, text):\n    pass\n", encoding="utf-8")
    sender = LegacyFunction(call="desk_of_compat:go", search_path=tmp_path)
    try:
        assert sender.send(MESSAGE, CONTEXT).verdict is Verdict.ACCEPTED
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules["desk_of_compat"]
