"""Microsoft Teams for notifykit: a workflow that posts what it receives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifykit.hookspecs import Register, RegisterReasons
    from notifykit.wording.translation import Catalogue


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `teams_workflow`."""
    register("teams_workflow", "notifykit_teams.workflow:TeamsWorkflow")


@hookimpl
def register_reasons(register: RegisterReasons) -> None:
    """Offer what is said of an attempt."""
    from notifykit_teams.wording import ATTEMPTS

    for sentence in ATTEMPTS:
        register(sentence)


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what it says in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_teams", Path(__file__).parent / "locale"))
