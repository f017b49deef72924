"""The installed distributions, by the few things that finding plugins needs.

`importlib.metadata` tells the same and more, but loads the email package to do so: half of the time that `--help` may
take. So folders are read here, and it is asked about what is no folder: archives, and finders of other programs.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_DESCRIBED_IN = (".dist-info", ".egg-info")
_NAMED_IN = ("METADATA", "PKG-INFO")


class InfoFolder:
    """A folder that describes a distribution. Has what is needed of `importlib.metadata.Distribution`."""

    def __init__(self, place: str, folder: str) -> None:
        self._place = place
        self._folder = os.path.join(place, folder)  # noqa: PTH118 - some hundred of them, at each start
        self._headers: dict[str, str] = {}

    def read_text(self, filename: str) -> str | None:
        """Return what a file in it says; None where it cannot be read. Raises UnicodeDecodeError."""
        try:
            with open(os.path.join(self._folder, filename), encoding="utf-8") as file:  # noqa: PTH118, PTH123 - likewise
                return file.read()
        except OSError:
            return None

    def locate_file(self, path: str) -> Path:
        """Return where a file of the distribution is."""
        return Path(self._place, path)

    @property
    def name(self) -> str:
        """What pip calls it. Raises ValueError where the folder does not say."""
        if not self._headers:
            text = next(filter(None, map(self.read_text, _NAMED_IN)), "")
            fields = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
            self._headers = {field.lower(): value.strip() for field, _, value in fields}
        if not self._headers.get("name"):
            raise ValueError(gettext("{folder} does not name the distribution", folder=self._folder))
        return self._headers["name"]

    @property
    def version(self) -> str:
        """Its version; empty where the folder does not say."""
        return self._headers.get("version", "") if self.name else ""


def distributions() -> Iterator[InfoFolder | Distribution]:
    """Yield what is installed, in the order in which Python finds it."""
    for finder in sys.meta_path:
        if finder is PathFinder:
            for place in sys.path:
                yield from _in(place)
        elif type(finder).__module__ == "importlib_metadata":
            continue  # the backport of what the standard library has: it finds on sys.path what was found already
        elif find := getattr(finder, "find_distributions", None):
            yield from find()


def _in(place: str) -> Iterator[InfoFolder | Distribution]:
    try:
        children = os.listdir(place or ".")  # noqa: PTH208 - a text, as above
    except NotADirectoryError:
        yield from importlib.import_module("importlib.metadata").distributions(path=[place])
    except OSError:
        return
    else:
        if place.lower().endswith(".egg"):
            yield from importlib.import_module("importlib.metadata").distributions(path=[place])
            return
        yield from (InfoFolder(place, name) for name in children if name.lower().endswith(_DESCRIBED_IN))


def entry_points(text: str, group: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values that an entry_points.txt has in a group. Raises ValueError for a line that is none."""
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif section == group and line and not line.startswith("#"):
            name, mark, value = line.partition("=")
            if not mark:
                raise ValueError(gettext("entry_points.txt has a line without =: {line}", line=line))
            yield name.strip(), value.strip()
