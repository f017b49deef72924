"""What a request says: one body for each type of message that an application sends.

Source: 企业微信开发者中心 (developer.work.weixin.qq.com), "发送应用消息".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from notifykit.options import OptionError
from notifykit.wording.translation import gettext

AppType = Literal["", "text", "markdown", "textcard", "news"]

MAX_BYTES: Mapping[str, int] = {"text": 2048, "markdown": 2048, "textcard": 512, "news": 512}
"""UTF-8 bytes of text that are shown: the service cuts off what is beyond, and says nothing."""

MAX_TITLE = 128
"""UTF-8 bytes of a title that are shown."""

MAX_ARTICLES = 8


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
    safe: bool = False
    """Of text: nobody can forward it, and it bears a watermark."""

    def __post_init__(self) -> None:
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


def content_of(msgtype: str, text: str, options: WecomAppOptions) -> dict[str, object]:
    """Return the part of a request that differs by type. `msgtype`: where the options name none."""
    kind = options.format or msgtype
    match kind:
        case "textcard":
            card = {"title": options.title, "description": text, "url": options.url}
            return {"msgtype": kind, kind: card | ({"btntxt": options.btntxt} if options.btntxt else {})}
        case "news":
            first = Article(title=options.title, url=options.url, description=text, picurl=options.picurl)
            return {"msgtype": kind, kind: {"articles": [_article(one) for one in (first, *options.articles)]}}
        case _:
            safe = {"safe": 1} if options.safe and kind == "text" else {}
            return {"msgtype": kind, kind: {"content": text}, **safe}


def _article(article: Article) -> dict[str, str]:
    said = {"title": article.title, "description": article.description, "url": article.url, "picurl": article.picurl}
    return {name: value for name, value in said.items() if value}
