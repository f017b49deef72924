"""One file, one role: what the store or a sender writes is nobody else's to read or write."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from notifykit.campaign.campaign import Campaign, Channel
from notifykit.config.defects import Defects, Place
from notifykit.config.project import ProjectFile
from notifykit.config.tree import Branch
from notifykit.wording.translation import gettext, gettext_noop

_MEND = gettext_noop("give each a file of its own")

_Role = tuple[Place, str, str]
"""Where it is said, under which key, and what it is."""


def check_file_roles(
    project: ProjectFile,
    store: Path | None,
    channels: Mapping[str, Channel],
    campaigns: Iterable[Campaign],
    files: Iterable[Path],
    defects: Defects,
) -> None:
    """Record where the store, or what a sender writes, is also another file of the project. `files`: of campaigns."""
    senders = project.root.entries.get("senders")
    stored = project.root.entries.get("store", project.root)
    suffixes = ("", "-wal", "-shm", "-journal") if store is not None else ()
    of_store = {_which(Path(f"{store}{suffix}")) for suffix in suffixes}
    whole: dict[object, _Role] = dict.fromkeys(of_store, (stored.place, "store", gettext("the store")))
    for name, channel in channels.items():
        writes = getattr(channel.sender, "writes", None)
        if not isinstance(writes, Path):
            continue
        assert isinstance(senders, Branch)  # noqa: S101 - the channel was read from it
        place, path = senders.entries[name].place, f"senders.{name}"
        if (which := _which(writes)) in of_store:
            defects.add(place, path, gettext("{writes} is the store", writes=writes), mend=gettext(_MEND))
        else:
            whole[which] = place, path, gettext("what channel {name} writes", name=name)
    for file, what in _others(project.file, campaigns, files):
        if role := whole.get(_which(file)):
            place, path, other = role
            defects.add(
                place,
                path,
                gettext("{file} is {what}, and {other}", file=file, what=what, other=other),
                mend=gettext(_MEND),
            )


def _others(project: Path, campaigns: Iterable[Campaign], files: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    yield project, gettext("the project file")
    yield from ((file, gettext("a campaign file")) for file in files)
    for campaign in campaigns:
        ways = (
            (campaign.source, "reads", gettext_noop("what campaign {name} reads")),
            (campaign.strategy, "writes", gettext_noop("what campaign {name} writes")),
        )
        for owner, attribute, what in ways:
            if isinstance(file := getattr(owner, attribute, None), Path):
                yield file, gettext(what, name=campaign.name)
        if campaign.legacy is not None:
            yield (
                project.parent / campaign.legacy.status_file,
                gettext("the send-status file of campaign {name}", name=campaign.name),
            )


def _which(path: Path) -> object:
    """Return what tells one file from another, whatever its names are."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return os.path.realpath(path)
    return facts.st_dev, facts.st_ino
