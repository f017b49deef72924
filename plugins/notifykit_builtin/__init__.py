"""What notifykit can send to by itself: the screen, a file, any Python function."""

from __future__ import annotations

from notifykit import hookimpl
from notifykit.hookspecs import Register
from notifykit_builtin.console import Console
from notifykit_builtin.file import File
from notifykit_builtin.python import NotSent, Python

__all__ = ["Console", "File", "NotSent", "Python"]


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `console`, `file` and `python`."""
    register("console", Console)
    register("file", File)
    register("python", Python)
