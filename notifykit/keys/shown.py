r"""Keys as they are shown where two of them look the same: what cannot be told apart by eye is written `\u200b`."""

from __future__ import annotations

import re
import unicodedata

from notifykit.keys.normal import FOLDS, FOREIGN_DIGIT

_ESCAPE = re.compile(r"\\(?:\\|u([0-9a-fA-F]{4})|U(00[01][0-9a-fA-F]{5}))")


def shown(key: str) -> str:
    r"""Return a key in ASCII and in characters that are only written one way; a backslash is doubled."""
    return "".join(map(_marked, key))


def unshown(text: str) -> str:
    """Return the key that is shown so. A backslash that begins nothing of this kind is one."""
    return _ESCAPE.sub(_meant, text)


def _marked(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    if letter.isascii() and letter.isprintable():
        return letter
    if (
        letter.isprintable()
        and ord(letter) not in FOLDS
        and unicodedata.normalize("NFC", letter) == letter
        and not unicodedata.category(letter).startswith("M")
        and not 0x1100 <= ord(letter) <= 0x11FF  # parts of Hangul syllables
        and not FOREIGN_DIGIT.match(letter)
    ):
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) <= 0xFFFF else f"\\U{ord(letter):08x}"


def _meant(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    if code is None:
        return "\\"
    return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else escape[0]
