"""Find, check, load, block and list plugins. One broken plugin never stops the others.

A plugin is an entry point of the group `notifykit`. `load_plugins` builds everything anew at each call: there
is no global plugin manager, and nothing happens at import.
"""

from typing import TYPE_CHECKING

from notifykit.plugins.load import load_plugins
from notifykit.plugins.loaded import Plugins
from notifykit.plugins.report import LoadedPlugin, PluginId

if TYPE_CHECKING:
    from notifykit.plugins.failed import FailedPlugin

__all__ = ["FailedPlugin", "LoadedPlugin", "PluginId", "Plugins", "load_plugins"]


def __getattr__(name: str) -> object:
    """Return what is loaded where a plugin failed."""
    if name != "FailedPlugin":
        raise AttributeError(name)
    from notifykit.plugins.failed import FailedPlugin

    return FailedPlugin
