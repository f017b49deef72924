"""The looks: after each pass and between passes, what began and what ended is kept, and queued as messages.

What a look changes is one transaction, so a process that is killed neither forgets nor repeats anything. Of two
processes that look at once, one waits for the other and finds what it left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from notifykit.alerts import notes
from notifykit.alerts.conditions import Condition, Finding, findings
from notifykit.alerts.facts import Facts
from notifykit.alerts.logged import LoggedErrors
from notifykit.alerts.messages import Changed, drafts, further, goes_to_second
from notifykit.alerts.notes import SourceSeen
from notifykit.alerts.standing import lasting
from notifykit.alerts.state import Change, State, keep_state, states, step
from notifykit.campaign.campaign import Campaign
from notifykit.errors import NotifykitError
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.generate import Generated
from notifykit.pipeline.places import ElsewhereError
from notifykit.wording import Reason
from notifykit.wording.host import ALERT_HEAD
from notifykit.wording.translation import english

if TYPE_CHECKING:
    from notifykit.pipeline.project import Project

log = logging.getLogger(__name__)

__all__ = ["Watch"]

TURN = "look"
"""The topic of the one note that each look which changes something keeps first: so the next one waits for it."""


class Watch:
    """Looks at the conditions of a project. Used by one thread at a time."""

    def __init__(self, project: Project, worker: str) -> None:
        """`worker`: a name that no other process has."""
        self._project = project
        self._alerts = project.configuration.alerts
        self._worker = worker
        self._looked_at: float | None = None
        self.logged = LoggedErrors()

    @property
    def due(self) -> bool:
        """Whether it is time for a look between two passes."""
        now = self._project.clock.monotonic()
        return bool(self._alerts.told) and (self._looked_at is None or now - self._looked_at >= self._alerts.every)

    def passed(self, outbox: Outbox, generated: Iterable[Generated], failures: Mapping[str, NotifykitError]) -> None:
        """Keep what a pass was like: which campaigns had one, which could not go on, and how their sources were."""
        known = notes.failing(outbox)
        went_on = {item.campaign: item for item in generated}
        failed = {
            name: english(str(why))
            for name, why in failures.items()
            if name in self._project.described_names and not isinstance(why, ElsewhereError)
        }
        with outbox.transaction():
            for name in went_on.keys() & known.keys() - failed.keys():
                notes.keep_failing(outbox, name, None)
            for name, why in failed.items():
                if known.get(name) != why:
                    notes.keep_failing(outbox, name, why)
            for name in went_on.keys() - failed.keys():
                notes.keep_pass(outbox, name, outbox.now())
                notes.keep_rows_held(outbox, name, len(went_on[name].problems))
            self._keep_sources(outbox, went_on)

    def _keep_sources(self, outbox: Outbox, generated: Mapping[str, Generated]) -> None:
        known = notes.sources(outbox)
        campaigns = {campaign.name: campaign for campaign in self._project.described}
        for name, item in generated.items():
            seen = _source(campaigns[name], item, outbox.now())
            if name not in known or known[name].state != seen.state or item.queued:
                notes.keep_source(outbox, name, seen)

    def look(self, outbox: Outbox) -> list[Changed]:
        """Find what began and what ended, and queue the messages that tell of it."""
        told = self._alerts.told
        if not told:
            return []
        self._looked_at = self._project.clock.monotonic()
        if (errors := self.logged.take(outbox.now())) is not None:
            notes.add_errors(outbox, self._worker, errors)
        configuration = self._project.configuration
        facts = Facts(outbox, configuration.channels, configuration.expected, self._project.troubles)
        found = {finding.key: finding for finding in findings(told, facts)}
        steps, _ = self._steps(outbox, found, facts)
        more = further(outbox, facts, configuration.channels)
        changed: list[Changed] = []
        if steps or more:
            with outbox.transaction():
                outbox.keep_note(TURN, "", repr(facts.at))
                steps, changed = self._steps(outbox, found, facts)
                for key, state in steps.items():
                    keep_state(outbox, key, state)
                outbox.enqueue([*drafts(changed, facts.at, self._head, configuration.channels, self._say), *more])
        for one in changed:
            log.info("alert %s", one.reason, extra={"code": f"alert_{one.change}"})
        return changed

    def _steps(
        self, outbox: Outbox, found: Mapping[str, Finding], facts: Facts
    ) -> tuple[dict[str, State | None], list[Changed]]:
        """Return the states that this look changes, by key, and what is to be told."""
        before, silences = states(outbox), notes.silences(outbox)
        conditions = {condition.name: condition for condition in self._alerts.told}
        steps: dict[str, State | None] = {}
        changed: list[Changed] = []
        for key in dict.fromkeys((*found, *before)):
            finding, was = found.get(key), before.get(key)
            condition = finding.condition if finding else _condition(key, conditions)
            if condition is None:  # it is not in the configuration any more
                steps[key] = None
                continue
            state, change = step(
                was,
                finding.said if finding else None,
                facts.at,
                lasting=lasting(condition),
                quiet=self._alerts.quiet,
                silenced=condition.name in silences,
            )
            if change is not None and state is not None:
                one = self._changed(condition, key, change, state, facts)
                state = replace(state, second=one.second)
                changed.append(one)
            if state != was:
                steps[key] = state
        return steps, changed

    def _changed(self, condition: Condition, key: str, change: Change, state: State, facts: Facts) -> Changed:
        subject = key.removeprefix(condition.name).removeprefix("/")
        began = change is Change.BEGAN
        return Changed(
            condition=condition,
            key=key,
            subject=subject,
            change=change,
            said=state.said,
            lasted=0.0 if began else (state.ended_at or state.since) - state.since,
            second=goes_to_second(condition, subject, facts) if began else state.second,
            advice=self._project.advice(condition, subject) if began else (),
        )

    @property
    def _head(self) -> Reason:
        settings = self._project.configuration.settings
        return ALERT_HEAD(project=self._project.file.folder.name, place=settings.place)

    @property
    def _say(self) -> Callable[[Reason], str]:
        wording, language = self._project.plugins.wording, self._alerts.language
        return lambda reason: wording.say(reason, language)


def _condition(key: str, conditions: Mapping[str, Condition]) -> Condition | None:
    return conditions.get(key.partition("/")[0])


def _source(campaign: Campaign, generated: Generated, now: float) -> SourceSeen:
    """Return how a source is: of a file, its time and size; of any other, how many records it has."""
    reads = getattr(campaign.source, "reads", None)
    if isinstance(reads, Path):
        with suppress(OSError):
            found = reads.stat()
            return SourceSeen(state=f"{found.st_size} {found.st_mtime_ns}", at=min(found.st_mtime, now))
    return SourceSeen(state=str(generated.records), at=now)
