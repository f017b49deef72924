"""Runs subjects in turn, several times, and compares their medians."""

from __future__ import annotations

import gc
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement."""

    value: float
    """Seconds; megabytes where the subject measures memory."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What must be nought, such as duplicates."""
    peak: float = 0.0
    """Megabytes held at most, where that was looked at beside the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something that is measured, ours or a rival's."""

    name: str
    work: int
    """How many messages or contracts one measurement handles."""
    measure: Callable[[Path], Sample]
    """Takes an empty folder of its own. Only what lies between the stopwatch's ends counts."""
    rounds: int | None = None
    """How often it is measured at most, where it is dear; None: in every round."""


RESOLUTION = time.get_clock_info("perf_counter").resolution
"""Seconds that the clock can tell from none: what took less counts as that, so that rates are finite."""


TICKS = 100
"""How many steps of the clock a measurement lasts at least: shorter work is done again, each time from the start."""


def tick(clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds by which a clock goes on at once: the least of some steps, for others hold a pause."""
    steps = []
    for _ in range(5):
        start = clock()
        while (now := clock()) == start:
            pass
        steps.append(now - start)
    return min(steps)


class Stopwatch:
    """Seconds between `__enter__` and `__exit__` of `Stopwatch.running()`."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds = 0.0
        self._clock = clock

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time the block, with the garbage of the preparation swept away before."""
        gc.collect()
        start = self._clock()
        yield
        self.seconds = max(self._clock() - start, RESOLUTION)


def timed(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> Sample:
    """Measure one call."""
    watch = Stopwatch(clock)
    with watch.running():
        action()
    return Sample(value=watch.seconds)


class Series:
    """The samples of one subject."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.samples: list[Sample] = []

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(sample.value for sample in self.samples)

    @property
    def cost(self) -> float:
        """Seconds for one message or contract."""
        return self.median / self.subject.work

    @property
    def rate(self) -> float:
        """Messages or contracts in one second."""
        return self.subject.work / self.median

    @property
    def peak(self) -> float:
        """The most memory of all rounds, in megabytes."""
        return max(sample.peak for sample in self.samples)

    def count(self, name: str) -> int:
        """The sum of a count over all rounds."""
        return sum(sample.counts[name] for sample in self.samples)


def run(
    subjects: Sequence[Subject],
    rounds: int,
    folder: Path,
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Series]:
    """Measure A B C, A B C, …: what the machine does meanwhile hits all of them alike. `clock`: what they read."""
    found = {subject.name: Series(subject) for subject in subjects}
    step = tick(clock)
    for number in range(1, rounds + 1):
        for subject in subjects:
            if subject.rounds is not None and number > subject.rounds:
                continue
            sample = _sample(subject, folder, TICKS * step, clock)
            found[subject.name].samples.append(sample)
            tell(f"round {number}/{rounds}  {subject.name}: {sample.value:.3f}")
    return found


def _sample(subject: Subject, folder: Path, least: float, clock: Callable[[], float]) -> Sample:
    """Measure one subject until that has lasted for so long; returns the mean.

    What takes no step of the clock in all the time that its preparation takes as well is nothing that can be told.
    """
    samples: list[Sample] = []
    lasted, begun = 0.0, clock()
    while not samples or (lasted < least and (lasted >= least / TICKS or clock() - begun < least)):
        room = Path(tempfile.mkdtemp(dir=folder))
        samples.append(subject.measure(room))
        lasted += samples[-1].value
        shutil.rmtree(room)
        # What the last subject left to be written must not slow the next one's fsync.
        if sys.platform != "win32":
            os.sync()
    return Sample(
        value=statistics.fmean(sample.value for sample in samples),
        counts=sum((Counter(sample.counts) for sample in samples), Counter()),
        peak=max(sample.peak for sample in samples),
    )


class Compare(Enum):
    """How ours is set against the rivals'."""

    RATE = "rate"
    """Our rate over the best rival's, at least the target."""
    COST = "cost"
    """Our seconds for each message or contract over the rivals' seconds together, at most the target.
    A rival that is named three times counts three times."""
    VALUE = "value"
    """Our value itself, at most the target."""
    PEAK = "peak"
    """The most memory of ours, at most the target."""
    COUNT = "count"
    """The sum of our counts over all rounds, at most the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: what is to be reached."""

    title: str
    ours: str
    """Name of a subject."""
    others: tuple[str, ...] = ()
    """More of ours, for COST: the dearest counts."""
    rivals: tuple[str, ...] = ()
    compare: Compare
    target: float | None = None
    """None: shown for information."""
    count: str = ""
    """For COUNT: which one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A figure, measured."""

    title: str
    ours: str
    rival: str = ""
    rival_name: str = ""
    ratio: float
    target: str
    met: bool | None


def evaluate(figure: Figure, found: Mapping[str, Series]) -> Line | None:
    """Compare medians. None where what it takes was not measured."""
    if figure.ours not in found:
        return None
    if figure.compare is Compare.RATE:
        return _rate(figure, found)
    if figure.compare is Compare.COST:
        return _cost(figure, found)
    ours = found[figure.ours]
    if figure.compare is Compare.COUNT:
        value = float(ours.count(figure.count))
    else:
        value = ours.peak if figure.compare is Compare.PEAK else ours.median
    return _line(figure, f"{value:,.0f}", value)


def _rate(figure: Figure, found: Mapping[str, Series]) -> Line | None:
    rivals = [found[name] for name in figure.rivals if name in found]
    if not rivals:
        return None
    ours = found[figure.ours]
    best = max(rivals, key=lambda series: series.rate)
    return _line(figure, rate_text(ours.rate), ours.rate / best.rate, rate_text(best.rate), best.subject.name)


def _cost(figure: Figure, found: Mapping[str, Series]) -> Line | None:
    if any(name not in found for name in (*figure.others, *figure.rivals)):
        return None
    ours = max(found[name].cost for name in (figure.ours, *figure.others))
    rival = sum(found[name].cost for name in figure.rivals)
    return _line(figure, cost_text(ours), ours / rival, cost_text(rival), _sum_of(figure.rivals))


def _sum_of(rivals: Sequence[str]) -> str:
    times = Counter(rivals)
    return " + ".join(name if count == 1 else f"{count} × {name}" for name, count in times.items())


def _line(figure: Figure, ours: str, ratio: float, rival: str = "", rival_name: str = "") -> Line:
    target, met = "", None
    if figure.target is not None:
        least = figure.compare is Compare.RATE
        target = f"{'≥' if least else '≤'} {figure.target:g}"
        met = ratio >= figure.target if least else ratio <= figure.target
    return Line(
        title=figure.title,
        ours=ours,
        rival=rival,
        rival_name=rival_name,
        ratio=ratio,
        target=target,
        met=met,
    )


def rate_text(rate: float) -> str:
    """Show a rate."""
    return f"{rate:,.0f}/s" if rate >= 100 else f"{rate:,.1f}/s"


def cost_text(seconds: float) -> str:
    """Show the cost of one message or contract."""
    return f"{seconds * 1e6:,.1f} µs"
