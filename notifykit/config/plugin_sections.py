"""Sections of notifykit.yaml that plugins offer, beside the host's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from notifykit.config.defects import Defects
from notifykit.config.factory import ComponentFactory, Unavailable
from notifykit.config.sections import ProjectSection
from notifykit.config.tree import Branch, Leaf, Node
from notifykit.errors import PluginError
from notifykit.plugins.registry import Registry
from notifykit.secrets import SecretMissingError
from notifykit.wording.nearest import did_you_mean, nearest
from notifykit.wording.translation import gettext, joined


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSections:
    """What plugins' sections say."""

    usable: Mapping[str, object]
    """By name: objects of the classes that the plugins offer."""
    unavailable: tuple[Unavailable, ...]


def split(root: Branch, registry: Registry, defects: Defects) -> tuple[Branch, Mapping[str, Branch]]:
    """Return what is the host's own of a project file, and the sections of plugins.

    A mapping under a key that nobody knows, and that is like none that is known, belongs to a plugin that is not there.
    """
    known = [*ProjectSection.model_fields, *registry.sections]
    own: dict[str, Node] = {}
    of_plugins: dict[str, Branch] = {}
    for key, node in root.entries.items():
        if key in ProjectSection.model_fields:
            own[key] = node
        elif isinstance(node, Leaf) and node.value is None:
            continue  # a key with nothing behind it says nothing
        elif isinstance(node, Branch) and (key in registry.sections or nearest(key, known) is None):
            of_plugins[key] = node
        elif key in registry.sections:
            defects.add(node.place, key, gettext("must be a mapping"))
        else:
            if meant := nearest(key, known):
                what, mend = gettext("there is no such key{near}", near=did_you_mean(meant)), ""
            else:
                what, mend = (
                    gettext("there is no such key{near}", near=""),
                    gettext("the keys are {known}", known=joined(gettext(", "), known)),
                )
            defects.add(node.place, key, what, mend)
    return Branch(root.place, own), of_plugins


def read_plugin_sections(sections: Mapping[str, Branch], offers: ComponentFactory) -> PluginSections:
    """Build every section of a plugin. What is wrong with its keys is recorded as a defect."""
    usable: dict[str, object] = {}
    unavailable = []
    for name, section in sections.items():
        try:
            built = offers.build_named("section", name, section, (name,))
        except (PluginError, SecretMissingError) as error:
            unavailable.append(Unavailable(kind="section", name=name, place=str(section.place), error=error))
            continue
        if built is not None:
            usable[name] = built
    return PluginSections(usable=usable, unavailable=tuple(unavailable))
