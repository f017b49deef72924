from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from notifykit.campaign.campaign import Channel
from notifykit.errors import PluginError
from notifykit.model import Message, Outcome
from notifykit.roles import Rate, SendContext


class Fair:
    def send(self, message: Message, context: SendContext) -> Outcome:
        return Outcome.accepted()


class Many(Fair):
    def send_many(self, messages: Sequence[Message], contexts: Sequence[SendContext]) -> list[Outcome]:
        return [Outcome.accepted() for _ in messages]


def declaring(*bases: type, **facts: Any) -> Any:
    return type("Declaring", bases or (Fair,), facts)()


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


def test_who_takes_batches_says_how_many_and_has_a_method_for_them() -> None:
    assert Channel.of("out", "fair", declaring(Many, batch_size=7)).batch_size == 7
    assert Channel.of("out", "fair", declaring(Many)).batch_size == 1
    assert Channel.of("out", "fair", declaring(batch_size=1)).batch_size == 1
    with pytest.raises(PluginError, match="`batch_size` needs a method `send_many`"):
        Channel.of("out", "fair", declaring(batch_size=7))
    with pytest.raises(PluginError, match="`batch_size` and `resource` exclude each other"):
        Channel.of("out", "fair", declaring(Many, batch_size=7, resource="desktop"))


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
