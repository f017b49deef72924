"""What notifykit has by itself: it sends to the screen, a file, any Python function; PostgreSQL keeps its outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl
from notifykit_builtin.not_sent import NotSent

if TYPE_CHECKING:
    from notifykit.hookspecs import Register

__all__ = ["NotSent"]


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `console`, `file` and `python`."""
    register("console", "notifykit_builtin.console:Console")
    register("file", "notifykit_builtin.file:File")
    register("python", "notifykit_builtin.python:Python")


@hookimpl
def register_stores(register: Register) -> None:
    """Offer `postgresql://` under both of its names."""
    for scheme in ("postgresql", "postgres"):
        register(scheme, "notifykit.outbox.postgres.address:PostgresAddress")
