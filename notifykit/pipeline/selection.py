"""What a run keeps to, where it is not to do everything."""

from __future__ import annotations

from dataclasses import dataclass

from notifykit.outbox.digests import campaign_of, digests_of
from notifykit.wording.translation import gettext

__all__ = ["EVERYTHING", "Selection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The campaigns and channels that were named. Where none is named, all of them are meant."""

    campaigns: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was named."""
        return bool(self.campaigns or self.channels)

    def __str__(self) -> str:
        """For people: what was named."""
        campaigns = gettext("only campaign {names}", names=", ".join(self.campaigns)) if self.campaigns else ""
        channels = gettext("only channel {names}", names=", ".join(self.channels)) if self.channels else ""
        return gettext("; ").join(filter(None, (campaigns, channels)))

    @property
    def kept_campaigns(self) -> tuple[str, ...]:
        """The names under which their messages are kept, and the digests of these."""
        return (*self.campaigns, *map(digests_of, self.campaigns))

    def has_channel(self, name: str) -> bool:
        """Whether a channel is meant."""
        return not self.channels or name in self.channels

    def has(self, campaign: str, channel: str) -> bool:
        """Whether the messages of a campaign on a channel are meant."""
        return (not self.campaigns or campaign_of(campaign) in self.campaigns) and self.has_channel(channel)


EVERYTHING = Selection()
