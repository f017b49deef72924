"""The end of every command's help: an example that a test runs."""

from __future__ import annotations


def example(*lines: str) -> str:
    r"""Return the epilog of a command's help. `\b` keeps click from joining the lines."""
    title = "Example:" if len(lines) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])
