"""The legacy program as a pure machine: what its files say after any run of it, accidents included.

One generator and one scheduler work on three states (CSV, send-status file, task table) in the order that such a
program has; between any two steps it may be killed, and a person or a script may lay hands on the files. `reachable`
enumerates every state in which somebody may find the program stopped, after at most so many accidents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

GROUP, AWARD = "group", "award"
SENT = "发送成功"
OTHER_WORD = "处理中"
OTHER_FLAG = "暂停"
CUT = "cut"
"""In place of a flag: the file ends within this row."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the task table."""

    id: int
    contract: int
    message: str
    done: bool = False
    tries: str = ""
    """What the scheduler's log says of it besides success: `raised`, `begun` (and no end), or nothing."""


@dataclass(frozen=True, slots=True)
class State:
    """What lies on the disk, and what arrived."""

    csv: tuple[tuple[int, str], ...] = ()
    """(contract, flag) of each row; the flag CUT only in the last one."""
    json: tuple[tuple[int, str], ...] | None = None
    """(contract, word) that can be read; None: no file."""
    torn: bool = False
    """The send-status file was cut behind what can be read: the old program raises, for ever."""
    rows: tuple[Row, ...] = ()
    given: int = 0
    """The highest id that was ever given."""
    delivered: tuple[tuple[int, str], ...] = ()
    """Messages that arrived, sorted; the old program's own duplicates are not counted here."""

    @property
    def purged(self) -> bool:
        """Whether rows were deleted."""
        return len(self.rows) < self.given

    @property
    def cut(self) -> bool:
        """Whether the CSV file ends within a row."""
        return bool(self.csv) and self.csv[-1][1] == CUT

    @property
    def tail(self) -> tuple[Row, ...]:
        """Pending rows above the highest completed one: by their ids alone, they were never tried."""
        highest = max((row.id for row in self.rows if row.done), default=0)
        return tuple(row for row in self.rows if row.id > highest)

    @property
    def evident(self) -> bool:
        """Whether ids alone tell what was tried: of the tail, only the first row may have been."""
        return not any(row.tries for row in self.tail[1:])


