"""Secrets: where they come from. A webhook address is a credential: it is named in YAML, and never written there."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from notifykit.config.paths import unusable
from notifykit.durable.ordinary import read_ordinary
from notifykit.errors import ConfigError
from notifykit.redaction import MASK, OWN_KINDS, redact, register
from notifykit.wording.translation import gettext, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from notifykit.config.secret_kinds import SecretKinds

__all__ = ["SecretMissingError", "redact"]

TITLE = "notifykit.secrets.Secret"
"""The title that a JSON Schema has for a secret while it is made."""

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
