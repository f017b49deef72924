"""Stands in for a desktop sender that you have already: replace it, or name your own module in notifykit.yaml.

A real one finds the window, types and presses Enter. It has no way to see whether that worked, so it returns
nothing, and the campaign says `on_unknown: assume_sent`.
"""

from __future__ import annotations

from pathlib import Path

TYPED = Path(__file__).parent.parent / "state" / "desktop.txt"


def send_wechat_message(recipient: str, text: str) -> None:
    """Note what would be typed, and to whom."""
    TYPED.parent.mkdir(parents=True, exist_ok=True)
    with TYPED.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{recipient}\n{text}\n\n")
