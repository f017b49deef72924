"""Any function as a sender: what it says is believed, what it does not say is not."""

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from notifykit_builtin.python import Python

from notifykit.errors import PluginError
from notifykit.model import Outcome, Verdict
from notifykit.roles import Sender
from notifykit.testing import message, send_context

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN

MODULE = """
import sys
import threading
import time

from notifykit.model import Outcome
from notifykit_builtin import NotSent

calls = []
running = [0, 0]


class WindowMissing(NotSent):
    pass


def send_wecom_message(user, text):
    calls.append((user, text))

def yes(user, text): return True
def no(user, text): return False
def one(user, text): return 1
def word(user, text): return "ok"
def outcome(user, text): return Outcome.rejected("E7", "blocked")
def not_sent(user, text): raise NotSent("window_not_found", after=30)
def not_sent_bare(user, text): raise NotSent
def missing(user, text): raise WindowMissing
def fails(user, text): raise RuntimeError("posting to https://example.com/?key=693a-hidden failed")
def leaves(user, text): sys.exit(3)
async def later(user, text): return True
def greedy(user, text, window): return True
def optional(user, text, window=None, **more): return True

def busy(user, text):
    running[0] += 1
    running[1] = max(running)
    time.sleep(0.01)
    running[0] -= 1
    return True


meeting = threading.Barrier(2)


def meet(user, text):
    meeting.wait(60)
    return True


class Desk:
    def send(self, user, text): return True

desk = Desk()
number = 7
"""


@pytest.fixture
def legacy(tmp_path: Path) -> Iterator[Callable[..., Python]]:
    """`legacy("function")` is a sender that calls it in a module of its own, below `modules`."""
    folder = tmp_path / "legacy"
    (folder / "modules").mkdir(parents=True)
    (folder / "modules" / "__init__.py").touch()
    (folder / "modules" / "message_sender.py").write_text(MODULE, encoding="utf-8")
    before = sys.path[:]

    def make(function: str, **options: Any) -> Python:
        return Python(call=f"modules.message_sender:{function}", search_path=folder, **options)

    yield make
    sys.path[:] = before
    for name in [name for name in sys.modules if name.partition(".")[0] in ("modules", "broken", "elsewhere")]:
        del sys.modules[name]


def send(sender: Python) -> Outcome:
    return sender.send(message(recipient="测试管家甲", text="工单已完成"), send_context())


def test_the_function_gets_recipient_and_text(legacy: Callable[..., Python]) -> None:
    sender = legacy("send_wecom_message")
    assert isinstance(sender, Sender)
    send(sender)
    assert sys.modules["modules.message_sender"].calls == [("测试管家甲", "工单已完成")]


@pytest.mark.parametrize(
    ("function", "options", "verdict", "code"),
    [
        ("send_wecom_message", {}, UNKNOWN, "returned_none"),
        ("yes", {}, ACCEPTED, ""),
        ("optional", {}, ACCEPTED, ""),
        ("desk.send", {}, ACCEPTED, ""),
        ("no", {}, UNKNOWN, "returned_false"),
        ("no", {"on_false": "unknown"}, UNKNOWN, "returned_false"),
        ("no", {"on_false": "retry"}, RETRY, "returned_false"),
        ("no", {"on_false": "rejected"}, REJECTED, "returned_false"),
        ("send_wecom_message", {"on_false": "retry"}, UNKNOWN, "returned_none"),
        ("one", {}, UNKNOWN, "returned_int"),
        ("word", {}, UNKNOWN, "returned_str"),
        ("outcome", {}, REJECTED, "E7"),
        ("not_sent", {}, RETRY, "window_not_found"),
        ("not_sent_bare", {}, RETRY, "NotSent"),
        ("missing", {}, RETRY, "WindowMissing"),
        ("fails", {}, UNKNOWN, "RuntimeError"),
        ("leaves", {}, UNKNOWN, "SystemExit"),
    ],
)
def test_what_a_function_says(
    legacy: Callable[..., Python], function: str, options: dict[str, Any], verdict: Verdict, code: str
) -> None:
    outcome = send(legacy(function, **options))
    assert (outcome.verdict, outcome.code) == (verdict, code)


def test_not_sent_may_say_when_to_try_again(legacy: Callable[..., Python]) -> None:
    assert send(legacy("not_sent")).after == 30
    assert send(legacy("not_sent_bare")).after is None


