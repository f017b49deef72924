"""What one run of the dispatcher did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from notifykit.model import Status


@dataclass(slots=True)
class Dispatched:
    """What one run did."""

    by_status: Counter[Status] = field(default_factory=Counter)
    """Where attempts moved their tasks."""
    recovered: int = 0
    """Tasks whose worker was gone."""
    late: int = 0
    """Results that came after somebody else had decided."""
    taken: int = 0
    """Claims that were taken from a worker that was stopped, and were not called for that."""

    @property
    def sent(self) -> int:
        """Accepted, or assumed so by the campaign's policy."""
        return self.by_status[Status.SENT]
