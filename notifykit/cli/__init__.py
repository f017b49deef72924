"""The command line: one module for each command or group of them. What they do is in functions outside of it."""

from __future__ import annotations

import gc


def main() -> None:
    """Entry point of the console script."""
    gc.disable()  # nothing of what is imported is garbage: looking for some is a tenth of the start
    try:
        from notifykit.cli.app import main as run
    finally:
        gc.enable()
    run()
