"""What programs read of alerts: plain data, as `forms.py` beside it has the rest."""

from __future__ import annotations

from notifykit.alerts.messages import Changed
from notifykit.alerts.standing import Standing
from notifykit.operate.forms import Form, reason_fields
from notifykit.terminal.times import iso
from notifykit.wording import Wording

__all__ = ["change_form", "standing_form"]


def change_form(change: Changed, wording: Wording) -> Form:
    """Describe an alert that began or ended."""
    return {
        "alert": change.key,
        "condition": change.condition.name,
        "kind": change.condition.kind.value,
        "subject": change.subject or None,
        "change": change.change.value,
        **reason_fields(change.said, wording),
    }


def standing_form(one: Standing, wording: Wording) -> Form:
    """Describe a condition that holds."""
    state = one.state if one.state is not None and one.state.ended_at is None else None
    return {
        "alert": one.finding.key,
        "condition": one.finding.condition.name,
        "kind": one.finding.condition.kind.value,
        "subject": one.finding.subject or None,
        **reason_fields(one.finding.said, wording),
        "since": iso(state.since if state else None),
        "told_at": iso(state.told_at if state else None),
        "silenced_until": iso(one.silence.until if one.silence else None),
        "counts": one.counts,
    }
