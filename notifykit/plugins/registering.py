"""The types that a plugin offers while it is loaded: taken over whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from notifykit.errors import PluginClash, PluginError
from notifykit.hookspecs import Register
from notifykit.plugins.checks import NEEDED_METHOD, check_class, check_name
from notifykit.plugins.named import is_place
from notifykit.plugins.registry import Offer, Registry
from notifykit.plugins.report import PluginId
from notifykit.redaction import OWN_KINDS
from notifykit.wording.translation import gettext

Shelf = dict[str, dict[str, Offer]]
"""Offers by role, as `notifykit.plugins.registry.Offer` names it, and type name."""


def empty_shelf() -> Shelf:
    """Return what has room for the offers of each role, and none yet."""
    return {role: {} for role in NEEDED_METHOD}


def registry_of(shelf: Shelf) -> Registry:
    """Return the offers of all plugins as the host uses them."""
    return Registry(**{role: dict(offers) for role, offers in shelf.items()})


class Registrations:
    """What one plugin offers."""

    def __init__(self, plugin: PluginId, taken: Shelf) -> None:
        self._plugin = plugin
        self._taken = taken
        self._mine = empty_shelf()
        self._open = True

    def register(self, role: str) -> Register:
        """Return what the plugin is given to call."""

        def offer(name: str, cls: Callable[..., Any] | str) -> None:
            if not self._open:
                raise PluginError(
                    gettext(
                        "{role} are registered while the host is built; {name!r} comes too late", role=role, name=name
                    )
                )
            check_name(name)
            if not isinstance(cls, str):
                check_class(role, name, cls)
            elif not is_place(cls):
                raise PluginError(
                    gettext("type {name!r} is offered as {cls!r}", name=name, cls=cls),
                    mend=gettext("say where its class is, as 'acme.sms:AcmeSms'"),
                )
            if role == "secrets" and name in OWN_KINDS:
                raise PluginClash(
                    gettext("it offers the kind of secret {name!r}, which is notifykit's", name=name),
                    mend=gettext("call it something else"),
                )
            if name in self._mine[role]:
                raise PluginClash(
                    gettext("it offers {name!r} twice among its {role}", name=name, role=role),
                    mend=gettext("rename one of them"),
                )
            if other := self._taken[role].get(name):
                raise PluginClash(
                    gettext(
                        "{plugin} offers {name!r} among its {role}, which is taken by plugin {other!r} of "
                        "{distribution}",
                        plugin=self._plugin,
                        name=name,
                        role=role,
                        other=other.plugin,
                        distribution=other.distribution,
                    ),
                    mend=gettext("block or uninstall one of the two"),
                )
            self._mine[role][name] = Offer(role=role, name=name, offered=cls, by=self._plugin)

        return offer

    def close(self) -> None:
        """Refuse what is offered from now on."""
        self._open = False

    def take_over(self) -> dict[str, tuple[str, ...]]:
        """Add everything to what all plugins offer; returns the type names by role."""
        for role, offers in self._mine.items():
            self._taken[role].update(offers)
        return {role: tuple(offers) for role, offers in self._mine.items() if offers}
