"""How long a text is, as the service counts it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from notifykit.wording.translation import gettext, gettext_noop

LENGTHS: Mapping[str, Callable[[str], int]] = {
    "bytes": lambda text: len(text.encode(errors="surrogatepass")),
    "characters": len,
    "utf16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
}
"""By `length_unit`: bytes of UTF-8, code points of Unicode, units of UTF-16 (a code point beyond U+FFFF has two)."""

_NAMES = {
    "bytes": gettext_noop("bytes"),
    "characters": gettext_noop("characters"),
    "utf16": gettext_noop("UTF-16 units"),
}


class Bound(NamedTuple):
    """How long a text may be."""

    most: int
    unit: str
    """A key of `LENGTHS`."""

    def of(self, text: str) -> int:
        """Return the length of a text."""
        return LENGTHS[self.unit](text)

    @property
    def name(self) -> str:
        """The unit, for people."""
        return gettext(_NAMES[self.unit])


def exceeded(bounds: Iterable[Bound], text: str) -> Bound | None:
    """Return the first bound beyond which a text is; None where it is within all."""
    return next((bound for bound in bounds if bound.of(text) > bound.most), None)


def cut(bounds: Iterable[Bound], text: str) -> str:
    """Return as many characters of a text, from its beginning, as are within all bounds."""
    bounds = tuple(bounds)
    return text[: bisect_left(range(1, len(text) + 1), True, key=lambda end: exceeded(bounds, text[:end]) is not None)]
