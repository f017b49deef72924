"""Whether all is well: what a monitor asks every minute."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from notifykit.alerts.facts import Facts
from notifykit.alerts.standing import Standing, standing
from notifykit.model import Status
from notifykit.operate.attention import Attention, attention_in
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Count, Outage, Pulse
from notifykit.pipeline.project import Project

__all__ = ["Health", "Verdict", "health"]


class Verdict(StrEnum):
    """How it is."""

    WELL = "well"
    NEEDS_A_PERSON = "needs_a_person"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How things stand in a store that can be read."""

    waiting_for_you: Attention
    outages: tuple[Outage, ...]
    """Channels that cannot be reached, or ask to wait: they are tried again without a person."""
    pulse: Pulse
    conditions: tuple[Standing, ...]
    """Those that hold: what a person is needed for in any project, and what `alerts:` says."""

    @property
    def verdict(self) -> Verdict:
        """Well, also where messages wait or a channel is away for now; or a person is needed.

        What is silenced, and what has not lasted for as long as it must, needs nobody.
        """
        return Verdict.NEEDS_A_PERSON if any(one.counts for one in self.conditions) else Verdict.WELL

    @property
    def waiting(self) -> Count:
        """How many messages wait for their turn."""
        return self.pulse.total(Status.QUEUED)

    @property
    def flags_owed(self) -> Count:
        """How many messages were accepted and are not written back yet."""
        return self.pulse.total(Status.SENT)

    @property
    def oldest_queued(self) -> float | None:
        """UTC seconds at which the message was queued that waits for longest."""
        found = [one.oldest_queued for one in self.pulse.campaigns if one.oldest_queued is not None]
        return min(found, default=None)


def health(project: Project, outbox: Outbox) -> Health:
    """Look how things stand in a project."""
    known = project.configuration
    facts = Facts(outbox, known.channels, known.expected, project.troubles)
    return Health(
        waiting_for_you=attention_in(outbox, facts.pulse, known.channels),
        outages=facts.outages,
        pulse=facts.pulse,
        conditions=tuple(standing(outbox, known.alerts.conditions, facts)),
    )
