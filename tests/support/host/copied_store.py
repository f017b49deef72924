"""An outbox with everything in it that an outbox can hold, and what one tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notifykit.messages.attachments import Attachment
from notifykit.model import FOREVER, Batch, CampaignData, Claim, Outcome, Status, Task
from notifykit.operate.receiving import receipt
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.pruned import KeepsPruned
from notifykit.outbox.pruning import Contents, Moved, pruning
from notifykit.outbox.values import Filter, Outage, OutageKind, Transition
from notifykit.roles import Rate
from notifykit.testing import draft
from notifykit.testing.outbox.steps import (
    ROBOT,
    accept,
    claim,
    doubt,
    finish,
    put_off,
    queue,
    queue_drafts,
    reject,
)
from notifykit.wording import Reason


def fill(outbox: Outbox) -> None:
    """Have every status but `sending`, every kind of row, and lanes with a retry at their heads."""
    now = outbox.now()
    queue(outbox, "a1", "a2", "a3", recipients=["甲"] * 3)
    queue(outbox, "b1", "b2", recipients=["乙"] * 2)
    queue(outbox, *"123456")
    queue_drafts(outbox, [draft(key=f"free-{number}", ordered=False, recipient="散") for number in range(3)])
    sheet = Attachment.of("sheet.csv", b"a,b\x00\xff\n")
    queue_drafts(outbox, [draft(key="9", options={"file": sheet.as_data()}, attachments=(sheet,))])
    outbox.enqueue([draft(key="1"), draft(key=" 1 "), draft(key="２")])  # one is known, two are spelt otherwise
    first, other, *rest = claim(outbox, channels={"robot": [Rate(100, 3600.0)]})
    put_off(outbox, first, until=now + 600.0, hold=now + 300.0)
    put_off(outbox, other, until=now - 5.0, hold=now + 300.0, counts=False)
    accept(outbox, rest[0])
    accept(outbox, rest[1])
    reject(outbox, rest[2])
    doubt(outbox, rest[3])
    for one in rest[4:]:
        outbox.release(one)
    outbox.roll_up(4)  # two more wait to be counted
    sent = outbox.owed(rest[0].task.campaign)
    outbox.complete([sent[0].id])
    outbox.note_refused_write_back({sent[1].id: Reason("locked")})
    waiting = [task.id for task in outbox.tasks(Filter(statuses=(Status.QUEUED,)))]
    outbox.decide(waiting[-1:], Status.CANCELLED, who="her", why="中止", of=(Status.QUEUED,))
    outbox.resend(sent[0].campaign, sent[0].key, [sent[0].name], who="her", why="again")
    prune_one(outbox)
    batch = Batch(wait=600.0, most=2)
    queue_drafts(outbox, [draft(key=f"many-{number}", recipient="多", batch=batch) for number in range(3)])
    fill_letters(outbox)
    outbox.pause("mail", 600.0, Reason("busy", "45009"))
    outbox.resume("mail", who="her", why="it is back")
    outbox.undo(outbox.decisions()[-1].id, who="him", why="再发")
    outbox.keep_note("pass", "活动", "1.5")
    outbox.keep_distinct(sent[0].campaign, "1", " 1 ", who="her", why="two houses")
    outbox.remember_data(CampaignData(campaign="c", source="a.csv", target="/a.csv", key="id", writes="flag"))
    outbox.remember_data(CampaignData(campaign="b", source="b.csv", target="/b.csv", key="id", writes=""))
    outbox.hold_campaign("held", Reason("its key is another one"))
    outbox.pause("desk", FOREVER - now, Reason("a person"))
    outbox.set_outage(
        Outage(
            channel="web",
            kind=OutageKind.UNREACHABLE,
            since=now - 5.0,
            last_at=now - 1.0,
            failures=2,
            task_id=waiting[0],
            several=True,
            wait=60.0,
            reason=Reason("ConnectError"),
        )
    )


def fill_letters(outbox: Outbox) -> None:
    """Have two digests of periods with a file: one that was sent, and of which receipts came; one that waits."""
    letters = {"letters": ()}
    sheet = Attachment.of("letter.pdf", b"%PDF\x00")
    batch = Batch(wait=0.0, most=2)
    drafts = [
        draft(
            key=key,
            campaign="letters",
            channel="letters",
            recipient="信",
            period=day,
            batch=batch,
            options={"file": sheet.as_data()},
            attachments=(sheet,),
        )
        for day in ("2026-11-28", "2026-11-29")
        for key in ("l1", "l2")
    ]
    ids = queue_drafts(outbox, drafts)
    (sent,) = claim(outbox, channels=letters)
    finish(outbox, _fixed(outbox, sent), Outcome.accepted(vendor_id="V-1"), Transition(status=Status.SENT))
    receipt(outbox, "delivered", vendor_id="V-1", at=1.0)
    receipt(outbox, "bounced", task=ids[0], at=2.0, detail="信箱已满")
    (waits,) = claim(outbox, channels=letters)
    put_off(outbox, _fixed(outbox, waits), until=outbox.now() + 600.0)
    outbox.complete(ids[:1])


class Nowhere:
    """A shelf from which nothing comes back."""

    place = ("/away/outbox-archive.db", "box")

    def put(self, moved: Moved, contents: Contents = ()) -> str:
        assert list(contents) == []
        assert len(moved["tasks"][1]) == 1
        return "left"


def prune_one(outbox: Outbox) -> None:
    """Have a message that was moved to an archive."""
    (id_,) = queue_drafts(outbox, [draft(campaign="old", key="gone", channel="past", period="2026-11-27")])
    (one,) = claim(outbox, channels={"past": ()})
    accept(outbox, one)
    outbox.complete([id_])
    before = outbox.now() + 1.0
    found = pruning(outbox, "")
    assert found.finished(before, after=0, most=9) == [id_]
    assert found.prune([id_], before, Nowhere()) == 1


def told(outbox: Outbox) -> dict[str, Any]:
    """Return all that an outbox tells, but what is on the wire."""
    assert isinstance(outbox, KeepsPruned)
    tasks = list(outbox.tasks(Filter()))
    campaigns = sorted({task.campaign for task in tasks})
    return {
        "tasks": tasks,
        "attempts": [outbox.attempts(task.id) for task in tasks],
        "events": [outbox.events(task.id) for task in tasks],
        "outcomes": outbox.outcomes([task.id for task in tasks]),
        "digests": outbox.memberships([task.id for task in tasks]),
        "files": {sha256: outbox.contents(sha256) for sha256 in _files(tasks)},
        "known": [_known(outbox, key, period) for key in ("l1", "l2") for period in ("", "2026-11-28", "2026-11-30")],
        "archived": [outbox.ledger("old").known("gone", "group", day) for day in ("2026-11-26", "2026-11-28")],
        "owed": [outbox.owed(campaign) for campaign in campaigns],
        "figures": outbox.figures(),
        "notes": outbox.notes("pass"),
        "totals": outbox.totals(),
        "recent": outbox.recent(0.0, outbox.now() + 1e6),
        "recent calls": outbox.recent_calls(0.0, outbox.now() + 1e6, 0.5),
        "decisions": [outbox.undoing(one.id) for one in outbox.decisions()],
        "pauses": outbox.pauses(),
        "outages": outbox.outages(),
        "data": outbox.campaign_data(),
        "held": outbox.held_campaigns(),
        "distinct": [outbox.distinct_keys(campaign) for campaign in campaigns],
        "spellings": [outbox.other_spellings(campaign, ["1", "2"]) for campaign in campaigns],
        "pruned": outbox.pruned("gone"),
        "archives": outbox.archives(),
        "due": outbox.next_due(["robot"]),
    }


def _fixed(outbox: Outbox, one: Claim) -> Claim:
    fixed = outbox.fix(one, [task.id for task in outbox.members(one.task.id)], "two letters")
    assert fixed is not None
    return fixed


def _files(tasks: Sequence[Task]) -> list[str]:
    return sorted({str(task.options["file"]["sha256"]) for task in tasks if task.options and "file" in task.options})


def _known(outbox: Outbox, key: str, period: str) -> tuple[bool, bool, bool]:
    ledger = outbox.ledger("letters")
    return ledger.known(key, "group", period), ledger.delivered(key, period), ledger.waiting(key, period)


def what_goes_out(outbox: Outbox) -> list[int]:
    """Send all that is due now, one at a time; returns the ids in their order."""
    sent = []
    while claim(outbox, 1, channels=ROBOT):
        (one,) = outbox.on_wire()
        accept(outbox, one)
        sent.append(one.task.id)
    return sent
