"""Pages that plugins add to `notifykit serve`: what they show is data, and the host draws it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notifykit.errors import PluginError
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from notifykit.pipeline.project import Project
    from notifykit.wording import Language

__all__ = ["PluginPage", "Section", "Shown", "path_of"]

_PATH = re.compile(r"/[a-z0-9-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page."""

    title: str
    lines: Sequence[str] = ()
    headings: Sequence[str] = ()
    """Of a table below the lines; empty where there is none."""
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows now."""

    sections: Sequence[Section]
    data: Mapping[str, object] = field(default_factory=dict)
    """What programs get at the same address with `.json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginPage:
    """A page."""

    path: str
    """Its address, such as `/migration`: a slash, small letters, digits, hyphens."""
    title: str
    """In the navigation: English, which the plugin's catalogue translates."""
    show: Callable[[Project, Language], Shown]
    """Called for each look, in any thread, with the project as it is now and the language of who looks. It only looks.
    What it raises as NotifykitError is told. What it returns is shown for some seconds to all who look."""
    fresh: float = 5.0
    """Seconds for which it is shown before it is asked again."""
    texts: bool = True
    """Whether it may show texts, recipients or rows: then who may not see these does not see the page."""


def path_of(page: PluginPage) -> str:
    """Return the address that a page claims. Raises PluginError where it is none."""
    if not _PATH.fullmatch(page.path):
        raise PluginError(
            gettext("{path!r} is no address of a page", path=page.path), mend=gettext("write it as `/migration`")
        )
    return page.path
