"""The nearest valid name to a wrong one, for messages to people."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["hint", "nearest"]

_LISTED = 8


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, or None."""
    from difflib import get_close_matches  # only where something is wrong

    by_folded = {name.casefold(): name for name in known}
    alike = 0.5 if len(word) <= 3 else 0.6  # one of two characters is half of a Chinese word
    close = get_close_matches(word.casefold(), by_folded, n=1, cutoff=alike)
    return by_folded[close[0]] if close else None


def hint(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean "x"?`, or the list of what there is, or nothing where there is nothing.

    Made to be appended to a sentence that says what is wrong.
    """
    names = list(known)
    if meant := nearest(word, names):
        return f'; did you mean "{meant}"?'
    if not names:
        return ""
    more = ", …" if len(names) > _LISTED else ""
    return f"; there is {', '.join(names[:_LISTED])}{more}"
