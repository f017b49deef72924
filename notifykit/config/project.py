"""notifykit.yaml, as far as it is read before plugins are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from notifykit.config.defects import Defects
from notifykit.config.parse import Files
from notifykit.config.sections import PluginsSection
from notifykit.config.tree import Branch, Leaf
from notifykit.config.validate import validated
from notifykit.secrets import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """A project file that is YAML, and says which plugins it wants."""

    file: Path
    """As the person named it."""
    root: Branch
    plugins: PluginsSection
    """`block`, `strict` and `requires`."""

    @property
    def folder(self) -> Path:
        """Where the file's relative paths start; absolute."""
        return self.file.parent.resolve()


def read_project(file: Path) -> ProjectFile:
    """Read a project file as far as its `plugins`; `resolve` reads the rest.

    Raises ConfigError where it is missing, no YAML, no mapping, or `plugins` is wrong.
    """
    defects = Defects()
    root = Files(defects).load(file)
    if root is not None and not isinstance(root, Branch):
        defects.add(root.place, "", "must be a mapping with the keys store, senders, campaigns, …")
    plugins = _plugins(root, file, defects) if isinstance(root, Branch) else None
    defects.raise_if_any()
    assert isinstance(root, Branch)  # noqa: S101 - whatever is not was recorded
    assert plugins is not None  # noqa: S101 - likewise
    return ProjectFile(file=file, root=root, plugins=plugins)


def _plugins(root: Branch, file: Path, defects: Defects) -> PluginsSection | None:
    section = root.entries.get("plugins")
    if section is None or (isinstance(section, Leaf) and section.value is None):
        return PluginsSection()
    if not isinstance(section, Branch):
        defects.add(section.place, "plugins", "must be a mapping with the keys block, strict, requires")
        return None
    return validated(PluginsSection, section, ("plugins",), Surroundings(folder=file.parent), defects)
