"""Credentials are kept out of texts: what was read of a secret is remembered, and removed from what is shown or stored.

Each command loads this, and few remember a credential: how one looks in an address is loaded where one is.
"""

from __future__ import annotations

import re
import threading
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Mapping

MASK = "***"

OWN_KINDS = ("env", "file")
"""The kinds of secret that need no plugin."""

MOST = 5_000
"""Credentials that are remembered; beyond that, those that were given longest ago are forgotten."""

SHORTEST = 4
"""Characters: anything shorter would be found in every text, and is not looked for."""

ALONE = 8
"""Characters: anything shorter may be an ordinary word, and is removed only where no letter or digit adjoins it."""


class _Forms:
    """How credentials may look in a text."""

    def __init__(self, credentials: Iterable[str]) -> None:
        self._forms: set[str] = set()
        self._lengths: dict[str, tuple[int, ...]] = {}
        """How long those are that start with these characters, the longest first."""
        self._letters: list[set[str]] = [set() for _ in range(SHORTEST)]
        """What each of these characters may be."""
        self._start: re.Pattern[str] | None = None
        """Finds where a form may start. None where it has to be made anew."""
        for credential in credentials:
            self.learn(credential)

    def learn(self, credential: str) -> None:
        for form in {form for part in (credential, *_telling_parts(credential)) for form in _written(part)}:
            start = form[:SHORTEST]
            if len(start) < SHORTEST or form in self._forms:
                continue
            self._forms.add(form)
            if len(form) not in (lengths := self._lengths.get(start, ())):
                self._lengths[start] = tuple(sorted((*lengths, len(form)), reverse=True))
            for letters, letter in zip(self._letters, start, strict=True):
                if letter not in letters:
                    letters.add(letter)
                    self._start = None

    def _pattern(self) -> re.Pattern[str]:
        classes = (f"[{''.join(map(re.escape, sorted(letters)))}]" for letters in self._letters)
        return re.compile(f"(?=({''.join(classes)}))")

    def mask(self, text: str) -> str:
        if not self._forms:
            return text
        if (start := self._start) is None:
            with _lock:
                start = self._start = self._pattern()
        parts: list[str] = []
        at = 0
        for found in start.finditer(text):
            here = found.start()
            if here < at:
                continue
            for length in self._lengths.get(found[1], ()):
                end = here + length
                if text[here:end] in self._forms and (length >= ALONE or _is_alone(text, here, end)):
                    parts += (text[at:here], MASK)
                    at = end
                    break
        return "".join((*parts, text[at:])) if parts else text


def _is_alone(text: str, start: int, end: int) -> bool:
    return not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum()


_lock = threading.Lock()
_known: dict[str, None] = {}
"""The credentials, in the order in which they were given last."""
_forms = _Forms(())


def register(value: str) -> None:
    """Remember a credential, so that `redact` removes it: whole, and those parts of it that give access.

    These are of an address path, query, parameters and login; of several words, such as `Bearer …`, each.
    """
    global _forms, _known
    with _lock:
        known = value in _known
        _known.pop(value, None)
        _known[value] = None
        if len(_known) > MOST:
            _known = dict.fromkeys(list(_known)[MOST // 4 :])
            _forms = _Forms(_known)
        elif not known:
            _forms.learn(value)


def _telling_parts(value: str) -> set[str]:
    """Return what texts show of a credential, beside the whole."""
    if "://" not in value:
        return {part for part in value.split() if len(part) >= ALONE}
    from urllib.parse import parse_qsl, unquote, urlsplit

    try:
        parts = urlsplit(value)
        login = (unquote(parts.username or ""), unquote(parts.password or ""))
    except ValueError:
        return set()
    target = value.split("://", 1)[1].partition("/")[2]
    path = target.partition("?")[0]
    parameters = [found for _, found in parse_qsl(parts.query)]
    # Shorter parts are words such as "send" that would blot out half the log.
    told = {part for part in (target, path, *parameters) if len(part) >= ALONE}
    told |= {part for part in path.split("/") if len(part) >= ALONE and re.search(r"\d", part)}
    return told | ({login[1], parts.password or "", ":".join(login)} if login[1] else set())


def json_escape(text: str) -> str:
    """Return a text with all that is not printable ASCII written as JSON's escapes."""
    if text.isascii() and text.isprintable():
        return text
    units = text.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(chr(code) if 0x20 <= code < 0x7F else f"\\u{code:04x}" for code in codes)


def _written(part: str) -> Iterator[str]:
    """Yield the ways in which programs write a text: as it is, in addresses, in JSON, in HTML, in Basic logins."""
    from urllib.parse import quote, quote_plus

    yield part
    for quoted in (quote(part), quote(part, safe=""), quote_plus(part)):
        yield quoted
        yield re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), quoted)
    plain = part.replace("\\", "\\\\").replace('"', '\\"')
    for escaped in (plain, json_escape(plain)):
        yield escaped
        yield escaped.replace("/", "\\/")
    yield repr(part)[1:-1]
    markup = part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield markup
    yield markup.replace('"', "&quot;").replace("'", "&#x27;")
    data = part.encode("utf-8", "surrogatepass")
    if len(data) >= SHORTEST:
        for before in range(3):  # where it starts in the text that is encoded, `user:` before it for example
            code = b2a_base64(bytes(before) + data, newline=False).decode()
            whole = code[(0, 2, 3)[before] : (before + len(data)) * 8 // 6]
            yield whole
            yield whole.translate({ord("+"): "-", ord("/"): "_"})


_login = re.compile(r"://[^\s/:@\"']+:[^\s/@\"']+@")


def redact(text: str) -> str:
    """Return the text without any registered credential, in any of the ways in which programs write one.

    The login of an address (`://user:password@`) goes too, registered or not.
    """
    text = _forms.mask(text)
    return _login.sub(f"://{MASK}@", text) if "://" in text else text


def redact_data(data: object) -> object:
    """Do so for every text in data as JSON has it: mappings, lists, texts. Other values stay."""
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, Mapping):
        return {redact(key) if isinstance(key, str) else key: redact_data(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [redact_data(item) for item in data]
    return data
