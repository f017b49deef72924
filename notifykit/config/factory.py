"""Objects of the types that plugins offer, and what to say where none offers a type."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from notifykit.campaign.campaign import Channel
from notifykit.config.defects import Defects
from notifykit.config.paths import unusable
from notifykit.config.project import ProjectFile
from notifykit.config.sections import SenderSection, TypedSection
from notifykit.config.shapes import Shape
from notifykit.config.tree import Branch, KeyPath, Leaf, dotted, locate, plain
from notifykit.errors import CampaignError, NotifykitError, PluginError, pass_interrupt, told
from notifykit.legacy import LegacyState
from notifykit.plugins.registry import Offer, Registry
from notifykit.redaction import redact
from notifykit.roles import Sender
from notifykit.secrets import Surroundings
from notifykit.wording.nearest import nearest
from notifykit.wording.translation import gettext, gettext_noop, joined

Role = Literal["source", "strategy", "sender", "legacy", "section", "observer", "secret"]

HOST_KEYS: Mapping[Role, frozenset[str]] = {
    "source": frozenset(TypedSection.model_fields),
    "strategy": frozenset(TypedSection.model_fields),
    "sender": frozenset(SenderSection.model_fields),
    "legacy": frozenset({"kind"}),
    "section": frozenset(),
    "observer": frozenset(TypedSection.model_fields),
    "secret": frozenset(),
}
"""Keys of a section that are the host's, not options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """A campaign, a channel, an observer or a section of a plugin that cannot be used here. The others can."""

    kind: Literal["campaign", "channel", "section", "observer"]
    name: str
    place: str
    """`file:line` of what it needs."""
    error: NotifykitError
    """What is missing or broken, and the mend."""

    @property
    def why(self) -> str:
        """What is missing or broken, and the mend, as a text."""
        return str(self.error)

    @property
    def failure(self) -> CampaignError:
        """What keeps a campaign from going on, at its place."""
        return CampaignError(told(self.error.what, where=self.error.where), mend=self.error.mend, where=self.place)

    def __str__(self) -> str:
        return gettext(_UNUSABLE[self.kind], place=self.place, name=self.name, why=self.why)


_UNUSABLE = {
    "campaign": gettext_noop('{place}: campaign "{name}" cannot be used: {why}'),
    "channel": gettext_noop('{place}: channel "{name}" cannot be used: {why}'),
    "section": gettext_noop('{place}: section "{name}" cannot be used: {why}'),
    "observer": gettext_noop('{place}: observer "{name}" cannot be used: {why}'),
}

_NOT_OFFERED: Mapping[Role, str] = {
    "source": gettext_noop('no plugin offers the source type "{name}"'),
    "strategy": gettext_noop('no plugin offers the strategy type "{name}"'),
    "sender": gettext_noop('no plugin offers the sender type "{name}"'),
    "legacy": gettext_noop('no plugin offers the kind of old state "{name}"'),
    "section": gettext_noop('no plugin offers the section "{name}"'),
    "observer": gettext_noop('no plugin offers the observer type "{name}"'),
    "secret": gettext_noop('no plugin offers the kind of secret "{name}"'),
}


class ComponentFactory:
    """Builds plugin objects from sections."""

    def __init__(self, project: ProjectFile, registry: Registry, around: Surroundings, defects: Defects) -> None:
        self._project = project
        self._around = around
        self._defects = defects
        self._offers: Mapping[Role, Mapping[str, Offer]] = {
            "source": registry.sources,
            "strategy": registry.strategies,
            "sender": registry.senders,
            "legacy": registry.legacy,
            "section": registry.sections,
            "observer": registry.observers,
            "secret": registry.secrets,
        }
        self._shapes: dict[tuple[Role, str], Shape] = {}

    def build(self, role: Role, section: Branch, prefix: KeyPath) -> Any:
        """Return the object that a section describes; None where it is defective, which is recorded.

        Raises PluginError where no plugin offers its type, or the plugin is at fault; SecretMissingError where
        it needs a secret that this run does not.
        """
        named = section.entries.get("kind" if role == "legacy" else "type")
        if not isinstance(named, Leaf) or named.value is None:
            return None
        return self.build_named(role, named.value, section, prefix)

    def build_named(self, role: Role, name: str, section: Branch, prefix: KeyPath) -> Any:
        """Return the object of the type of this name, as `build` does."""
        shape = self._shapes.get((role, name)) or self._shape(role, name)
        self._shapes[role, name] = shape
        return shape.build(section, prefix, self._around, self._defects, host_keys=HOST_KEYS[role])

    def old_state(self, campaign: str, section: Branch) -> LegacyState | None:
        """Return the old state that a campaign's section describes; None where it is defective, which is recorded.

        So is a file of it that cannot be there. Raises PluginError as `build` does, and where what the kind answers is
        no state.
        """
        kind = self.build("legacy", section, ("legacy",))
        if kind is None:
            return None
        offer = self._offers["legacy"][str(plain(section.entries["kind"]))]
        by = str(offer.by)
        try:
            state = kind.state(campaign)
        except BaseException as error:
            pass_interrupt(error)
            raise PluginError(
                gettext("state() fails with {kind}: {error}", kind=type(error).__name__, error=redact(str(error))),
                mend=gettext("its author needs to know"),
                where=by,
            ) from error
        if not isinstance(state, LegacyState):
            raise PluginError(
                gettext("state() returned {state!r}, which is no LegacyState", state=state),
                mend=gettext("its author must mend that"),
                where=by,
            )
        if (wrong := unusable(self._project.folder, state.status_file)) is not None:
            place, path = locate(section, ("status_file",))
            self._defects.add(place, dotted(("legacy", *path)), wrong)
            return None
        return state

    def channel(self, name: str, type_: str, sender: Sender) -> Channel:
        """Return a sender as a channel. Raises PluginError, with the plugin's name, where a fact of it will not do."""
        try:
            return Channel.of(name, type_, sender)
        except PluginError as error:
            offer = self._offers["sender"][type_]
            raise PluginError(told(str(error), where=str(offer.by))) from error

    def _shape(self, role: Role, name: str) -> Shape:
        offer = self._offers[role].get(name)
        if offer is None:
            raise PluginError(
                gettext(_NOT_OFFERED[role], name=name),
                mend=self._mend(role, name),
            )
        return Shape(offer, HOST_KEYS[role])

    def _mend(self, role: Role, name: str) -> str:
        if meant := nearest(name, self._offers[role]):
            return gettext('did you mean "{meant}"?', meant=meant)
        plugins = self._project.plugins
        if missing := [wanted for wanted in plugins.requires if not _is_installed(wanted)]:
            return gettext("install {missing}, which this project requires", missing=joined(gettext(", "), missing))
        if plugins.block:
            return gettext(
                "install the plugin that offers it, or unblock it: {block} (`notifykit plugins` lists what there is)",
                block=joined(gettext(", "), plugins.block),
            )
        return gettext("install the plugin that offers it (`notifykit plugins` lists what there is)")


def _is_installed(requirement: str) -> bool:
    name = re.match(r"[\w.-]*", requirement)
    try:
        importlib.metadata.distribution(name[0] if name else requirement)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return False
    return True
