"""The table for people, and the same for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from unicodedata import east_asian_width

from benchmarks.harness import Line, Series

_HEAD = ("figure", "ours", "rival", "measured against", "ratio", "target", "met")


def table(lines: Sequence[Line]) -> str:
    """Lay the lines out as a Markdown table with even columns."""
    rows = [_HEAD, *(_cells(line) for line in lines)]
    widths = [max(_width(row[at]) for row in rows) for at in range(len(_HEAD))]
    laid = [
        "| " + " | ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    laid.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(laid)


def _cells(line: Line) -> tuple[str, ...]:
    met = "" if line.met is None else "yes" if line.met else "**no**"
    ratio = f"{line.ratio:,.2f}" if line.ratio < 100 else f"{line.ratio:,.0f}"
    return (line.title, line.ours, line.rival, line.rival_name, ratio, line.target, met)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def write_json(
    path: Path,
    machine: Mapping[str, object],
    found: Mapping[str, Series],
    lines: Sequence[Line],
    skipped: Mapping[str, str],
) -> None:
    """Write everything that was measured."""
    path.write_text(
        json.dumps(
            {
                "machine": machine,
                "skipped": skipped,
                "figures": [asdict(line) for line in lines],
                "subjects": {
                    name: {
                        "work": series.subject.work,
                        "median": round(series.median, 6),
                        "values": [round(sample.value, 6) for sample in series.samples],
                        "counts": {key: series.count(key) for key in series.samples[0].counts},
                    }
                    for name, series in found.items()
                },
            },
            ensure_ascii=False,
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )


_START, _END = "<!-- table -->\n", "<!-- /table -->"


def write_docs(page: Path, text: str) -> None:
    """Put the table where the page keeps it."""
    before, rest = page.read_text(encoding="utf-8").split(_START)
    _, after = rest.split(_END)
    page.write_text(f"{before}{_START}\n{text}\n\n{_END}{after}", encoding="utf-8")


def summary(lines: Sequence[Line], machine: Mapping[str, object], skipped: Mapping[str, str], rounds: int) -> str:
    """The table, and under it what it was measured on."""
    facts = ", ".join(f"{key} {value}" for key, value in machine.items() if value is not None)
    left_out = "".join(f" {name} was skipped: {why}." for name, why in skipped.items())
    return f"{table(lines)}\n\nMedians of {rounds}. {facts}.{left_out}"
