"""What notifykit has by itself: it sends to the screen, a file, any Python function; it tells each record once, or
while a column says so; PostgreSQL; secrets that a program or the keyring gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifykit.hookspecs import Register, RegisterReasons
    from notifykit.wording.translation import Catalogue

__all__ = ["NotSent"]


class NotSent(Exception):  # noqa: N818 - a report, not a defect
    """Raise it from the function while nothing can have left yet: the message is tried again.

    `code` is a short word for what stood in the way (`window_not_found`), and is stored: no text of another
    error, which might hold a secret. `after` is the number of seconds to wait; None leaves it to the campaign.
    """

    def __init__(self, code: str = "", *, after: float | None = None) -> None:
        super().__init__(code)
        self.code = code or type(self).__name__
        self.after = after


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `console`, `file` and `python`."""
    register("console", "notifykit_builtin.console:Console")
    register("file", "notifykit_builtin.file:File")
    register("python", "notifykit_builtin.python:Python")


@hookimpl
def register_strategies(register: Register) -> None:
    """Offer `once` and `while`."""
    register("once", "notifykit_builtin.once:Once")
    register("while", "notifykit_builtin.while_says:While")


@hookimpl
def register_stores(register: Register) -> None:
    """Offer `postgresql://` under both of its names."""
    for scheme in ("postgresql", "postgres"):
        register(scheme, "notifykit.outbox.postgres.address:PostgresAddress")


@hookimpl
def register_secrets(register: Register) -> None:
    """Offer `command` and `keyring`."""
    register("command", "notifykit_builtin.command_secret:CommandSecret")
    register("keyring", "notifykit_builtin.keyring_secret:KeyringSecret")


@hookimpl
def register_reasons(register: RegisterReasons) -> None:
    """Offer what is said of an attempt."""
    from notifykit_builtin.wording import ATTEMPTS

    for sentence in ATTEMPTS:
        register(sentence)


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what it says in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_builtin", Path(__file__).parent / "locale"))
