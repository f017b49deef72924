"""What a message of the group robot says beside its text: its type, mentions, pictures, files, articles, a card.

Limits from the vendor's page "消息推送" (developer.work.weixin.qq.com): an image has 2 MB before base64 and is JPG or
PNG, a file 20 MB and more than 5 bytes; news have 1 to 8 articles, a title 128 bytes, a description 512.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from notifykit.messages.attachments import Attachment
from notifykit.messages.escaping import escape_wecom_markdown
from notifykit.options import OptionError
from notifykit.wording.translation import gettext
from notifykit_wecom.kinds import MAX_FILE, check_kind

Format = Literal["text", "markdown", "markdown_v2", "image", "file", "news", "template_card"]

MAX_BYTES: Mapping[str, int] = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
"""UTF-8 bytes of content that the service takes."""

MAX_IMAGE = 2 * 1024**2
MAX_ARTICLES = 8
_TITLE, _DESCRIPTION = 128, 512

ZERO_WIDTH_SPACE = "\u200b"


def escape_text(value: str) -> str:
    """Break mentions in record data: a cell that says `<@all>` must not call up the whole group.

    A zero-width space goes between `<` and `@`, also where they would only meet through what stands next to the value
    in the template.
    """
    broken = value.replace("<@", f"<{ZERO_WIDTH_SPACE}@")
    if broken.startswith("@"):
        broken = ZERO_WIDTH_SPACE + broken
    return broken + ZERO_WIDTH_SPACE if broken.endswith("<") else broken


def escape_mention(value: str) -> str:
    """Keep record data from calling up everybody: `@all` is that only where the configuration says it."""
    return value.strip().lstrip("@") if value.strip().lower() == "@all" else value


ESCAPES: Mapping[str, Callable[[str], str] | None] = {
    "text": escape_text,
    "markdown": escape_wecom_markdown,
    "markdown_v2": escape_wecom_markdown,
    "image": None,
    "file": None,
    "news": None,
    "template_card": None,
}

MAX_BYTES_IN: Mapping[str, int | None] = {**dict.fromkeys(ESCAPES), **MAX_BYTES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article of `news`."""

    title: str
    url: str
    description: str = ""
    picurl: str = ""
    """The address of a picture."""

    def __post_init__(self) -> None:
        for name, text, most in (("title", self.title, _TITLE), ("description", self.description, _DESCRIPTION)):
            if len(text.encode(errors="surrogatepass")) > most:
                raise OptionError("articles", gettext("{name} has more than {most} bytes", name=name, most=most))


_MENTIONS = {"escape": escape_mention}


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotOptions:
    """Options of a message of `wecom_robot`."""

    format: Format | None = None
    """The type. Default: that of the picture, file, articles or card that is given, else the channel's `msgtype`."""
    mentions: list[str] | None = field(default=None, metadata=_MENTIONS)
    """User ids to mention, `@all` for everybody, instead of the channel's. Only in text."""
    mobiles: list[str] | None = field(default=None, metadata=_MENTIONS)
    """Phone numbers to mention, instead of the channel's. Only in text."""
    image: Attachment | None = field(
        default=None, metadata={"max_bytes": MAX_IMAGE, "media_types": ("image/jpeg", "image/png")}
    )
    """A picture that is sent in place of the text."""
    file: Attachment | None = field(default=None, metadata={"max_bytes": MAX_FILE})
    """A file that is sent in place of the text."""
    articles: list[Article] = field(default_factory=list)
    """Articles that are sent in place of the text."""
    card: dict[str, object] = field(default_factory=dict)
    """A template card that is sent in place of the text, as the vendor's page describes it, with its `card_type`."""

    def __post_init__(self) -> None:
        check_kind(self, KINDS)
        if len(self.articles) > MAX_ARTICLES:
            raise OptionError("articles", gettext("has more than {most} articles", most=MAX_ARTICLES))
        if self.format not in (None, "text") and (self.mentions or self.mobiles):
            raise OptionError("format", gettext("{format} takes no mentions", format=self.format))


KINDS = {"image": "image", "file": "file", "articles": "news", "card": "template_card"}
"""The type in which each of these options is sent."""


def image_content(image: Attachment) -> dict[str, object]:
    """Return the content of a picture: its bytes as base64, and their MD5, which the service asks for."""
    data = image.read()
    return {
        "base64": base64.b64encode(data).decode(),
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
    }


def news_content(articles: list[Article]) -> dict[str, object]:
    """Return the content of articles."""
    return {
        "articles": [
            {
                "title": one.title,
                "url": one.url,
                **({"description": one.description} if one.description else {}),
                **({"picurl": one.picurl} if one.picurl else {}),
            }
            for one in articles
        ]
    }