@dataclass(frozen=True, slots=True)
class Generation:
    """A run of the generator that is under way: what it holds in memory, and where it stands."""

    words: tuple[tuple[int, str], ...]
    flags: tuple[tuple[int, str], ...]
    at: int
    stage: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A state of the whole machine."""

    state: State
    running: Generation | None = None
    passed: int = 0
    """The scheduler has raised up to this id in its present cycle, and goes on behind it."""


@dataclass(frozen=True, slots=True)
class Model:
    """A small world: which contracts there are. An award is due where `awards` says so."""

    awards: tuple[bool, ...]

    def due(self, contract: int) -> tuple[str, ...]:
        """The messages that a contract must get."""
        return (GROUP, AWARD) if self.awards[contract] else (GROUP,)

    def steps(self, now: Moment) -> Iterator[tuple[int, Moment]]:
        """Yield what can happen next: (accidents, then)."""
        yield from self._scheduler(now)
        if now.running is None:
            yield from self._start(now)
            yield from self._append(now)
            for state in self._hands(now.state):
                yield 1, replace(now, state=state)
        else:
            yield from self._generator(now, now.running)
            yield 1, Moment(now.state)  # killed between two steps

    # The jobs.

    def _append(self, now: Moment) -> Iterator[tuple[int, Moment]]:
        """The job appends what the CSV lacks: new contracts in their order, and rows that were lost."""
        state = now.state
        if state.cut:
            return  # the new row would be glued to the cut one: see the tests of torn files
        there = {contract for contract, _ in state.csv}
        for contract in range(len(self.awards)):
            if contract not in there:
                yield 0, replace(now, state=replace(state, csv=(*state.csv, (contract, "N"))))
                return

    def _start(self, now: Moment) -> Iterator[tuple[int, Moment]]:
        if not now.state.torn:
            begun = self._next(Generation(now.state.json or (), now.state.csv, 0, GROUP))
            if begun.stage != CUT:
                yield 0, replace(now, running=begun)

    def _next(self, run: Generation) -> Generation:
        """Go on to the next row that is to be notified; stage CUT where there is nothing to do."""
        words = dict(run.words)
        at = run.at
        while at < len(run.flags):
            contract, flag = run.flags[at]
            if flag == "N" and words.get(contract) != SENT:
                return replace(run, at=at, stage=GROUP)
            at += 1
        return replace(run, at=at, stage="csv" if run.changed else CUT)

    def _generator(self, now: Moment, run: Generation) -> Iterator[tuple[int, Moment]]:
        state = now.state
        if run.stage == "csv":
            yield 0, replace(now, state=replace(state, csv=_uncut(run.flags)), running=None)
            for rows in range(len(run.flags)):
                yield 1, Moment(replace(state, csv=run.flags[:rows]))
                yield 1, Moment(replace(state, csv=(*run.flags[:rows], (run.flags[rows][0], CUT))))
            return
        contract = run.flags[run.at][0]
        if run.stage in (GROUP, AWARD):
            row = Row(state.given + 1, contract, run.stage)
            after = "json" if run.stage == AWARD or not self.awards[contract] else AWARD
            created = replace(state, rows=(*state.rows, row), given=row.id)
            yield 0, replace(now, state=created, running=replace(run, stage=after))
            return
        words = {**dict(state.json or ()), contract: SENT}
        written = replace(state, json=tuple(words.items()))
        flags = tuple((key, "Y" if at == run.at else flag) for at, (key, flag) in enumerate(run.flags))
        memory = tuple({**dict(run.words), contract: SENT}.items())
        yield 0, replace(now, state=written, running=self._next(Generation(memory, flags, run.at + 1, GROUP, True)))
        for kept in range(len(words)):
            yield 1, Moment(replace(state, json=tuple(words.items())[:kept], torn=True))

    # The scheduler.

    def _scheduler(self, now: Moment) -> Iterator[tuple[int, Moment]]:
        state = now.state
        waiting = [row for row in state.rows if not row.done]
        for row in {
            row.id: row for row in (*waiting[:1], *[row for row in waiting if row.id > now.passed][:1])
        }.values():
            arrived = _with(state.delivered, row)
            done = replace(row, done=True, tries="")
            yield 0, replace(now, state=_put(replace(state, delivered=arrived), done))
            for delivered in {state.delivered, arrived}:
                # Before or after the click: raised, or killed.
                left = replace(state, delivered=delivered)
                yield 1, Moment(_put(left, replace(row, tries="raised")), now.running, row.id)
                yield 1, Moment(_put(left, replace(row, tries=row.tries or "begun")))

    # People, and scripts.

    def _hands(self, state: State) -> Iterator[State]:
        for at, (contract, flag) in enumerate(state.csv):
            for other in ("N", "Y", OTHER_FLAG):
                if flag not in (other, CUT):
                    yield replace(state, csv=(*state.csv[:at], (contract, other), *state.csv[at + 1 :]))
            yield replace(state, csv=state.csv[:at] + state.csv[at + 1 :])
        if len(state.csv) > 1 and not state.cut:
            yield replace(state, csv=tuple((contract, "N") for contract, _ in state.csv))  # exported again
        if state.json is not None:
            yield replace(state, json=None, torn=False)
        if not state.torn:
            for at, (contract, word) in enumerate(state.json or ()):
                before, after = (state.json or ())[:at], (state.json or ())[at + 1 :]
                yield replace(state, json=before + after)
                if word == SENT:
                    yield replace(state, json=(*before, (contract, OTHER_WORD), *after))
        if any(row.done for row in state.rows):
            yield replace(state, rows=tuple(row for row in state.rows if not row.done))
        if state.rows:
            yield replace(state, rows=())


def _uncut(flags: tuple[tuple[int, str], ...]) -> tuple[tuple[int, str], ...]:
    """A cut row is read with empty cells, and written with them."""
    return tuple((contract, "" if flag == CUT else flag) for contract, flag in flags)


def _with(delivered: tuple[tuple[int, str], ...], row: Row) -> tuple[tuple[int, str], ...]:
    return tuple(sorted({*delivered, (row.contract, row.message)}))


def _put(state: State, row: Row) -> State:
    return replace(state, rows=tuple(row if old.id == row.id else old for old in state.rows))


def reachable(model: Model, accidents: int) -> dict[State, int]:
    """Return every state in which the program may be found stopped, each with the fewest accidents that lead to it."""
    reached: dict[Moment, int] = {Moment(State()): 0}
    layer = [Moment(State())]
    for count in range(accidents + 1):
        later: list[Moment] = []
        while layer:
            now = layer.pop()
            if reached[now] < count:
                continue
            for cost, then in model.steps(now):
                if count + cost <= accidents and reached.get(then, accidents + 1) > count + cost:
                    reached[then] = count + cost
                    (later if cost else layer).append(then)
        layer = later
    found: dict[State, int] = {}
    for moment, cost in reached.items():
        if moment.running is None:
            found[moment.state] = min(cost, found.get(moment.state, cost))
    return found
