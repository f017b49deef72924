"""`senders` of notifykit.yaml: the channels."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from notifykit.campaign.campaign import Channel
from notifykit.config.defects import Defects
from notifykit.config.factory import ComponentFactory, Unavailable
from notifykit.config.sections import ProjectSection
from notifykit.config.tree import Branch, Leaf, dotted, locate
from notifykit.errors import PluginError
from notifykit.roles import Rate
from notifykit.secrets import SecretMissingError
from notifykit.wording.translation import gettext


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The senders that the project file names."""

    usable: dict[str, Channel]
    unavailable: dict[str, Unavailable]
    named: tuple[str, ...]
    """All names, those of defective sections included. A name without a value is no channel."""


def read_channels(root: Branch, project: ProjectSection | None, offers: ComponentFactory, defects: Defects) -> Channels:
    """Build every sender. `project` is None where the file is defective: then for the defects alone."""
    section = root.entries.get("senders")
    senders = {
        name: node
        for name, node in (section.entries.items() if isinstance(section, Branch) else ())
        if not (isinstance(node, Leaf) and node.value is None)
    }
    usable: dict[str, Channel] = {}
    unavailable: dict[str, Unavailable] = {}
    for name, node in senders.items():
        if not isinstance(node, Branch):
            continue
        try:
            sender = offers.build("sender", node, ("senders", name))
            said = project.senders[name] if project is not None else None
            channel = offers.channel(name, said.type, sender) if said is not None and sender is not None else None
        except (PluginError, SecretMissingError) as error:
            place = str(node.entries["type"].place)
            unavailable[name] = Unavailable(kind="channel", name=name, place=place, error=error)
            continue
        if said is not None and channel is not None:
            if said.limits is not None:
                limits = tuple(Rate(limit.count, limit.seconds) for limit in said.limits)
                channel = dataclasses.replace(channel, limits=limits)
            if said.key_limits is not None:
                key_limits = tuple(Rate(limit.count, limit.seconds) for limit in said.key_limits)
                if key_limits and not callable(getattr(sender, "limit_key", None)):
                    at, path = locate(root, ("senders", name, "key_limits"))
                    what = gettext("senders of the type {type} have no such limits", type=said.type)
                    defects.add(at, dotted(path), what, mend=gettext("take it out; `limits` are of the channel"))
                channel = dataclasses.replace(channel, key_limits=key_limits)
            if said.concurrency is not None:
                channel = dataclasses.replace(channel, concurrency=said.concurrency)
            usable[name] = channel
    return Channels(usable=usable, unavailable=unavailable, named=tuple(senders))
