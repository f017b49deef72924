"""Send-status files that no campaign names, and whose records they know."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from notifykit.campaign.campaign import Campaign
from notifykit.legacy import KeepsFlags
from notifykit.model import Record
from notifykit.pipeline.project import Project
from notifykit_migration.files.paths import shown
from notifykit_migration.legacy.campaigns import states, status_path
from notifykit_migration.legacy.status_file import read_status_file

STATUS_FILES = "send_status_*.json"
"""How the old program calls its send-status files."""


class Unnamed(NamedTuple):
    """A send-status file that knows records of a campaign."""

    file: str
    """As plans would call it."""
    keys: int
    """How many of the records it knows."""


def records_of(campaign: Campaign) -> list[Record]:
    """Return the records that can be used. Raises CampaignError where the source cannot be read."""
    return [item for item in campaign.records() if isinstance(item, Record)]


def unnamed_files(project: Project, keeper: KeepsFlags) -> list[Path]:
    """Return the send-status files beside a CSV file, and where those of campaigns are, that no campaign names."""
    named = {status_path(project, state) for _, state in states(project)}
    folders = dict.fromkeys([keeper.flag_file.resolve().parent, *(path.parent for path in named)])
    return [path for folder in folders for path in sorted(folder.glob(STATUS_FILES)) if path.resolve() not in named]


def knowing(project: Project, files: Collection[Path], records: Collection[Record]) -> Iterator[Unnamed]:
    """Yield those of these files that know any of these records. Raises PreflightError where one cannot be read."""
    keys = {record.key for record in records}
    for file in files:
        name = shown(project.file.folder, file)
        if known := keys & read_status_file(file, name).words.keys():
            yield Unnamed(name, len(known))
