from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from notifykit.secrets import Secret
from notifykit.terminal import logs

KEY = "d9f1b2c3-key with spaces"


def fail(text: str) -> None:
    raise ValueError(text)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
        handler.close()


@pytest.mark.parametrize(
    ("verbosity", "shown"),
    [
        (-3, ["error"]),
        (-1, ["error"]),
        (0, ["error", "warning"]),
        (1, ["error", "warning", "info"]),
        (2, ["error", "warning", "info", "debug"]),
        (5, ["error", "warning", "info", "debug"]),
    ],
)
def test_verbosity(verbosity: int, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(verbosity)
    log = logging.getLogger("notifykit.test")
    for level in ("error", "warning", "info", "debug"):
        getattr(log, level)("at %s", level)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [f"{level.upper()} notifykit.test: at {level}" for level in shown]


@pytest.mark.parametrize("name", ["httpx", "httpcore", "httpx2", "httpcore2", "urllib3", "apprise"])
def test_talkative_libraries_stay_quiet(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(9)
    logging.getLogger(name).info("HTTP Request: POST https://…")
    logging.getLogger(f"{name}.sub").debug("connect")
    logging.getLogger(name).warning("retrying")
    assert capsys.readouterr().err == f"WARNING {name}: retrying\n"


def test_the_latest_call_counts(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(2)
    logs.configure(0)
    logging.getLogger("notifykit.test").info("once")
    logging.getLogger("notifykit.test").warning("twice?")
    assert capsys.readouterr().err == "WARNING notifykit.test: twice?\n"


def test_secrets_are_removed_from_message_arguments_exception_and_stack(capsys: pytest.CaptureFixture[str]) -> None:
    secret = Secret(KEY)
    logs.configure(2)
    log = logging.getLogger("notifykit.test")
    try:
        fail(f"POST /send?key={secret.reveal().replace(' ', '%20')} failed")
    except ValueError:
        log.exception("sending with %s to %s", secret.reveal(), {"key": KEY}, stack_info=True)
    err = capsys.readouterr().err
    assert "sending with *** to {'key': '***'}" in err
    assert "ValueError: POST /send?key=*** failed" in err
    assert "Stack (most recent call last)" in err
    assert "d9f1b2c3" not in err


def test_a_call_that_does_not_fit_its_format_leaks_nothing_either() -> None:
    Secret(KEY)
    record = logging.LogRecord("n", logging.ERROR, "p", 1, "code %d", (KEY,), None)
    assert logs.RedactingFilter().filter(record)
    assert record.getMessage() == "code %d ('***',)"


def test_other_handlers_see_the_clean_exception_too() -> None:
    secret = Secret(KEY)
    try:
        fail(secret.reveal())
    except ValueError as error:
        record = logging.LogRecord("n", logging.ERROR, "p", 1, "m", None, (type(error), error, error.__traceback__))
    assert logs.RedactingFilter().filter(record)
    assert KEY not in logging.Formatter().format(record)


def test_data_forges_no_line_and_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(0)
    logging.getLogger("x").warning("task 1 (%s): gone", "K1\nERROR x: all is well \x1b[2J\x1b]0;owned\x07\u202e")
    said = capsys.readouterr().err
    assert said == ("WARNING x: task 1 (K1\\nERROR x: all is well \\x1b[2J\\x1b]0;owned\\x07\\u202e): gone\n")
