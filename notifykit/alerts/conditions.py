"""The conditions: what of a project is to be told, and how that is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from notifykit.alerts.facts import Facts
from notifykit.alerts.notes import KEPT
from notifykit.clock import duration
from notifykit.model import FOREVER, Status
from notifykit.wording import Reason, host

__all__ = ["KINDS", "STANDARD", "Condition", "Finding", "Kind", "Route", "findings"]

DAY, HOUR, MINUTE = 86_400.0, 3_600.0, 60.0

_MOST = 0.95
"""The share of messages, or of calls, that is to be fast enough."""


class Kind(StrEnum):
    """What a condition is about."""

    FAILED = "dead_letters"
    IN_DOUBT = "in_doubt"
    FOREIGN = "foreign"
    PAUSED = "paused"
    UNUSABLE = "unusable"
    FAILING = "failing"
    AWAY = "away"
    OLDEST_DOUBT = "oldest_doubt"
    OLDEST_WAITING = "oldest_waiting"
    STUCK = "stuck"
    FLAGS_OWED = "flags_owed"
    SUCCESS_RATE = "success_rate"
    RESPONSE_TIME = "response_time"
    PERHAPS_TWICE = "perhaps_twice"
    ERRORS_LOGGED = "errors_logged"
    SILENT_SOURCE = "silent_source"
    NO_PASS = "no_pass"  # noqa: S105 - no password
    NOT_RUNNING = "not_running"
    SLOW_CALLS = "slow_calls"
    WORKER_GONE = "worker_gone"
    OLD_SNAPSHOT = "old_snapshot"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """To whom an alert goes."""

    channel: str
    recipient: str
    second: Route | None = None
    """Where it goes instead if it is about the channel or the channel takes nothing, and too if it does not arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that is to be told."""

    name: str
    kind: Kind
    threshold: float = 0.0
    """It holds beyond this: a number of messages, seconds, or, of a share of attempts from 0 to 1, below it."""
    window: float = 0.0
    """Seconds: what happened within them counts; of a state, how long it must last before it is told."""
    at_least: int = 1
    """Of a share or a percentile: fewer attempts or calls say nothing."""
    campaigns: frozenset[str] = frozenset()
    """Which campaigns it is about; empty: all."""
    route: Route | None = None
    """None: nobody is sent a message."""

    def covers(self, campaign: str) -> bool:
        """Whether it is about a campaign."""
        return not self.campaigns or campaign in self.campaigns


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A condition that holds now."""

    condition: Condition
    subject: str
    """The channel or campaign that it is about; empty where it is about all together."""
    said: Reason

    @property
    def key(self) -> str:
        """By which it is known from look to look."""
        return f"{self.condition.name}/{self.subject}" if self.subject else self.condition.name


