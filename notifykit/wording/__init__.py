"""Why something is as it is: a code with parameters, and the sentences that they make in each language."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifykit.wording.reason import Param, Reason
    from notifykit.wording.sentence import Sentence, Sentences
    from notifykit.wording.table import Language, Wording

_ROOMS = {
    "Language": "table",
    "Param": "reason",
    "Reason": "reason",
    "Sentence": "sentence",
    "Sentences": "sentence",
    "Wording": "table",
}
"""Where each name is: what says no reason, as `--help`, loads none."""

__all__ = ["Language", "Param", "Reason", "Sentence", "Sentences", "Wording"]


def __getattr__(name: str) -> object:
    """Return a name from its room, which is loaded now."""
    if name not in _ROOMS:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