def test_of_an_exception_only_class_and_place_are_kept(
    legacy: Callable[..., Python], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        outcome = send(legacy("fails"))
    assert outcome.detail.startswith("the function: RuntimeError raised at message_sender.py:")
    assert "hidden" not in caplog.text + repr(outcome)
    assert "modules.message_sender:fails: RuntimeError raised at message_sender.py:" in caplog.text


def at_once(senders: list[Python]) -> int:
    """Let two threads use each sender; returns how many calls of `busy` ran at the same time."""
    threads = [threading.Thread(target=send, args=(sender,)) for sender in senders for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    most: int = sys.modules["modules.message_sender"].running[1]
    return most


def test_one_call_at_a_time_over_all_senders_of_a_desktop(legacy: Callable[..., Python]) -> None:
    assert at_once([legacy("busy"), legacy("busy")]) == 1


def test_several_calls_at_once_where_that_is_allowed(legacy: Callable[..., Python]) -> None:
    # `meet` returns only if somebody else calls it meanwhile.
    outcomes: list[Outcome] = []
    sender = legacy("meet", one_at_a_time=False)
    threads = [threading.Thread(target=lambda: outcomes.append(send(sender))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Outcome.accepted(), Outcome.accepted()]


# configuration --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("modules.message_sender", 'call: must be "module:function", not'),
        ("modules.message_sender:", 'call: must be "module:function"'),
        (":yes", 'call: must be "module:function"'),
        ("modules/message_sender.py:yes", 'call: must be "module:function"'),
        ("modules.message_sender:yes()", 'call: must be "module:function"'),
        ("modules.message_sender:maybe", "call: modules.message_sender has no maybe"),
        ("modules.message_sender:desk.call", "call: modules.message_sender has no desk.call"),
        ("modules.message_sender:number", "call: modules.message_sender:number is a int; name a function"),
        ("modules.message_sender:later", "call: modules.message_sender:later is a coroutine function"),
        ("modules.message_sender:greedy", r"cannot be called with \(recipient, text\): missing .*'window'"),
        ("modules.other:yes", r"modules.other cannot be imported \(ModuleNotFoundError: No module named 'modules.oth"),
        ("math:gcd", "call: math came from built-in, not from search_path|call: math came from .*math"),
    ],
)
def test_a_function_that_is_not_there(legacy: Callable[..., Python], call: str, wrong: str) -> None:
    known = legacy("yes")
    with pytest.raises(ValueError, match=wrong):
        Python(call=call, search_path=known.search_path)


def test_a_module_that_raises_while_it_is_imported(legacy: Callable[..., Python]) -> None:
    known = legacy("yes")
    assert known.search_path
    (known.search_path / "broken.py").write_text("raise KeyError('key=693a-hidden')\n")
    with pytest.raises(PluginError, match=r"broken cannot be imported \(KeyError raised at broken.py:1\)") as raised:
        Python(call="broken:send", search_path=known.search_path)
    assert "hidden" not in str(raised.value)


def test_a_module_that_ends_the_program(legacy: Callable[..., Python]) -> None:
    known = legacy("yes")
    assert known.search_path
    (known.search_path / "broken.py").write_text("import sys\nsys.exit('no desktop')\n")
    with pytest.raises(PluginError, match=r"broken cannot be imported \(SystemExit raised at broken.py:2\)"):
        Python(call="broken:send", search_path=known.search_path)


def test_a_missing_module_without_a_search_path() -> None:
    with pytest.raises(ValueError, match=r"No module named 'no_such_module'.*or name its folder in search_path"):
        Python(call="no_such_module:send")


def test_a_search_path_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"search_path: .*gone is not a folder; name the one that holds m"):
        Python(call="m:send", search_path=tmp_path / "gone")


def test_a_module_of_the_same_name_from_elsewhere(legacy: Callable[..., Python], tmp_path: Path) -> None:
    legacy("yes")
    other = tmp_path / "other" / "modules"
    other.mkdir(parents=True)
    (other / "message_sender.py").write_text("def yes(user, text): return True\n")
    with pytest.raises(ValueError, match=r"came from .*legacy.*, not from search_path .*other"):
        Python(call="modules.message_sender:yes", search_path=other.parent)


def test_an_installed_function_needs_no_search_path() -> None:
    # math.gcd is written in C, takes two positional arguments, and has a say about their types.
    outcome = Python(call="math:gcd").send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (UNKNOWN, "TypeError")


def test_a_function_without_a_signature_is_taken_at_its_word() -> None:
    assert Python(call="builtins:min").send(message(recipient="a", text="b"), send_context()).code == "returned_str"


def test_the_search_path_is_added_once_and_last(legacy: Callable[..., Python]) -> None:
    folder = str(legacy("yes").search_path)
    legacy("no")
    assert sys.path.count(folder) == 1
    assert sys.path[-1] == folder


def test_a_syntax_error_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "torn_desk.py").write_text("def send(recipient, text):\n    return Tru e\n")
    with pytest.raises(PluginError) as raised:
        Python(call="torn_desk:send", search_path=tmp_path)
    assert str(raised.value) == (
        f"call: torn_desk is not Python ({tmp_path / 'torn_desk.py'}:2: invalid syntax); correct that line"
    )
