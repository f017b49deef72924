"""What is shown of the differences that a check finds."""

from __future__ import annotations

from collections.abc import Sequence

from notifykit.wording.translation import gettext


def first_of(differences: Sequence[str]) -> str:
    """Return the first of them, and how many more there are. There must be one."""
    first, *others = differences
    return gettext("{first} and {number} more", first=first, number=len(others)) if others else first
