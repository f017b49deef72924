"""What the jobs do in the store, beside sending."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable

from notifykit.alerts import notes
from notifykit.alerts.watch import Watch
from notifykit.campaign.campaign import Campaign
from notifykit.engine.bells import Bell, drain_bell, generate_bell, settle_bell
from notifykit.engine.outboxes import Outboxes
from notifykit.errors import NotifykitError
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.places import KeepsPlaces
from notifykit.pipeline.held_claims import worker_name
from notifykit.pipeline.project import Project
from notifykit.pipeline.run import Pass, generate_all, settle_all
from notifykit.pipeline.settle import close_own
from notifykit.wording.translation import gettext

log = logging.getLogger(__name__)


class Rounds:
    """Each method is one job's, returns the bells to ring after it, and raises StoreError."""

    def __init__(self, project: Project, outboxes: Outboxes) -> None:
        self._project = project
        self._outboxes = outboxes
        self._place = project.configuration.settings.place
        self._at_work: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        """By campaign: a source and a strategy serve one thread at a time."""
        self._generating: set[str] = set()
        self._told: dict[str, str] = {}
        self.watch = Watch(project, worker_name())

    def tick(self) -> list[Bell]:
        """Look for what is due: alerts, channels with messages, the one that waits for longest first, write-backs."""
        with self._outboxes.lent() as outbox:
            if self.watch.due:
                self.watch.look(outbox)
            close_own(outbox)
            pulse = outbox.pulse()
            paused = {pause.channel for pause in pulse.pauses}
            due = [
                (channel.oldest_due, channel.channel)
                for channel in pulse.channels
                if channel.oldest_due is not None and channel.oldest_due <= pulse.at and channel.channel not in paused
            ]
            owing = self._settling(outbox, outbox.owing_campaigns())
        return [*(drain_bell(name) for _, name in sorted(due)), *owing]

    def owing(self, campaigns: Collection[str]) -> list[Bell]:
        """Find the places of campaigns of which something was sent just now, and which owe write-backs."""
        with self._outboxes.lent() as outbox:
            notes.keep_done(outbox, notes.DISPATCHED, campaigns, outbox.now())
            return self._settling(outbox, campaigns)

    def _settling(self, outbox: OpenedOutbox, campaigns: Iterable[str]) -> list[Bell]:
        """Return the bells of campaigns, each for its place; none for those of which nobody knows that."""
        kept = outbox.places() if isinstance(outbox, KeepsPlaces) else {}
        known = {campaign.name: campaign.place or self._place for campaign in self._project.described}
        known |= {name: place.place for name, place in kept.items()}
        return [settle_bell(name, known[name]) for name in campaigns if name in known]

    def generating(self) -> list[Bell]:
        """Return the bells of the campaigns whose records are looked at here, or may be: who queues first, is it."""
        with self._outboxes.lent() as outbox:
            kept = outbox.places() if isinstance(outbox, KeepsPlaces) else {}
        elsewhere = {name for name, place in kept.items() if place.place != self._place}
        return [
            generate_bell(campaign.name, self._place)
            for campaign in self._project.campaigns()
            if campaign.name not in elsewhere
        ]

    def generate(self, name: str) -> list[Bell]:
        """Generate a campaign, unless that is being done."""
        campaign = self._described(name, self._project.campaigns())
        if campaign is None or name in self._generating:
            return []
        self._generating.add(name)
        this_pass = Pass()
        try:
            with self._at_work[name], self._outboxes.lent() as outbox:
                generate_all(self._project, outbox, [campaign], this_pass)
                self.watch.passed(outbox, this_pass.generated, this_pass.failures)
        finally:
            self._generating.discard(name)
        held = sum(len(done.problems) for done in this_pass.generated)
        self._tell(
            f"generate {name}",
            this_pass.failures,
            gettext("{held} rows held; `notifykit generate {name}` lists them", held=held, name=name),
            held,
        )
        if not any(done.queued for done in this_pass.generated):
            return []
        return [drain_bell(channel) for channel in sorted({plan.channel.name for plan in campaign.messages})]

    def settle(self, name: str) -> list[Bell]:
        """Settle a campaign."""
        campaign = self._described(name, self._project.described)
        if campaign is None:
            return []
        this_pass = Pass()
        with self._at_work[name], self._outboxes.lent() as outbox:
            settle_all(self._project, outbox, [campaign], this_pass)
            if not this_pass.failures:
                notes.keep_done(outbox, notes.SETTLED, [name], outbox.now())
        refused = sum(sum(done.refused.values()) for done in this_pass.settled)
        self._tell(
            f"settle {name}",
            this_pass.failures,
            gettext("{refused} refused; `notifykit settle {name}` says why", refused=refused, name=name),
            refused,
        )
        return []

    def _described(self, name: str, campaigns: Iterable[Campaign]) -> Campaign | None:
        found = next((campaign for campaign in campaigns if campaign.name == name), None)
        if found is None:
            log.warning("campaign %s has no file that is usable here", name)
        return found

    def _tell(self, what: str, failures: dict[str, NotifykitError], held: str, number: int) -> None:
        """Say what waits for a person, once: it is looked at again and again."""
        said = "; ".join(map(str, failures.values())) or (held if number else "")
        if said and said != self._told.get(what):
            log.log(logging.ERROR if failures else logging.WARNING, "%s: %s", what, said)
        self._told[what] = said
