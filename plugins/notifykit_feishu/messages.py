"""What a request says: one body for each type of message.

Source: 飞书开放平台 (open.feishu.cn), "自定义机器人使用指南": text, post, and interactive with the JSON of a card.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from xml.sax.saxutils import quoteattr

from notifykit.options import OptionError
from notifykit.wording.translation import gettext

EVERYBODY = "all"
"""The user id that stands for all members of the group."""

_ID = re.compile(r"[\w.@-]+")

Colour = Literal[
    "blue", "wathet", "turquoise", "green", "yellow", "orange", "red", "carmine", "violet", "purple", "indigo", "grey"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button below a card that leads somewhere."""

    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeishuOptions:
    """What a message says beside its text."""

    format: Literal["", "text", "post", "interactive"] = ""
    """Empty: as the channel says."""
    title: str = ""
    """Of post and interactive."""
    template: Colour = "blue"
    """Of interactive: the colour of its title."""
    buttons: list[Button] = field(default_factory=list)
    """Of interactive."""
    at_user_ids: list[str] = field(default_factory=list)
    """Open ids or user ids to mention, beside those of the channel."""
    at_all: bool = False
    """Mention everybody."""

    def __post_init__(self) -> None:
        if self.buttons and self.format not in ("", "interactive"):
            raise OptionError(
                "buttons",
                gettext("{format} has none", format=self.format),
                mend=gettext("use format: interactive, or drop them"),
            )
        check_ids(self.at_user_ids)


def check_ids(ids: Sequence[str]) -> None:
    """Raise OptionError where one of them cannot be one person: an id becomes part of a tag."""
    if wrong := [who for who in ids if who.casefold() == EVERYBODY or not _ID.fullmatch(who)]:
        raise OptionError(
            "at_user_ids",
            gettext("{who!r} is nobody's id", who=wrong[0]),
            mend=gettext("give open ids or user ids, and at_all for everybody"),
        )


def body_of(msg_type: str, text: str, options: FeishuOptions, mentioned: Sequence[str]) -> dict[str, object]:
    """Return what is sent as JSON. `msg_type`: where the options name none; `mentioned`: ids, `all` for everybody."""
    match options.format or msg_type:
        case "post":
            lines: list[list[dict[str, str]]] = [[{"tag": "text", "text": line}] for line in text.split("\n")]
            if mentioned:
                lines.append([{"tag": "at", "user_id": who} for who in mentioned])
            post: dict[str, object] = {"content": lines} | ({"title": options.title} if options.title else {})
            return {"msg_type": "post", "content": {"post": {"zh_cn": post}}}
        case "interactive":
            return {"msg_type": "interactive", "card": _card(text, options, mentioned)}
        case _:
            tags = "".join(f"<at user_id={quoteattr(who)}></at>" for who in mentioned)
            return {"msg_type": "text", "content": {"text": f"{text}\n{tags}" if tags else text}}


def _card(text: str, options: FeishuOptions, mentioned: Sequence[str]) -> dict[str, object]:
    tags = "".join(f"<at id={who}></at>" for who in mentioned)
    elements: list[object] = [{"tag": "markdown", "content": f"{text}\n{tags}" if tags else text}]
    if options.buttons:
        elements.append({"tag": "action", "actions": [_button(one) for one in options.buttons]})
    card: dict[str, object] = {"config": {"wide_screen_mode": True}, "elements": elements}
    if options.title:
        card["header"] = {"title": {"tag": "plain_text", "content": options.title}, "template": options.template}
    return card


def _button(button: Button) -> dict[str, object]:
    return {
        "tag": "button",
        "text": {"tag": "plain_text", "content": button.text},
        "url": button.url,
        "type": "default",
    }
