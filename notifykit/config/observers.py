"""`observers` of notifykit.yaml: who is told what happens."""

from __future__ import annotations

from dataclasses import dataclass

from notifykit.campaign.configured_observer import ConfiguredObserver
from notifykit.config.factory import ComponentFactory, Unavailable
from notifykit.config.tree import Branch
from notifykit.errors import PluginError
from notifykit.secrets import SecretMissingError


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredObservers:
    """The observers that the project file names."""

    usable: tuple[ConfiguredObserver, ...]
    unavailable: tuple[Unavailable, ...]


def read_observers(root: Branch, offers: ComponentFactory) -> ConfiguredObservers:
    """Build every observer. What is wrong with its options is recorded as a defect."""
    section = root.entries.get("observers")
    usable: list[ConfiguredObserver] = []
    unavailable: list[Unavailable] = []
    for name, node in section.entries.items() if isinstance(section, Branch) else ():
        if not isinstance(node, Branch):
            continue
        try:
            built = offers.build("observer", node, ("observers", name))
        except (PluginError, SecretMissingError) as error:
            place = str(node.entries["type"].place)
            unavailable.append(Unavailable(kind="observer", name=name, place=place, error=error))
            continue
        if built is not None:
            usable.append(ConfiguredObserver(name, built))
    return ConfiguredObservers(usable=tuple(usable), unavailable=tuple(unavailable))
