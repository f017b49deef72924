"""What a source keeps between two passes is committed with what was queued of it, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from processes import wait_until

from notifykit.campaign.campaign import Campaign, MessagePlan
from notifykit.errors import CampaignError
from notifykit.model import Problem, Record, Table
from notifykit.operate.attention import SOURCE_STATE, StandingSource, standing_sources
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.generate import generate
from notifykit.pipeline.source_state import MOST, SourceState, release_undescribed, rename_state
from notifykit.roles import Decision, Ledger, SourceContext, Strategy

ROWS = ("a", "b", "c", "d", "e")


@dataclass
class Growing:
    """A table that grows: each pass reads what is beyond the cursor."""

    table: str = "orders"
    rows: list[str] = field(default_factory=lambda: list(ROWS), init=False)
    held: str = field(default="", init=False)
    context: SourceContext | None = field(default=None, init=False)
    odd: Any = field(default=None, init=False)

    def open(self, context: SourceContext) -> None:
        self.context = context

    def read(self) -> Iterable[Record | Problem]:
        after = (self.context.state if self.context else None) or {"row": 0}
        self.last = max(after["row"], len(self.rows))
        return [self._item(at, key) for at, key in enumerate(self.rows, 1) if at > after["row"]]

    def _item(self, at: int, key: str) -> Record | Problem:
        if key == self.held:
            return Problem(place=f"orders:{at}", what="no recipient", mend="write one", key=key)
        return Record(key, [key], Table("orders", {"id": 0}), at)

    def cursor(self) -> Mapping[str, Any]:
        return self.odd if self.odd is not None else {"row": self.last}


@dataclass
class Always(Strategy):
    told: list[str] = field(default_factory=list)

    def decide(self, record: Record, outbox: Ledger) -> Decision:
        return Decision.NOTIFY


@dataclass
class Told(Always):
    """Is told what was queued; the first time, the process is killed before that."""

    killed: bool = False

    def generated(self, records: Sequence[Record]) -> None:
        if not self.killed:
            self.killed = True
            raise KeyboardInterrupt
        self.told += [record.key for record in records]


class Passes:
    """A campaign over a growing table, and passes over it as `generate_all` makes them."""

    def __init__(self, world: Any, folder: Path, strategy: Strategy | None = None) -> None:
        self.outbox: SqliteOutbox = world.outbox
        self.folder = folder
        self.source = Growing()
        plan = world.campaign.messages[0]
        group = MessagePlan(name="group", channel=plan.channel, recipient=plan.recipient, text=plan.text)
        self.campaign = Campaign(
            name="c", file=folder / "c.yaml", source=self.source, strategy=strategy or Always(), messages=(group,)
        )

    def run(self, **more: Any) -> Any:
        state = SourceState(self.outbox, self.campaign, self.folder)
        context = SourceContext(campaign="c", clock=self.outbox.db.clock, state=state.last)
        self.campaign.source_opening.require(self.source, context)
        self.source.context = context
        return generate(self.campaign, self.outbox, state=None if more.get("dry_run") else state, **more)

    @property
    def kept(self) -> Mapping[str, Any] | None:
        return SourceState(self.outbox, self.campaign, self.folder).last


@pytest.fixture
def passes(world: Any, tmp_path: Path) -> Passes:
    return Passes(world, tmp_path)


def test_a_pass_reads_what_came_since_the_last_one(passes: Passes) -> None:
    assert passes.run().queued == 5
    assert passes.kept == {"row": 5}
    passes.source.rows.append("f")
    again = passes.run()
    assert (again.records, again.queued) == (1, 1)
    assert passes.run().records == 0


def test_the_state_is_committed_in_the_transaction_of_the_last_messages(
    passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifykit.pipeline.generate.BATCH", 2)
    statements: list[str] = []
    passes.outbox.db.connection.set_trace_callback(statements.append)
    passes.run()
    commits = [at for at, text in enumerate(statements) if text == "COMMIT"]
    (kept,) = [at for at, text in enumerate(statements) if "INTO notes" in text]
    assert len(commits) == 3
    assert commits[1] < kept < commits[2]


def test_nothing_is_written_where_nothing_is_new(passes: Passes) -> None:
    passes.run()
    statements: list[str] = []
    passes.outbox.db.connection.set_trace_callback(statements.append)
    passes.run()
    assert not [text for text in statements if text.startswith(("COMMIT", "INSERT"))]


def test_a_pass_that_fails_half_way_moves_nothing(passes: Passes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifykit.pipeline.generate.BATCH", 2)
    calls: list[int] = []

    def before() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise CampaignError("gone")

    with pytest.raises(CampaignError):
        passes.run(before_queueing=before)
    assert passes.kept is None
    assert passes.run().records == 5
    assert [task.key for task in passes.outbox.tasks(Filter())] == list(ROWS)


def test_a_dry_run_moves_nothing(passes: Passes) -> None:
    passes.run(dry_run=True)
    assert passes.kept is None


@pytest.mark.parametrize("where", ["read", "rendered", "alike"])
def test_a_held_record_is_read_again(passes: Passes, where: str) -> None:
    if where == "read":
        passes.source.held = "c"
    elif where == "rendered":
        passes.source.rows[2] = "\ud800"
    else:
        passes.source.rows[0], passes.source.rows[2] = "A1", "Ａ1"
    held = passes.run()
    number = 2 if where == "alike" else 1  # both spellings
    assert (held.queued, len(held.problems), passes.kept) == (5 - number, number, None)
    passes.source.held, passes.source.rows[2] = "", "c"
    mended = passes.run()
    assert (mended.records, mended.queued, passes.kept) == (5, number, {"row": 5})


def test_a_source_that_stands_still_is_told_until_it_goes_on(passes: Passes) -> None:
    passes.source.held = "c"
    begun = passes.outbox.now()
    passes.run()
    first = standing_sources(passes.outbox)["c"]
    assert first == StandingSource(since=first.since, rows=1, place="orders:3")
    assert begun <= first.since <= passes.outbox.now()
    passes.source.rows.append("f")
    assert passes.run().queued == 1, "nothing else waits for it"
    assert standing_sources(passes.outbox) == {"c": first}
    statements: list[str] = []
    passes.outbox.db.connection.set_trace_callback(statements.append)
    passes.run()
    assert not [text for text in statements if "notes" in text and not text.lstrip().startswith("SELECT")]
    passes.source.held = ""
    passes.run()
    assert (standing_sources(passes.outbox), passes.kept) == ({}, {"row": 6})
    passes.source.held = "g"
    passes.source.rows.append("g")
    wait_until(lambda: passes.outbox.now() > first.since)
    passes.run()
    second = standing_sources(passes.outbox)["c"]
    assert (second.place, second.since > first.since) == ("orders:7", True)
    assert passes.kept == {"row": 6}


def test_other_options_begin_anew(passes: Passes) -> None:
    passes.source.held = "c"
    passes.run()
    before = standing_sources(passes.outbox)["c"].since
    wait_until(lambda: passes.outbox.now() > before)
    passes.source.table = "invoices"
    passes.run()
    assert standing_sources(passes.outbox)["c"].since > before


def test_nobody_is_told_of_a_campaign_that_is_gone(passes: Passes) -> None:
    passes.run()
    kept = passes.outbox.notes(SOURCE_STATE)
    passes.source.held = "f"
    passes.source.rows.append("f")
    passes.run()
    release_undescribed(passes.outbox, {"c"})
    assert standing_sources(passes.outbox)
    release_undescribed(passes.outbox, {"others"})
    assert passes.outbox.notes(SOURCE_STATE) == kept


def test_a_dry_run_tells_nobody(passes: Passes) -> None:
    passes.source.held = "c"
    passes.run(dry_run=True)
    assert passes.outbox.notes(SOURCE_STATE) == {}


def test_a_record_that_is_marked_neither_way_is_read_again(passes: Passes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Always, "decide", lambda _, record, __: Decision.NEITHER if record.key == "b" else Decision.NOTIFY
    )
    assert passes.run().queued == 4
    assert (passes.kept, standing_sources(passes.outbox)["c"].place) == (None, "orders:2")


def test_a_strategy_is_told_of_every_record_whatever_happens_in_between(world: Any, tmp_path: Path) -> None:
    strategy = Told()
    passes = Passes(world, tmp_path, strategy)
    with pytest.raises(KeyboardInterrupt):
        passes.run()
    assert passes.kept is None, "the records are queued, and nobody was told of them"
    passes.run()
    assert strategy.told == list(ROWS)
    assert passes.kept == {"row": 5}


def test_the_state_of_other_options_is_none(passes: Passes) -> None:
    passes.run()
    passes.source.table = "invoices"
    assert passes.kept is None


def test_a_renamed_campaign_goes_on_where_it_was(passes: Passes) -> None:
    passes.run()
    kept = passes.outbox.notes(SOURCE_STATE)["c"]
    rename_state(passes.outbox, "c", "d")
    assert passes.outbox.notes(SOURCE_STATE) == {"d": kept}
    passes.outbox.keep_note(SOURCE_STATE, "c", kept)
    rename_state(passes.outbox, "c", "d")
    assert passes.outbox.notes(SOURCE_STATE) == {}, "two campaigns became one: all of it is read again"


@pytest.mark.parametrize(
    "odd",
    [[], "x", {"at": object()}, {"at": float("nan")}, {"long": "x" * MOST}],
    ids=["list", "text", "object", "nan", "long"],
)
def test_a_cursor_that_cannot_be_kept_is_the_plugins_mistake(passes: Passes, odd: Any) -> None:
    passes.source.odd = odd
    with pytest.raises(CampaignError, match=r"cursor\(\) of source Growing .* its author must mend that"):
        passes.run()
    assert passes.kept is None
