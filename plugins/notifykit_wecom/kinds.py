"""What a message of WeCom is sent as: its text in some format, or what is sent in place of the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from notifykit.options import OptionError
from notifykit.wording.translation import gettext

MAX_FILE = 20 * 1024**2
MIN_FILE = 6
"""Bytes of a file that the service takes (企业微信开发者中心, "上传临时素材" and "文件上传接口")."""


class Formatted(Protocol):
    """Options of a message."""

    @property
    def format(self) -> str | None:
        """The type; nothing where what is given says it, or the channel."""
        ...

    @property
    def card(self) -> Mapping[str, object]:
        """A template card."""
        ...


def kind_of(options: Formatted, kinds: Mapping[str, str], usual: str) -> str:
    """Return the type of a message. `kinds`: the type by the option that is sent in place of the text; `usual`: the
    channel's."""
    given = _given(options, kinds)
    return options.format or (kinds[given[0]] if given else usual)


def check_kind(options: Formatted, kinds: Mapping[str, str]) -> None:
    """Raise OptionError where options contradict each other, or lack what their format needs."""
    given = _given(options, kinds)
    if len(given) > 1:
        raise OptionError(given[1], gettext("is sent in a message of its own, as {other} is", other=given[0]))
    if given and options.format and options.format != kinds[given[0]]:
        raise OptionError(given[0], gettext("is not sent in the format {format}", format=options.format))
    if options.format in kinds.values() and not given:
        needed = next(name for name, kind in kinds.items() if kind == options.format)
        raise OptionError("format", gettext("{format} needs the option {needed}", format=options.format, needed=needed))
    if options.card and not isinstance(options.card.get("card_type"), str):
        raise OptionError("card", gettext("has no card_type"), mend=gettext("write one, such as text_notice"))


def _given(options: Formatted, kinds: Mapping[str, str]) -> list[str]:
    return [name for name in kinds if getattr(options, name)]
