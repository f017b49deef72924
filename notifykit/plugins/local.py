"""Plugins that a project brings itself: modules and packages in folders that notifykit.yaml names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from notifykit.errors import PluginError
from notifykit.plugins.find import FoundPlugin
from notifykit.wording.translation import gettext


class LocalFile:
    """Where a plugin of a project lies. Has what is needed of `importlib.metadata.Distribution`."""

    version = ""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        """Its path, from the project's folder where it is in that."""
        self._folder = folder

    def read_text(self, filename: str) -> str | None:  # noqa: ARG002 - a module is described by nothing
        """Return None."""
        return None

    def locate_file(self, path: str) -> Path:
        """Return where a file beside it is."""
        return self._folder / path


class LocalPlugin(FoundPlugin):
    """A module or package in a folder of a project. It has the name of its file."""

    local = True

    def __init__(self, name: str, file: Path, home: Path, *, outside: bool) -> None:
        shown = file.relative_to(home) if file.is_relative_to(home) else file
        super().__init__(name, name, LocalFile(file.parent, shown.as_posix()))
        self._file = file
        self._home = home
        self._outside = outside

    def load(self) -> object:
        """Import it.

        Raises PluginError where another module has its name or none can have it, and where it leads out of the project.
        """
        if not self.name.isidentifier():
            mend = gettext("rename the file: letters, digits and `_` alone")
            raise PluginError(gettext("its name is none of a module"), mend=mend)
        if not self._outside and not self._file.resolve().is_relative_to(self._home):
            raise PluginError(
                gettext("it is a link out of the project's folder"),
                mend=gettext("set `outside: true` beside `path`, or copy it"),
            )
        folder = str(self._file.parent)
        if folder not in sys.path:
            sys.path.append(folder)  # behind all that is installed, of which it can take no name
        importlib.invalidate_caches()
        spec = importlib.util.find_spec(self.name)
        wanted = self._file / "__init__.py" if self._file.is_dir() else self._file
        if spec is None or spec.origin is None or Path(spec.origin) != wanted:
            raise PluginError(
                gettext(
                    "the module {name} is {origin} here",
                    name=self.name,
                    origin=spec.origin if spec else gettext("(unknown)"),
                ),
                mend=gettext("rename this one"),
            )
        return super().load()


def local_plugins(folders: Iterable[Path], home: Path, *, outside: bool) -> Iterator[LocalPlugin]:
    """Yield the modules and packages in these folders, but for those whose names begin with `_` or `.`.

    `home`: the project's folder. With `outside`, they may lie elsewhere.
    """
    for folder in folders:
        for file in sorted(folder.iterdir()):
            name = file.stem if file.suffix == ".py" else file.name
            module = (file.suffix == ".py" and file.is_file()) or (file / "__init__.py").is_file()
            if module and not name.startswith(("_", ".")):
                yield LocalPlugin(name, file, home, outside=outside)
