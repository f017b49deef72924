"""The report as one page that needs nothing else: no network, no script. For a mail, or on paper.

What a picture shows is in the tables as well, and colours stand on the elements: mail programs leave out style sheets,
and many leave out pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from notifykit.clock import duration
from notifykit.operate.activity import Activity, Day, merged
from notifykit.outbox.values import RecentFigures
from notifykit.secrets import redact
from notifykit.wording import Language

__all__ = ["MARK", "activity_page"]

MARK = '<meta name="generator" content="notifykit report">'
"""By which such a page is known again."""

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 12, 28
"""Pixels around the plot of a picture."""

LABELS = 12
"""Days that are named below a picture, at most."""

SENT, WAITED, DOUBTFUL, FAILED = "#2b6cb0", "#a0aec0", "#d69e2e", "#c53030"

TICKS = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36_000.0, 86_400.0, 864_000.0)
"""Seconds that are marked beside the picture of response times."""

_TABLE = "border-collapse:collapse;width:100%;margin:8px 0 24px;font-size:14px"
_CELL = "border-bottom:1px solid #e2e8f0;padding:4px 8px"
_BODY = "margin:0 auto;max-width:760px;padding:16px;font:15px/1.5 system-ui,'PingFang SC','Microsoft YaHei',sans-serif"

Words = Mapping[str, str]

WORDS: Mapping[Language, Words] = {
    Language.ENGLISH: {
        "title": "Messages of {project}",
        "period": "{first} to {last}",
        "sum": "{sent} messages were sent; {failed} failed, {doubtful} were in doubt, {waited} had to wait for "
        "another try.",
        "slow": "Half of them were accepted within {median} of being queued, and nineteen of twenty within {most}.",
        "nothing": "Nothing was sent in this time.",
        "open": "Now {waiting} wait, {failed} are failed and {doubtful} in doubt.",
        "archived": "{number} messages were moved to an archive since the beginning: all were sent and written back.",
        "uncounted": "{number} of these are in an archive that could not be read, and do not count here.",
        "by_day": "By day",
        "trouble": "What did not go at once",
        "times": "From the queue to the acceptance",
        "compared": "Against the time before",
        "since": "Since",
        "before": "Before",
        "no_worse": "No worse",
        "by_campaign": "By campaign",
        "both": "By campaign and day",
        "campaign": "Campaign",
        "day": "Day",
        "sent": "Sent",
        "waited": "Waited",
        "failed": "Failed",
        "doubtful": "In doubt",
        "median": "Median",
        "most": "95 %",
        "waiting": "Waiting now",
        "notes": "Sent: accepted by the service on that day. Waited: put back for another try at least once. "
        "Failed: failed on that day, and is so still. In doubt: it was not known whether the service took it. Times: "
        "from the queue to the acceptance; half of the messages took no longer than the median, and 95 % no longer "
        "than the last column.",
        "made": "Made {at} by notifykit report.",
    },
    Language.CHINESE: {
        "title": "{project} 的消息",
        "period": "{first} 至 {last}",
        "sum": "发送了 {sent} 条消息；失败 {failed} 条，存疑 {doubtful} 条，等待重试 {waited} 条。",
        "slow": "其中一半在入队后 {median} 内被接受，95% 在 {most} 内被接受。",
        "nothing": "这段时间没有发送任何消息。",
        "open": "目前 {waiting} 条在等待，{failed} 条失败，{doubtful} 条存疑。",
        "archived": "从开始到现在，{number} 条消息已移入归档：都已发送并回写。",
        "uncounted": "其中 {number} 条所在的归档无法读取，此处没有计入。",
        "by_day": "按日",
        "trouble": "没有立即送出的消息",
        "times": "从入队到被接受的时间",
        "compared": "与从前比较",
        "since": "迁移后",
        "before": "从前",
        "no_worse": "不比从前差",
        "by_campaign": "按活动",
        "both": "按活动和日期",
        "campaign": "活动",
        "day": "日期",
        "sent": "已发送",
        "waited": "等待重试",
        "failed": "失败",
        "doubtful": "存疑",
        "median": "中位数",
        "most": "95 %",
        "waiting": "目前等待",
        "notes": "已发送：当日被服务接受。等待重试：至少一次被放回重试。失败：当日失败且至今仍失败。"
        "存疑：不知服务是否收下。"
        "时间：从入队到被接受；一半的消息不超过中位数，95% 不超过最后一列。",
        "made": "由 notifykit report 生成于 {at}。",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """One colour of a picture."""

    name: str
    colour: str
    values: Sequence[float | None]


def activity_page(found: Activity, *, project: str, language: Language, compared: Sequence[Sequence[str]] = ()) -> str:
    """Return the page. `project`: how the project is called, for its title. `compared`: of each thing that is compared
    with the time before what it is, how it is since, how it was, and whether it is no worse."""
    words = WORDS[language]
    whole = merged("", found.totals)
    days = [merged("", day.campaigns) for day in found.days]
    title = words["title"].format(project=project)
    period = words["period"].format(first=_date(found.days[0].since), last=_date(found.at))
    lines = [
        f'<!doctype html>\n<html lang="{"zh-CN" if language is Language.CHINESE else "en"}">\n<head>',
        f'<meta charset="utf-8">\n{MARK}\n<meta name="viewport" content="width=device-width">',
        f"<title>{_text(title)}</title>",
        "<style>@media print{body{max-width:none}svg,tr{break-inside:avoid}thead{display:table-header-group}}</style>",
        f'</head>\n<body style="{_BODY}">',
        f'<h1 style="font-size:22px;margin:0">{_text(title)}</h1>',
        f'<p style="color:#4a5568;margin:0 0 12px">{_text(period)}</p>',
        *(f"<p>{_text(line)}</p>" for line in _sentences(found, whole, words)),
    ]
    if whole.attempts:
        labels = [_date(day.since, short=True) for day in found.days]
        lines += [
            _heading(words["by_day"]),
            *_bars(
                words["by_day"],
                labels,
                [_Series(name=words["sent"], colour=SENT, values=[day.accepted for day in days])],
            ),
            *_bars(
                words["trouble"],
                labels,
                [
                    _Series(name=words["waited"], colour=WAITED, values=[day.put_back for day in days]),
                    _Series(name=words["doubtful"], colour=DOUBTFUL, values=[day.doubtful for day in days]),
                    _Series(name=words["failed"], colour=FAILED, values=[day.failed for day in days]),
                ],
            ),
            _heading(words["times"]),
            *_curves(
                words["times"],
                labels,
                [
                    _Series(name=words["median"], colour=SENT, values=[day.percentile(0.50) for day in days]),
                    _Series(name=words["most"], colour=FAILED, values=[day.percentile(0.95) for day in days]),
                ],
            ),
        ]
    if compared:
        headings = ["", *(words[name] for name in ("since", "before", "no_worse"))]
        lines += [_heading(words["compared"]), *_table(headings, compared, texts=1)]
    if found.campaigns:
        lines += [_heading(words["by_campaign"]), *_by_campaign(found, words)]
    if found.totals:
        lines += [_heading(words["both"]), *_both(found.days, words)]
    foot = "color:#4a5568;font-size:13px"
    made = words["made"].format(at=datetime.fromtimestamp(found.at).astimezone().strftime("%Y-%m-%d %H:%M"))
    lines += [
        f'<p style="{foot}">{_text(words["notes"])}</p>',
        f'<p style="{foot}">{_text(made)}</p>',
        "</body>\n</html>\n",
    ]
    return "\n".join(lines)


def _sentences(found: Activity, whole: RecentFigures, words: Words) -> Iterator[str]:
    if whole.attempts:
        yield words["sum"].format(
            sent=f"{whole.accepted:,}",
            failed=f"{whole.failed:,}",
            doubtful=f"{whole.doubtful:,}",
            waited=f"{whole.put_back:,}",
        )
    else:
        yield words["nothing"]
    if whole.waits:
        yield words["slow"].format(median=duration(whole.percentile(0.50)), most=duration(whole.percentile(0.95)))
    counts = (found.waiting, found.in_doubt, found.failed)
    if any(counts):
        waiting, doubtful, failed = (sum(one.number for one in count.values()) for count in counts)
        yield words["open"].format(waiting=f"{waiting:,}", doubtful=f"{doubtful:,}", failed=f"{failed:,}")
    if found.archived:
        yield words["archived"].format(number=f"{sum(found.archived.values()):,}")
    if found.uncounted:
        yield words["uncounted"].format(number=f"{found.uncounted:,}")


def _by_campaign(found: Activity, words: Words) -> Iterator[str]:
    names = ("sent", "waited", "failed", "doubtful", "median", "most", "waiting")
    rows = []
    for campaign in found.campaigns:
        waiting = found.waiting.get(campaign)
        rows.append((campaign, *_figures(found.total(campaign)), str(waiting) if waiting else "0"))
    yield from _table([words["campaign"], *(words[name] for name in names)], rows, texts=1)


def _both(days: Sequence[Day], words: Words) -> Iterator[str]:
    names = ("sent", "waited", "failed", "doubtful", "median", "most")
    rows = [(_date(day.since), item.campaign, *_figures(item)) for day in days for item in day.campaigns]
    yield from _table([words["day"], words["campaign"], *(words[name] for name in names)], rows, texts=2)


def _figures(item: RecentFigures) -> tuple[str, ...]:
    numbers = (f"{number:,}" for number in (item.accepted, item.put_back, item.failed, item.doubtful))
    return (*numbers, duration(item.percentile(0.50)), duration(item.percentile(0.95)))


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int) -> Iterator[str]:
    """Yield a table whose first `texts` columns are texts, and whose others are numbers."""

    def cells(kind: str, row: Sequence[str]) -> str:
        sides = ("left" if at < texts else "right" for at in range(len(row)))
        return "".join(
            f'<{kind} style="{_CELL};text-align:{side}">{_text(cell)}</{kind}>'
            for side, cell in zip(sides, row, strict=True)
        )

    yield f'<table style="{_TABLE}">\n<thead><tr>{cells("th", headings)}</tr></thead>\n<tbody>'
    yield from (f"<tr>{cells('td', row)}</tr>" for row in rows)
    yield "</tbody>\n</table>"


def _bars(name: str, labels: Sequence[str], series: Sequence[_Series]) -> Iterator[str]:
    """Draw one bar a day, of a piece for each series."""
    sums: list[float] = [sum(one.values[at] or 0 for one in series) for at in range(len(labels))]
    step = _step(max(sums))
    top = max(step * math.ceil(max(sums) / step), step)
    ticks = [step * at for at in range(round(top / step) + 1)]

    def height(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    yield from _frame(name, labels, [(tick, f"{tick:,.0f}") for tick in ticks], height)
    for at, label in enumerate(labels):
        left, right = _across(at, len(labels))
        gap, below = (right - left) * 0.15, 0.0
        for one in series:
            value = one.values[at] or 0
            if value:
                yield (
                    f'<rect x="{left + gap:.1f}" y="{height(below + value):.1f}" width="{right - left - 2 * gap:.1f}" '
                    f'height="{height(below) - height(below + value):.1f}" fill="{one.colour}">'
                    f"<title>{_text(label)} {_text(one.name)}: {value:,.0f}</title></rect>"
                )
            below += value
    yield "</svg>"
    yield _legend(series)


def _curves(name: str, labels: Sequence[str], series: Sequence[_Series]) -> Iterator[str]:
    """Draw a line for each series, on a scale where each mark is several times the one below."""
    values = [max(value, TICKS[0]) for one in series for value in one.values if value is not None]
    low = max((tick for tick in TICKS if tick <= min(values, default=1.0)), default=TICKS[0])
    high = next((tick for tick in TICKS if tick > max(values, default=1.0)), TICKS[-1])
    ticks = [tick for tick in TICKS if low <= tick <= high]

    def height(value: float) -> float:
        share = math.log(min(max(value, low), high) / low) / math.log(high / low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    yield from _frame(name, labels, [(tick, duration(tick, units=1)) for tick in ticks], height)
    for one in series:
        points = [
            (sum(_across(at, len(labels))) / 2, height(value), labels[at], value)
            for at, value in enumerate(one.values)
            if value is not None
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, *_ in points)
        yield f'<polyline points="{line}" fill="none" stroke="{one.colour}" stroke-width="2"/>'
        for x, y, label, value in points:
            yield (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{one.colour}">'
                f"<title>{_text(label)} {_text(one.name)}: {duration(value)}</title></circle>"
            )
    yield "</svg>"
    yield _legend(series)


def _frame(
    name: str, labels: Sequence[str], ticks: Sequence[tuple[float, str]], height: Callable[[float], float]
) -> Iterator[str]:
    """Begin a picture: its marks beside it and its days below."""
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img" '
        f'aria-label="{_text(name)}" font-size="12" font-family="sans-serif" fill="#4a5568">'
    )
    for value, text in ticks:
        y = height(value)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e2e8f0"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_text(text)}</text>'
    every = math.ceil(len(labels) / LABELS)
    for at, label in enumerate(labels):
        if at % every == 0:
            x = sum(_across(at, len(labels))) / 2
            yield f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{_text(label)}</text>'


def _legend(series: Sequence[_Series]) -> str:
    items = (
        f'<span style="white-space:nowrap;margin-right:16px"><span style="color:{one.colour}">&#9632;</span> '
        f"{_text(one.name)}</span>"
        for one in series
    )
    return f'<p style="font-size:13px;margin:0 0 16px">{"".join(items)}</p>'


def _heading(text: str) -> str:
    return f'<h2 style="font-size:17px;margin:16px 0 4px">{_text(text)}</h2>'


def _across(at: int, days: int) -> tuple[float, float]:
    """Return where the strip of a day begins and ends, in pixels."""
    width = (WIDTH - LEFT - RIGHT) / days
    return LEFT + at * width, LEFT + (at + 1) * width


def _step(most: float) -> float:
    """Return a round number of which about four make up the most."""
    rough = max(most / 4, 1.0)
    size = math.pow(10, math.floor(math.log10(rough)))
    return next(size * factor for factor in (1.0, 2.0, 5.0, 10.0) if size * factor >= rough)


def _date(seconds: float, *, short: bool = False) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%m-%d" if short else "%Y-%m-%d")


def _text(text: str) -> str:
    return escape(redact(text))
