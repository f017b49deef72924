"""Cutting a text that is too long for a channel into several messages."""

from __future__ import annotations


def split_on_line_ends(text: str, max_bytes: int) -> list[str] | None:
    """Cut between lines so that each part has at most `max_bytes` bytes of UTF-8.

    The parts joined with a line end are the text, but for lines without any text where it is cut: no part is empty.
    None where a single line is too long: cutting inside a line could cut a link or a mention.
    """
    parts: list[str] = []
    current: list[str] = []
    size = -1
    for line in text.split("\n"):
        length = len(line.encode())
        if length > max_bytes:
            return None
        if current and size + 1 + length > max_bytes:
            parts.append("\n".join(current))
            current, size = [], -1
        current.append(line)
        size += 1 + length
    parts.append("\n".join(current))
    return [part for part in parts if part.strip()] or parts[:1]
