"""What a request says: one body for each type of message.

Source: 钉钉开放平台 (open.dingtalk.com), "自定义机器人发送群消息", the types text, markdown, link and actionCard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from notifykit.options import OptionError
from notifykit.wording.translation import gettext

TITLE = 64
"""Characters of the first line of a text that stand for a title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One of several buttons of an actionCard."""

    title: str
    action_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DingtalkOptions:
    """What a message says beside its text."""

    format: Literal["", "text", "markdown", "link", "actionCard"] = ""
    """Empty: as the channel says."""
    title: str = ""
    """Of markdown, link and actionCard: what the list of chats shows. Empty: the first line of the text."""
    message_url: str = ""
    """Of link: where it leads."""
    pic_url: str = ""
    """Of link: its picture."""
    single_title: str = ""
    """Of actionCard: the words of its one button."""
    single_url: str = ""
    """Of actionCard: where its one button leads."""
    buttons: list[Button] = field(default_factory=list)
    """Of actionCard: several buttons, in place of the one."""
    btn_orientation: Literal["0", "1"] = "0"
    """Of actionCard: `0` puts the buttons below each other, `1` side by side."""
    at_mobiles: list[str] = field(default_factory=list)
    """Of text and markdown: phone numbers to mention, beside those of the channel."""
    at_user_ids: list[str] = field(default_factory=list)
    """Of text and markdown: user ids to mention, beside those of the channel."""
    at_all: bool = False
    """Of text and markdown: mention everybody."""

    def __post_init__(self) -> None:
        if self.format == "link" and not self.message_url:
            raise OptionError(
                "message_url", gettext("is missing"), mend=gettext("a link leads somewhere: give its URL")
            )
        if self.format == "actionCard" and bool(self.buttons) == bool(self.single_title and self.single_url):
            raise OptionError(
                "buttons",
                gettext("an actionCard has either one button or a list of them"),
                mend=gettext("give single_title and single_url, or buttons"),
            )
        if self.format in ("link", "actionCard") and (self.at_mobiles or self.at_user_ids or self.at_all):
            raise OptionError(
                "format",
                gettext("{format} mentions nobody", format=self.format),
                mend=gettext("drop at_mobiles, at_user_ids and at_all, or use text or markdown"),
            )


@dataclass(frozen=True, slots=True)
class Mentions:
    """Who is mentioned."""

    mobiles: Sequence[str]
    user_ids: Sequence[str]
    everybody: bool

    @property
    def fields(self) -> dict[str, object]:
        """As a request says it; empty where nobody is."""
        if not (self.mobiles or self.user_ids or self.everybody):
            return {}
        return {"at": {"atMobiles": [*self.mobiles], "atUserIds": [*self.user_ids], "isAtAll": self.everybody}}

    def named_in(self, text: str) -> str:
        """Return a markdown text that names everybody who is mentioned: without that, nobody is notified."""
        missing = [name for who in (*self.mobiles, *self.user_ids) if (name := f"@{who}") not in text]
        return f"{text}\n\n{' '.join(missing)}" if missing else text


def body_of(msgtype: str, text: str, options: DingtalkOptions, mentions: Mentions) -> dict[str, object]:
    """Return what is sent as JSON. `msgtype`: where the options name none."""
    match options.format or msgtype:
        case "link":
            link = {"title": _title(text, options), "text": text, "messageUrl": options.message_url}
            return {"msgtype": "link", "link": link | ({"picUrl": options.pic_url} if options.pic_url else {})}
        case "actionCard":
            return {"msgtype": "actionCard", "actionCard": _card(text, options)}
        case "markdown":
            markdown = {"title": _title(text, options), "text": mentions.named_in(text)}
            return {"msgtype": "markdown", "markdown": markdown, **mentions.fields}
        case _:
            return {"msgtype": "text", "text": {"content": text}, **mentions.fields}


def _card(text: str, options: DingtalkOptions) -> dict[str, object]:
    card: dict[str, object] = {"title": _title(text, options), "text": text, "btnOrientation": options.btn_orientation}
    if options.buttons:
        return card | {"btns": [{"title": one.title, "actionURL": one.action_url} for one in options.buttons]}
    return card | {"singleTitle": options.single_title, "singleURL": options.single_url}


def _title(text: str, options: DingtalkOptions) -> str:
    """Return the title, which the service wants of all types but text."""
    lines = (line.strip("#>*- \t") for line in text.splitlines())
    return options.title or next(filter(None, lines), text)[:TITLE]
