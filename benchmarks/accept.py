"""The sender of every measurement: it takes everything, at once."""

from __future__ import annotations

import threading

_lock = threading.Lock()
_calls = [0]


def accept(recipient: str, text: str) -> bool:  # noqa: ARG001
    """Send nothing, and say that it arrived."""
    return True


def counted(recipient: str, text: str) -> bool:
    """Do the same, and count the call."""
    with _lock:
        _calls[0] += 1
    return accept(recipient, text)


def calls() -> int:
    """Return how many calls were counted in this process."""
    return _calls[0]
