"""Secrets: where they come from, and how they are kept out of texts.

A webhook address is a credential. It is named in YAML, never written there, and what was read is remembered
so that it can be removed from log records.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from notifykit.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

__all__ = ["SecretMissingError", "redact"]

MASK = "***"

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

    In YAML: `{env: NAME}` for an environment variable, `{file: path}` for a file beside notifykit.yaml. White space,
    line ends and marks that cannot be seen are dropped at both ends; inside, they are refused. So is plain text.
    """

    __slots__ = ("_origin", "_value")

    def __init__(self, value: str | None, origin: str = "given by the program") -> None:
        self._value = value
        self._origin = origin
        if value:
            register(value)

    def reveal(self) -> str:
        """Return the credential. Raises SecretMissingError where it is not set."""
        if not self._value:
            raise SecretMissingError(f"a secret is needed: {self._origin}")
        return self._value

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

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
        def reference(key: str, what: str) -> JsonSchemaValue:
            return {
                "type": "object",
                "properties": {key: {"type": "string", "description": what}},
                "required": [key],
                "additionalProperties": False,
            }

        return {
            "oneOf": [
                reference("env", "Name of the environment variable that holds it."),
                reference("file", "File that holds it, relative to notifykit.yaml."),
            ]
        }


def _from_yaml(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        raise PlaintextSecretError("is a secret in plain text")
    if not isinstance(value, Mapping) or len(value) != 1 or not value.keys() <= {"env", "file"}:
        raise ValueError("must be {env: NAME} or {file: path}")
    ((kind, name),) = value.items()
    if not isinstance(name, str) or not name:
        raise ValueError(f"must name the secret: {{{kind}: …}}")
    around = Surroundings.of(info)
    try:
        found = _from_environment(name, around) if kind == "env" else _from_file(name, around)
    except SecretMissingError as missing:
        if around.secrets_required:
            raise ValueError(str(missing)) from None
        return Secret(None, str(missing))
    return Secret(found)


def _from_environment(name: str, around: Surroundings) -> str:
    found = around.environ.get(name)
    if found is None:
        raise SecretMissingError(f"the environment variable {name} is not set", mend="set it before notifykit starts")
    if not (secret := _bare(found, f"the environment variable {name}")):
        raise SecretMissingError(f"the environment variable {name} is empty", mend="set it before notifykit starts")
    return secret


def _bare(found: str, where: str) -> str:
    """Return a secret without what cannot be seen around it. Raises ValueError where that is inside, too."""
    secret = found.strip(_UNSEEN)
    if unseen := next((char for char in secret if not char.isprintable()), None):
        code = f"U+{ord(unseen):04X}"
        raise ValueError(f"{where} holds a character that cannot be seen ({code}); store the bare secret on one line")
    return secret


def _from_file(name: str, around: Surroundings) -> str:
    try:
        found = (around.folder / name).read_text(encoding="utf-8")
    except OSError as error:
        raise SecretMissingError(
            f"the secret's file {name} cannot be read ({error.strerror})", mend="create it, readable by you alone"
        ) from None
    except UnicodeDecodeError:
        raise SecretMissingError(
            f"the secret's file {name} is not UTF-8 text", mend="write the bare secret into it"
        ) from None
    if not (secret := _bare(found, f"the secret's file {name}")):
        raise SecretMissingError(f"the secret's file {name} is empty", mend="write the bare secret into it")
    return secret


_registered: set[str] = set()


def register(value: str) -> None:
    """Remember a credential, so that `redact` removes it: whole, and where it is an address, those parts of it that
    give access."""
    for part in {value, *_telling_parts(value)}:
        _registered.update((part, quote(part), quote(part, safe=""), quote_plus(part)))


def _telling_parts(value: str) -> list[str]:
    """Return what log lines show of an address: path and query without the host, parameters, the password."""
    if "://" not in value:
        return []
    try:
        parts = urlsplit(value)
    except ValueError:
        return []
    target = value.split("://", 1)[1].partition("/")[2]
    parameters = [found for _, found in parse_qsl(parts.query)]
    # Shorter parts are words such as "send" that would blot out half the log.
    return [part for part in (target, *parameters, parts.password or "") if len(part) >= 8]


def redact(text: str) -> str:
    """Return the text without any registered credential, neither raw nor URL-encoded."""
    for value in sorted(_registered, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


_CREDENTIALS = (
    (r"/webhook/send\?(?:[^\s\"']*&)?key=[^\s\"'&{<$]+", "a group robot's key"),
    (r"[?&](?:access_token|secret|token)=[^\s\"'&{<$]+", "an access token"),
    (r"/open-apis/bot/v2/hook/[0-9A-Za-z-]{8,}", "a robot's address"),
    (r"hooks\.slack\.com/(?:services|workflows)/[0-9A-Za-z/]{8,}", "a webhook's address"),
    (r"/bot\d{5,}:[0-9A-Za-z_-]{20,}", "a bot's token"),
    (r"/api/webhooks/\d+/[0-9A-Za-z_-]{8,}", "a webhook's address"),
    (r"://[^\s/:@\"']+:[^\s/@\"'{<$]+@", "a password"),
)


def credential_in(text: str) -> str | None:
    """Say what kind of credential a text holds in plain view; None where it holds none that we know."""
    return next((kind for pattern, kind in _CREDENTIALS if re.search(pattern, text)), None)
