"""Which of several campaigns over the same data may queue messages, and whether one has the keys that it had.

A campaign is known by its name. Where its file is renamed or copied, the same records would be offered under another
name, and everything would be sent again. So a campaign queues nothing where another one was there before it. Nor does
it where its keys are taken from elsewhere than before: the same records would be offered under other keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from notifykit.campaign.campaign import Campaign
from notifykit.campaign.data import data_of, same_data
from notifykit.errors import HeldCampaignError
from notifykit.model import CampaignData
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.wording.host import KEY_CHANGED, RENAMED_MEANWHILE, SAME_DATA_BEFORE, SAME_DATA_GONE
from notifykit.wording.reason import Reason


class Precedence:
    """What a store knows and what the files say, together."""

    def __init__(self, outbox: Outbox | None, enabled: Iterable[Campaign], described: Iterable[str], folder: Path):
        """`outbox`: None where there is no store yet. `described`: the names of all campaigns that have a file."""
        self._outbox = outbox
        self._enabled = {campaign.name: campaign for campaign in enabled}
        self._described = frozenset(described)
        self._folder = folder

    def note(self, campaign: Campaign) -> None:
        """Keep in the store whether a campaign may queue messages, for whoever looks. As `require`."""
        assert self._outbox is not None  # noqa: S101 - whoever queues has one
        reason = self.refusal(campaign)
        self._outbox.hold_campaign(campaign.name, reason)
        if reason is not None:
            raise HeldCampaignError(reason, where=campaign.file)

    def release_undescribed(self) -> None:
        """Forget that campaigns were held whose files are gone."""
        if self._outbox is not None:
            for name in self._outbox.held_campaigns().keys() - self._enabled.keys():
                self._outbox.hold_campaign(name, None)

    def refusal(self, campaign: Campaign) -> Reason | None:
        """Say why a campaign may queue nothing; None where nothing speaks against it."""
        mine = data_of(campaign, self._folder)
        if mine is None:
            return None
        kept = self._outbox.campaign_data() if self._outbox is not None else []
        return _against_its_past(campaign, mine, kept) or self._against_others(campaign, mine, kept)

    def _against_others(self, campaign: Campaign, mine: CampaignData, kept: Iterable[CampaignData]) -> Reason | None:
        for known in kept:
            if not same_data(known, mine, self._folder):
                continue
            if known.campaign == campaign.name:
                return None  # it was first
            if not self._meant(campaign, known.campaign):
                if known.campaign in self._described:
                    words = SAME_DATA_BEFORE
                else:
                    words = SAME_DATA_GONE if campaign.file.exists() else RENAMED_MEANWHILE
                return words(known=known.campaign, campaign=campaign.name)
        return self._against_twins(campaign, mine)

    def require(self, campaign: Campaign) -> None:
        """Raise HeldCampaignError where a campaign may queue nothing."""
        if (reason := self.refusal(campaign)) is not None:
            raise HeldCampaignError(reason, where=campaign.file)

    def remember(self, campaign: Campaign) -> None:
        """Keep what a campaign reads and writes, if nobody else was first. Raises HeldCampaignError if somebody was.

        Within each transaction that queues its messages, so that of two at once one is first, and a campaign that is
        given another name meanwhile queues no more under this one.
        """
        assert self._outbox is not None  # noqa: S101 - whoever queues has one
        self.require(campaign)
        if (data := data_of(campaign, self._folder)) is not None:
            self._outbox.remember_data(data)

    def _against_twins(self, campaign: Campaign, mine: CampaignData) -> Reason | None:
        """Compare with the other files, where the store knows the data of none of them.

        One that has queued something goes on before one that has not: it may be from before data were remembered. Of
        others the shortest name goes on, since what copies a file makes its name longer.
        """
        for other in self._enabled.values():
            if other.name == campaign.name or self._meant(campaign, other.name):
                continue
            theirs = self._data_of_other(other)
            if theirs is None or not same_data(theirs, mine, self._folder):
                continue
            if self._rank(other.name) < self._rank(campaign.name):
                return SAME_DATA_BEFORE(known=other.name, campaign=campaign.name)
        return None

    def _data_of_other(self, other: Campaign) -> CampaignData | None:
        try:
            return data_of(other, self._folder)
        except Exception:  # noqa: BLE001 - what a plugin raises is told of the campaign that has it
            return None

    def _rank(self, name: str) -> tuple[bool, int, str]:
        queued = self._outbox is not None and any(True for _ in self._outbox.tasks(Filter(campaign=name, limit=1)))
        return not queued, len(name), name

    def _meant(self, campaign: Campaign, other: str) -> bool:
        """Whether one of the two files says that both are meant."""
        there = self._enabled.get(other)
        return other in campaign.shares_data_with or (there is not None and campaign.name in there.shares_data_with)


def _against_its_past(campaign: Campaign, mine: CampaignData, kept: Iterable[CampaignData]) -> Reason | None:
    """Compare with what the campaign's keys were taken from before, whatever its source was then."""
    for known in kept:
        named = known.campaign == campaign.name and known.key and mine.key
        if named and known.key != mine.key and known.key not in campaign.replaces_key:
            return KEY_CHANGED(campaign=campaign.name, before=known.key, key=mine.key)
    return None
