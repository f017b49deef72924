"""What the configuration of a project comes to, without secrets: what is loaded, and what each thing is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from notifykit.campaign.campaign import Campaign, Channel
from notifykit.config.factory import Unavailable
from notifykit.pipeline.project import Project
from notifykit.redaction import redact_data

__all__ = ["Configured", "configured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """Plain data."""

    listing: Mapping[str, list[object]]
    """As `notifykit plugins --json` has it."""
    configuration: Mapping[str, object]


def configured(project: Project) -> Configured:
    """Describe a project. Of a channel its limits are told, and nothing of what its sender is given.

    Every type that a plugin offers is imported.
    """
    known = project.configuration
    settings = known.settings
    project.plugins.import_offered()
    enabled = {campaign.name for campaign in known.campaigns}
    told = {
        "file": str(settings.file),
        "store": str(settings.store),
        "place": settings.place,
        "interval": settings.interval,
        "workers": settings.dispatch.workers,
        "lease": settings.dispatch.lease,
        "timeout": settings.dispatch.timeout,
        "channels": [_channel(channel) for _, channel in sorted(known.channels.items())],
        "campaigns": [_campaign(campaign, enabled) for campaign in sorted(project.described, key=lambda one: one.name)],
        "alerts": [
            {
                "name": one.name,
                "when": one.kind.value,
                "channel": one.route.channel if one.route else None,
                "campaigns": sorted(one.campaigns),
            }
            for one in known.alerts.conditions
        ],
        "unavailable": [_unavailable(one) for one in known.unavailable],
    }
    return Configured(listing=project.plugins.listing(), configuration=cast(dict[str, object], redact_data(told)))


def _channel(channel: Channel) -> dict[str, object]:
    return {
        "channel": channel.name,
        "type": channel.type,
        "rates": [{"count": rate.count, "seconds": rate.seconds} for rate in channel.limits],
        "concurrency": channel.concurrency,
        "batch_size": channel.batch_size,
        "max_bytes": channel.max_bytes,
    }


def _campaign(campaign: Campaign, enabled: set[str]) -> dict[str, object]:
    return {
        "campaign": campaign.name,
        "file": str(campaign.file),
        "enabled": campaign.name in enabled,
        "source": type(campaign.source).__name__,
        "strategy": type(campaign.strategy).__name__,
        "messages": [
            {"message": message.name, "channel": message.channel.name, "on_unknown": message.on_unknown.value}
            for message in campaign.messages
        ],
    }


def _unavailable(one: Unavailable) -> dict[str, object]:
    return {"kind": one.kind, "name": one.name, "place": one.place, "why": one.why}
