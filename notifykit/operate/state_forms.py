"""What programs read of campaigns, channels and processes: plain data, as `forms.py` beside it has the rest."""

from __future__ import annotations

from notifykit.operate.campaigns import CampaignState
from notifykit.operate.channels import ChannelState
from notifykit.operate.forms import Form, figures_form, hold_form, outage_form, pause_form
from notifykit.outbox.values import Machine
from notifykit.terminal.times import iso
from notifykit.wording import Wording

__all__ = ["campaign_state_form", "channel_state_form", "machine_form"]


def campaign_state_form(one: CampaignState, wording: Wording, now: float) -> Form:
    """Describe how a campaign stands."""
    return {
        "campaign": one.name,
        "kind": one.kind.value,
        "file": str(one.campaign.file) if one.campaign else None,
        "place": one.campaign.place if one.campaign else None,
        "failure": one.failure and one.failure.as_data(),
        "figures": one.figures and figures_form(one.figures, now),
        "queues_nothing": one.held and hold_form(wording.known(one.held)),
        "failing": one.failing,
        "rows_held": one.rows_held,
        "last_pass": iso(one.last_pass),
        "next_pass": iso(one.next_pass),
    }


def machine_form(one: Machine) -> Form:
    """Describe a process at work."""
    return {
        "name": one.name,
        "host": one.host,
        "place": one.place,
        "does": one.does,
        "version": one.version,
        "since": iso(one.since),
        "seen_at": iso(one.seen_at),
        "clock_ahead_seconds": round(-one.ahead, 3),
        "on_wire": one.on_wire,
    }


def channel_state_form(one: ChannelState, wording: Wording) -> Form:
    """Describe how a channel stands."""
    return {
        "channel": one.name,
        "type": one.type,
        "failure": one.failure and one.failure.as_data(),
        "concurrency": one.concurrency,
        "rates": [{"count": use.rate.count, "seconds": use.rate.seconds, "used": use.used} for use in one.rates],
        "waiting": one.waiting.number,
        "more": one.waiting.more,
        "on_wire": one.on_wire,
        "oldest_queued": iso(one.oldest_queued),
        "oldest_due": iso(one.oldest_due),
        "pause": one.pause and pause_form(one.pause, wording),
        "outage": one.outage and outage_form(one.outage, wording),
    }
