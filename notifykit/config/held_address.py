"""Addresses of databases that an environment variable or a file holds, with a password perhaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo

from notifykit.redaction import register
from notifykit.secrets import SecretMissingError, Surroundings, from_environment, from_file
from notifykit.wording.translation import gettext


def _held(value: object, info: ValidationInfo) -> object:
    """Return what `{env: NAME}` or `{file: path}` holds; anything but a mapping as it is.

    Of an address only the password is a secret: its database may be called as an ordinary word. Raises ValueError.
    """
    try:
        return _read(value, Surroundings.of(info))
    except SecretMissingError as missing:
        raise ValueError(str(missing)) from None


def _held_for_work(value: object, info: ValidationInfo) -> object:
    """Do so; return None for what is not set, where nothing will be done that needs it."""
    around = Surroundings.of(info)
    try:
        return _read(value, around)
    except SecretMissingError as missing:
        if around.secrets_required:
            raise ValueError(str(missing)) from None
        return None


def _read(value: object, around: Surroundings) -> object:
    if not isinstance(value, Mapping):
        return value
    match list(value.items()):
        case [("env", str(name))] if name:
            found = from_environment(name, around)
        case [("file", str(name))] if name:
            found = from_file(name, around)
        case _:
            raise ValueError(gettext("must be text, {env: NAME} or {file: path}"))
    parts = urlsplit(found)
    said = [text for name, text in parse_qsl(parts.query) if name.endswith("password")]
    for password in filter(None, (unquote(parts.password or ""), *said)):
        register(password)
    return found


_Reference = Annotated[dict[Literal["env", "file"], str], Field(min_length=1, max_length=1)]

Held = BeforeValidator(_held, json_schema_input_type=str | _Reference)
"""Beside text, a mapping that says where the text is."""

HeldForWork = BeforeValidator(_held_for_work, json_schema_input_type=str | _Reference | None)
"""Likewise, of what commands that only look can do without."""
