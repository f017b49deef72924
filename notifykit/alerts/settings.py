"""What a project says of its alerts."""

from __future__ import annotations

from dataclasses import dataclass

from notifykit.alerts.conditions import STANDARD, Condition
from notifykit.wording import Language

__all__ = ["Alerts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """The conditions of a project, and how they are told."""

    conditions: tuple[Condition, ...] = STANDARD
    """Those that the project names, then the standard ones in whose place none of these is."""
    quiet: float = 300.0
    """Seconds for which a condition must not hold before its end is told."""
    every: float = 60.0
    """Seconds between two looks."""
    language: Language = Language.ENGLISH

    @property
    def told(self) -> tuple[Condition, ...]:
        """The conditions of which somebody is sent a message."""
        return tuple(condition for condition in self.conditions if condition.route is not None)

    def named(self, name: str) -> Condition | None:
        """Return the condition of a name."""
        return next((condition for condition in self.conditions if condition.name == name), None)
