"""How much may be claimed of a channel, and under which names its attempts are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifykit.roles import Rate

LONGEST_PUT_OFF = 60.0
"""Seconds after which a message is looked at again whose key was at its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelBounds:
    """How much may be claimed of one channel."""

    rates: tuple[Rate, ...] = ()
    """Counted over all workers."""
    concurrency: int | None = None
    """How many calls there may be at once; None: as many as there are slots."""
    shared_with: tuple[str, ...] = ()
    """The channels that use the one resource of this machine that this one uses, itself included: `concurrency` is
    then counted over all of them and over all workers. Empty: each worker counts its own claims of this channel."""
    counted_as: str | None = None
    """Under which name attempts are counted, which channels of one credential share; None: the channel's own. It has a
    stroke, which no channel's name has."""
    key_rates: tuple[Rate, ...] = ()
    """Of the messages with one `limit_key`, counted over all workers, and all channels with the same `counted_as`."""

    def counted(self, channel: str, limit_key: object) -> tuple[str, ...]:
        """Return under which names an attempt is counted: that of `rates`, and that of its key, as far as there are."""
        names = (self.counted_as or channel,) if self.rates else ()
        if self.key_rates and isinstance(limit_key, str):
            return (*names, self.counted_by(channel, limit_key))
        return names

    def counted_by(self, channel: str, limit_key: str) -> str:
        """Return under which name the attempts with a key are counted."""
        return f"{self.counted_as or channel}/{limit_key}"

    @property
    def longest(self) -> float:
        """Seconds of the longest window of a key."""
        return max((rate.seconds for rate in self.key_rates), default=0.0)

    def turns(self, first: float, number: int, now: float) -> list[float]:
        """Return when messages of one key are looked at again: the first one then, further ones as the rates go on.

        No later than `LONGEST_PUT_OFF` from now, so that a clock that was set back delays nothing for long.
        """
        slowest = max(self.key_rates, key=lambda rate: rate.seconds / rate.count)
        latest = now + LONGEST_PUT_OFF
        return [min(first + place // slowest.count * slowest.seconds, latest) for place in range(number)]
