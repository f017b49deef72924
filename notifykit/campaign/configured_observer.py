"""An observer that a project configures: opened before it first hears anything, and never stopping the work."""

from __future__ import annotations

import inspect
import logging
from dataclasses import dataclass, field

from notifykit.campaign.opening import Opening
from notifykit.errors import pass_interrupt
from notifykit.roles import ObserverContext

log = logging.getLogger(__name__)

AGAIN = 60.0
"""Seconds after which an observer that could not be opened is tried again."""


@dataclass(slots=True, eq=False)
class ConfiguredObserver:
    """An object of a type that a plugin offers, under the name that the project gives it."""

    name: str
    observer: object
    opening: Opening = field(default_factory=Opening)
    tried: float | None = None
    """When it could not be opened, by the clock that does not step."""
    complained: set[str] = field(default_factory=set)
    taken: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The arguments that each of its methods takes: all of a hook's, or fewer."""

    def hears(self, hook: str) -> bool:
        """Whether it has a method of this name."""
        return callable(getattr(self.observer, hook, None))

    def tell(self, hook: str, context: ObserverContext, arguments: dict[str, object]) -> None:
        """Call its method, opened before. What either raises is logged, the first time with its traceback."""
        now = context.clock.monotonic()
        if self.tried is not None and now < self.tried + AGAIN:
            return
        failing = "open"
        try:
            self.opening.require(self.observer, context)
            self.tried, failing = None, hook
            method = getattr(self.observer, hook)
            if hook not in self.taken:
                self.taken[hook] = tuple(inspect.signature(method).parameters)
            method(**{name: arguments[name] for name in self.taken[hook]})
        except BaseException as error:
            pass_interrupt(error)
            if failing == "open":
                self.tried = now
            first = failing not in self.complained
            self.complained.add(failing)
            log.warning("observer %r fails in %s: %s", self.name, failing, type(error).__name__, exc_info=first)
