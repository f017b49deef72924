"""Types for the options of plugin classes: they carry their own validation and their own errors.

Use them as annotations of dataclass fields. The host validates with pydantic, so any type that pydantic knows
will do (`int`, `Literal["a", "b"]`, `list[str]`, nested dataclasses); these four add what configuration needs.
A field with `init=False` is no option. Where a type takes text, a value arrives as it is written: `0`, `N` and
`no` need no quotes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from notifykit.config.paths import in_folder, unusable
from notifykit.secrets import Secret, Surroundings
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

__all__ = ["ChannelName", "OptionError", "ProjectPath", "Seconds", "Secret"]

LONGEST = 1e10
"""Seconds: three centuries. What is longer fits no calendar."""

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class OptionError(ValueError):
    """An option of a plugin class will not do: raised by its `__post_init__`, shown with the option's file and line."""

    def __init__(self, option: str, what: str, *, mend: str = "") -> None:
        super().__init__(f"{option}: {what}; {mend}" if mend else f"{option}: {what}")
        self.option = option
        """As YAML names it."""
        self.what = what
        self.mend = mend


def _not_empty(value: object) -> object:
    if value == "":
        raise ValueError(gettext("must be a path"))
    return value


def in_project(path: str | Path, info: ValidationInfo) -> Path:
    """Return the absolute path that a value means. Raises ValueError."""
    _not_empty(path)
    folder = Surroundings.of(info).folder
    if (wrong := unusable(folder, path)) is not None:
        raise ValueError(wrong)
    return in_folder(folder, path)


class TooLongError(ValueError):
    """A duration is longer than there can be."""


def in_days(seconds: float) -> str:
    """Return a bound as YAML or a command can say it: in whole days, where it is one or more."""
    return f"{seconds // _UNITS['d']:.0f}d" if seconds >= _UNITS["d"] else f"{seconds:g}s"


def seconds(value: object) -> float:
    """Return a duration, as YAML or a command says it, in seconds. Raises ValueError."""
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        value = float(match[1]) * _UNITS[match[2]]
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        if value > LONGEST:
            raise TooLongError(gettext("must be {days} at most", days=in_days(LONGEST)))
        return float(value)
    raise ValueError(gettext('must be a duration such as 30, "30s", "10m", "2h" or "7d"'))


def _channel(name: str, info: ValidationInfo) -> str:
    known = Surroundings.of(info).channels
    if known is not None and name not in known:
        raise ValueError(no_sender(name, known))
    return name


def no_sender(name: str, known: Collection[str]) -> str:
    """Say that no sender has a name, and which one may be meant."""
    if not known:
        return gettext('no sender called "{name}"; notifykit.yaml names none under `senders`', name=name)
    return gettext('no sender called "{name}"{near}', name=name, near=hint(name, known))


class _KnownChannel:
    """Validates the name of a channel."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.with_info_after_validator_function(_channel, handler(source))


class _InProject:
    """Validates a path and makes it absolute. pydantic itself is loaded by whoever validates, not by the options."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        path = core_schema.no_info_before_validator_function(_not_empty, handler(source))
        return core_schema.with_info_after_validator_function(in_project, path)


class _Duration:
    """Validates a duration."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(seconds, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[smhd]?\s*$"},
            ]
        }


ProjectPath = Annotated[Path, _InProject()]
"""A path that is meant relative to the folder of notifykit.yaml. Arrives absolute."""

Seconds = Annotated[float, _Duration()]
"""A duration of zero or more seconds, three centuries at most. YAML may say 30, 30s, 10m, 2h or 7d."""

ChannelName = Annotated[str, _KnownChannel()]
"""The name of a channel: one under `senders` of notifykit.yaml."""
