"""The whole configuration: every file, every defect, every object."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from notifykit.alerts.settings import Alerts
from notifykit.campaign.campaign import Campaign, Channel, DispatchSettings, EngineSettings, Settings
from notifykit.campaign.configured_observer import ConfiguredObserver
from notifykit.config.alerts import read_alerts
from notifykit.config.campaign_files import CampaignFiles, find_campaign_files
from notifykit.config.campaigns import CampaignReader, ReadCampaign, campaign_name
from notifykit.config.channels import read_channels
from notifykit.config.credentials import credential_in
from notifykit.config.defects import Defects, Place
from notifykit.config.factory import ComponentFactory, Unavailable
from notifykit.config.file_roles import check_file_roles
from notifykit.config.inherit import Inheritance
from notifykit.config.observers import read_observers
from notifykit.config.parse import Files
from notifykit.config.plugin_sections import read_plugin_sections, split
from notifykit.config.project import ProjectFile
from notifykit.config.secret_kinds import Reference, SecretKinds
from notifykit.config.sections import ProjectSection
from notifykit.config.tree import Branch, Leaf, Node, dotted, leaves
from notifykit.config.validate import validated
from notifykit.outbox.values import RESERVED, is_reserved
from notifykit.plugins.registry import Registry
from notifykit.secrets import Surroundings
from notifykit.wording.translation import gettext, gettext_noop

_TAKE_IT_OUT = gettext_noop("take it out, and give it to an option for secrets as {env: NAME} or {file: path}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What the files say, ready to run."""

    settings: Settings
    campaign_files: CampaignFiles
    campaigns: tuple[Campaign, ...]
    disabled: tuple[Campaign, ...]
    """Campaigns with `enabled: false`: they generate nothing, but what they queued may still be under way."""
    unsendable: tuple[Campaign, ...]
    """Campaigns with a channel that cannot be used here: they generate nothing, but what was sent is written back."""
    channels: Mapping[str, Channel]
    unavailable: tuple[Unavailable, ...]
    """What needs a plugin (or, where secrets were not required, a secret) that is not there."""
    alerts: Alerts
    observers: tuple[ConfiguredObserver, ...]
    """Who is told what happens, beside the hooks of plugins."""
    sections: Mapping[str, object]
    """What plugins' sections of the project file say, by name: objects of the classes that the plugins offer."""
    secrets: tuple[Reference, ...] = ()
    """What is kept by a kind of secret that a plugin offers, each once."""

    @property
    def expected(self) -> frozenset[str]:
        """The names of the campaigns that are to have passes: those that are enabled, also where they cannot run."""
        lacking = (one.name for one in self.unavailable if one.kind == "campaign")
        return frozenset((*(campaign.name for campaign in self.campaigns), *lacking))


def resolve(project: ProjectFile, registry: Registry, *, secrets: bool = True) -> Configuration:
    """Read everything that a project file names.

    With `secrets=False`, for commands that only look, a secret that is not set is no defect until it is
    revealed. Raises ConfigError, whose text lists every defect of every file by file and line.
    """
    defects = Defects()
    files = Files(defects)
    kinds = SecretKinds(registry.secrets)
    around = Surroundings(folder=project.folder, secrets_required=secrets, kinds=kinds)
    own, of_plugins = split(project.root, registry, defects)
    section = validated(ProjectSection, own, (), around, defects)
    channels = read_channels(project.root, section, ComponentFactory(project, registry, around, defects), defects)
    around = replace(around, channels=channels.named)
    offers = ComponentFactory(project, registry, around, defects)
    sections = read_plugin_sections(of_plugins, offers)
    observers = read_observers(project.root, offers)
    reader = CampaignReader(
        offers=offers,
        channels=channels,
        around=around,
        folder=project.file.parent,
        defects=defects,
        timezone=section.timezone if section else None,
    )
    inheritance = Inheritance(files, defects)
    roots: dict[Path, Branch] = {}
    campaign_files = find_campaign_files(project, section, defects)
    for file in campaign_files.files:
        if root := inheritance.read(file):
            roots[file] = root
    _check_names(roots, defects)
    reads = [reader.read(file, root) for file, root in roots.items()]
    alerts = read_alerts(
        project.root, section.alerts if section else None, channels, {read.name for read in reads}, defects
    )
    _check_credentials([project.root, *files.loaded()], defects)
    if section is not None:
        known = [read.campaign for read in reads if read.campaign]
        store = project.address_of(section.store, registry, defects)
        check_file_roles(project, store.file if store else None, channels.usable, known, roots, defects)
    missing = (*channels.unavailable.values(), *sections.unavailable, *observers.unavailable)
    defects.raise_if_any((*missing, *(one for read in reads if read.enabled for one in read.lacking)))
    assert section is not None  # noqa: S101 - whatever is wrong with it was recorded
    assert store is not None  # noqa: S101 - likewise
    lacking = [read.unavailable for read in reads if read.enabled and read.unavailable]
    return Configuration(
        settings=Settings(
            file=project.file,
            store=store,
            dispatch=DispatchSettings(**section.dispatch.model_dump()),
            interval=section.run.interval,
            place=os.environ.get("NOTIFYKIT_PLACE") or section.run.place or socket.gethostname(),
            engine=EngineSettings(**section.engine.model_dump()),
        ),
        campaign_files=campaign_files,
        campaigns=_usable(reads, enabled=True),
        disabled=_usable(reads, enabled=False),
        unsendable=tuple(read.campaign for read in reads if read.campaign and read.unavailable),
        channels=channels.usable,
        unavailable=(*missing, *lacking),
        alerts=alerts,
        observers=observers.usable,
        sections=sections.usable,
        secrets=kinds.references,
    )


def _usable(reads: list[ReadCampaign], *, enabled: bool) -> tuple[Campaign, ...]:
    return tuple(read.campaign for read in reads if read.campaign and not read.unavailable and read.enabled is enabled)


def _check_names(roots: Mapping[Path, Branch], defects: Defects) -> None:
    first: dict[str, Place] = {}
    for file, root in roots.items():
        name = campaign_name(file, root)
        leaf = root.entries.get("name")
        if is_reserved(name):
            what = gettext(
                '"{name}" begins with "{reserved}", under which notifykit keeps messages of its own',
                name=name,
                reserved=RESERVED,
            )
            defects.add(leaf.place if leaf else root.place, "name", what, mend=gettext("choose another name"))
        place = leaf.place if isinstance(leaf, Leaf) else root.place
        if other := first.get(name):
            what = gettext(
                '"{name}" is also the name of the campaign at {other}; give each campaign its own',
                name=name,
                other=other,
            )
            defects.add(place, "name", what)
        else:
            first[name] = place


def _check_credentials(trees: list[Node], defects: Defects) -> None:
    for tree in trees:
        for path, leaf in leaves(tree):
            kind = credential_in(leaf.value or "")
            if kind and not defects.at(leaf.place):
                defects.add(
                    leaf.place,
                    dotted(path),
                    gettext("holds {kind} in plain text", kind=kind),
                    mend=gettext(_TAKE_IT_OUT),
                )
