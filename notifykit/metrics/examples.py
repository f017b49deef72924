"""The files that go with the metrics: rules, their tests, an Alertmanager configuration, a dashboard, a timer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from notifykit.errors import PluginClash
from notifykit.start.making import make_files
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from notifykit.plugins import Plugins

__all__ = ["SHIPPED", "examples", "write_examples"]

SHIPPED = Path(__file__).with_name("shipped")
"""Where those of the host are."""


def examples(plugins: Plugins) -> Mapping[str, str]:
    """Return the files by their names: those of the host, then what plugins add. Raises PluginClash."""
    found: dict[str, str] = {}
    for folder in (SHIPPED, *plugins.ask("metrics_files")):
        for file in sorted(Path(str(folder)).iterdir()):
            if file.name in found:
                what = gettext("{file} has the name of another example", file=file)
                raise PluginClash(what, mend=gettext("call it something else"))
            if file.is_file():
                found[file.name] = file.read_text(encoding="utf-8")
    return found


def write_examples(folder: Path, plugins: Plugins) -> list[Path]:
    """Write them into a folder, which is made where it is missing; nothing is overwritten. Raises NotifykitError."""
    return make_files({folder / name: text for name, text in examples(plugins).items()})
