"""What a store that can be pruned promises: the same tests for each kind."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from notifykit.errors import NotifykitError, StoreError
from notifykit.model import Status
from notifykit.operate.archives import findings, recall
from notifykit.operate.decisions import resendable
from notifykit.operate.pruning import archived, prune
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.pruned import KeepsPruned, PrunedMessage
from notifykit.outbox.pruning import pruning
from notifykit.outbox.sqlite.archive import Archive
from notifykit.outbox.sqlite.pruning import rows_of
from notifykit.outbox.values import Filter
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.carrying import LOGO, TERMS, carrying, kept
from notifykit.testing.outbox.steps import accept, claim, doubt, queue, queue_drafts, reject
from notifykit.testing.samples import draft

DAY = 86_400.0
_OF_TASKS = tuple((table, "task_id") for table in ("attempts", "events", "attached", "digests", "digest_members"))
AWAY = PostgresAddress("postgresql://me@box/outbox")


def send_all(outbox: OpenedOutbox, campaign: str = "sample") -> None:
    """Send and write back whatever is due."""
    while found := claim(outbox):
        for one in found:
            accept(outbox, one)
    outbox.complete([task.id for task in outbox.owed(campaign)])


class PruningContract(OutboxBase):
    """Pruning, whatever the store is."""

    @pytest.fixture
    def opened(self, another: Another) -> OpenedOutbox:
        return cast(OpenedOutbox, another())  # stores of ours tell their identity

    @pytest.fixture
    def archive(self, tmp_path: Path) -> Path:
        return tmp_path / "outbox-archive.db"

    def prune(self, outbox: OpenedOutbox, archive: Path, clock: FakeClock, keep: float = DAY) -> int:
        return prune(outbox, AWAY, archive, outbox.now() - keep, clock)

    def test_what_is_finished_for_long_is_moved(self, opened: OpenedOutbox, archive: Path, clock: FakeClock) -> None:
        old = queue(opened, "A", "B")
        send_all(opened)
        before = {
            id_: (list(opened.tasks(Filter(ids=(id_,)))), opened.attempts(id_), opened.events(id_)) for id_ in old
        }
        clock.advance(2 * DAY)
        (young,) = queue(opened, "C")
        send_all(opened)
        (waiting,) = queue(opened, "D")
        assert self.prune(opened, archive, clock) == 2
        assert [task.id for task in opened.tasks(Filter())] == [young, waiting]
        assert [opened.attempts(id_) for id_ in old] == [[], []]
        with Archive.look(archive, identity=opened.identity, clock=clock) as shelf:
            found = shelf.outbox
            after = {
                id_: (list(found.tasks(Filter(ids=(id_,)))), found.attempts(id_), found.events(id_)) for id_ in old
            }
        assert after == before
        assert self.prune(opened, archive, clock) == 0

    def test_a_period_is_moved_while_a_later_one_waits(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue_drafts(opened, [draft(period="1")])
        send_all(opened)
        clock.advance(2 * DAY)
        (waiting,) = queue_drafts(opened, [draft(period="3")])
        assert self.prune(opened, archive, clock) == 1
        assert [task.id for task in opened.tasks(Filter())] == [waiting]
        assert [opened.enqueue([draft(period=period)]).new for period in ("", "1", "2", "4")] == [0, 0, 0, 1]
        with Archive.look(archive, identity=opened.identity, clock=clock) as shelf:
            assert [task.period for task in shelf.outbox.tasks(Filter())] == ["1"]

    def test_what_was_moved_of_a_period_is_known_for_ever(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue_drafts(opened, [draft(period=period) for period in ("1", "2")])
        send_all(opened)
        clock.advance(2 * DAY)
        assert self.prune(opened, archive, clock) == 2
        assert isinstance(opened, KeepsPruned)
        assert opened.pruned("C-1") == [PrunedMessage(campaign="sample", key="C-1", name="group", rounds=1, period="2")]
        assert [opened.enqueue([draft(period=period)]).new for period in ("", "1", "2", "3")] == [0, 0, 0, 1]
        ledger = opened.ledger("sample")
        assert [ledger.known("C-1", "group", period) for period in ("", "2", "3", "4")] == [True, True, True, False]
        assert [ledger.delivered("C-1", period) for period in ("2", "3")] == [True, False]

    def test_a_file_goes_with_the_last_message_that_carries_it(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue_drafts(opened, [carrying("A", TERMS, LOGO)])
        send_all(opened)
        queue_drafts(opened, [carrying("B", TERMS)])
        assert self.prune(opened, archive, clock, keep=-DAY) == 1
        assert [kept(opened, file) for file in (TERMS, LOGO)] == [True, False]
        with Archive.look(archive, identity=opened.identity, clock=clock) as shelf:
            assert [kept(shelf.outbox, file) for file in (TERMS, LOGO)] == [True, True]
            (task,) = shelf.outbox.tasks(Filter())
            assert task.options == {"files": [TERMS.as_data(), LOGO.as_data()]}

    def test_a_file_of_an_earlier_period_is_not_kept_for_a_later_one(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        for period, file in (("1", LOGO), ("2", TERMS)):
            queue_drafts(opened, [carrying("A", file, period=period)])
            send_all(opened)
        assert len(opened.resend("sample", "A", ["group"], who="me", why="lost")) == 1
        assert self.prune(opened, archive, clock, keep=-DAY) == 1
        assert [kept(opened, file) for file in (LOGO, TERMS)] == [False, True]

    def test_its_key_is_known_for_ever(self, opened: OpenedOutbox, archive: Path, clock: FakeClock) -> None:
        queue(opened, "A")
        send_all(opened)
        clock.advance(2 * DAY)
        assert self.prune(opened, archive, clock) == 1
        done = opened.enqueue([draft(key="A"), draft(key="A", name="award"), draft(key="A", campaign="other")])
        assert (done.new, done.duplicates) == (2, 1)
        assert sorted((task.campaign, task.name) for task in opened.tasks(Filter())) == [
            ("other", "group"),
            ("sample", "award"),
        ]
        ledger = opened.ledger("sample")
        assert ledger.known("A", "group")
        assert not ledger.known("B", "group")
        ledger.load(["A", "B"])
        assert (ledger.status("A", "group"), ledger.status("B", "group")) == ("completed", None)
        assert ledger.known("A", "group")

    def test_it_was_delivered_and_nothing_is_written_back_again(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue(opened, "A")
        send_all(opened)
        clock.advance(2 * DAY)
        self.prune(opened, archive, clock)
        ledger = opened.ledger("sample")
        ledger.load(["A"])
        assert (ledger.delivered("A"), ledger.waiting("A"), ledger.written_back("A")) == (True, False, False)
        assert (ledger.archived("A"), ledger.archived("B")) == (True, False)
        assert opened.reopen_write_back("sample", ["A"]) == 0

    def test_its_spelling_still_holds_others(self, opened: OpenedOutbox, archive: Path, clock: FakeClock) -> None:
        queue(opened, "7", "００8")
        send_all(opened)
        clock.advance(2 * DAY)
        assert self.prune(opened, archive, clock) == 2
        assert opened.other_spellings("sample", ["007"]) == {"007": ("7",)}
        assert opened.other_spellings("sample", ["8"]) == {"8": ("００8",)}

    @pytest.mark.parametrize("stands", ["queued", "failed", "in_doubt", "sent"])
    def test_a_record_of_which_a_message_is_not_finished_stays_whole(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock, stands: str
    ) -> None:
        queue(opened, "A")
        send_all(opened)
        queue_drafts(opened, [draft(key="A", name="award", recipient="her")])
        if stands != "queued":
            (one,) = claim(opened)
            {"failed": reject, "in_doubt": doubt, "sent": accept}[stands](opened, one)
        clock.advance(2 * DAY)
        assert self.prune(opened, archive, clock) == 0
        assert not archive.exists()
        assert len(list(opened.tasks(Filter()))) == 2

    def test_what_is_cancelled_stays(self, opened: OpenedOutbox, archive: Path, clock: FakeClock) -> None:
        queue(opened, "A")
        send_all(opened)
        (id_,) = queue(opened, "B")
        opened.decide([id_], Status.CANCELLED, who="me", why="x", of=(Status.QUEUED,))
        clock.advance(2 * DAY)
        assert self.prune(opened, archive, clock) == 1
        assert [task.id for task in opened.tasks(Filter())] == [id_]

    def test_what_was_decided_about_stays_and_can_be_undone_as_far_as_before(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue(opened, "A")
        (one,) = claim(opened)
        reject(opened, one)
        opened.decide([one.task.id], Status.SENT, who="me", why="x", of=(Status.FAILED,))
        opened.complete([one.task.id])
        (decision,) = opened.decisions()
        before = opened.undoing(decision.id)
        clock.advance(2 * DAY)
        assert self.prune(opened, archive, clock) == 0
        assert opened.undoing(decision.id) == before

    def test_while_flags_are_being_written_nothing_is_moved(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue(opened, "A")
        send_all(opened)
        clock.advance(2 * DAY)
        opened.begin_write_back("sample")
        assert self.prune(opened, archive, clock) == 0
        opened.end_write_back("sample")
        assert self.prune(opened, archive, clock) == 1

    def test_what_changed_since_it_was_found_is_not_moved(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        (id_,) = queue(opened, "A")
        send_all(opened)
        clock.advance(2 * DAY)
        before = opened.now() - DAY
        found = pruning(opened, "").finished(before, after=0, most=9)
        assert found == [id_]
        opened.reopen_write_back("sample", ["A"])
        with Archive.open(archive, identity=opened.identity, of="x", like=None, clock=clock) as shelf:
            assert pruning(opened, "").prune(found, before, shelf) == 0
            assert list(shelf.outbox.tasks(Filter())) == []

    def test_killed_between_the_archive_and_the_store_it_is_moved_again(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue(opened, "A", "B")
        send_all(opened)
        clock.advance(2 * DAY)
        before = opened.now() - DAY
        ids = pruning(opened, "").finished(before, after=0, most=9)
        with Archive.open(archive, identity=opened.identity, of="x", like=None, clock=clock) as shelf:

            class Killed:
                place = shelf.place

                def put(self, moved: object, contents: object = ()) -> str:
                    shelf.put(moved, contents)  # type: ignore[arg-type]
                    raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                pruning(opened, "").prune(ids, before, Killed())
            assert len(list(opened.tasks(Filter()))) == 2
        assert self.prune(opened, archive, clock) == 2
        with Archive.look(archive, identity=opened.identity, clock=clock) as shelf:
            assert [task.id for task in shelf.outbox.tasks(Filter())] == ids
            assert [len(shelf.outbox.attempts(id_)) for id_ in ids] == [1, 1]

    def test_it_cannot_be_sent_again(self, opened: OpenedOutbox, archive: Path, clock: FakeClock) -> None:
        queue(opened, "A")
        send_all(opened)
        clock.advance(2 * DAY)
        self.prune(opened, archive, clock)
        with pytest.raises(NotifykitError, match="is in the archive"):
            resendable(opened, "sample", "A")
        assert opened.resend("sample", "A", ["group"], who="me", why="x") == []

    def test_its_story_is_in_the_archive(self, opened: OpenedOutbox, archive: Path, clock: FakeClock) -> None:
        queue(opened, "A")
        send_all(opened)
        clock.advance(2 * DAY)
        self.prune(opened, archive, clock)
        gone = archived(opened, archive, "A", None, clock, identity=opened.identity)
        assert gone is not None
        assert (gone.place.path, gone.place.tasks) == (str(archive), 1)
        assert [(one.campaign, one.name, one.rounds) for one in gone.messages] == [("sample", "group", 1)]
        ((task,),) = [story.tasks for story in gone.stories]
        assert task.status is Status.COMPLETED
        second = archive.with_name("second.db")  # the store was renamed, say
        queue(opened, "B")
        send_all(opened)
        clock.advance(2 * DAY)
        assert self.prune(opened, second, clock) == 1
        for key in "AB":
            of_both = archived(opened, second, key, None, clock, identity=opened.identity)
            assert of_both is not None
            assert [story.key for story in of_both.stories] == [key]
        archive.rename(archive.with_name("elsewhere.db"))
        away = archived(opened, archive, "A", None, clock, identity=opened.identity)
        assert away is not None
        assert away.stories == ()
        assert archived(opened, archive, "C", None, clock, identity=opened.identity) is None

    def test_a_renamed_campaign_takes_its_keys_along(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue(opened, "A", "B")
        send_all(opened)
        queue_drafts(opened, [draft(campaign="taken", key="B")])
        clock.advance(2 * DAY)
        self.prune(opened, archive, clock)
        assert opened.shared_keys("sample", "taken") == ["B"]
        with pytest.raises(StoreError, match="both have messages of B"):
            opened.rename_campaign("sample", "taken", who="me", why="x")
        opened.rename_campaign("sample", "new", who="me", why="x")
        assert opened.enqueue([draft(campaign="new", key="A")]).new == 0
        assert opened.enqueue([draft(campaign="sample", key="A")]).new == 1
        gone = archived(opened, archive, "A", "new", clock, identity=opened.identity)
        assert gone is not None
        assert len(gone.stories) == 1

    def test_the_archive_of_another_outbox_is_refused(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        Archive.open(archive, identity="another", of="another.db", like=None, clock=clock).close()
        queue(opened, "A")
        send_all(opened)
        clock.advance(2 * DAY)
        with pytest.raises(StoreError, match=r"is the archive of another outbox, another\.db"):
            self.prune(opened, archive, clock)
        assert len(list(opened.tasks(Filter()))) == 1

    @pytest.fixture
    def lost(self, opened: OpenedOutbox, archive: Path, clock: FakeClock, tmp_path: Path) -> OpenedOutbox:
        """An outbox that never heard of what is in its archive, as one that was restored from a copy."""
        with SqliteOutbox.open(tmp_path / "before.db", clock) as before:
            queue(before, "A", "００8")
            send_all(before)
            with Archive.open(archive, identity=opened.identity, of="x", like=None, clock=clock) as shelf:
                shelf.put(rows_of(before.db, [task.id for task in before.tasks(Filter())]))
        return opened

    def test_what_only_an_archive_knows_is_known_before_anything_is_queued(
        self, lost: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        (one,) = findings(lost, archive, clock, whole=True)
        assert (one.rule, one.number, one.held) == ("archive_unheard", 2, True)
        assert recall(lost, archive, clock, dry_run=True).messages == 2
        assert lost.enqueue([draft(key="B")]).new == 1
        assert recall(lost, archive, clock).messages == 2
        assert recall(lost, archive, clock).messages == 0
        assert list(findings(lost, archive, clock, whole=True)) == []
        assert lost.enqueue([draft(key="A"), draft(key="００8")]).new == 0
        assert lost.other_spellings("sample", ["8"]) == {"8": ("００8",)}
        assert [(one.campaign, one.archived) for one in lost.figures()] == [("sample", 2)]
        assert cast(KeepsPruned, lost).pruned_by_campaign() == {"sample": 2}
        assert [place.tasks for place in cast(KeepsPruned, lost).archives()] == [2]

    def test_what_is_pruned_before_it_is_known_again_hides_nothing(
        self, lost: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue(lost, "B")
        send_all(lost)
        clock.advance(2 * DAY)
        assert self.prune(lost, archive, clock) == 1
        assert lost.enqueue([draft(key="A"), draft(key="B")]).new == 0

    def test_an_archive_is_read_only_where_its_state_is_another_than_it_was_left_in(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue(opened, "A")
        send_all(opened)
        clock.advance(2 * DAY)
        self.prune(opened, archive, clock)
        with Archive.open(archive, identity=opened.identity, of="x", like=None, clock=clock) as shelf:
            shelf.outbox.db.execute("UPDATE tasks SET record_key = 'B'")  # which nobody does
        assert recall(opened, archive, clock).messages == 0
        with Archive.open(archive, identity=opened.identity, of="x", like=None, clock=clock) as shelf:
            shelf.put({table: ((column,), []) for table, column in (("tasks", "id"), *_OF_TASKS)})
        assert recall(opened, archive, clock).messages == 1

    def test_a_renamed_campaign_has_heard_of_what_is_in_the_archive(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue(opened, "A")
        queue_drafts(opened, [draft(campaign="other", key="A"), draft(campaign="other", key="B")])
        for campaign in ("sample", "other"):
            send_all(opened, campaign)
        clock.advance(2 * DAY)
        self.prune(opened, archive, clock)
        opened.rename_campaign("sample", "new", who="me", why="x")
        assert list(findings(opened, archive, clock, whole=True)) == []

    def test_the_same_key_of_another_campaign_is_another_message(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        for campaign in ("sample", "other"):
            queue_drafts(opened, [draft(campaign=campaign, key="A")])
            send_all(opened, campaign)
        clock.advance(2 * DAY)
        assert self.prune(opened, archive, clock) == 2
        with SqliteOutbox.open(archive.with_name("before.db"), clock) as before:
            queue(before, "B")
            send_all(before)
            queue_drafts(before, [draft(campaign="other", key="B")])
            send_all(before, "other")
            with Archive.open(archive, identity=opened.identity, of="x", like=None, clock=clock) as shelf:
                shelf.put(rows_of(before.db, [task.id for task in before.tasks(Filter())]))
                known = PrunedMessage(campaign="other", key="B", name="group", rounds=1)
                pruning(opened, "").know([known], shelf.place)
        assert recall(opened, archive, clock).messages == 1
        assert opened.enqueue([draft(key="B")]).new == 0

    def test_an_archive_that_is_lost_is_told_and_followed_by_another_where_that_is_said(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue(opened, "A")
        send_all(opened)
        clock.advance(2 * DAY)
        self.prune(opened, archive, clock)
        archive.unlink()
        (one,) = findings(opened, archive, clock, whole=False)
        assert (one.rule, one.number, one.held) == ("archive_missing", 1, False)
        queue(opened, "B")
        send_all(opened)
        clock.advance(2 * DAY)
        with pytest.raises(StoreError, match="the archive, with 1 message, is not there"):
            self.prune(opened, archive, clock)
        assert not archive.exists()
        before = opened.now() - DAY
        assert prune(opened, AWAY, archive, before, clock, new_archive=True) == 1
        assert list(findings(opened, archive, clock, whole=True)) == []
        assert opened.enqueue([draft(key="A"), draft(key="B")]).new == 0

    def test_an_archive_that_lacks_something_is_told(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        queue(opened, "A", "B")
        send_all(opened)
        clock.advance(2 * DAY)
        self.prune(opened, archive, clock)
        with Archive.open(archive, identity=opened.identity, of="x", like=None, clock=clock) as shelf:
            shelf.outbox.db.execute("DELETE FROM tasks WHERE record_key = 'A'")
            shelf.outbox.db.execute("DELETE FROM attempts")
        (one,) = findings(opened, archive, clock, whole=False)
        assert (one.rule, one.number, one.held) == ("archive_lacks", 1, False)

    def test_what_was_moved_is_counted_by_campaign(self, opened: OpenedOutbox, archive: Path, clock: FakeClock) -> None:
        assert cast(KeepsPruned, opened).pruned_by_campaign() == {}
        for campaign, name, keys in (("sample", "group", "ABC"), ("other", "group", "AB"), ("sample", "award", "A")):
            queue_drafts(opened, [draft(campaign=campaign, name=name, key=key) for key in keys])
        for campaign in ("sample", "other"):
            send_all(opened, campaign)
        clock.advance(2 * DAY)
        assert self.prune(opened, archive, clock) == 6
        assert cast(KeepsPruned, opened).pruned_by_campaign() == {"sample": 4, "other": 2}
        assert {one.campaign: one.archived for one in opened.figures()} == {"sample": 4, "other": 2}

    def test_many_are_moved_in_batches(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("notifykit.operate.pruning.BATCH", 3)
        queue(opened, *(f"K{number}" for number in range(10)))
        send_all(opened)
        clock.advance(2 * DAY)
        told: list[int] = []
        assert prune(opened, AWAY, archive, opened.now() - DAY, clock, progress=told.append) == 10
        assert told == [3, 3, 3, 1]
        assert cast(KeepsPruned, opened).count_pruned() == 10