Found = Iterator[tuple[str, Reason]]
"""Subjects with what is said of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOf:
    """What a kind measures, and what counts where the configuration says nothing."""

    measures: Literal["count", "duration", "share", "nothing"]
    find: Callable[[Condition, Facts], Found]
    threshold: float = 0.0
    window: float = 0.0
    looks_back: bool = False
    """Whether the window is what is looked at, and not how long a state must last."""
    at_least: int = 1
    kept: float | None = None
    """Seconds for which what it looks at is kept: a window cannot be longer; None: for ever."""
    by_campaign: bool = True
    """Whether it can be about some campaigns alone."""


def findings(conditions: Iterable[Condition], facts: Facts) -> list[Finding]:
    """Return what holds now of the conditions, in their order."""
    return [
        Finding(condition=condition, subject=subject, said=said)
        for condition in conditions
        for subject, said in KINDS[condition.kind].find(condition, facts)
    ]


def _open(status: Status, words: Callable[..., Reason]) -> Callable[[Condition, Facts], Found]:
    def find(condition: Condition, facts: Facts) -> Found:
        number = facts.open(status, condition.covers)
        if number.number > condition.threshold:
            yield "", words(number=str(number))

    return find


def _foreign(condition: Condition, facts: Facts) -> Found:
    number = facts.foreign(condition.covers)
    if number > condition.threshold:
        yield "", host.FOUND_FOREIGN(number=f"{number:,}")


def _paused(_condition: Condition, facts: Facts) -> Found:
    for pause in facts.pulse.pauses:
        if pause.until == FOREVER:
            yield pause.channel, host.FOUND_PAUSED(channel=pause.channel, cause=pause.reason)


def _unusable(condition: Condition, facts: Facts) -> Found:
    for channel, number in facts.unusable.items():
        if number.number > condition.threshold:
            yield channel, host.FOUND_UNUSABLE(number=str(number), channel=channel)


def _away(condition: Condition, facts: Facts) -> Found:
    for outage in facts.outages:
        if facts.at - outage.since > condition.threshold:
            yield outage.channel, host.FOUND_AWAY(channel=outage.channel, cause=outage.told)


def _reported(_condition: Condition, facts: Facts) -> Found:
    yield from facts.reported.items()


def _failing(condition: Condition, facts: Facts) -> Found:
    for campaign, error in facts.failing.items():
        if condition.covers(campaign):
            yield campaign, host.FOUND_FAILING(campaign=campaign, error=error)


def _oldest(
    of: Callable[[Facts, Condition], float | None], words: Callable[..., Reason]
) -> Callable[[Condition, Facts], Found]:
    def find(condition: Condition, facts: Facts) -> Found:
        since = of(facts, condition)
        if since is not None and facts.at - since > condition.threshold:
            yield "", words(age=duration(facts.at - since))

    return find


def _stuck(condition: Condition, facts: Facts) -> Found:
    for channel, since in facts.due.items():
        if facts.at - since > condition.threshold and channel not in facts.paused:
            yield channel, host.FOUND_STUCK(channel=channel, age=duration(facts.at - since))


def _success_rate(condition: Condition, facts: Facts) -> Found:
    found = [item for item in facts.recent(condition.window) if condition.covers(item.campaign)]
    attempts = sum(item.attempts for item in found)
    if attempts < max(condition.at_least, 1):
        return
    rate = sum(item.accepted for item in found) / attempts
    if rate < condition.threshold:
        window = duration(condition.window)
        yield "", host.FOUND_SUCCESS_RATE(rate=f"{rate:.1%}", attempts=f"{attempts:,}", window=window)


def _response_time(condition: Condition, facts: Facts) -> Found:
    for item in facts.recent(condition.window):
        slow = item.percentile(_MOST)
        if not condition.covers(item.campaign) or item.accepted < condition.at_least or slow is None:
            continue
        if slow > condition.threshold:
            yield item.campaign, host.FOUND_SLOW(age=duration(slow), window=duration(condition.window))


def _perhaps_twice(condition: Condition, facts: Facts) -> Found:
    found = facts.recent(condition.window)
    number = sum(item.perhaps_twice for item in found if condition.covers(item.campaign))
    if number > condition.threshold:
        yield "", host.FOUND_TWICE(number=f"{number:,}", window=duration(condition.window))


def _errors_logged(condition: Condition, facts: Facts) -> Found:
    number, latest = facts.errors(condition.window)
    if number > condition.threshold:
        yield "", host.FOUND_ERRORS(number=f"{number:,}", window=duration(condition.window), latest=latest)


def _unseen(
    of: Callable[[Facts], Mapping[str, float]], words: Callable[..., Reason]
) -> Callable[[Condition, Facts], Found]:
    def find(condition: Condition, facts: Facts) -> Found:
        for campaign, at in of(facts).items():
            if condition.covers(campaign) and facts.at - at > condition.threshold:
                yield campaign, words(campaign=campaign, age=duration(facts.at - at))

    return find


def _not_running(condition: Condition, facts: Facts) -> Found:
    at = facts.last_work
    if at is not None and facts.at - at > condition.threshold and not facts.recent(condition.window):
        yield "", host.FOUND_NOT_RUNNING(age=duration(facts.at - at))


def _slow_calls(condition: Condition, facts: Facts) -> Found:
    for channel, calls in facts.calls(condition.window, condition.threshold).items():
        if calls.number >= condition.at_least and calls.slow > calls.number * (1 - _MOST):
            yield (
                channel,
                host.FOUND_SLOW_CALLS(
                    channel=channel,
                    slow=f"{calls.slow:,}",
                    number=f"{calls.number:,}",
                    limit=duration(condition.threshold),
                    window=duration(condition.window),
                ),
            )


def _worker_gone(condition: Condition, facts: Facts) -> Found:
    for place, at in facts.places_seen.items():
        if facts.at - at > condition.threshold:
            yield place, host.FOUND_WORKER_GONE(place=place, age=duration(facts.at - at))


def _old_snapshot(condition: Condition, facts: Facts) -> Found:
    age = facts.oldest_snapshot
    if age is not None and age > condition.threshold:
        yield "", host.FOUND_OLD_SNAPSHOT(age=duration(age))


KINDS: Mapping[Kind, KindOf] = {
    Kind.FAILED: KindOf(measures="count", find=_open(Status.FAILED, host.FOUND_FAILED)),
    Kind.IN_DOUBT: KindOf(measures="count", find=_open(Status.IN_DOUBT, host.FOUND_IN_DOUBT)),
    Kind.FOREIGN: KindOf(measures="count", find=_foreign),
    Kind.PAUSED: KindOf(measures="nothing", find=_paused, by_campaign=False),
    Kind.UNUSABLE: KindOf(measures="count", find=_unusable, by_campaign=False),
    Kind.FAILING: KindOf(measures="nothing", find=_failing),
    Kind.AWAY: KindOf(measures="duration", find=_away, threshold=15 * MINUTE, by_campaign=False),
    Kind.OLDEST_DOUBT: KindOf(
        measures="duration", find=_oldest(Facts.oldest_doubt, host.FOUND_OLDEST_DOUBT), threshold=HOUR
    ),
    Kind.OLDEST_WAITING: KindOf(
        measures="duration", find=_oldest(Facts.oldest_waiting, host.FOUND_OLDEST_WAITING), threshold=HOUR
    ),
    Kind.STUCK: KindOf(measures="duration", find=_stuck, threshold=30 * MINUTE, by_campaign=False),
    Kind.FLAGS_OWED: KindOf(measures="count", find=_open(Status.SENT, host.FOUND_FLAGS_OWED), window=15 * MINUTE),
    Kind.SUCCESS_RATE: KindOf(
        measures="share", find=_success_rate, threshold=0.95, window=HOUR, looks_back=True, at_least=20
    ),
    Kind.RESPONSE_TIME: KindOf(
        measures="duration", find=_response_time, threshold=10 * MINUTE, window=HOUR, looks_back=True, at_least=20
    ),
    Kind.PERHAPS_TWICE: KindOf(measures="count", find=_perhaps_twice, window=DAY, looks_back=True),
    Kind.ERRORS_LOGGED: KindOf(
        measures="count", find=_errors_logged, window=HOUR, looks_back=True, kept=KEPT, by_campaign=False
    ),
    Kind.SILENT_SOURCE: KindOf(
        measures="duration", find=_unseen(Facts.source_changes, host.FOUND_SILENT), threshold=DAY
    ),
    Kind.NO_PASS: KindOf(measures="duration", find=_unseen(Facts.passes, host.FOUND_NO_PASS), threshold=HOUR),
    Kind.NOT_RUNNING: KindOf(
        measures="duration", find=_not_running, threshold=HOUR, window=HOUR, looks_back=True, by_campaign=False
    ),
    Kind.SLOW_CALLS: KindOf(
        measures="duration",
        find=_slow_calls,
        threshold=10.0,
        window=HOUR,
        looks_back=True,
        at_least=20,
        by_campaign=False,
    ),
    Kind.WORKER_GONE: KindOf(measures="duration", find=_worker_gone, threshold=HOUR, by_campaign=False),
    Kind.OLD_SNAPSHOT: KindOf(
        measures="duration", find=_old_snapshot, threshold=15 * MINUTE, window=5 * MINUTE, by_campaign=False
    ),
    Kind.REPORTED: KindOf(measures="nothing", find=_reported, by_campaign=False),
}
"""Everything that can be told."""


STANDARD = tuple(
    Condition(name=kind.value, kind=kind)
    for kind in (Kind.IN_DOUBT, Kind.FAILED, Kind.FOREIGN, Kind.PAUSED, Kind.UNUSABLE, Kind.FAILING, Kind.REPORTED)
)
"""What a person is needed for, whatever a project says. A condition of the same kind over all campaigns,
or of the same name, takes the place of one."""
