"""The picture of how contracts go from the three old states to the new one: where each bar, ribbon and label lies.

Four columns of bars; a ribbon between two neighbours is as wide as the contracts are many that go there, and has the
colour of where they end. Lengths are in the units of the picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from notifykit_migration.model import FlagState, RowState, StatusFileState
from notifykit_migration.report.summary import Flow
from notifykit_migration.report.words import COLUMNS, JSONS, OUTCOMES, ROWS, Outcome, Words

WIDTH = 1012.0
BAR = 14.0
STEP = 264.0
"""From the left side of one column of bars to that of the next."""

LEFT = 6.0
TOP = 56.0
"""Above it are the headings of the columns."""

TALL = 320.0
"""What all contracts together are wide."""

SLOT = 40.0
"""A bar has at least so much room: its label is two lines."""

GAP = 12.0
THINNEST = 1.6
"""One contract among 100,000 is still to be seen."""

LABEL = 8.0
"""Between a bar and its label."""

HEADINGS: Sequence[Words] = (
    Words("Send-status file", "发送状态文件"),
    Words("Task rows", "任务表"),
    Words("CSV flag", "CSV 标记"),
    Words("After the migration", "迁移后"),
)

_ORDERS: Sequence[Sequence[str]] = (
    (StatusFileState.SENT, StatusFileState.OTHER, StatusFileState.ABSENT),
    (RowState.COMPLETED, RowState.MIXED, RowState.PENDING, RowState.FAILED, RowState.NONE),
    (FlagState.SENT, FlagState.UNSENT, FlagState.OTHER, FlagState.MISSING),
    (
        Outcome.SENT,
        Outcome.ASSUMED,
        Outcome.KNOWN,
        Outcome.QUEUED,
        Outcome.LATER,
        Outcome.NOTHING,
        Outcome.HELD,
    ),
)
"""From top to bottom, so that the usual ways cross little."""

_WORDS: Sequence[Mapping[str, Words]] = (
    {key.value: words for key, words in JSONS.items()},
    {key.value: words for key, words in ROWS.items()},
    {key.value: words for key, words in COLUMNS.items()},
    {key.value: words for key, words in OUTCOMES.items()},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One state: all contracts that are in it."""

    column: int
    state: str
    contracts: int
    x: float
    y: float
    height: float
    slot: tuple[float, float]
    """The room that it has with its label: from and to."""

    @property
    def words(self) -> Words:
        """What it is called."""
        return _WORDS[self.column][self.state]

    @property
    def label_x(self) -> float:
        """Where its label begins."""
        return self.x + BAR + LABEL

    @property
    def label_y(self) -> float:
        """The middle of its label."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ribbon:
    """Contracts that go from one state to the next, and end alike."""

    source: Bar
    target: Bar
    outcome: Outcome
    contracts: int
    width: float
    y0: float
    """Its upper edge at the source."""
    y1: float
    """Its upper edge at the target."""

    @property
    def outline(self) -> str:
        """Its outline, as the path data of SVG."""
        x0, x1 = self.source.x + BAR, self.target.x
        middle = (x0 + x1) / 2
        low0, low1 = self.y0 + self.width, self.y1 + self.width
        return (
            f"M{x0:.1f},{self.y0:.1f}C{middle:.1f},{self.y0:.1f} {middle:.1f},{self.y1:.1f} {x1:.1f},{self.y1:.1f}"
            f"V{low1:.1f}C{middle:.1f},{low1:.1f} {middle:.1f},{low0:.1f} {x0:.1f},{low0:.1f}Z"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All of it."""

    height: float
    bars: Sequence[Bar]
    ribbons: Sequence[Ribbon]
    width: float = WIDTH


_Link = tuple[str, str, Outcome]


