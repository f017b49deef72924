"""The command line: one module for each command or group of them. What they do is in functions outside of it."""

from notifykit.cli.app import main

__all__ = ["main"]
