"""Which files are campaigns, and what lies beside them that looks like one and is none."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from notifykit.config.defects import Defects
from notifykit.config.paths import unusable
from notifykit.config.project import ProjectFile
from notifykit.config.sections import ProjectSection
from notifykit.errors import ConfigError
from notifykit.wording.translation import gettext, gettext_noop, joined

_LIKE_YAML = (".yaml", ".yml", ".yaml.txt", ".yml.txt", ".json")
_LISTED = 5
_MEND = gettext_noop("name a campaign's file NAME.yaml, or say in `campaigns:` where they are")


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFiles:
    """What the patterns of a project find."""

    files: tuple[Path, ...]
    """By name; bases left out."""
    bases: tuple[Path, ...]
    """What the patterns find whose name starts with `_`, by name."""
    overlooked: tuple[str, ...]
    """What no pattern finds, and looks like a campaign: in the folders of the patterns, by name."""
    none: ConfigError | None
    """Where there is none: what there is instead, and the mend."""
    wanted: bool
    """Whether there should be some: `campaigns: []` says that there are none."""
    patterns: tuple[str, ...]
    folder: Path
    """Where the patterns start."""

    def found_now(self) -> tuple[Path, ...]:
        """Return what the patterns find now; as `files` where nothing came or went."""
        names = {name for pattern in self.patterns for name in _matching(pattern, self.folder)}
        return _campaigns([Path(name) for name in sorted(names)])


def find_campaign_files(project: ProjectFile, section: ProjectSection | None, defects: Defects) -> CampaignFiles:
    """Look for campaign files. A pattern that finds nothing is a defect, unless it is the default."""
    patterns = (section or ProjectSection()).campaigns
    folder = project.file.parent
    found: set[str] = set()
    for pattern in patterns:
        if (wrong := unusable(folder, pattern)) is not None:
            defects.add(project.root.entries["campaigns"].place, "campaigns", wrong)
            continue
        names = _matching(pattern, folder)
        if not names and "campaigns" in project.root.entries:
            place = project.root.entries["campaigns"].place
            beside = _instead([pattern], folder, ())
            defects.add(
                place,
                "campaigns",
                gettext(
                    '"{pattern}" matches no file under {folder}{beside}', pattern=pattern, folder=folder, beside=beside
                ),
                mend=gettext("correct it"),
            )
        found.update(names)
    files = [Path(name) for name in sorted(found)]
    campaigns = _campaigns(files)
    none = None
    if not patterns:
        none = ConfigError(gettext("`campaigns: []` says that this project has no campaign"), where=project.file)
    elif not campaigns:
        instead = _instead(patterns, folder, files)
        what = gettext(
            "no campaign was found: {patterns} matches none under {folder}{instead}",
            patterns=_some(patterns),
            folder=folder,
            instead=instead,
        )
        none = ConfigError(what, mend=gettext(_MEND), where=project.file)
    overlooked = tuple(str(path) for path in _alike(patterns, folder) if os.path.normpath(path) not in found)
    return CampaignFiles(
        files=campaigns,
        bases=tuple(file for file in files if file not in campaigns and not file.is_dir()),
        overlooked=overlooked,
        none=none,
        wanted=bool(patterns),
        patterns=tuple(patterns),
        folder=folder,
    )


def _matching(pattern: str, folder: Path) -> list[str]:
    names = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - Path.glob refuses `..`
    return [os.path.normpath(folder / name) for name in names]


def _campaigns(files: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(file for file in files if not file.name.startswith("_") and not file.is_dir())


def _instead(patterns: Sequence[str], folder: Path, found: Sequence[Path]) -> str:
    """Say what there is where campaigns are looked for."""
    told = []
    for place in _places(patterns, folder):
        try:
            names = sorted(entry.name for entry in os.scandir(place))
        except FileNotFoundError:
            told.append(gettext("{place} is not there", place=place))
        except OSError as error:
            told.append(gettext("{place} cannot be read ({why})", place=place, why=error.strerror))
        else:
            told.append(
                gettext("{place} has {names}", place=place, names=_some(names))
                if names
                else gettext("{place} has nothing in it", place=place)
            )
    if not told:
        return ""
    there = gettext("; ").join(told)
    if found:
        return gettext(": {there} (a file whose name starts with `_` is only a base)", there=there)
    return gettext(": {there}", there=there)


def _alike(patterns: Iterable[str], folder: Path) -> Iterator[Path]:
    """Yield the files that look like campaigns."""
    for place in _places(patterns, folder):
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.lower().endswith(_LIKE_YAML) and not entry.name.startswith(("_", ".")) and entry.is_file():
                yield place / entry.name


def _places(patterns: Iterable[str], folder: Path) -> list[Path]:
    """Return the folders in which patterns look, as far as they name one; not the project's own."""
    parents = [os.path.dirname(pattern) for pattern in patterns]  # noqa: PTH120 - a pattern is no path
    named = dict.fromkeys(parent for parent in parents if not glob.has_magic(parent))
    return [place for parent in named if (place := folder / parent) != folder]


def _some(names: Sequence[str]) -> str:
    shown, left = joined(gettext(", "), names[:_LISTED]), len(names) - _LISTED
    return gettext("{items} and {number} more", items=shown, number=left) if left > 0 else shown
