"""Who is at work, for the journal and the lock."""

from __future__ import annotations

import getpass
import os


def account() -> str:
    """Return the name of this account; its number where it has no name, as in a container."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
