"""What a status code proves, and how long a service may make us wait."""

import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.http import Reply, classify_status, retry_after, throttle
from notifykit.model import Outcome, Verdict

NOW = datetime(2026, 8, 1, 12, 0, 0, tzinfo=UTC)
ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN


def classify(status: int, after: str | None = None) -> Outcome | None:
    headers = {} if after is None else {"retry-after": after}
    return classify_status(Reply(status, headers), now=NOW.timestamp())


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_leaves_it_to_the_body(status: int) -> None:
    assert classify(status, "7") is None


@pytest.mark.parametrize(
    ("status", "after", "verdict", "wait", "pause"),
    [
        (429, None, RETRY, None, 5),
        (429, "7", RETRY, 7, 7),
        (429, "soon", RETRY, None, 5),
        (503, "7", RETRY, 7, 7),
        (503, None, UNKNOWN, None, None),
        (503, "soon", UNKNOWN, None, None),
        (413, None, REJECTED, None, None),
        (413, "7", RETRY, 7, None),
        (408, None, UNKNOWN, None, None),
        (408, "7", UNKNOWN, None, None),
        (500, "7", UNKNOWN, None, None),
        (501, None, UNKNOWN, None, None),
        (502, None, UNKNOWN, None, None),
        (504, None, UNKNOWN, None, None),
        (599, None, UNKNOWN, None, None),
        (600, None, UNKNOWN, None, None),
        (101, None, UNKNOWN, None, None),
        (199, None, UNKNOWN, None, None),
        (300, None, REJECTED, None, None),
        (301, "7", REJECTED, None, None),
        (302, None, REJECTED, None, None),
        (307, None, REJECTED, None, None),
        (399, None, REJECTED, None, None),
        (400, None, REJECTED, None, None),
        (401, None, REJECTED, None, None),
        (403, None, REJECTED, None, None),
        (404, None, REJECTED, None, None),
        (410, None, REJECTED, None, None),
        (422, "7", REJECTED, None, None),
        (499, None, REJECTED, None, None),
    ],
)
def test_every_other_status(
    status: int, after: str | None, verdict: Verdict, wait: float | None, pause: float | None
) -> None:
    outcome = classify(status, after)
    assert outcome is not None
    assert (outcome.verdict, outcome.code) == (verdict, f"HTTP {status}")
    assert (outcome.after, outcome.pause) == (wait, pause)
    assert outcome.detail


def wait_for(text: str) -> float | None:
    return retry_after(Reply(429, {"retry-after": text}), now=NOW.timestamp())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 1),
        ("1", 1),
        (" 90 ", 90),
        ("3600", 3600),
        ("3601", 3600),
        ("9999999999", 3600),
        ("99999999999", None),
        ("9" * 5000, None),
        ("-5", None),
        ("1.5", 1.5),
        ("9.4", 9.4),
        ("1.5.5", None),
        ("１２", None),
        ("", None),
        ("soon", None),
        ("5, 7", 7),
        ("9, 2", 9),
        ("5, soon", 5),
        ("5, Sat, 01 Aug 2026 12:01:30 GMT", 90),
        ("Sat, 01 Aug 2026 12:01:30 GMT, 100", 100),
        ("Sat, 01 Aug 2026 12:01:30 GMT", 90),
        ("Sat, 01 Aug 2026 20:01:30 +0800", 90),
        ("Saturday, 01-Aug-26 12:01:30 GMT", 90),
        ("Sat Aug  1 12:01:30 2026", 90),
        ("Sat, 01 Aug 2026 11:00:00 GMT", 1),
        ("Sun, 02 Aug 2026 12:00:00 GMT", 3600),
        ("Sat, 41 Aug 2026 12:00:00 GMT", None),
        ("Sat, 01 Aug 2026 12:01:30 +99999999999999", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert wait_for(text) == seconds


def test_a_date_without_a_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has one time zone")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        assert wait_for("Sat Aug  1 12:01:30 2026") == 90
    time.tzset()


@given(st.text() | st.integers().map(str))
def test_whatever_a_server_says_the_wait_is_sane(text: str) -> None:
    seconds = wait_for(text)
    assert seconds is None or 1 <= seconds <= 3600


@given(st.integers(min_value=1, max_value=3600))
def test_a_date_and_its_distance_in_seconds_mean_the_same(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert wait_for(date) == wait_for(str(seconds)) == seconds


@pytest.mark.parametrize(
    ("body", "parsed"),
    [
        (b'{"errcode":0}', {"errcode": 0}),
        (b'\xef\xbb\xbf{"errcode":0}', {"errcode": 0}),
        (b"null", None),
        (b"", None),
        (b"<html>", None),
        (b'{"errcode":', None),
        (b"\xff\xfe\xfa", None),
        (b"[" * 60_000, None),
        (b"1" * 6_000, None),
    ],
)
def test_json(body: bytes, parsed: object) -> None:
    assert Reply(200, body=body).json() == parsed


def test_json_that_was_cut_off_is_none() -> None:
    assert Reply(200, body=b'{"errcode":0}', complete=False).json() is None


@pytest.mark.parametrize("body", [b"[1]", b"1", b'"text"', b"null", b"nonsense"])
def test_what_is_no_json_object_is_an_empty_one(body: bytes) -> None:
    assert Reply(200, body=body).json_object() == {}
    assert Reply(200, body=b'{"a": 1}').json_object() == {"a": 1}


@given(st.binary())
def test_no_body_breaks_the_parser(body: bytes) -> None:
    Reply(200, body=body).json()


def test_a_reply_does_not_show_its_content() -> None:
    assert repr(Reply(302, {"location": "https://example.com/?key=693a"}, b"key=693a")) == (
        "Reply(status=302, complete=True)"
    )


@pytest.mark.parametrize(
    ("headers", "body", "parsed"),
    [
        ({}, '{"a": "群"}'.encode(), {"a": "群"}),
        ({"content-type": "application/json; charset=gbk"}, '{"a": "群"}'.encode("gbk"), {"a": "群"}),
        ({"content-type": 'application/json; charset="GB18030"'}, '{"a": "群"}'.encode("gb18030"), {"a": "群"}),
        ({"content-type": "application/json; charset=utf-8"}, '{"a": "喜报"}'.encode("gbk"), None),
        ({"content-type": "application/json; charset=no-such"}, b"{}", None),
        ({"content-type": "application/json"}, b"\xef\xbb\xbf{}", {}),
    ],
)
def test_a_reply_is_read_in_its_charset(headers: dict[str, str], body: bytes, parsed: object) -> None:
    assert Reply(200, headers, body).json() == parsed


@pytest.mark.parametrize(("status", "after"), [(429, None), (429, "2"), (503, "2")])
def test_a_status_that_asks_to_wait_is_a_throttle(status: int, after: str | None) -> None:
    reply = Reply(status, {"retry-after": after} if after else {}, b'{"errcode": 0}')
    outcome = throttle(reply, now=0.0)
    assert outcome is not None
    assert (outcome.verdict, outcome.pause) == (RETRY, float(after or 5))
    assert throttle(Reply(503), now=0.0) is None
