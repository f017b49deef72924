"""How much may be claimed of each channel."""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.campaign.campaign import Channel
from notifykit.campaign.limit_keys import counted_as
from notifykit.outbox.values import ChannelBounds


def bounds_of(channels: Mapping[str, Channel], workers: int) -> dict[str, ChannelBounds]:
    """Return what may be claimed of each channel; `workers`: how many calls at once where nothing else is said."""
    users: dict[str, list[str]] = {}
    for name, channel in channels.items():
        if channel.resource is not None:
            users.setdefault(channel.resource, []).append(name)
    return {
        name: ChannelBounds(
            rates=channel.limits,
            concurrency=workers if channel.concurrency is None else channel.concurrency * channel.batch_size,
            shared_with=tuple(users[channel.resource]) if channel.resource is not None else (),
            counted_as=counted_as(channel),
            key_rates=channel.key_limits,
        )
        for name, channel in channels.items()
    }


def most_calls(bounds: Mapping[str, ChannelBounds]) -> int:
    """Return how many calls there can be at once, over all channels."""
    places = {bound.shared_with or name: bound.concurrency or 1 for name, bound in bounds.items()}
    return sum(places.values())
