"""Who is at work, for the journal and the lock."""

from __future__ import annotations

import getpass
import os


def account() -> str:
    """Return the name of this account; its number where it has none that is text, as in a container."""
    try:
        name = getpass.getuser()
        name.encode()  # LOGNAME may hold bytes that are no text
    except (OSError, KeyError, ImportError, UnicodeError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
    return name
