"""What `legacy:` in notifykit.yaml says to the shim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from notifykit.campaign.campaign import RetryPolicy
from notifykit.errors import ConfigError
from notifykit.model import OnUnknown
from notifykit.nearest import hint

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "task_manager": "task_manager",
        "task_scheduler": "task_scheduler",
        "file_utils": "modules.file_utils",
        "message_sender": "modules.message_sender",
    }
)
"""The parts of a legacy program, and the modules in which most programs have them."""

_RETRY = RetryPolicy()
_INTERVAL = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacySettings:
    """How a legacy program is laid out, and how its other messages are sent."""

    modules: Mapping[str, str]
    channels: Mapping[str, str]
    """Task type to channel, for messages that belong to no campaign."""
    on_unknown: OnUnknown = OnUnknown.HOLD
    """What happens to such a message where nobody knows whether it was sent."""
    retry: RetryPolicy = _RETRY
    interval: float = _INTERVAL
    """Seconds between two looks of the scheduler for work; the old one's."""


def read_modules(file: str, section: Mapping[str, object]) -> Mapping[str, str]:
    """Return the program's module names; the usual ones where it says nothing. Raises ConfigError."""
    named = _texts(file, "modules", section.get("modules", {}))
    for part in named:
        if part not in MODULES:
            raise ConfigError(f'{file}: legacy.modules: there is no part "{part}"{hint(part, MODULES)}')
    modules = {**MODULES, **named}
    for name in modules.values():
        if list(modules.values()).count(name) > 1:
            raise ConfigError(f"{file}: legacy.modules: {name} is named twice; each part has a module of its own")
    return modules


def read_settings(file: str, section: Mapping[str, object], known: Mapping[str, object]) -> LegacySettings:
    """Return all of it; `known` are the channels of the project. Raises ConfigError."""
    channels = _texts(file, "channels", section.get("channels", {}))
    for task_type, channel in channels.items():
        if channel not in known:
            where = f"{file}: legacy.channels.{task_type}"
            raise ConfigError(f'{where}: no sender called "{channel}"{hint(channel, known)}')
    word = section.get("on_unknown", OnUnknown.HOLD.value)
    if word not in list(OnUnknown):
        raise ConfigError(f"{file}: legacy.on_unknown is {word!r}; write one of {', '.join(OnUnknown)}")
    return LegacySettings(
        modules=read_modules(file, section),
        channels=channels,
        on_unknown=OnUnknown(str(word)),
        retry=_retry(file, section.get("retry", {})),
        interval=_number(f"{file}: legacy.interval", section.get("interval", _INTERVAL)),
    )


def _texts(file: str, key: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(text, str) and text for text in value.values()):
        raise ConfigError(f"{file}: legacy.{key}: must be a mapping of names to names, not {value!r}")
    return {str(name): str(text) for name, text in value.items()}


def _retry(file: str, value: object) -> RetryPolicy:
    names = [field.name for field in fields(RetryPolicy)]
    if not isinstance(value, Mapping) or any(name not in names for name in value):
        raise ConfigError(f"{file}: legacy.retry: may hold {', '.join(names)}, as a campaign's; not {value!r}")
    numbers = {str(name): _number(f"{file}: legacy.retry.{name}", number) for name, number in value.items()}
    attempts = int(numbers.pop("attempts", _RETRY.attempts))
    return RetryPolicy(attempts=attempts, **numbers)


def _number(place: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ConfigError(f"{place} is {value!r}; write a number")
    return value
