"""What a metric is: a name, what it means, and its values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["LABELS", "Histogram", "Metric", "MetricKind"]

LABELS = frozenset(
    (
        "campaign",
        "channel",
        "status",
        "verdict",
        "code",
        "level",
        "until",
        "verb",
        "worker",
        "check",
        "trouble",
        "version",
        "store",
    )
)
"""The labels that a metric may have. None ever holds a key, a recipient or an address."""

_NAME = re.compile(r"notifykit_[a-z][a-z0-9_]*")


class MetricKind(StrEnum):
    """How a metric behaves."""

    COUNTER = "counter"
    """It never falls; its name ends in `_total`."""
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values are in each of a sequence of ranges."""

    counts: Sequence[tuple[str, float]]
    """The end of each range, as Prometheus writes it, and how many values are no greater; the last is `+Inf`."""
    sum: float
    """All values together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric with its values now. Times are UTC seconds, durations seconds."""

    name: str
    """As it is exported: `notifykit_` and small letters, with its unit at the end."""
    help: str
    """What it means, in English, in one line."""
    kind: MetricKind = MetricKind.GAUGE
    labels: tuple[str, ...] = ()
    """Of `LABELS`."""
    values: Mapping[tuple[str, ...], float] = field(default_factory=dict)
    """By the values of the labels, in their order."""
    histograms: Mapping[tuple[str, ...], Histogram] = field(default_factory=dict)
    """Likewise, of a histogram."""

    def __post_init__(self) -> None:
        """Raise ValueError where it could not be exported, or has a label that is none of `LABELS`."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"the name of a metric is notifykit_ and small letters, not {self.name!r}")
        if (self.kind is MetricKind.COUNTER) != self.name.endswith("_total"):
            raise ValueError(f"a counter ends in _total, and nothing else does: {self.name}")
        if wrong := sorted(set(self.labels) - LABELS):
            raise ValueError(f"{self.name}: {wrong[0]} is no label of a metric")
        for values in (*self.values, *self.histograms):
            if len(values) != len(self.labels):
                raise ValueError(f"{self.name}: {values!r} is not one value for each of {', '.join(self.labels)}")
