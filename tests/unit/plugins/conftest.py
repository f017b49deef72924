"""Real distributions in a folder of their own: what pip would have installed, without pip."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from notifykit.plugins import FailedPlugin, Plugins, load_plugins


class Site:
    """A folder like site-packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self, distribution: str, entry_points: Mapping[str, str], files: Mapping[str, str], version: str = "1.0"
    ) -> None:
        """Install modules and entry points of the group `notifykit`."""
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        lines = [f"{name} = {value}" for name, value in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[notifykit]", *lines, ""]))
        for name, text in files.items():
            (self.folder / name).write_text(dedent(text))

    def plugin(self, name: str, code: str, distribution: str = "", version: str = "1.0") -> None:
        """Install one module that is a plugin."""
        head = "from dataclasses import dataclass\nimport notifykit\n"
        self.install(distribution or f"dist-{name}", {name: name}, {f"{name}.py": head + dedent(code)}, version)

    def load(self, **options: Any) -> Plugins:
        """Load what is installed here, and nothing else."""
        found = importlib.metadata.distributions(path=[str(self.folder)])
        return load_plugins(entry_points=[point for dist in found for point in dist.entry_points], **options)

    def failure(self, **options: Any) -> FailedPlugin:
        """Load, and return the one failure."""
        (failed,) = self.load(**options).failed
        return failed


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield Site(folder)
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
