"""The command line: one module a group of commands, each a thin skin over functions that anyone can call."""

from notifykit.cli.app import main

__all__ = ["main"]
