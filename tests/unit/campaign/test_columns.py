"""The columns that a campaign uses, and a source that is told of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from notifykit.campaign.campaign import Campaign, Channel, MessagePlan
from notifykit.campaign.columns import columns_of, tell_source
from notifykit.campaign.render import compile_condition, compile_template
from notifykit.model import Message, Outcome, Problem, Record
from notifykit.roles import SendContext, Strategy

TEXT = """{{ record["管家"] }} {% if record.get("备注", "") %}{{ record['a'] | upper }}{% endif %}{{ record.key }}
{% set name = "b" %}{{ record[name] }} {{ {"c": 1}["c"] }} {{ record["d"]["e"] }}"""


class Sender:
    def send(self, message: Message, context: SendContext) -> Outcome:
        return Outcome.accepted()


@dataclass
class Source:
    told: list[Collection[str]] = field(default_factory=list)

    def read(self) -> Iterable[Record | Problem]:
        return ()

    def expects(self, columns: Collection[str]) -> None:
        self.told.append(columns)


class Silent:
    def read(self) -> Iterable[Record | Problem]:
        return ()


@dataclass
class Writing(Strategy):
    @property
    def writes(self) -> str:
        return "旗"


def campaign(source: Source | Silent, strategy: Strategy) -> Campaign:
    plan = MessagePlan(
        name="m",
        channel=Channel.of("ch", "x", Sender()),
        recipient=compile_template('{{ record["to"] }}', where="x"),
        text=compile_template(TEXT, where="x"),
        when=compile_condition('record["due"] == "1"', "x"),
    )
    plain = MessagePlan(name="n", channel=plan.channel, recipient=lambda _: "", text=lambda _: "")
    return Campaign(name="c", file=Path("c.yaml"), source=source, strategy=strategy, messages=(plan, plain))


def test_names_that_are_written_out_are_found() -> None:
    assert columns_of(campaign(Silent(), Strategy())) == {"管家", "备注", "a", "d", "to", "due"}
    assert columns_of(campaign(Silent(), Writing())) == {"管家", "备注", "a", "d", "to", "due", "旗"}


def test_a_source_is_told_if_it_asks() -> None:
    source = Source()
    tell_source(campaign(source, Writing()))
    assert [sorted(columns) for columns in source.told] == [sorted(columns_of(campaign(source, Writing())))]
    tell_source(campaign(Silent(), Writing()))
