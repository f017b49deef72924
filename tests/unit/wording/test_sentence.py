"""A sentence makes reasons, refuses what does not fit it, and is recognised by what it said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.wording import Reason, Sentence, Sentences

TRIED = Sentence("tried", "row {row:d} was tried {times:d} times", "第 {row} 行尝试了 {times} 次")
CAUSED = Sentence("caused", "{cause:why}; then {what!r}", "{cause:why}；然后 {what!r}")
BARE = Sentence("bare", "nothing to say", "无话可说")


def test_a_reason_has_code_parameters_and_text() -> None:
    found = TRIED(times=3, row=7)
    assert (found.code, found.params, str(found)) == ("tried", {"row": 7, "times": 3}, "row 7 was tried 3 times")
    assert f"{found:>99}" == found.text


def test_a_sentence_without_parameters_makes_one_reason_for_all() -> None:
    assert BARE() is BARE()
    assert BARE() == Reason("nothing to say", "bare")


def test_what_is_left_out_is_shown_as_dots() -> None:
    assert TRIED(row=None, times=2).text == "row … was tried 2 times"
    assert CAUSED(cause=None, what=None).text == "…; then …"


@pytest.mark.parametrize("params", [{}, {"row": 1}, {"row": 1, "time": 2}, {"row": 1, "times": 2, "more": 3}])
def test_other_parameters_are_refused(params: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="takes row, times"):
        TRIED(**params)


def test_the_other_language_and_older_words_name_nothing_else() -> None:
    with pytest.raises(ValueError, match="names line"):
        Sentence("tried", "row {row:d}", "第 {line} 行")
    with pytest.raises(ValueError, match="names line"):
        Sentence("tried", "row {row:d}", "第 {row} 行", ("line {line:d}",))


def test_an_area_keeps_its_sentences_in_order() -> None:
    area = Sentences()
    first, second = area("a", "a", "甲"), area("b", "b", "乙", "older b")
    assert list(area) == [first, second]
    assert second.before == ("older b",)


def test_a_text_that_is_all_parameter_is_recognised_by_nothing() -> None:
    assert Sentence("said", "{said}", "{said}").patterns == ()
    assert Sentence("said", "{a} ({b})", "{a}{b}").patterns == ()


numbers = st.integers(-(10**9), 10**9)


@given(
    st.recursive(
        st.builds(TRIED, row=numbers, times=numbers), lambda inner: st.builds(CAUSED, cause=inner, what=st.text())
    )
)
def test_plain_data_lose_nothing(reason: Reason) -> None:
    assert Reason.of(reason.as_data()) == reason
    data = {"more": 1, **reason.fields("why")}
    assert Reason.from_fields("why", data) == reason
    assert data == {"more": 1}


@pytest.mark.parametrize(
    "data", [None, 7, {}, {"text": 1}, {"text": "x", "code": 3}, {"text": "x", "more": 1}, {"text": "x", "params": []}]
)
def test_what_is_no_reason(data: object) -> None:
    with pytest.raises(TypeError, match="is no reason"):
        Reason.of(data)


def test_a_parameter_is_a_text_a_number_or_a_reason() -> None:
    with pytest.raises(TypeError, match="is no parameter"):
        Reason.stored("x", "x", {"a": [1]})
    with pytest.raises(TypeError, match="is no reason"):
        Reason.stored("x", "x", {"a": {"b": 1}})


def test_without_a_code_there_are_no_parameters() -> None:
    assert Reason.stored("x", None, {"a": 1}) == Reason("x")
