"""Observers hear of what people decided, on the command line and on the page."""

from __future__ import annotations

from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.project import Project


def tell_decided(project: Project, outbox: Outbox, decision: int | None) -> None:
    """Tell of a decision that was made, or taken back, just now, and is durable; None: there was none."""
    observers = project.observers
    if decision is None or not observers.observed("decided"):
        return
    if found := next((one for one in outbox.decisions() if one.id == decision), None):
        observers.observe("decided", decision=found)
