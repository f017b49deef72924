"""What a plugin offers as `module:name`: imported when it is used, and blamed on the plugin where that fails."""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import sys
from typing import TYPE_CHECKING

from notifykit.errors import PluginError, pass_interrupt
from notifykit.plugins.report import PluginId, failure

if TYPE_CHECKING:
    from notifykit.plugins.failed import FailedPlugin

_NAME = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")


class OfferBrokenError(PluginError):
    """What a plugin named is not there, or is of no use."""

    def __init__(self, failed: FailedPlugin) -> None:
        super().__init__(str(failed))
        self.failed = failed


def is_place(text: object) -> bool:
    """Whether this reads as `module:name`."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def import_place(place: str) -> object:
    """Return what stands at `module:name`. Raises whatever importing it does, and AttributeError."""
    module, _, name = place.partition(":")
    with contextlib.redirect_stdout(sys.stderr):  # a print at import must not spoil what stdout is for
        return functools.reduce(getattr, name.split("."), importlib.import_module(module))


def import_offered(plugin: PluginId, place: str) -> object:
    """Return what a plugin offers at a place. Raises OfferBrokenError, with the plugin, the cause and the mend."""
    try:
        return import_place(place)
    except BaseException as error:
        pass_interrupt(error)
        raise OfferBrokenError(failure(plugin, error)) from error
