"""Acts that a plugin adds to the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from notifykit.demo.narration import Narrator
from notifykit.demo.proof import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """One act or several, in a folder of their own below the demonstration's."""

    folder: str
    """The folder's name. What an earlier demonstration left in it is removed before the first act."""
    play: Callable[[Path, Narrator], Iterator[Proof]]
    """Called with the path of the folder, which does not exist, and with what tells the story.

    Yields a proof after each act, which includes the acts before it in this folder. A proof that does not hold ends
    the demonstration. Raises NotifykitError where an act cannot go on.
    """
    look_around: str
    """What a reader may type afterwards, a line each, printed at the end if an act was played. It may name `{folder}`,
    which stands for the path of the folder, and `{notifykit}`, for the command."""
    number: int = 1
    """How many acts it has. Each builds on those before it."""
