"""Secrets: where they come from, and how they are kept out of texts.

A webhook address is a credential. It is named in YAML, never written there, and what was read is remembered
so that it can be removed from whatever is shown or stored.
"""

from __future__ import annotations

import os
import re
import threading
from binascii import b2a_base64
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from notifykit.config.paths import unusable
from notifykit.durable.ordinary import read_ordinary
from notifykit.errors import ConfigError
from notifykit.wording.translation import gettext, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from notifykit.config.secret_kinds import SecretKinds

__all__ = ["SecretMissingError", "redact"]

MASK = "***"

TITLE = "notifykit.secrets.Secret"
"""The title that a JSON Schema has for a secret while it is made."""

OWN_KINDS = ("env", "file")
"""The kinds of secret that need no plugin."""

_UNSEEN = "".join(
    map(chr, (*range(0x21), 0x7F, 0x85, 0xA0, 0x200B, 0x200C, 0x200D, 0x2028, 0x2029, 0x2060, 0x3000, 0xFEFF))
)
"""White space, controls and marks without a width, such as a byte order mark: never part of a secret's ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What option values may refer to. Passed as pydantic's validation context."""

    folder: Path
    """The folder of notifykit.yaml, absolute."""
    secrets_required: bool = True
    """Whether a secret that is not set is an error, or only one once it is revealed."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    channels: Collection[str] | None = None
    """The names under `senders`; None where they are not known."""
    kinds: SecretKinds | None = None
    """The kinds of secret that plugins offer; None where they are not known."""

    @classmethod
    def of(cls, info: ValidationInfo) -> Self:
        """Return the context of a validation; the current folder where a plugin's test gave none."""
        return info.context if isinstance(info.context, cls) else cls(folder=Path.cwd())


class SecretMissingError(ConfigError):
    """A secret is needed now and is not set."""


class PlaintextSecretError(ValueError):
    """A secret was written in plain text. Its text never holds the value."""


class Secret:
    """A credential. `reveal()` gives it; nothing else shows it.

    In YAML: `{env: NAME}` for an environment variable, `{file: path}` for a file beside notifykit.yaml, or `{KIND: …}`
    of a kind that a plugin offers. White space, line ends and marks that cannot be seen are dropped at both ends;
    inside, they are refused. So is plain text.
    """

    __slots__ = ("_origin", "_read", "_value")

    def __init__(self, value: str | None, origin: str = "", *, read: Callable[[], str] | None = None) -> None:
        """Take the value, or `read`, which returns it once it is needed; where both are None, `origin` says why."""
        self._value = value
        self._origin = origin
        self._read = read
        if value:
            register(value)

    def reveal(self) -> str:
        """Return the credential. Raises SecretMissingError where it is not set, or cannot be read."""
        if not self._value and self._read is not None:
            self._value = self._read()
            register(self._value)
        if not self._value:
            raise SecretMissingError(
                gettext("a secret is needed: {origin}", origin=self._origin or gettext("given by the program"))
            )
        return self._value

    def __eq__(self, other: object) -> bool:
        return self._identity == other._identity if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> object:
        return self._value if self._read is None else self._read

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is not written anywhere")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # pydantic asks; without it, nothing here needs it

        return core_schema.with_info_plain_validator_function(_from_yaml)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        def reference(key: str, description: str) -> JsonSchemaValue:
            return {
                "type": "object",
                "properties": {key: {"type": "string", "description": description}},
                "required": [key],
                "additionalProperties": False,
            }

        return {
            "title": TITLE,
            "oneOf": [
                reference("env", description="Name of the environment variable that holds it."),
                reference("file", description="File that holds it, relative to notifykit.yaml."),
            ],
        }


def _from_yaml(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        raise PlaintextSecretError(gettext("is a secret in plain text"))
    around = Surroundings.of(info)
    more = around.kinds.names if around.kinds else []
    if not isinstance(value, Mapping) or len(value) != 1 or not value.keys() <= {*OWN_KINDS, *more}:
        *forms, last = "{env: NAME}", "{file: path}", *(f"{{{kind}: …}}" for kind in more)
        raise ValueError(gettext("must be {forms} or {last}", forms=joined(gettext(", "), forms), last=last))
    ((kind, name),) = value.items()
    if around.kinds and kind not in OWN_KINDS:
        read = around.kinds.find(kind, name, around).read
        return _found(read, around) if around.secrets_required else Secret(None, read=read)
    if not isinstance(name, str) or not name:
        raise ValueError(gettext("must name the secret: {{{kind}: …}}", kind=kind))
    return _found(partial(from_environment if kind == "env" else from_file, name, around), around)


def _found(read: Callable[[], str], around: Surroundings) -> Secret:
    try:
        return Secret(read())
    except SecretMissingError as missing:
        if around.secrets_required:
            raise ValueError(str(missing)) from None
        return Secret(None, str(missing))


def from_environment(name: str, around: Surroundings) -> str:
    """Return what an environment variable holds. Raises SecretMissingError, and ValueError as `bare` does."""
    found = around.environ.get(name)
    if found is None:
        raise SecretMissingError(
            gettext("the environment variable {name} is not set", name=name),
            mend=gettext("set it before notifykit starts"),
        )
    if not (secret := bare(found, gettext("the environment variable {name}", name=name))):
        raise SecretMissingError(
            gettext("the environment variable {name} is empty", name=name),
            mend=gettext("set it before notifykit starts"),
        )
    return secret


def bare(found: str, where: str) -> str:
    """Return a secret without what cannot be seen around it. Raises ValueError where that is inside, too."""
    secret = found.strip(_UNSEEN)
    if unseen := next((char for char in secret if not char.isprintable()), None):
        code = f"U+{ord(unseen):04X}"
        raise ValueError(
            gettext(
                "{where} holds a character that cannot be seen ({code}); store the bare secret on one line",
                where=where,
                code=code,
            )
        )
    return secret


def from_file(name: str, around: Surroundings) -> str:
    """Return what a file beside notifykit.yaml holds. Raises SecretMissingError, and ValueError as `bare` does."""
    if (wrong := unusable(around.folder, name)) is not None:
        raise ValueError(gettext("the secret's file: {wrong}", wrong=wrong))
    try:
        found = read_ordinary(around.folder / name).decode()
    except OSError as error:
        raise SecretMissingError(
            gettext("the secret's file {name} cannot be read ({why})", name=name, why=error.strerror),
            mend=gettext("make it a file, readable by you alone"),
        ) from None
    except UnicodeDecodeError:
        raise SecretMissingError(
            gettext("the secret's file {name} is not UTF-8 text", name=name),
            mend=gettext("write the bare secret into it"),
        ) from None
    if not (secret := bare(found, gettext("the secret's file {name}", name=name))):
        raise SecretMissingError(
            gettext("the secret's file {name} is empty", name=name), mend=gettext("write the bare secret into it")
        )
    return secret


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
