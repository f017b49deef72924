"""The metrics of the host: what each is called, how it behaves, and what it means."""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.metrics.metric import Histogram, Metric, MetricKind
from notifykit.outbox.totals import (
    ATTEMPTS,
    CALL_BOUNDS,
    CALL_SECONDS,
    CALLS,
    DELAY_BOUNDS,
    DELAY_SECONDS,
    DELAYS,
    ERRORS,
    LOGGED,
    PREVENTED,
    TWICE,
)

__all__ = ["COUNTED", "FAMILIES", "RANGES", "metric"]

_COUNTER, _GAUGE, _HISTOGRAM = MetricKind.COUNTER, MetricKind.GAUGE, MetricKind.HISTOGRAM

_TABLE = (
    ("attempts_total", _COUNTER, "campaign channel verdict", "Finished attempts: accepted, rejected, retry, unknown."),
    ("attempt_errors_total", _COUNTER, "channel code", "Attempts that were not accepted, by code."),
    ("duplicates_prevented_total", _COUNTER, "campaign", "Offers of a message that was there already: none was sent."),
    (
        "duplicates_possible",
        _GAUGE,
        "campaign",
        "Messages with two or more attempts that were or may have been accepted, over all time.",
    ),
    ("call_duration_seconds", _HISTOGRAM, "channel", "How long calls of a sender took."),
    ("delivery_delay_seconds", _HISTOGRAM, "campaign", "From the queue to the end of the attempt that was accepted."),
    ("log_messages_total", _COUNTER, "level", "Lines that run and worker logged: warning, error, critical."),
    (
        "tasks",
        _GAUGE,
        "campaign status",
        "Messages that are open. Of one status and channel of a campaign, 10000 means that many or more.",
    ),
    ("flags_owed", _GAUGE, "campaign", "Messages that were accepted and are not written back; counted as the tasks."),
    (
        "receipts",
        _GAUGE,
        "campaign status",
        "Messages in the store of which a service told later that they were delivered, or bounced.",
    ),
    ("rows_held", _GAUGE, "campaign", "Rows that could not be used at the latest pass."),
    ("oldest_due_timestamp_seconds", _GAUGE, "channel", "Since when its first turn is due, or when it will be."),
    ("oldest_queued_timestamp_seconds", _GAUGE, "campaign", "When the message was queued that waits for longest."),
    ("oldest_doubt_timestamp_seconds", _GAUGE, "campaign", "Since when its oldest doubt is one."),
    (
        "channel_paused",
        _GAUGE,
        "channel until",
        "1 where a channel is paused: until a time, or until a person ends it.",
    ),
    ("channel_away_timestamp_seconds", _GAUGE, "channel", "Since when a channel cannot be reached, or asks to wait."),
    ("channel_unusable_tasks", _GAUGE, "channel", "Messages that wait for a channel that cannot be used here."),
    ("campaign_failing", _GAUGE, "campaign", "1 where a campaign could not go on at its latest pass."),
    (
        "pass_last_success_timestamp_seconds",
        _GAUGE,
        "campaign verb",
        "When run or worker last did it without a failure: generate, dispatch, settle.",
    ),
    ("source_changed_timestamp_seconds", _GAUGE, "campaign", "When a source last changed, or gave new messages."),
    ("trouble", _GAUGE, "trouble", "1 where a plugin finds something wrong that a person must see to."),
    (
        "worker_last_seen_timestamp_seconds",
        _GAUGE,
        "worker",
        "When run or worker last gave a sign of life at a place; only on a store of several machines.",
    ),
    ("store_oldest_snapshot_seconds", _GAUGE, "", "Age of the oldest open snapshot; only on PostgreSQL."),
    ("build_info", _GAUGE, "version store", "1; the version of notifykit, and the kind of store."),
)

FAMILIES: Mapping[str, tuple[MetricKind, tuple[str, ...], str]] = {
    f"notifykit_{name}": (kind, tuple(labels.split()), help_) for name, kind, labels, help_ in _TABLE
}
"""By name: the kind, the labels, and what it means."""

COUNTED: Mapping[str, str] = {
    "notifykit_attempts_total": ATTEMPTS,
    "notifykit_attempt_errors_total": ERRORS,
    "notifykit_duplicates_prevented_total": PREVENTED,
    "notifykit_duplicates_possible": TWICE,
    "notifykit_log_messages_total": LOGGED,
}
"""The metrics that are totals of the store, and which."""

RANGES: Mapping[str, tuple[str, str, tuple[float, ...]]] = {
    "notifykit_call_duration_seconds": (CALLS, CALL_SECONDS, CALL_BOUNDS),
    "notifykit_delivery_delay_seconds": (DELAYS, DELAY_SECONDS, DELAY_BOUNDS),
}
"""The histograms: the total of their ranges, that of their sum, and where the ranges end."""


def metric(
    name: str,
    values: Mapping[tuple[str, ...], float] | None = None,
    histograms: Mapping[tuple[str, ...], Histogram] | None = None,
) -> Metric:
    """Return a metric of the host with its values."""
    kind, labels, help_ = FAMILIES[name]
    return Metric(name=name, help=help_, kind=kind, labels=labels, values=values or {}, histograms=histograms or {})
