"""The whole story: the first act, and after it the acts that plugins add, each with its proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from notifykit.demo import act_one
from notifykit.demo.acts import Acts
from notifykit.demo.narration import Narrator, Say
from notifykit.demo.proof import Proof
from notifykit.demo.world import claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """An act that is over."""

    folder: Path
    """Where it happened. The proof of a later act there includes this one."""
    proof: Proof
    look_around: str
    """What a reader may look at when the story is over."""


def walk(folder: Path, added: Sequence[Acts], say: Say) -> Iterator[Played]:
    """Build the worlds, live through them, and yield after each act what came of it.

    Raises WorldError where the folder cannot be used, CommandFailedError where a command does not do its part, and
    what an added act raises.
    """
    narrator = Narrator(say)
    with claimed(folder, [acts.folder for acts in added]):
        look_around = f"Look around: cd {folder}, then `notifykit status`, `notifykit tasks`, `notifykit trace KEY`."
        yield Played(folder=folder, proof=act_one.play(folder, narrator), look_around=look_around)
        for acts in added:
            place = folder / acts.folder
            look_around = acts.look_around.replace("{folder}", str(place))
            for proof in acts.play(place, narrator):
                yield Played(folder=place, proof=proof, look_around=look_around)


def on_a_server(folder: Path, say: Say) -> Iterator[Played]:
    """Yield the act of several workers over a server. Raises NoServerError where none is installed, and as `walk`."""
    from notifykit.demo import act_machines  # its libraries need not be there

    narrator = Narrator(say)
    with claimed(folder):
        gone = f"The server was the demonstration's own and is gone. What the robots noted is in {folder}."
        yield Played(folder=folder, proof=act_machines.play(folder, narrator), look_around=gone)
