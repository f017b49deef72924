from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.pipeline.answer import usable
from notifykit.secrets import Secret

USABLE = (
    Outcome.accepted(vendor_id="msg-1", undelivered=("甲",)),
    Outcome.retry("45009", after=60, pause=60.5, max_tries=3),
    Outcome.retry("ConnectError", unreached=True),
    Outcome.rejected("93000", "钥匙无效", pause=FOREVER),
)

UNUSABLE: dict[str, Outcome] = {
    "after": Outcome.retry("429", after=cast("Any", "60")),
    "after ": Outcome.retry("429", after=float("nan")),
    "after  ": Outcome.retry("429", after=FOREVER),
    "after   ": Outcome.retry("429", after=10**400),
    "pause": Outcome.retry("429", pause=-1),
    "max_tries": Outcome.retry("429", max_tries=cast("Any", "3")),
    "unreached": Outcome.retry("429", unreached=cast("Any", "no")),
    "code": Outcome.rejected(cast("Any", None)),
    "detail": Outcome.accepted(detail=cast("Any", b"half")),
    "vendor_id": Outcome.accepted(vendor_id=cast("Any", {})),
    "vendor_id ": Outcome.accepted(vendor_id=cast("Any", 10**5000)),
    "undelivered": Outcome.accepted(undelivered=cast("Any", (None,))),
    "undelivered ": Outcome.accepted(undelivered=cast("Any", "甲")),
    "undelivered  ": Outcome.accepted(undelivered=cast("Any", 7)),
}


def test_what_is_recorded_holds_no_credential() -> None:
    """Whatever a service echoes, and a sender passes on."""
    Secret("T0KEN-abcdef")
    answer = Outcome.rejected("http 400 T0KEN-abcdef", "no hook T0KEN%2Dabcdef at db://u:pass@host")
    assert usable(answer) == (Outcome.rejected("http 400 ***", "no hook T0KEN%2Dabcdef at db://***@host"), ())
    answer = Outcome.accepted(vendor_id="T0KEN-abcdef", undelivered=("T0KEN-abcdef", "甲"))
    assert usable(answer) == (Outcome.accepted(vendor_id="***", undelivered=("***", "甲")), ())


@pytest.mark.parametrize("outcome", USABLE)
def test_what_can_be_recorded_is_recorded_as_it_is(outcome: Outcome) -> None:
    assert usable(outcome) == (outcome, ())


@pytest.mark.parametrize("field", UNUSABLE)
def test_what_is_wrong_beside_a_verdict_is_left_out_and_named_and_the_verdict_counts(field: str) -> None:
    given_ = UNUSABLE[field]
    outcome, wrong = usable(given_)
    assert wrong == (field.strip(),)
    assert outcome.verdict is given_.verdict
    assert getattr(outcome, field.strip()) in (None, "", (), False)
    rest = [item.name for item in fields(Outcome) if item.name != field.strip()]
    assert [getattr(outcome, name) for name in rest] == [getattr(given_, name) for name in rest]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("ok", "a str, not an Outcome"),
        (None, "a NoneType, not an Outcome"),
        (replace(USABLE[0], verdict=cast("Any", True)), "verdict"),
    ],
)
def test_without_a_verdict_nothing_is_known(answer: object, why: str) -> None:
    assert usable(answer) == (Outcome.unknown("bad_outcome", why), (why,))


def test_numbers_are_taken_as_texts_and_half_a_surrogate_pair_is_escaped() -> None:
    odd = Outcome.accepted(
        vendor_id=cast("Any", 9_007_199_254_740_993), detail="half \ud83d", undelivered=cast("Any", [7])
    )
    expected = Outcome.accepted(vendor_id="9007199254740993", detail="half \\ud83d", undelivered=("7",))
    assert usable(odd) == (expected, ())
    assert usable(Outcome.rejected(cast("Any", 404))) == (Outcome.rejected("404"), ())


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.text() | st.integers())
)


@given(verdict=st.sampled_from(Verdict), more=st.fixed_dictionaries({item.name: anything for item in fields(Outcome)}))
def test_whatever_stands_beside_it_a_verdict_is_kept_and_can_be_stored(verdict: Verdict, more: dict[str, Any]) -> None:
    outcome, _ = usable(Outcome(**{**more, "verdict": verdict}))
    assert outcome.verdict is verdict
    for text in (outcome.code, outcome.detail, outcome.vendor_id or "", *outcome.undelivered):
        text.encode()
    assert usable(outcome) == (outcome, ())
