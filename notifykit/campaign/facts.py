"""The facts that a sender declares, taken only where they are what they must be."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from notifykit.campaign.lengths import LENGTHS
from notifykit.errors import PluginError, pass_interrupt
from notifykit.roles import Rate, Sender
from notifykit.wording.translation import gettext, gettext_noop


def read_facts(sender: Sender) -> Mapping[str, Any]:
    """Return the facts that a sender declares, by name. Raises PluginError that names the first that will not do."""
    facts = {name: value for name, default in _FACTS.items() if (value := _read(sender, name)) is not default}
    if (cls := facts.pop("message_options", None)) is not None:
        from notifykit.campaign.message_options import message_options  # few senders have any

        facts["options"] = message_options(cls)
    if facts.get("batch_size", 1) > 1:
        if not callable(getattr(sender, "send_many", None)):
            raise PluginError(
                gettext("its fact `batch_size` needs a method `send_many`"), mend=gettext("its author must mend that")
            )
        if "resource" in facts:
            raise PluginError(
                gettext("`batch_size` and `resource` exclude each other"), mend=gettext("its author must mend that")
            )
    if facts.get("key_limits") and not callable(getattr(sender, "limit_key", None)):
        raise PluginError(
            gettext("its fact `key_limits` needs a method `limit_key`"), mend=gettext("its author must mend that")
        )
    return facts


def _read(sender: Sender, name: str) -> Any:
    default: Any = _FACTS[name]
    wanted, fits = _WANTED[name]
    try:
        value = getattr(sender, name, default)
    except BaseException as error:
        pass_interrupt(error)
        raise PluginError(
            gettext("reading its fact `{name}` raises {kind}", name=name, kind=type(error).__name__),
            mend=gettext("its author must mend that"),
        ) from error
    if value is not default and not fits(value):
        raise PluginError(
            gettext("its fact `{name}` is {value!r:.60}, not {wanted}", name=name, value=value, wanted=gettext(wanted)),
            mend=gettext("its author must mend that"),
        )
    return tuple(value) if name in ("limits", "key_limits") else value


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0 and math.isfinite(value)


def _is_rate(value: object) -> bool:
    return isinstance(value, Rate) and _is_whole(value.count) and _is_positive(value.seconds)


_FACTS: Mapping[str, object] = {
    "limits": (),
    "repeatable": False,
    "repeatable_for": None,
    "repeatable_with_files": True,
    "concurrency": None,
    "resource": None,
    "batch_size": 1,
    "max_bytes": None,
    "max_length": None,
    "length_unit": "characters",
    "key_limits": (),
    "escape": None,
    "escapes": None,
    "max_bytes_in": None,
    "message_options": None,
}
"""What counts where a sender says nothing."""

_WANTED: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "limits": (
        gettext_noop("a tuple of Rate(count, seconds) with a count of 1 or more and seconds above 0"),
        lambda value: isinstance(value, tuple | list) and all(map(_is_rate, value)),
    ),
    "repeatable": (gettext_noop("True or False"), lambda value: isinstance(value, bool)),
    "repeatable_for": (gettext_noop("a number of seconds above 0, or None"), _is_positive),
    "repeatable_with_files": (gettext_noop("True or False"), lambda value: isinstance(value, bool)),
    "concurrency": (gettext_noop("a whole number of 1 or more, or None"), _is_whole),
    "resource": (gettext_noop("a name, or None"), lambda value: isinstance(value, str) and bool(value.strip())),
    "batch_size": (gettext_noop("a whole number of 1 or more"), _is_whole),
    "max_bytes": (gettext_noop("a whole number of 1 or more, or None"), _is_whole),
    "max_length": (gettext_noop("a whole number of 1 or more, or None"), _is_whole),
    "length_unit": (
        gettext_noop("`bytes`, `characters` or `utf16`"),
        lambda value: isinstance(value, str) and value in LENGTHS,
    ),
    "key_limits": (
        gettext_noop("a tuple of Rate(count, seconds) with a count of 1 or more and seconds above 0"),
        lambda value: isinstance(value, tuple | list) and all(map(_is_rate, value)),
    ),
    "escape": (gettext_noop("a function from text to text, or None"), callable),
    "escapes": (
        gettext_noop("a mapping from formats to functions from text to text, or to None"),
        lambda value: isinstance(value, Mapping) and all(one is None or callable(one) for one in value.values()),
    ),
    "max_bytes_in": (
        gettext_noop("a mapping from formats to whole numbers of 1 or more, or to None"),
        lambda value: isinstance(value, Mapping) and all(one is None or _is_whole(one) for one in value.values()),
    ),
    "message_options": (
        gettext_noop("a dataclass, or None"),
        lambda value: isinstance(value, type) and dataclasses.is_dataclass(value),
    ),
}
