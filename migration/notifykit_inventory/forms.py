"""An inventory as a report to hand on: Markdown, CSV or one HTML page, in English and in Chinese side by side."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from html import escape

from notifykit.terminal.console import visible
from notifykit_inventory.model import Access, Inventory, Owner, Use
from notifykit_inventory.wording import chinese

_TITLE = ("Where the old program uses send status", "旧程序在哪里用到发送状态")
_HEADINGS = (
    ("place", "位置"), ("function", "函数"), ("what", "是什么"), ("name", "名字"), ("access", "读写"),
    ("whose", "谁的"), ("what becomes of it", "以后怎样"), ("why", "依据"),
)  # fmt: skip
_COUNTED = (
    "flags, gates, parameters and functions that nothing calls are not counted",
    "标记列、判断、参数和没有人调用的函数不计入",
)
_UNREAD = ("could not be read; may use send status", "读不了，里面可能用到发送状态")
_COLUMNS = [
    "file", "line", "function", "what", "是什么", "name", "access", "读写", "whose", "谁的",
    "what becomes of it", "以后怎样", "why", "依据",
]  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet program take a cell for a formula."""
_TONES = {Owner.CONTRACT: "goes", Owner.UNDECIDED: "person"}
_CSS = """
body { font: 14px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; margin: 2em; color: #222; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #ccc; padding: .3em .5em; text-align: left; vertical-align: top; overflow-wrap: break-word; }
th { background: #f3f3f3; }
small { color: #666; display: block; }
tr.goes { background: #fff4e5; }
tr.person { background: #fde8e8; }
@media print { body { margin: 0; font-size: 10px; } }
"""

Both = tuple[str, str]
"""The same in English and in Chinese; a text that is code is there once, with nothing in Chinese."""


def rows(found: Inventory) -> list[Use]:
    """Return the uses and what is around them, in the order of the code."""
    return sorted(
        (*found.uses, *found.around), key=lambda use: (use.place.file, use.place.line, use.place.column, use.kind)
    )


def markdown(found: Inventory) -> str:
    """Return a table that GitHub and others show."""
    lines = [f"# {' / '.join(_TITLE)}", "", f"{_counts(found)} ({' / '.join(_COUNTED)})", ""]
    lines += [_line(list(_HEADINGS)), "|---" * len(_HEADINGS) + "|"]
    lines += [_line(_cells(use)) for use in rows(found)]
    if suspect := list(_suspect(found)):
        lines += ["", f"## {' / '.join(_UNREAD)}", "", *(f"- {_plain(item)}" for item in suspect)]
    return "".join(f"{line}\n" for line in lines)


def comma_separated(found: Inventory) -> str:
    """Return CSV with a column for each language. A cell that would be a formula begins with `'`."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for use in rows(found):
        place, words = use.place, (use.kind, use.access, use.owner, use.fate)
        kind, access, owner, fate = ((word.value, chinese(word)) for word in words)
        cells = [place.file, str(place.line), place.function, *kind, use.name, *access, *owner, *fate]
        writer.writerow([_safe(cell) for cell in (*cells, use.why.text, chinese(use.why))])
    for item in found.unread:
        if item.suspect:
            writer.writerow([_safe(cell) for cell in (item.file, "", "", *_UNREAD, item.reason)])
    return file.getvalue()


def html(found: Inventory) -> str:
    """Return one page that needs nothing else: no network, no script."""
    body = "\n".join(
        f'<tr class="{_TONES.get(use.owner, "")}">{"".join(map(_cell, _cells(use)))}</tr>' for use in rows(found)
    )
    head = "".join(f"<th>{escape(en)}<small>{escape(zh)}</small></th>" for en, zh in _HEADINGS)
    unread = "".join(f"<li>{escape(visible(item))}</li>" for item in _suspect(found))
    more = f"<h2>{' / '.join(_UNREAD)}</h2>\n<ul>{unread}</ul>\n" if unread else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{_TITLE[0]}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n"
        f"<h1>{_TITLE[0]}<small>{_TITLE[1]}</small></h1>\n"
        f"<p>{escape(_counts(found))}<small>{' / '.join(_COUNTED)}</small></p>\n"
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n{more}</body>\n</html>\n"
    )


FORMS: Mapping[str, Callable[[Inventory], str]] = {"markdown": markdown, "csv": comma_separated, "html": html}


def _counts(found: Inventory) -> str:
    owners = (owner for owner in Owner if owner is not Owner.WAITING)
    return ", ".join(f"{found.count(owner):,} {owner} / {chinese(owner)}" for owner in owners)


def _suspect(found: Inventory) -> Iterator[str]:
    return (f"{item.file}: {item.reason}" for item in found.unread if item.suspect)


def _cells(use: Use) -> list[Both]:
    place = use.place
    words = [(word.value, chinese(word)) for word in (use.owner, use.fate)]
    access = (use.access.value, chinese(use.access)) if use.access is not Access.NEITHER else ("", "")
    kind = (use.kind.value, chinese(use.kind))
    return [
        (f"{place.file}:{place.line}", ""), (place.function, ""), kind, (use.name, ""), access,
        *words, (use.why.text, chinese(use.why)),
    ]  # fmt: skip


def _line(cells: list[Both]) -> str:
    return f"| {' | '.join('<br>'.join(_plain(part) for part in both if part) for both in cells)} |"


def _plain(text: str) -> str:
    """Return a text so that Markdown shows it as it is, in one line."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", visible(text))


def _cell(both: Both) -> str:
    text, other = (escape(visible(part)) for part in both)
    return f"<td>{text}{f'<small>{other}</small>' if other else ''}</td>"


def _safe(text: str) -> str:
    text = visible(text)
    return f"'{text}" if text.startswith(_FORMULA) else text
