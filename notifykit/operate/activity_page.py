"""The report as one page that needs nothing else: no network, no script. For a mail, or on paper.

What a picture shows is in the tables as well, and colours stand on the elements: mail programs leave out style sheets,
and many leave out pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape

from notifykit.clock import duration
from notifykit.operate.activity import Activity, Day, merged
from notifykit.operate.pictures import Kind, Series, bars, curves
from notifykit.outbox.values import RecentFigures
from notifykit.redaction import redact
from notifykit.wording import Language

__all__ = ["MARK", "activity_page"]

MARK = '<meta name="generator" content="notifykit report">'
"""By which such a page is known again."""

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
            *_with_legend(
                bars,
                words["by_day"],
                labels,
                [Series(name=words["sent"], kind=Kind.SENT, values=[day.accepted for day in days])],
            ),
            *_with_legend(
                bars,
                words["trouble"],
                labels,
                [
                    Series(name=words["waited"], kind=Kind.WAITED, values=[day.put_back for day in days]),
                    Series(name=words["doubtful"], kind=Kind.DOUBTFUL, values=[day.doubtful for day in days]),
                    Series(name=words["failed"], kind=Kind.FAILED, values=[day.failed for day in days]),
                ],
            ),
            _heading(words["times"]),
            *_with_legend(
                curves,
                words["times"],
                labels,
                [
                    Series(name=words["median"], kind=Kind.SENT, values=[day.percentile(0.50) for day in days]),
                    Series(name=words["most"], kind=Kind.FAILED, values=[day.percentile(0.95) for day in days]),
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


def _with_legend(
    draw: Callable[[str, Sequence[str], Sequence[Series]], Iterator[str]],
    name: str,
    labels: Sequence[str],
    series: Sequence[Series],
) -> Iterator[str]:
    yield from draw(name, labels, series)
    yield _legend(series)


def _legend(series: Sequence[Series]) -> str:
    items = (
        f'<span style="white-space:nowrap;margin-right:16px"><span style="color:{one.kind.colour}">&#9632;</span> '
        f"{_text(one.name)}</span>"
        for one in series
    )
    return f'<p style="font-size:13px;margin:0 0 16px">{"".join(items)}</p>'


def _heading(text: str) -> str:
    return f'<h2 style="font-size:17px;margin:16px 0 4px">{_text(text)}</h2>'


def _date(seconds: float, *, short: bool = False) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%m-%d" if short else "%Y-%m-%d")


def _text(text: str) -> str:
    return escape(redact(text))
