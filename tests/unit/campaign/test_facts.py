from __future__ import annotations

from typing import Any

import pytest

from notifykit.campaign.campaign import Channel
from notifykit.errors import PluginError
from notifykit.model import Message, Outcome
from notifykit.roles import Rate, SendContext


class Fair:
    def send(self, message: Message, context: SendContext) -> Outcome:
        return Outcome.accepted()


def declaring(**facts: Any) -> Any:
    return type("Declaring", (Fair,), facts)()


GOOD = {
    "limits": (Rate(20, 60.0), Rate(1, 0.5)),
    "repeatable": True,
    "repeatable_for": 3600,
    "concurrency": 2,
    "resource": "desktop",
    "max_bytes": 2048,
}


def test_facts_are_taken_as_declared() -> None:
    channel = Channel.of("out", "fair", declaring(**GOOD))
    assert {name: getattr(channel, name) for name in GOOD} == GOOD
    assert Channel.of("out", "fair", declaring(limits=[Rate(1, 1.0)])).limits == (Rate(1, 1.0),)
    plain = Channel.of("out", "fair", declaring())
    assert (plain.limits, plain.repeatable, plain.concurrency, plain.escape) == ((), False, None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limits", Rate(1, 1.0)),
        ("limits", ((1, 60),)),
        ("limits", (Rate(0, 60.0),)),
        ("limits", (Rate(1, 0.0),)),
        ("limits", (Rate(1, float("inf")),)),
        ("limits", (Rate(True, 1.0),)),
        ("limits", None),
        ("limits", 5),
        ("repeatable", "no"),
        ("repeatable", 1),
        ("repeatable_for", "1h"),
        ("repeatable_for", 0),
        ("repeatable_for", float("nan")),
        ("concurrency", 0),
        ("concurrency", "2"),
        ("concurrency", True),
        ("resource", ""),
        ("resource", 7),
        ("max_bytes", 0),
        ("max_bytes", 2.5),
        ("max_bytes", "2048"),
        ("escape", "html"),
        ("escape", True),
    ],
)
def test_a_fact_that_will_not_do_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(PluginError, match=f"its fact `{name}` is .*, not .*; its author must mend that"):
        Channel.of("out", "fair", declaring(**{name: value}))


class Panic(BaseException):
    """As extension modules raise it."""


def test_a_fact_that_cannot_be_read_is_refused_too() -> None:
    def panics(self: object) -> int:
        raise Panic

    with pytest.raises(PluginError, match="reading its fact `max_bytes` raises Panic"):
        Channel.of("out", "fair", declaring(max_bytes=property(panics)))
