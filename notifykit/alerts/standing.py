"""How conditions stand, for whoever looks: what holds, since when, and whether it is told or silenced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from notifykit.alerts import notes
from notifykit.alerts.conditions import KINDS, Condition, Finding, findings
from notifykit.alerts.facts import Facts
from notifykit.alerts.notes import Silence
from notifykit.alerts.state import State, states
from notifykit.outbox.protocol import Outbox

__all__ = ["Standing", "lasting", "standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A condition that holds now."""

    finding: Finding
    state: State | None
    """What the latest look of `run` or `worker` left; None where there was none, or nobody is to be told."""
    silence: Silence | None
    at: float
    """UTC seconds of this look."""

    @property
    def counts(self) -> bool:
        """Whether a person is needed for it: it has lasted for as long as it must, and nobody silenced it."""
        least = lasting(self.finding.condition)
        since = self.at if self.state is None or self.state.ended_at is not None else self.state.since
        return self.silence is None and self.at - since >= least


def lasting(condition: Condition) -> float:
    """Return how many seconds a condition must hold before it is told."""
    return 0.0 if KINDS[condition.kind].looks_back else condition.window


def standing(outbox: Outbox, conditions: Sequence[Condition], facts: Facts) -> list[Standing]:
    """Return which of the conditions hold, in their order."""
    before, silences = states(outbox), notes.silences(outbox)
    return [
        Standing(
            finding=finding,
            state=before.get(finding.key),
            silence=silences.get(finding.condition.name),
            at=facts.at,
        )
        for finding in findings(conditions, facts)
    ]
