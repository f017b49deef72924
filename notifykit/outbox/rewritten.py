"""What is kept of a message that was given another text."""

from notifykit.outbox.values import Rewrite


def told(one: Rewrite, why: str) -> str:
    """Return the detail of its event: why, and what it was before."""
    return f"{why}; before, to {one.task.recipient}: {one.task.text}"
