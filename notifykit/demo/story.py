"""The whole story: the opening, the first act, and after it the acts that plugins add, each with its proof."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from notifykit.demo import act_one, opening
from notifykit.demo.acts import Acts
from notifykit.demo.narration import Narrator, Say
from notifykit.demo.proof import Proof
from notifykit.demo.world import OPENING, claimed
from notifykit.errors import NotifykitError
from notifykit.wording.translation import gettext


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """An act that is over."""

    folder: Path
    """Where it happened. The proof of a later act there includes this one."""
    proof: Proof
    look_around: str = ""
    """What a reader may type when the story is over; empty for nothing."""


class NoSuchActError(NotifykitError):
    """An act is asked for that there is not. Nothing was played."""


class _Curtain:
    """Lets nothing be said while it is down."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.up = True

    def __call__(self, line: str) -> None:
        if self.up:
            self._say(line)


def walk(
    folder: Path,
    added: Sequence[Acts],
    say: Say,
    *,
    chosen: Collection[int] = (),
    pause: Callable[[], None] = lambda: None,
) -> Iterator[Played]:
    """Build the worlds, live through them, and yield after each act what came of it.

    `chosen`: the numbers of the acts that are told, from 1; none for all of them, after the opening. What an act builds
    on is played and not told. `pause` is called between two scenes.

    Raises WorldError where the folder cannot be used, CommandFailedError where a command does not do its part,
    NoSuchActError, and what an added act raises.
    """
    last = 1 + sum(acts.number for acts in added)
    if wrong := sorted(number for number in chosen if not 1 <= number <= last):
        raise NoSuchActError(
            gettext("there is no act {number}", number=wrong[0]), mend=gettext("there are acts 1 to {last}", last=last)
        )
    curtain = _Curtain(say)
    narrator = Narrator(curtain, lambda: pause() if curtain.up else None)
    command = _command()
    with claimed(folder, [acts.folder for acts in added]):
        if not chosen:
            yield Played(folder=folder / OPENING, proof=opening.play(folder, narrator))
        if not chosen or 1 in chosen:
            first = act_one.play(folder, narrator)
            at = f"{command} --project {_quoted(folder / 'notifykit.yaml')}"
            yield Played(folder=folder, proof=first, look_around=f"{at} status\n{at} tasks\n{at} serve")
        nth = 2
        for acts in added:
            told = [number for number in range(nth, nth + acts.number) if not chosen or number in chosen]
            place = folder / acts.folder
            look_around = acts.look_around.replace("{folder}", _quoted(place)).replace("{notifykit}", command)
            playing = acts.play(place, narrator) if told else iter(())
            if told and told[0] > nth:
                narrator.tell(
                    gettext(
                        "Act {number} builds on what comes before it, which is played first and not told.",
                        number=told[0],
                    )
                )
            for number in range(nth, max(told, default=nth - 1) + 1):
                curtain.up = number in told
                if (proof := next(playing, None)) is None:
                    break
                if curtain.up:
                    yield Played(folder=place, proof=proof, look_around=look_around)
            curtain.up = True
            nth += acts.number


def on_a_server(folder: Path, say: Say, *, pause: Callable[[], None] = lambda: None) -> Iterator[Played]:
    """Yield the act of several workers over a server. Raises NoServerError where none is installed, and as `walk`."""
    from notifykit.demo import act_machines  # its libraries need not be there

    narrator = Narrator(say, pause)
    with claimed(folder):
        gone = gettext(
            "# The server was the demonstration's own and is gone. What the robots noted is in {folder}.", folder=folder
        )
        yield Played(folder=folder, proof=act_machines.play(folder, narrator), look_around=gone)


def _command() -> str:
    """Return how this notifykit is called from where it runs now."""
    ours = Path(sys.executable).with_name("notifykit")
    found = shutil.which("notifykit")
    if found is not None and ours.exists() and ours.samefile(found):
        return "notifykit"
    if not ours.exists():
        return f"{_quoted(Path(sys.executable))} -m notifykit"
    near = os.path.relpath(ours)
    return _quoted(Path(near) if not near.startswith("..") else ours)


def _quoted(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)
