"""Groups that are closed, on their way to the outbox: many contracts share one durable step.

That is safe because nothing was promised: what a crash loses here was neither flagged nor recorded anywhere as sent, so
the next run creates it again. Whoever looks at the outbox has it brought up to date first.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection

from notifykit.errors import HeldCampaignError, StoreError
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Enqueued
from notifykit_compat.groups import Group
from notifykit_compat.store import Store

log = logging.getLogger(__name__)

MOST = 500
"""Groups in one step: few enough that dispatchers are not kept waiting."""

DELAY = 0.2
"""Seconds that a group waits for others at most."""


class Releases:
    """Takes closed groups, and queues them together. Safe in any thread."""

    def __init__(
        self, store: Store, then: Callable[[Enqueued], None], before: Callable[[Outbox, Collection[str]], None]
    ) -> None:
        """`then` is told what was queued, after it is durable.

        `before` is called in the transaction that queues, with the names of the campaigns. It raises HeldCampaignError
        where one of them may queue nothing.
        """
        self._store = store
        self._then = then
        self._before = before
        self._lock = threading.RLock()
        self._closed: list[Group] = []
        self._timer: threading.Timer | None = None

    def add(self, group: Group) -> None:
        """Take a group. Raises StoreError where it is the last of a full step that cannot be made."""
        with self._lock:
            self._closed.append(group)
            if len(self._closed) >= MOST:
                self.flush()
            elif self._timer is None:
                self._timer = threading.Timer(DELAY, self._in_time)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Queue what is closed, in one transaction. Raises StoreError, and keeps it then.

        Raises HeldCampaignError, and drops it, where a campaign may queue nothing: its next run creates it again.
        """
        with self._lock:
            if not self._closed:
                return
            drafts = [draft for group in self._closed for draft in group.drafts]
            try:
                with self._store.use() as outbox, outbox.transaction():
                    self._before(outbox, {draft.campaign for draft in drafts})
                    queued = outbox.enqueue(drafts)
            except HeldCampaignError:
                self._closed.clear()
                raise
            self._closed.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        self._then(queued)

    def _in_time(self) -> None:
        """Flush from the timer's thread. What fails here is kept, and raised in the program's own thread."""
        with self._lock:
            self._timer = None
        try:
            self.flush()
        except StoreError as error:
            log.warning("messages wait to be queued: %s", error)
        except HeldCampaignError as error:
            log.warning("messages were not queued, and are created again by the next run: %s", error)
