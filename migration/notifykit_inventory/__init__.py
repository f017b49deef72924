"""Where an old program's code reads or writes send status, and a patch that takes the contracts' out of it.

The code is read, never run. Other packages may use `take`, `project`, `words`, `model` and `patch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notifykit.hookspecs import RegisterCommand
    from notifykit.start import ProjectDraft
    from notifykit.wording.translation import Catalogue


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what `notifykit inventory` says in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_inventory", Path(__file__).parent / "locale"))


@hookimpl
def register_lazy_commands(register: RegisterCommand) -> None:
    """Offer `notifykit inventory`."""
    register(
        "inventory", "notifykit_inventory.command:inventory", "List where Python code reads or writes send status."
    )


@hookimpl
def draft_project(program: Path) -> ProjectDraft:
    """Draft a project around the campaigns that the code tells of."""
    from notifykit_inventory.drafts.whole_project import draft_whole_project

    return draft_whole_project(program)
