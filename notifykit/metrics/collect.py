"""Reads the figures of a project from its store."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from functools import cache, partial

from notifykit.alerts import notes
from notifykit.alerts.facts import Facts
from notifykit.errors import NotifykitError, StoreChangedError
from notifykit.metrics.families import COUNTED, FAMILIES, RANGES, metric
from notifykit.metrics.metric import Histogram, Metric
from notifykit.metrics.told import ToldTotals
from notifykit.model import FOREVER, Status, Verdict
from notifykit.operate.rehearsal import empty_outbox
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.totals import ATTEMPTS, LOGGED, Total, Totals, bound_text
from notifykit.outbox.values import is_reserved
from notifykit.pipeline.project import Project
from notifykit.plugins.find import own_version
from notifykit.wording import Reason

log = logging.getLogger(__name__)

__all__ = ["collect", "look"]

_LOOKS = 5
"""Times that a store is read anew, before it is told that it is written to all the time."""

_OPEN = (Status.QUEUED, Status.SENDING, Status.IN_DOUBT, Status.FAILED, Status.SENT)

_LEVELS = ("warning", "error", "critical")

Values = dict[tuple[str, ...], float]


def look(project: Project) -> list[Metric]:
    """Open the store of a project to look at it, and return all its metrics; where there is no store, of an empty one.

    Raises StoreError.
    """
    store = project.configuration.settings.store
    project.known_store.require_there(store)
    if not store.exists():
        with empty_outbox(project.clock) as outbox:
            return collect(project, outbox)

    def looked() -> list[Metric]:
        with closing(store.look(project.clock, identity=project.known_store.identity())) as outbox:
            found = collect(project, outbox)
            outbox.require_unchanged()
        return found

    for _ in range(_LOOKS):
        with suppress(StoreChangedError):
            return looked()
    return looked()


def collect(project: Project, outbox: Outbox) -> list[Metric]:
    """Return all metrics of a project, those of plugins last. What they tell is kept, so that no counter falls.

    Raises StoreError.
    """
    told = ToldTotals.of(project.file.file)
    totals = told.with_store(outbox.totals())
    told.keep(totals)
    known = project.configuration
    facts = Facts(outbox, known.channels, known.expected, partial(_troubles, project))
    ranges = dict(_ranges(totals, project))
    values: Mapping[str, Values] = {
        **dict(_counted(totals, facts, project)),
        **_open(facts, project, outbox),
        **_channels(facts, project),
        **_passes(outbox, facts, project),
        **_around(facts, project),
    }
    own = [metric(name, values.get(name), ranges.get(name)) for name in FAMILIES]
    return [*own, *_of_plugins(project)]


def _counted(totals: Totals, facts: Facts, project: Project) -> Iterator[tuple[str, Values]]:
    """Yield what is counted. What is expected and was not counted yet is 0: from nothing to one is no rise."""
    campaigns = _campaigns(facts, project)
    pairs = {(total.campaign, total.channel) for total in totals if total.name == ATTEMPTS}
    pairs |= {(one.name, plan.channel.name) for one in project.described for plan in one.messages}
    for name, of in COUNTED.items():
        labels = FAMILIES[name][1]
        values: Values = {}
        if labels == ("campaign",):
            values = {(one,): 0.0 for one in campaigns}
        elif of == ATTEMPTS:
            values = {(*pair, verdict.value): 0.0 for pair in sorted(pairs) for verdict in Verdict}
        elif of == LOGGED:
            values = {(level,): 0.0 for level in _LEVELS}
        yield name, {**values, **_labelled(totals, of, labels)}


def _labelled(totals: Totals, name: str, labels: tuple[str, ...]) -> Values:
    """Return a kind of totals by the values of its labels: the last one is its detail, unless it is a name."""
    at = [label if label in ("campaign", "channel") else "detail" for label in labels]
    found = (total for total in totals if total.name == name)
    return {tuple(str(getattr(total, one)) for one in at): totals[total] for total in sorted(found)}


def _ranges(totals: Totals, project: Project) -> Iterator[tuple[str, dict[tuple[str, ...], Histogram]]]:
    for name, (of, sums, bounds) in RANGES.items():
        (label,) = FAMILIES[name][1]
        subjects = {str(getattr(total, label)) for total in totals if total.name == of}
        subjects |= project.described_names if label == "campaign" else set(project.configuration.channels)
        histograms: dict[tuple[str, ...], Histogram] = {}
        for subject in sorted(subjects):
            counts, number = [], 0.0
            for bound in map(bound_text, (*bounds, float("inf"))):
                number += totals.get(_total(of, label, subject, bound), 0.0)
                counts.append((bound, number))
            histograms[(subject,)] = Histogram(counts, totals.get(_total(sums, label, subject), 0.0))
        yield name, histograms


def _total(name: str, label: str, subject: str, detail: str = "") -> Total:
    if label == "campaign":
        return Total(name, campaign=subject, detail=detail)
    return Total(name, channel=subject, detail=detail)


def _open(facts: Facts, project: Project, outbox: Outbox) -> dict[str, Values]:
    campaigns = _campaigns(facts, project)
    tasks: Values = {(name, status.value): 0.0 for name in campaigns for status in _OPEN}
    queued: Values = {}
    for one in facts.pulse.campaigns:
        if is_reserved(one.campaign):  # a test that is in doubt waits for a person, as any other message
            doubt = one.by_status.get(Status.IN_DOUBT)
            tasks |= {(one.campaign, Status.IN_DOUBT.value): float(doubt.number)} if doubt else {}
            continue
        tasks |= {(one.campaign, status.value): float(number.number) for status, number in one.by_status.items()}
        if one.oldest_queued is not None:
            queued[(one.campaign,)] = one.oldest_queued
    foreign = facts.foreign_by_campaign()
    tasks |= {(name, Status.FOREIGN.value): float(foreign.get(name, 0)) for name in (*campaigns, *foreign)}
    held = notes.rows_held(outbox)
    return {
        "notifykit_tasks": tasks,
        "notifykit_flags_owed": {(name,): tasks[name, Status.SENT.value] for name, status in tasks if status == "sent"},
        "notifykit_rows_held": {(name,): float(held.get(name, 0)) for name in campaigns},
        "notifykit_oldest_queued_timestamp_seconds": queued,
        "notifykit_oldest_doubt_timestamp_seconds": {
            (one.campaign,): one.oldest_doubt for one in facts.pulse.campaigns if one.oldest_doubt is not None
        },
    }


def _channels(facts: Facts, project: Project) -> dict[str, Values]:
    names = sorted(project.configuration.channels)
    paused: Values = {(name, until): 0.0 for name in names for until in ("time", "person")}
    for pause in facts.pulse.pauses:
        paused[pause.channel, "person" if pause.until == FOREVER else "time"] = 1.0
    for outage in facts.outages:
        if outage.paused:
            paused[outage.channel, "time"] = 1.0
    return {
        "notifykit_channel_paused": paused,
        "notifykit_oldest_due_timestamp_seconds": {(name,): since for name, since in facts.due.items()},
        "notifykit_channel_unusable_tasks": {(name,): float(number.number) for name, number in facts.unusable.items()},
        "notifykit_channel_away_timestamp_seconds": {(outage.channel,): outage.since for outage in facts.outages},
    }


def _passes(outbox: Outbox, facts: Facts, project: Project) -> dict[str, Values]:
    known = project.described_names
    failing: Values = {(name,): 0.0 for name in sorted(project.configuration.expected)}
    return {
        "notifykit_pass_last_success_timestamp_seconds": {
            (name, verb): at
            for verb, times in notes.passes_of(outbox).items()
            for name, at in times.items()
            if name in known
        },
        "notifykit_campaign_failing": failing | {(name,): 1.0 for name in facts.failing},
        "notifykit_source_changed_timestamp_seconds": {(name,): at for name, at in facts.source_changes().items()},
        "notifykit_receipts": {
            (name, status.value): float(number)
            for name, told in outbox.receipts().items()
            for status, number in told.items()
        },
        "notifykit_trouble": {(name,): 1.0 for name in facts.reported},
    }


def _troubles(project: Project) -> Mapping[str, Reason]:
    """Ask the plugins; one that cannot even look is a trouble, too, and keeps nothing else from being told."""
    try:
        return project.troubles()
    except NotifykitError as error:
        return {"unreadable": Reason(str(error))}


def _around(facts: Facts, project: Project) -> dict[str, Values]:
    store = project.configuration.settings.store
    kind = "sqlite" if store.file is not None else str(store).partition(":")[0]
    age = facts.oldest_snapshot
    return {
        "notifykit_worker_last_seen_timestamp_seconds": {(place,): at for place, at in facts.places_seen.items()},
        "notifykit_store_oldest_snapshot_seconds": {} if age is None else {(): age},
        "notifykit_build_info": {(own_version(), kind): 1.0},
    }


def _campaigns(facts: Facts, project: Project) -> list[str]:
    """Return the campaigns that have a file, and those of which anything is open."""
    found = {*project.described_names, *(one.campaign for one in facts.pulse.campaigns)}
    return sorted(name for name in found if not is_reserved(name))


def _of_plugins(project: Project) -> list[Metric]:
    found: dict[str, Metric] = {}
    for told in project.plugins.ask("metrics", project=project):
        for one in told if isinstance(told, Iterable) else (told,):
            if not isinstance(one, Metric) or one.name in FAMILIES or one.name in found:
                _complain(one.name if isinstance(one, Metric) else repr(one))
            else:
                found[one.name] = one
    return list(found.values())


@cache
def _complain(what: str) -> None:
    """Say so once: metrics are told every few seconds."""
    log.warning("a plugin tells %s to monitors, which is no metric, or has the name of another one", what)
