"""What notifykit can send to by itself: the screen, a file, any Python function."""

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
