"""Who is told when something happened to a task: hooks of plugins, and the observers that a project configures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from notifykit.campaign.configured_observer import ConfiguredObserver
from notifykit.roles import ObserverContext


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


class ProjectObservers:
    """Those of a project: hooks of its plugins first, then the observers that it configures."""

    def __init__(self, plugins: Observers, configured: Iterable[ConfiguredObserver], context: ObserverContext) -> None:
        self._plugins = plugins
        self._configured = tuple(configured)
        self._context = context

    def observed(self, hook: str) -> bool:
        """Whether anybody implements this hook."""
        return self._plugins.observed(hook) or any(one.hears(hook) for one in self._configured)

    def observe(self, hook: str, **arguments: object) -> None:
        """Tell everybody who does. Any thread may call it."""
        if self._plugins.observed(hook):
            self._plugins.observe(hook, **arguments)
        for one in self._configured:
            if one.hears(hook):
                one.tell(hook, self._context, arguments)
