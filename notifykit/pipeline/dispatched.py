"""What one run of the dispatcher did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from notifykit.model import Status


@dataclass(slots=True)
class Dispatched:
    """What one run did."""

    by_status: Counter[Status] = field(default_factory=Counter)
    """Where attempts moved their tasks, those of notifykit's own messages left out."""
    recovered: int = 0
    """Tasks whose worker was gone."""
    late: int = 0
    """Results that came after somebody else had decided."""
    taken: int = 0
    """Claims that were taken from a worker that was stopped, and were not called for that."""

    def add(self, other: Dispatched) -> None:
        """Count in what another run did."""
        self.by_status += other.by_status
        self.recovered += other.recovered
        self.late += other.late
        self.taken += other.taken

    def add_expired(self, number: int) -> None:
        """Count in so many that were not sent in time."""
        if number:
            self.by_status[Status.CANCELLED] += number

    @property
    def sent(self) -> int:
        """Accepted, or assumed so by the campaign's policy."""
        return self.by_status[Status.SENT]
