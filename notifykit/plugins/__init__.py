"""Find, check, load, block and list plugins. One broken plugin never stops the others.

A plugin is an entry point of the group `notifykit`. `load_plugins` builds everything anew at each call: there
is no global plugin manager, and nothing happens at import.
"""

from notifykit.plugins.load import load_plugins
from notifykit.plugins.loaded import Plugins
from notifykit.plugins.report import FailedPlugin, LoadedPlugin, PluginId

__all__ = ["FailedPlugin", "LoadedPlugin", "PluginId", "Plugins", "load_plugins"]
