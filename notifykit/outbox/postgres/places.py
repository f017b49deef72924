"""Where the files of campaigns are, and which processes are at work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from notifykit.outbox.postgres import advisory
from notifykit.outbox.postgres.campaigns import Campaigns
from notifykit.outbox.values import Machine, SourcePlace

FORGOTTEN = 86_400.0
"""Seconds after which a process that gave no sign of life is not listed any more."""

# `places`: the last of each campaign.
_PLACES = """
SELECT DISTINCT ON (campaign) campaign, place, host, path, since, who, why FROM outbox.sources
 ORDER BY campaign, id DESC
"""

# `place_of`, `keep_place`: the last of one.
_PLACE = """
SELECT campaign, place, host, path, since, who, why FROM outbox.sources WHERE campaign = %s ORDER BY id DESC LIMIT 1
"""

# `keep_place`: one more.
_KEEP = """
INSERT INTO outbox.sources (campaign, place, host, path, since, who, why) VALUES (%s, %s, %s, %s, %s, %s, %s)
"""

# `rename_campaign`: all of them.
_RENAME = "UPDATE outbox.sources SET campaign = %s WHERE campaign = %s"

# `be_seen`: as of now.
_SEEN = """
INSERT INTO outbox.machines (name, host, place, version, does, since, seen_at, ahead)
VALUES (%(name)s, %(host)s, %(place)s, %(version)s, %(does)s, %(now)s, %(now)s, %(ahead)s)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, ahead = excluded.ahead
"""

# `be_seen`: those that are gone for long.
_FORGET = "DELETE FROM outbox.machines WHERE seen_at < %s"

# `leave`: one.
_LEAVE = "DELETE FROM outbox.machines WHERE name = %s"

# `machines`: with what is claimed under names that begin with its host and process id.
_MACHINES = """
SELECT name, host, place, version, does, since, seen_at, ahead, (
    SELECT count(*) FROM outbox.tasks AS t WHERE t.status = 'sending'
       AND starts_with(t.worker, substring(name FROM '^.*:')))
  FROM outbox.machines WHERE seen_at >= %s ORDER BY place, name
"""


class Places(Campaigns):
    """Methods of the outbox. See `notifykit.outbox.places.KeepsPlaces`."""

    def places(self) -> Mapping[str, SourcePlace]:
        """Return where the files of each campaign are, by its name."""
        return {row[0]: _place(row) for row in self.db.all(_PLACES)}

    def place_of(self, campaign: str) -> SourcePlace | None:
        """Return where the files of a campaign are; None where that is not known."""
        row = self.db.one(_PLACE, (campaign,))
        return None if row is None else _place(row)

    def keep_place(self, place: SourcePlace, *, move: bool = False) -> SourcePlace:
        """Keep where the files of a campaign are, unless that is known; with `move`, instead of what is known."""
        db = self.db
        with db.transaction():
            advisory.hold(db, "place", [place.campaign])
            known = self.place_of(place.campaign)
            if known is not None and not move:
                return known
            kept = replace(place, since=db.now())
            values = (kept.campaign, kept.place, kept.host, kept.path, kept.since, kept.who, kept.why)
            db.execute(_KEEP, values)
        return kept

    def rename_campaign(self, old: str, new: str, *, who: str, why: str) -> int:
        """Give all that is kept under one campaign's name another name."""
        with self.db.transaction():
            count = super().rename_campaign(old, new, who=who, why=why)
            self.db.execute(_RENAME, (new, old))
        return count

    def be_seen(self, machine: Machine) -> None:
        """Keep that a process is at work, as of now."""
        db = self.db
        names = {"name": machine.name, "host": machine.host, "place": machine.place, "version": machine.version}
        with db.transaction():
            db.measure_time()
            now = db.now()
            db.execute(_SEEN, {**names, "does": machine.does, "now": now, "ahead": db.time.ahead})
            db.execute(_FORGET, (now - FORGOTTEN,))

    def leave(self, name: str) -> None:
        """Forget a process that ends."""
        with self.db.transaction():
            self.db.execute(_LEAVE, (name,))

    def machines(self) -> list[Machine]:
        """Return the processes at work, and those that were seen within a day, by place and name."""
        return [
            Machine(
                name=name,
                host=host,
                place=place,
                version=version,
                does=does,
                since=since,
                seen_at=seen_at,
                ahead=ahead,
                on_wire=on_wire,
            )
            for name, host, place, version, does, since, seen_at, ahead, on_wire in self.db.all(
                _MACHINES, (self.db.now() - FORGOTTEN,)
            )
        ]


def _place(row: tuple[str, str, str, str, float, str, str]) -> SourcePlace:
    campaign, place, host, path, since, who, why = row
    return SourcePlace(campaign=campaign, place=place, host=host, path=path, since=since, who=who, why=why)
