"""The nearest valid name to a wrong one, for messages to people."""

from __future__ import annotations

from collections.abc import Iterable

from notifykit.wording.translation import gettext, joined

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
        return did_you_mean(meant)
    if not names:
        return ""
    more = ", …" if len(names) > _LISTED else ""
    return gettext("; there is {names}", names=joined(gettext(", "), names[:_LISTED]) + more)


def did_you_mean(meant: str) -> str:
    """Return `; did you mean "x"?`, to be appended likewise."""
    return gettext('; did you mean "{meant}"?', meant=meant)
