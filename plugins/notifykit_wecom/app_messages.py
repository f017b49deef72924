"""What a request says: one body for each type of message that an application sends.

Source: 企业微信开发者中心 (developer.work.weixin.qq.com), "发送应用消息" and "上传临时素材": an image is JPG or PNG and
has 10 MB, a file 20 MB, and each more than 5 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from notifykit.messages.attachments import Attachment
from notifykit.options import OptionError
from notifykit.wording.translation import gettext
from notifykit_wecom.kinds import MAX_FILE, check_kind

AppType = Literal["", "text", "markdown", "textcard", "news", "image", "file", "template_card"]

MAX_BYTES: Mapping[str, int] = {"text": 2048, "markdown": 2048, "textcard": 512, "news": 512}
"""UTF-8 bytes of text that are shown: the service cuts off what is beyond, and says nothing."""

MAX_TITLE = 128
"""UTF-8 bytes of a title that are shown."""

MAX_ARTICLES = 8

MAX_IMAGE = 10 * 1024**2

MEDIA = ("image", "file")
"""The types that name a media id."""

KINDS = {"image": "image", "file": "file", "card": "template_card"}
"""The type of a message by the option that is sent in place of its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A further article of a `news`."""

    title: str
    url: str
    description: str = ""
    picurl: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WecomAppOptions:
    """What a message says beside its text."""

    format: AppType = ""
    """Empty: as the channel says."""
    title: str = ""
    """Of textcard and news."""
    url: str = ""
    """Of textcard and news: where it leads."""
    btntxt: str = ""
    """Of textcard: the words below it, four characters at most. Empty: the service's own (详情)."""
    picurl: str = ""
    """Of news: a picture of the first article."""
    articles: list[Article] = field(default_factory=list)
    """Of news: further articles, seven at most. The message's text is the description of the first."""
    image: Attachment | None = field(
        default=None, metadata={"max_bytes": MAX_IMAGE, "media_types": ("image/jpeg", "image/png")}
    )
    """A picture that is sent in place of the text."""
    file: Attachment | None = field(default=None, metadata={"max_bytes": MAX_FILE})
    """A file that is sent in place of the text."""
    card: dict[str, object] = field(default_factory=dict)
    """A template card that is sent in place of the text, as the vendor's page describes it, with its `card_type`."""
    safe: bool = False
    """Of text, image and file: nobody can forward it, and it bears a watermark."""

    def __post_init__(self) -> None:
        check_kind(self, KINDS)
        if self.format in ("textcard", "news"):
            for name in ("title", "url"):
                if not getattr(self, name):
                    raise OptionError(
                        name, gettext("is missing"), mend=gettext("a {format} needs it", format=self.format)
                    )
        if len(self.articles) >= MAX_ARTICLES:
            raise OptionError(
                "articles",
                gettext(
                    "has {count}, and there may be {most} beside the first",
                    count=len(self.articles),
                    most=MAX_ARTICLES - 1,
                ),
                mend=gettext("drop some"),
            )


def content_of(kind: str, text: str, options: WecomAppOptions, media_id: str = "") -> dict[str, object]:
    """Return the part of a request that differs by type. `media_id`: of an image or a file."""
    match kind:
        case "textcard":
            card = {"title": options.title, "description": text, "url": options.url}
            return {"msgtype": kind, kind: card | ({"btntxt": options.btntxt} if options.btntxt else {})}
        case "news":
            first = Article(title=options.title, url=options.url, description=text, picurl=options.picurl)
            return {"msgtype": kind, kind: {"articles": [_article(one) for one in (first, *options.articles)]}}
        case "template_card":
            return {"msgtype": kind, kind: options.card}
        case _:
            safe = {"safe": 1} if options.safe and kind != "markdown" else {}
            return {"msgtype": kind, kind: {"media_id": media_id} if kind in MEDIA else {"content": text}, **safe}


def _article(article: Article) -> dict[str, str]:
    said = {"title": article.title, "description": article.description, "url": article.url, "picurl": article.picurl}
    return {name: value for name, value in said.items() if value}
