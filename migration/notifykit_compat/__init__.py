"""Lets a legacy program run unmodified on the outbox.

Either `notifykit shim -- main.py`, or one line at the top of the program, before it imports its own modules:

    import notifykit_compat; notifykit_compat.install()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifykit.hookspecs import Register, RegisterCommand, RegisterReasons
    from notifykit.wording.translation import Catalogue
    from notifykit_compat.installing import install
    from notifykit_compat.plan_functions import (
        create_task_with_contract_id,
        execute_task_with_status_update,
        has_pending_task_for_contract,
        update_csv_notification_status,
    )

__all__ = [
    "create_task_with_contract_id",
    "execute_task_with_status_update",
    "has_pending_task_for_contract",
    "install",
    "update_csv_notification_status",
]


def __getattr__(name: str) -> Any:
    """Load what a program uses when it uses it: every start of the command line imports this package."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "notifykit_compat.installing" if name == "install" else "notifykit_compat.plan_functions"
    return getattr(importlib.import_module(module), name)


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `legacy_function`."""
    register("legacy_function", "notifykit_compat.sender:LegacyFunction")


@hookimpl
def register_reasons(register: RegisterReasons) -> None:
    """Offer what the shim says of a task."""
    from notifykit_compat.wording import SHIM

    for sentence in SHIM:
        register(sentence)


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what `notifykit shim` says in other languages."""
    from notifykit_compat.wording import CATALOGUE

    register(CATALOGUE)


@hookimpl
def register_lazy_commands(register: RegisterCommand) -> None:
    """Offer `notifykit shim`."""
    register("shim", "notifykit_compat.command:shim", "Run an old program, unmodified, on the outbox.")
