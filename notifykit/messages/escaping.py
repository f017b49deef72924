r"""Escapers for senders: each makes a text from a record plain in one format, so that it shows as it is.

A sender names one as its `escape` or among its `escapes`, and an options field in its metadata:
`field(metadata={"escape": escape_html})`. They are applied to what expressions give, never to a template's own text.
"""

from __future__ import annotations

import html
import re

__all__ = ["escape_commonmark", "escape_html", "escape_mrkdwn", "escape_telegram_markdown", "escape_wecom_markdown"]

_SPACE = "\u200b"
"""A space without a width, which nobody sees."""

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_INDENTED = re.compile(r"^[ \t]+", re.MULTILINE)
_TELEGRAM = re.compile(r"([_*\[\]()~`>#+\-=|{}.!\\])")
_LINK = re.compile(r"\](?=[(\[:])|\]\Z|\A(?=[@(])|<")
_LINE_MARK = re.compile(r"^([ \t]*)(?=#|>|[-=_+][-=_ \t]*$|-{3}|={3}|[-+]\s|\d+[.)]\s)", re.MULTILINE)
_ALIKE = str.maketrans({"*": "∗", "`": "ˋ", "|": "｜", "~": "∼"})
_ALIKE_IN_SLACK = str.maketrans({"*": "∗", "`": "ˋ", "~": "∼"})
_QUOTE = re.compile(r"^([ \t]*)(?=>)", re.MULTILINE)
_EDGE = re.compile(r"_(?![^\W_])|(?<![^\W_])_")
"""An underscore that is not within a word: two of them make what is between them slanted or bold."""


def escape_html(text: str) -> str:
    """Escape `&`, `<`, `>` and both quotes: for HTML, also within an attribute, and Telegram's HTML."""
    return html.escape(text)


def escape_mrkdwn(text: str) -> str:
    """Make a text plain for Slack's mrkdwn: no mention, channel, link, quote, code, bold or slanted text arises.

    Source: docs.slack.dev, "Formatting message text": `&`, `<` and `>` are escaped. There is no escape for what pairs
    with others (`*`, `_`, `~`, a backtick): characters that look alike stand for them. A quote begins with `>`.
    """
    plain = _QUOTE.sub(rf"\1{_SPACE}", _EDGE.sub("ˍ", text).translate(_ALIKE_IN_SLACK))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_telegram_markdown(text: str) -> str:
    """Escape for Telegram's MarkdownV2, outside of code and of a link's address.

    Source: core.telegram.org/bots/api, "MarkdownV2 style": each of these characters is to be preceded by a backslash.
    """
    return _TELEGRAM.sub(r"\\\1", text)


def escape_commonmark(text: str) -> str:
    r"""Escape for CommonMark and what is built on it, such as Discord's: all ASCII punctuation, and indents.

    Source: CommonMark 0.31, 2.4: a backslash before an ASCII punctuation character makes it plain. White space at the
    beginning of a line, which may make code of it, becomes no-break spaces.
    """
    return _INDENTED.sub(lambda found: "\u00a0" * len(found[0]), _PUNCTUATION.sub(r"\\\1", text))


def escape_wecom_markdown(text: str) -> str:
    """Make a text plain for WeCom's markdown and markdown_v2, which document no escape.

    Spaces without a width keep mentions, tags, links, headings, quotes, rules and lists from arising, also where a text
    meets the template's own. An asterisk, a backtick, a bar, a tilde, and an underscore at the edge of a word, which
    pair with others anywhere, become characters that look alike.
    """
    plain = _LINK.sub(lambda found: found[0] + _SPACE, _EDGE.sub("ˍ", text).translate(_ALIKE))
    return _LINE_MARK.sub(rf"\1{_SPACE}", plain)
