"""The sender of every measurement: it takes everything, at once."""

from __future__ import annotations


def accept(recipient: str, text: str) -> bool:  # noqa: ARG001
    """Send nothing, and say that it arrived."""
    return True
