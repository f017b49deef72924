"""What a search in a store found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from notifykit.model import Task

__all__ = ["Searched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What a search found among the messages that it read."""

    tasks: Sequence[Task]
    """The latest first."""
    before: int | None
    """The id before which the search is to go on; None where there is nothing more to read."""
