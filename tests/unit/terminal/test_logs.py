from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notifykit.errors import NotifykitError
from notifykit.secrets import Secret
from notifykit.terminal import logs
from notifykit.wording.translation import speak

KEY = "d9f1b2c3-key with spaces"


def untimed(said: str) -> str:
    """Return lines without the time that each begins with."""
    return "".join(line.partition(" ")[2] for line in said.splitlines(keepends=True))


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
    assert untimed(captured.err).splitlines() == [f"{level.upper()} notifykit.test: at {level}" for level in shown]


@pytest.mark.parametrize("name", ["httpx", "httpcore", "httpx2", "httpcore2", "urllib3", "apprise"])
def test_talkative_libraries_stay_quiet(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(9)
    logging.getLogger(name).info("HTTP Request: POST https://…")
    logging.getLogger(f"{name}.sub").debug("connect")
    logging.getLogger(name).warning("retrying")
    assert untimed(capsys.readouterr().err) == f"WARNING {name}: retrying\n"


def test_the_latest_call_counts(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(2)
    logs.configure(0)
    logging.getLogger("notifykit.test").info("once")
    logging.getLogger("notifykit.test").warning("twice?")
    assert untimed(capsys.readouterr().err) == "WARNING notifykit.test: twice?\n"


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
    said = untimed(capsys.readouterr().err)
    assert said == ("WARNING x: task 1 (K1\\nERROR x: all is well \\x1b[2J\\x1b]0;owned\\x07\\u202e): gone\n")


ABOUT = {"code": "recovered", "campaign": "北京", "channel": "group", "task": 7}


def test_a_line_says_when_and_of_which_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(0)
    logging.getLogger("x").warning("task %d: gone", 7, extra=ABOUT)
    at, _, said = capsys.readouterr().err.partition(" ")
    assert abs(datetime.fromisoformat(at) - datetime.now(UTC)) < timedelta(minutes=1)
    assert said == "WARNING x [北京]: task 7: gone\n"


def test_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    secret = Secret(KEY)
    logs.configure(0, as_json=True)
    log = logging.getLogger("x")
    log.warning("task %d: gone\n", 7, extra=ABOUT)
    try:
        fail(secret.reveal())
    except ValueError:
        log.exception("and this", stack_info=True)
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert datetime.fromisoformat(first.pop("at")).utcoffset() == timedelta(0)
    assert first == {"level": "warning", "logger": "x", "message": "task 7: gone\\n", **ABOUT}
    assert "ValueError: ***" in second["exception"]
    assert "Stack (most recent call last)" in second["exception"]
    assert KEY not in json.dumps(second)


def test_lines_go_to_a_file_that_is_put_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "FILE_SIZE", 200)
    file = tmp_path / "notifykit.log"
    logs.configure(0, file=file)
    for number in range(40):
        logging.getLogger("x").warning("第 %d 行", number)
    assert capsys.readouterr().err == ""
    assert "第 39 行" in file.read_text(encoding="utf-8")
    kept = [f"notifykit.log.{number}" for number in range(1, 6)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notifykit.log", *kept]


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotifykitError, match="the log cannot be written"):
        logs.configure(0, file=tmp_path / "missing" / "notifykit.log")


def test_a_line_is_said_in_the_language_that_is_spoken_but_not_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("notifykit.test")
    speak("zh")
    logs.configure(0)
    log.warning("channel %s: the service answers again", "group")
    logs.configure(0, as_json=True)
    log.warning("channel %s: the service answers again", "group")
    line, program = capsys.readouterr().err.splitlines()
    assert line.endswith("WARNING notifykit.test: 通道 group：服务恢复应答")
    assert json.loads(program)["message"] == "channel group: the service answers again"
