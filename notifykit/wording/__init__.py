"""Why something is as it is: a code with parameters, and the sentences that they make in each language."""

from typing import TYPE_CHECKING

from notifykit.wording.reason import Param, Reason
from notifykit.wording.sentence import Sentence, Sentences

if TYPE_CHECKING:
    from notifykit.wording.table import Language, Wording

__all__ = ["Language", "Param", "Reason", "Sentence", "Sentences", "Wording"]


def __getattr__(name: str) -> object:
    """Return what few commands need, which is loaded only then."""
    if name not in ("Language", "Wording"):
        raise AttributeError(name)
    from notifykit.wording import table

    return getattr(table, name)
