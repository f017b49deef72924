"""Cutting a text that is too long for a channel into several messages."""

from __future__ import annotations

from collections.abc import Sequence

from notifykit.campaign.lengths import Bound, exceeded


def split_on_line_ends(text: str, bounds: Sequence[Bound]) -> list[str] | None:
    """Cut between lines so that each part is within all bounds. A line end counts as one of each unit.

    The parts joined with a line end are the text, but for lines without any text where it is cut: no part is empty.
    None where a single line is too long: cutting inside a line could cut a link or a mention.
    """
    parts: list[str] = []
    current: list[str] = []
    sizes = [-1] * len(bounds)
    for line in text.split("\n"):
        if exceeded(bounds, line):
            return None
        lengths = [bound.of(line) for bound in bounds]
        if current and any(
            size + 1 + length > bound.most for size, length, bound in zip(sizes, lengths, bounds, strict=True)
        ):
            parts.append("\n".join(current))
            current, sizes = [], [-1] * len(bounds)
        current.append(line)
        sizes = [size + 1 + length for size, length in zip(sizes, lengths, strict=True)]
    parts.append("\n".join(current))
    return [part for part in parts if part.strip()] or parts[:1]
