"""Pictures as SVG, drawn here: they need no script, and are read out by their name and by the table beside them.

Each series has a class, by which a style sheet can colour it, and a colour of its own where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape

from notifykit.clock import duration
from notifykit.redaction import redact

__all__ = ["Kind", "Series", "bars", "curves"]

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 12, 28
"""Pixels around the plot of a picture."""

LABELS = 12
"""How many are written below a picture, at most."""

TICKS = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36_000.0, 86_400.0, 864_000.0)
"""Seconds that are marked beside a picture of durations."""


class Kind(Enum):
    """What a series is about, with its colour. The class in the picture is the name in small letters."""

    SENT = "#2b6cb0"
    WAITED = "#a0aec0"
    DOUBTFUL = "#d69e2e"
    FAILED = "#c53030"

    @property
    def colour(self) -> str:
        """The colour, as `#rrggbb`."""
        return self.value

    @property
    def paint(self) -> str:
        """The attributes of what is filled with it."""
        return f'class="{self.name.lower()}" fill="{self.colour}"'

    @property
    def line(self) -> str:
        """The attributes of a line."""
        return f'class="{self.name.lower()} line" fill="none" stroke="{self.colour}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One colour of a picture."""

    name: str
    kind: Kind
    values: Sequence[float | None]


def bars(name: str, labels: Sequence[str], series: Sequence[Series]) -> Iterator[str]:
    """Draw one bar above each label, of a piece for each series."""
    sums: list[float] = [sum(one.values[at] or 0 for one in series) for at in range(len(labels))]
    step = _step(max(sums))
    top = max(step * math.ceil(max(sums) / step), step)
    ticks = [step * at for at in range(round(top / step) + 1)]

    def height(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    yield from _frame(name, labels, [(tick, f"{tick:,.0f}") for tick in ticks], height)
    for at, label in enumerate(labels):
        left, right = _across(at, len(labels))
        gap, below = (right - left) * 0.15, 0.0
        for one in series:
            value = one.values[at] or 0
            if value:
                yield (
                    f'<rect x="{left + gap:.1f}" y="{height(below + value):.1f}" width="{right - left - 2 * gap:.1f}" '
                    f'height="{height(below) - height(below + value):.1f}" {one.kind.paint}>'
                    f"<title>{_text(label)} {_text(one.name)}: {value:,.0f}</title></rect>"
                )
            below += value
    yield "</svg>"


def curves(name: str, labels: Sequence[str], series: Sequence[Series]) -> Iterator[str]:
    """Draw a line for each series, on a scale where each mark is several times the one below."""
    values = [max(value, TICKS[0]) for one in series for value in one.values if value is not None]
    low = max((tick for tick in TICKS if tick <= min(values, default=1.0)), default=TICKS[0])
    high = next((tick for tick in TICKS if tick > max(values, default=1.0)), TICKS[-1])
    ticks = [tick for tick in TICKS if low <= tick <= high]

    def height(value: float) -> float:
        share = math.log(min(max(value, low), high) / low) / math.log(high / low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    yield from _frame(name, labels, [(tick, duration(tick, units=1)) for tick in ticks], height)
    for one in series:
        points = [
            (sum(_across(at, len(labels))) / 2, height(value), labels[at], value)
            for at, value in enumerate(one.values)
            if value is not None
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, *_ in points)
        yield f'<polyline points="{line}" {one.kind.line} stroke-width="2"/>'
        for x, y, label, value in points:
            yield (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" {one.kind.paint}>'
                f"<title>{_text(label)} {_text(one.name)}: {duration(value)}</title></circle>"
            )
    yield "</svg>"


def _frame(
    name: str, labels: Sequence[str], ticks: Sequence[tuple[float, str]], height: Callable[[float], float]
) -> Iterator[str]:
    """Begin a picture: its marks beside it and its labels below."""
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img" '
        f'aria-label="{_text(name)}" font-size="12" font-family="sans-serif" fill="#4a5568">'
    )
    for value, text in ticks:
        y = height(value)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" class="grid" stroke="#e2e8f0"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_text(text)}</text>'
    every = math.ceil(len(labels) / LABELS)
    for at, label in enumerate(labels):
        if at % every == 0:
            x = sum(_across(at, len(labels))) / 2
            yield f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{_text(label)}</text>'


def _across(at: int, labels: int) -> tuple[float, float]:
    """Return where the strip of a label begins and ends, in pixels."""
    width = (WIDTH - LEFT - RIGHT) / labels
    return LEFT + at * width, LEFT + (at + 1) * width


def _step(most: float) -> float:
    """Return a round number of which about four make up the most."""
    rough = max(most / 4, 1.0)
    size = math.pow(10, math.floor(math.log10(rough)))
    return next(size * factor for factor in (1.0, 2.0, 5.0, 10.0) if size * factor >= rough)


def _text(text: str) -> str:
    return escape(redact(text))