def picture(flows: Mapping[Flow, int]) -> Picture:
    """Lay the picture out. There is at least one contract."""
    scale = TALL / sum(flows.values())
    links = [_links(flows, column) for column in range(len(_ORDERS) - 1)]
    widths = [{link: max(number * scale, THINNEST) for link, number in found.items()} for found in links]
    columns = [_bars(flows, column, widths) for column in range(len(_ORDERS))]
    height = max(bars[-1].slot[1] for bars in columns if bars)
    columns = [_centred(bars, height) for bars in columns]
    ribbons = [
        ribbon
        for column, (sources, targets) in enumerate(pairwise(columns))
        for ribbon in _ribbons(links[column], widths[column], sources, targets, column)
    ]
    return Picture(height=height + GAP, bars=[bar for bars in columns for bar in bars], ribbons=ribbons)


def _links(flows: Mapping[Flow, int], column: int) -> Counter[_Link]:
    """Count the contracts between a column and the next."""
    found: Counter[_Link] = Counter()
    for path, number in flows.items():
        found[str(path[column]), str(path[column + 1]), path.outcome] += number
    return found


def _bars(flows: Mapping[Flow, int], column: int, widths: Sequence[Mapping[_Link, float]]) -> list[Bar]:
    """Put the bars of one column below each other."""
    contracts: Counter[str] = Counter()
    for path, number in flows.items():
        contracts[str(path[column])] += number
    bars: list[Bar] = []
    y = TOP
    for state in map(str, _ORDERS[column]):
        if not contracts[state]:
            continue
        leaving = sum(width for link, width in _beside(widths, column) if link[0] == state)
        coming = sum(width for link, width in _beside(widths, column - 1) if link[1] == state)
        height = max(leaving, coming)
        room = max(height, SLOT)
        bars.append(
            Bar(
                column=column,
                state=state,
                contracts=contracts[state],
                x=LEFT + STEP * column,
                y=y + (room - height) / 2,
                height=height,
                slot=(y, y + room),
            )
        )
        y += room + GAP
    return bars


def _beside(widths: Sequence[Mapping[_Link, float]], at: int) -> Sequence[tuple[_Link, float]]:
    return list(widths[at].items()) if 0 <= at < len(widths) else []


def _centred(bars: Sequence[Bar], height: float) -> list[Bar]:
    """Move a column of bars to the middle."""
    down = (height - bars[-1].slot[1]) / 2
    return [replace(bar, y=bar.y + down, slot=(bar.slot[0] + down, bar.slot[1] + down)) for bar in bars]


def _ribbons(
    links: Mapping[_Link, int],
    widths: Mapping[_Link, float],
    sources: Sequence[Bar],
    targets: Sequence[Bar],
    column: int,
) -> list[Ribbon]:
    """Stack the ribbons at both ends so that those from one bar do not cross each other."""
    before, after, ends = (_rank(_ORDERS[at]) for at in (column, column + 1, -1))
    starts: dict[_Link, float] = {}
    for bar in sources:
        leaving = [link for link in links if link[0] == bar.state]
        starts |= _stacked(sorted(leaving, key=lambda link: (after[link[1]], ends[link[2]])), widths, bar)
    stops: dict[_Link, float] = {}
    for bar in targets:
        coming = [link for link in links if link[1] == bar.state]
        stops |= _stacked(sorted(coming, key=lambda link: (before[link[0]], ends[link[2]])), widths, bar)
    source_of = {bar.state: bar for bar in sources}
    target_of = {bar.state: bar for bar in targets}
    return [
        Ribbon(
            source=source_of[link[0]],
            target=target_of[link[1]],
            outcome=link[2],
            contracts=number,
            width=widths[link],
            y0=starts[link],
            y1=stops[link],
        )
        for link, number in links.items()
    ]


def _rank(order: Sequence[str]) -> Mapping[str, int]:
    return {str(state): at for at, state in enumerate(order)}


def _stacked(links: Sequence[_Link], widths: Mapping[_Link, float], bar: Bar) -> dict[_Link, float]:
    """Return the upper edges of ribbons at one side of a bar."""
    y = bar.y + (bar.height - sum(widths[link] for link in links)) / 2
    edges = {}
    for link in links:
        edges[link] = y
        y += widths[link]
    return edges
