"""Metrics as text: what a monitor reads, and a file for node_exporter.

The only module that imports prometheus_client.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from notifykit import durable
from notifykit.errors import NotifykitError
from notifykit.metrics.collect import collect, look
from notifykit.metrics.metric import Metric, MetricKind
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from prometheus_client import Metric as Family

    from notifykit.outbox.protocol import Outbox
    from notifykit.pipeline.project import Project

__all__ = ["Exposition", "MetricsError", "exposition", "require_library", "write_textfile"]

EXTRA = 'pip install "notifykit-outbox[metrics]"'


class MetricsError(NotifykitError):
    """Metrics cannot be told: something is not installed, or a file or an address cannot be used."""


class Exposition(NamedTuple):
    """What a scrape is answered with."""

    text: bytes
    content_type: str


def require_library() -> None:
    """Raise MetricsError where prometheus_client is not installed."""
    if find_spec("prometheus_client") is None:
        raise MetricsError(gettext("metrics need prometheus_client, which is not installed"), mend=EXTRA)


def exposition(project: Project, accept: str = "", *, outbox: Outbox | None = None) -> Exposition:
    """Return the metrics of a project, in the form that a request accepts, and its content type.

    `accept`: the header of the request. `outbox`: a connection that is open already; without one, the store is opened
    to look at it. Raises StoreError; MetricsError where prometheus_client is not installed.
    """
    require_library()
    from prometheus_client.exposition import choose_encoder

    encode, content_type = choose_encoder(accept)
    found = look(project) if outbox is None else collect(project, outbox)
    return Exposition(encode(_Collected(found)), content_type)


def write_textfile(file: Path, text: bytes) -> None:
    """Put the text in a file's place in one step, as node_exporter's textfile collector needs it, readable by others.

    Raises MetricsError.
    """
    if file.suffix != ".prom":
        what, mend = gettext("is no name that node_exporter reads"), gettext("let it end in .prom")
        raise MetricsError(what, mend=mend, where=file)
    fresh = file.with_name(f".{file.name}.{os.urandom(4).hex()}")
    try:
        durable.write_new(fresh, text)
        fresh.chmod(0o644)
        durable.replace(fresh, file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise MetricsError(gettext("cannot be written {mend}", mend=durable.mend(error)), where=file) from error


class _Collected:
    """What prometheus_client takes for a registry."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Family]:
        return map(_family, self._metrics)


def _family(metric: Metric) -> Family:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    if metric.kind is MetricKind.HISTOGRAM:
        ranges = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, one in metric.histograms.items():
            ranges.add_metric(labels, list(one.counts), one.sum)
        return ranges
    kind = CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in metric.values.items():
        family.add_metric(labels, value)
    return family
