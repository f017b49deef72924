"""The Adaptive Card that a message becomes.

Source: learn.microsoft.com, "Create and send messages with workflows" (a message with one card attached), and
adaptivecards.io, version 1.4 of the schema, which Teams shows on all its platforms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from notifykit.messages.escaping import escape_wecom_markdown
from notifykit.options import OptionError
from notifykit.wording.translation import gettext

MOST_BUTTONS = 6
"""Teams shows no more actions of a card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of a table of two columns."""

    title: str = field(metadata={"escape": escape_wecom_markdown})
    value: str = field(metadata={"escape": escape_wecom_markdown})


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button below a card that leads somewhere."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsOptions:
    """What a message says beside its text."""

    title: str = field(default="", metadata={"escape": escape_wecom_markdown})
    """Above the text, in bold."""
    colour: Literal["default", "accent", "good", "warning", "attention"] = "default"
    """Of the title."""
    facts: list[Fact] = field(default_factory=list)
    """Below the text."""
    buttons: list[Button] = field(default_factory=list)
    """Six at most."""

    def __post_init__(self) -> None:
        if len(self.buttons) > MOST_BUTTONS:
            raise OptionError(
                "buttons",
                gettext("has {count}, and Teams shows {most}", count=len(self.buttons), most=MOST_BUTTONS),
                mend=gettext("drop some"),
            )


def request_of(text: str, options: TeamsOptions, *, wide: bool) -> dict[str, object]:
    """Return what is sent as JSON: a message with one card, which a workflow posts as it is."""
    body: list[dict[str, object]] = []
    if options.title:
        body.append(_block(options.title) | {"weight": "Bolder", "size": "Medium", "color": options.colour})
    # A single line end is a space in the Markdown of a card; two begin a line.
    body.append(_block("\n\n".join(text.splitlines())))
    if options.facts:
        body.append({"type": "FactSet", "facts": [{"title": one.title, "value": one.value} for one in options.facts]})
    card: dict[str, object] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if options.buttons:
        card["actions"] = [{"type": "Action.OpenUrl", "title": one.title, "url": one.url} for one in options.buttons]
    if wide:
        card["msteams"] = {"width": "Full"}
    return {
        "type": "message",
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card},
        ],
    }


def _block(text: str) -> dict[str, object]:
    return {"type": "TextBlock", "text": text, "wrap": True}
