"""A decision between the page that shows what it would do and the one POST that makes it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from notifykit.outbox.address import OpenedOutbox

__all__ = ["Act", "Done", "Prepared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a decision."""

    lines: Sequence[str]
    """What changed, for people."""
    decision: int | None = None
    """The number by which it can be undone; None where nothing changed."""
    command: str = ""
    """The command line that does the same."""
    back: str = "/"


Act = Callable[[OpenedOutbox, str, str], Done]
"""Makes a decision in an open store, in one transaction, by who and why. Raises NotifykitError, and changes nothing,
where it cannot be made any more; OvertakenError where somebody else has decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A decision as it was shown to a person. It can be made once."""

    question: str
    """What is asked, translated."""
    lines: Sequence[str]
    """What it would do, and to how many, translated."""
    words: Sequence[str]
    """The equal command, without the name of the program and without who and why."""
    act: Act = field(repr=False)
    back: str
    """The address on the page to go back to."""
    why_needed: bool = True
    confirms: bool = False
    """Whether the command, too, wants `--yes` where nobody can be asked."""

    def command(self, who: str, why: str) -> str:
        """Return the command line that does the same, as a shell takes it."""
        words = ["notifykit", *self.words, "--who", who]
        if why or self.why_needed:
            words += ["--why", why]
        return shlex.join([*words, "--yes"] if self.confirms else words)
