"""A hook of all plugins at once. A start calls few hooks so, and few plugins have them: only those are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from notifykit.plugins.checks import new_manager

if TYPE_CHECKING:
    import pluggy


class Together:
    """Has each hook as pluggy's relay has it: call it with its arguments."""

    def __init__(
        self, alone: Mapping[str, pluggy.HookRelay], plugins: Mapping[str, tuple[object, Sequence[str]]]
    ) -> None:
        """`alone`: the hooks of each plugin for itself, by its name. `plugins`: each plugin, and which hooks it has."""
        self._alone = alone
        self._plugins = plugins

    def __getattr__(self, hook: str) -> pluggy.HookCaller:
        """Put together a hook when it is asked for first. Raises AttributeError where there is none of this name."""
        having = {name: plugin for name, (plugin, hooks) in self._plugins.items() if hook in hooks}
        if len(having) == 1:
            caller: pluggy.HookCaller = getattr(self._alone[next(iter(having))], hook)
        else:
            manager = new_manager([hook])
            for name, plugin in having.items():
                manager.register(plugin, name)
            caller = getattr(manager.hook, hook)
        setattr(self, hook, caller)
        return caller
