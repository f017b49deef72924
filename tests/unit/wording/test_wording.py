"""All sentences together: two languages, what is not known, what is common, and what earlier versions wrote."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.http.reply import Reply, classify_status
from notifykit.model import Outcome
from notifykit.wording import Language, Reason, Sentence, Wording
from notifykit.wording.host import CHANNEL_DOWN, CHANNEL_UNREACHABLE, HOST, UNREACHABLE
from notifykit.wording.translation import speak

GONE = Sentence("gone", "row {row:d} is gone", "第 {row} 行已不在", ("row {row:d} went away", "no row {row:d}"))
AFTER = Sentence("after", "{status} after that: {cause:why}", "之后是 {status}：{cause:why}")
LATE = Sentence("late", "later than {days:g} days: {word!r}", "晚于 {days:g} 天：{word!r}")
ANY = Sentence("any", "row {what}", "行 {what}")
SAID = Sentence("said", "{said}", "{said}")
WORDING = Wording([GONE, AFTER, LATE, ANY, SAID])

reasons = st.one_of(
    st.builds(GONE, row=st.integers(0, 10**12)),
    st.builds(LATE, days=st.integers(0, 400).map(float), word=st.text()),
    st.builds(ANY, what=st.text(st.characters(categories=["L"]))),
).flatmap(lambda inner: st.sampled_from([inner, AFTER(status="failed", cause=inner)]))


def test_two_sentences_cannot_have_one_code() -> None:
    with pytest.raises(ValueError, match="two sentences have the code gone"):
        Wording([GONE, Sentence("gone", "x", "x")])


def test_a_reason_in_each_language() -> None:
    reason = AFTER(status="failed", cause=GONE(row=3))
    assert WORDING.say(reason, Language.ENGLISH) == "failed after that: row 3 is gone"
    assert WORDING.say(reason, Language.CHINESE) == "之后是 failed：第 3 行已不在"
    assert WORDING.say(GONE(row=None), Language.CHINESE) == "第 … 行已不在"


@pytest.mark.parametrize(
    "reason",
    [
        Reason("of a plugin that is not there", "foreign", ("a",), (1,)),
        Reason("with other parameters", "gone", ("line",), (1,)),
        Reason("with a word for a number", "late", ("days", "word"), ("two", "x")),
        Reason("only a text"),
    ],
)
def test_what_is_not_known_is_said_as_it_was_stored(reason: Reason) -> None:
    for language in Language:
        assert WORDING.say(reason, language) == reason.text


def test_what_a_sender_said_under_a_code_of_its_own_is_said_by_its_sentence() -> None:
    said = Outcome.rejected("45009", AFTER(status="x", cause=GONE(row=3)).text).said
    assert WORDING.say(said, Language.ENGLISH) == said.text == "45009 x after that: row 3 is gone"
    assert WORDING.say(said, Language.CHINESE) == "45009 之后是 x：第 3 行已不在"
    assert WORDING.say(AFTER(status="y", cause=said), Language.CHINESE) == "之后是 y：45009 之后是 x：第 3 行已不在"
    for text in ("45009 wait 3 s", "45009", "row 3 is gone", "x 45009 row 3 is gone"):
        assert WORDING.say(Reason(text, "45009"), Language.CHINESE) == text


def test_a_reason_is_said_in_the_language_that_is_spoken() -> None:
    assert WORDING.said(GONE(row=3)) == "row 3 is gone"
    speak("zh")
    assert WORDING.said(GONE(row=3)) == "第 3 行已不在"


def test_a_parameter_that_is_a_whole_text_of_ours_is_translated() -> None:
    reason = ANY(what="no campaign is enabled")
    assert WORDING.say(reason, Language.CHINESE) == "行 no campaign is enabled"
    speak("zh")
    assert WORDING.say(reason, Language.CHINESE) == "行 没有启用的活动"
    assert WORDING.say(ANY(what="key"), Language.CHINESE) == "行 key"  # a word may be anything


@given(reasons)
def test_an_old_text_is_recognised(reason: Reason) -> None:
    assert WORDING.known(Reason(reason.text)) == reason


@pytest.mark.parametrize("text", ["row 8 went away", "no row 8"])
def test_so_is_what_was_said_before(text: str) -> None:
    assert WORDING.known(Reason(text)) == Reason(text, "gone", ("row",), (8,))


def test_the_most_particular_sentence_is_meant() -> None:
    assert WORDING.known(Reason("row 8 is gone")).code == "gone"
    assert WORDING.known(Reason("row eight is gone")).code == "any"


@given(reasons)
def test_parameters_come_back_in_the_order_of_the_sentence(reason: Reason) -> None:
    data = json.loads(json.dumps(reason.as_data(), sort_keys=True))
    assert WORDING.known(Reason.of(data)) == reason


def test_what_has_a_code_keeps_it() -> None:
    reason = Reason("row 8 is gone", "foreign")
    assert WORDING.known(reason) is reason


@pytest.mark.parametrize(
    ("text", "code"), [("row 8 is gone", "gone"), ("row eight is gone", "any"), ("it was sent by hand", None)]
)
def test_a_text_that_was_written_over_a_code_is_what_counts(text: str, code: str | None) -> None:
    left = Reason(text, "late", ("word", "days"), ("x", 1.0))
    assert WORDING.known(left) == WORDING.known(Reason(text))
    assert WORDING.known(left).code == code


def test_what_nobody_said_has_no_code() -> None:
    assert WORDING.known(Reason("the robot is back")) == Reason("the robot is back")


@given(reasons)
def test_a_reason_agrees_with_its_own_text_and_no_other(reason: Reason) -> None:
    assert WORDING.agrees(reason)
    assert not WORDING.agrees(Reason(f"{reason.text}.", reason.code, reason.names, reason.values))


def test_nobody_can_tell_of_an_unknown_code() -> None:
    assert WORDING.agrees(Reason("anything", "foreign"))
    assert not WORDING.agrees(Reason("row 1 is gone", "gone", ("line",), (1,)))
    assert not WORDING.agrees(Reason("row 1 is gone", "gone", ("row",), ("one",)))


def test_reasons_of_one_kind_have_something_in_common() -> None:
    one, other = (AFTER(status="failed", cause=GONE(row=row)) for row in (1, 2))
    assert one.kind == other.kind == ("after", ("gone",))
    assert WORDING.common(one, other) == AFTER(status="failed", cause=GONE(row=None))
    assert WORDING.common(one, one) is one
    assert GONE(row=1).kind != one.kind != AFTER(status="failed", cause=LATE(days=1.0, word="")).kind


def test_two_texts_of_one_service_code_have_the_code_in_common() -> None:
    one, other = Reason("45009 wait 3 s", "45009"), Reason("45009 wait 9 s", "45009")
    assert one.kind == other.kind
    assert WORDING.common(one, other) == Reason("45009", "45009")


def test_the_sentences_of_the_host_are_in_both_languages() -> None:
    for sentence in HOST:
        assert re.fullmatch("[a-z]+(_[a-z]+)*", sentence.code)
        words = re.sub(r"\{.*?\}", "", sentence.chinese)
        assert not words or re.search(r"[\u4e00-\u9fff]", words), sentence


def test_what_an_outage_says_is_in_one_language() -> None:
    """Also where an earlier version wrote its kind as a mere word."""
    wording = Wording(HOST)
    cause = Reason("ConnectError refused", "ConnectError")
    made = CHANNEL_DOWN(kind=UNREACHABLE(), hours=72.0, cause=cause)
    earlier = Reason.stored(made.text, made.code, {**made.params_data(), "kind": "unreachable"})
    for reason in (made, earlier):
        assert reason.text == "unreachable for 72.0 h: ConnectError refused"
        assert wording.say(wording.known(reason), Language.CHINESE) == "通道无法连接已 72.0 小时：ConnectError refused"
    told = CHANNEL_UNREACHABLE(cause=cause)
    assert wording.say(told, Language.CHINESE) == "无法连接：ConnectError refused"
    assert wording.known(earlier).codes >= {"channel_down", "unreachable"}


def test_what_a_sender_says_behind_the_code_of_a_service_is_put_into_chinese() -> None:
    wording = Wording(HOST)
    outcome = classify_status(Reply(413), now=0.0)
    assert outcome is not None
    assert outcome.said.text == "HTTP 413 the message is too large for the service"
    assert wording.say(outcome.said, Language.CHINESE) == "HTTP 413 消息对该服务来说太大"
    assert wording.say(Reason("45009 nobody knows this", "45009"), Language.CHINESE) == "45009 nobody knows this"
