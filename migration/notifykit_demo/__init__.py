"""The second and third act of `notifykit demo`: an old program moves over, and then runs unmodified on the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifykit.demo import Acts
    from notifykit.wording.translation import Catalogue


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what both acts say in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_demo", Path(__file__).parent / "locale"))


@hookimpl
def register_demo_acts(register: Callable[[Acts], None]) -> None:
    """Add both, in one folder."""
    # Imported late: every command of notifykit comes by here, and only `demo` needs it.
    from notifykit.demo import Acts
    from notifykit_demo.both_acts import play

    look_around = "{notifykit} --project {folder}/notifykit.yaml history"
    register(Acts(folder="old-program", play=play, look_around=look_around, number=2))
