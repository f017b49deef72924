"""What the host asks of a store that it only looks at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from notifykit.messages.receipts import ReceiptStatus, SentOutcome
from notifykit.model import Attempt, Task
from notifykit.outbox.values import CampaignFigures, Event, Filter, Pulse, RecentFigures
from notifykit.roles import Rate

if TYPE_CHECKING:
    from notifykit.outbox.digests import Membership
    from notifykit.outbox.recent import Calls
    from notifykit.outbox.searched import Searched
    from notifykit.outbox.totals import Totals

__all__ = ["Looks"]


class Looks(Protocol):
    """Methods of `Outbox` that change nothing."""

    def tasks(self, which: Filter) -> Iterator[Task]:
        """Yield tasks in id order, each as it was when it was read: at most 1,000 are read ahead.

        Nothing is kept open meanwhile, so the caller may take long, and may change tasks; also inside a transaction.
        """
        ...

    def search(self, words: str, which: Filter, *, before: int | None, read: int, most: int) -> Searched:
        """Look for messages with these words in their key, recipient or text, as they are written; the latest first.

        Of `which`, campaign, channel and statuses count. Read are the ids from `read` below `before` (None: above all)
        to before it, whatever is in the filter, and at most `most` messages are found: one look has an end.
        """
        ...

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return a task's attempts in order."""
        ...

    def events(self, task_id: int) -> list[Event]:
        """Return what else happened to a task, in order."""
        ...

    def outcomes(self, ids: Sequence[int]) -> Mapping[int, SentOutcome]:
        """Return what came of tasks, by id: of the accepted attempt of each, or else of its latest one."""
        ...

    def accepted_as(self, vendor_id: str, channel: str | None = None) -> list[int]:
        """Return the tasks that a service accepted under this id of its own, by any channel or by this one."""
        ...

    def receipts(self) -> Mapping[str, Mapping[ReceiptStatus, int]]:
        """Return of how many messages of each campaign a service told what later."""
        ...

    def members(self, digest: int) -> list[Task]:
        """Return the messages of a digest that go where it goes, by id: what waits in it, or stands where it stands."""
        ...

    def memberships(self, ids: Collection[int] | None = None) -> list[Membership]:
        """Return which messages are in which digests: of these messages, and in these digests; by digest.

        Those in which a message only waited are left out. None: of all digests that are not sent yet.
        """
        ...

    def figures(self) -> list[CampaignFigures]:
        """Return how each campaign stands, by name; without `ALERTS_CAMPAIGN` and digests."""
        ...

    def pulse(self) -> Pulse:
        """Return what is open, for whoever asks every few seconds: of one status and channel of a campaign,
        `MOST_COUNTED` are counted at most. Campaigns are without
        `ALERTS_CAMPAIGN`, whose messages wait for channels all the same, and without digests.

        A task is counted by its status as another program may have left it.
        """
        ...

    def used(self, rates: Mapping[str, Sequence[Rate]]) -> Mapping[str, Sequence[int]]:
        """Return how many attempts count now for each of these rates, by channel. Nothing is changed."""
        ...

    def recent(self, since: float, until: float) -> list[RecentFigures]:
        """Return what happened to each campaign's messages from `since` to before `until`, in UTC seconds.

        By name; without campaigns of which no attempt ended then, and without notifykit's own messages.
        """
        ...

    def recent_calls(self, since: float, until: float, longer: float) -> Mapping[str, Calls]:
        """Return by channel how many calls ended from `since` to before `until`, in UTC seconds, and how many of them
        took more than `longer` seconds. A call of a digest is one; notifykit's own messages are none.
        """
        ...

    def totals(self) -> Totals:
        """Return what was counted ever. No total ever falls while the store is not replaced by an older state of it."""
        ...
