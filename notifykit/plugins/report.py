"""What there is to say about each plugin: loaded, blocked, or failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from notifykit.plugins.failed import FailedPlugin


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginId:
    """Which plugin, and what was installed to have it."""

    name: str
    """The name of the entry point."""
    distribution: str
    version: str
    local: bool = field(default=False, repr=False)
    """Whether it is the project's own: `distribution` is then its path."""

    @property
    def origin(self) -> str:
        """Distribution and version, for people."""
        return f"{gettext(self.distribution)} {self.version}".rstrip()  # or what stands where there is none

    def __str__(self) -> str:
        return gettext("plugin {name!r} of {origin}", name=self.name, origin=self.origin)

    def as_data(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {"name": self.name, "distribution": self.distribution, "version": self.version}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPlugin(PluginId):
    """A plugin that works."""

    location: str
    """The file it was imported from."""
    hooks: tuple[str, ...]
    """The hooks that it implements."""
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The type names that it offers: `sources`, `strategies`, `senders`, `legacy`, `sections`, `observers`."""

    def as_data(self) -> dict[str, object]:
        """Return plain data for JSON."""
        types = {role: list(names) for role, names in self.types.items()}
        mine = {"location": self.location, "hooks": list(self.hooks), "types": types}
        return PluginId.as_data(self) | mine


def failure(of: PluginId, error: BaseException, mend: str | None = None) -> FailedPlugin:
    """Describe what a plugin raised, and how to mend it."""
    from notifykit.plugins.failed import described  # none is, as a rule

    return described(of, error, mend)
