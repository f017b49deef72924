"""The types that plugins offer, by the name that YAML uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

from notifykit.errors import PluginError
from notifykit.plugins.checks import check_class
from notifykit.plugins.named import OfferBrokenError, import_offered
from notifykit.plugins.report import PluginId, failure


class Offer(NamedTuple):
    """One offered type."""

    role: str
    """`sources`, `strategies`, `senders`, `legacy`, `sections`, `observers`, `stores` or `secrets`."""
    name: str
    offered: Callable[..., Any] | str
    """The class, or where it is: `module:Class`."""
    by: PluginId

    @property
    def plugin(self) -> str:
        """The entry point that offers it."""
        return self.by.name

    @property
    def distribution(self) -> str:
        """What to install to have it, with its version."""
        return self.by.origin

    def load(self) -> Callable[..., Any]:
        """Return the class: a dataclass, whose fields are its options.

        Raises OfferBrokenError where a class that was offered by its place is not there, or cannot be used.
        """
        if not isinstance(self.offered, str):
            return self.offered
        found = import_offered(self.by, self.offered)
        try:
            return check_class(self.role, self.name, found)
        except PluginError as error:
            raise OfferBrokenError(failure(self.by, error)) from error


_NONE: Mapping[str, Offer] = MappingProxyType({})


class Registry(NamedTuple):
    """All offered types."""

    sources: Mapping[str, Offer] = _NONE
    strategies: Mapping[str, Offer] = _NONE
    senders: Mapping[str, Offer] = _NONE
    legacy: Mapping[str, Offer] = _NONE
    """Kinds of old state."""
    sections: Mapping[str, Offer] = _NONE
    """Sections of notifykit.yaml."""
    observers: Mapping[str, Offer] = _NONE
    stores: Mapping[str, Offer] = _NONE
    """Kinds of store, by the scheme of their URLs."""
    secrets: Mapping[str, Offer] = _NONE
    """Kinds of secret."""

    def offers(self) -> Iterator[Offer]:
        """Return all of them."""
        return chain.from_iterable(offers.values() for offers in self)
