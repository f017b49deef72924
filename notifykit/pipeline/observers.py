"""Who is told when something happened to a task."""

from __future__ import annotations

from typing import Protocol


class Observers(Protocol):
    """Told after a change is durable. An observer that raises never stops the work."""

    def observed(self, hook: str) -> bool:
        """Whether anybody implements this hook, so that facts are gathered only where they are wanted."""
        ...

    def observe(self, hook: str, **arguments: object) -> None:
        """Tell everybody who implements the hook."""
        ...


class Nobody:
    """No observers."""

    def observed(self, hook: str) -> bool:  # noqa: ARG002
        """Nobody does."""
        return False

    def observe(self, hook: str, **arguments: object) -> None:
        """Tell nobody."""
