"""Why something is as it is: a code with parameters, and the sentences that they make in each language."""

from notifykit.wording.reason import Param, Reason
from notifykit.wording.sentence import Sentence, Sentences
from notifykit.wording.table import Language, Wording

__all__ = ["Language", "Param", "Reason", "Sentence", "Sentences", "Wording"]
