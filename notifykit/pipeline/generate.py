"""generate: records to queued messages. Nothing is sent, and nothing anywhere says *sent*.

The source is read whole before the first message is queued, so that a key that turns up twice with different
content, anywhere, is held before anything of it leaves.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from notifykit.campaign.campaign import Campaign
from notifykit.model import Draft, Problem, Record, Status
from notifykit.outbox.protocol import Outbox, StoreLedger
from notifykit.outbox.values import Filter
from notifykit.pipeline.alike import AlikeKeys
from notifykit.pipeline.drafting import drafted
from notifykit.pipeline.known_records import KnownRecords
from notifykit.pipeline.observers import Nobody, Observers
from notifykit.pipeline.rerendering import of_records
from notifykit.pipeline.source_state import SourceState
from notifykit.roles import Decision, Ledger, Strategy
from notifykit.wording.translation import gettext

BATCH = 500
"""Records that are queued in one transaction: few enough that dispatchers are not kept waiting."""

BATCH_WITH_FILES = 10
"""Likewise, where messages carry files: these are held in memory until they are queued."""

KEPT = 5_000
"""Records that are remembered from the survey; beyond that the source is read a second time."""

Progress = Callable[[int], None]
"""Told how many more records were handled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What one pass over one campaign did."""

    campaign: str
    records: int
    queued: int
    """New messages. In a dry run: those that would be queued."""
    duplicates: int
    """Messages that were offered and known already: they wait, or were sent, unless they are counted below."""
    cancelled: int = 0
    """Of those, messages that were cancelled."""
    failed: int = 0
    """Of those, messages that failed."""
    in_doubt: int = 0
    """Of those, messages that are in doubt."""
    problems: tuple[Problem, ...] = ()
    """What is held back, and why."""
    differing: tuple[str, ...] = ()
    """Keys with messages that wait, were never tried, and would be rendered differently now: of the first records whose
    messages are known, at most `known_records.SAMPLE`."""
    repaired: tuple[str, ...] = ()
    """Drift: keys that were sent but not flagged. Their flags are owed again."""
    archived: tuple[str, ...] = ()
    """Drift: keys that were sent but are not flagged, and whose messages are in an archive: their flags stay."""
    flagged_but_waiting: tuple[str, ...] = ()
    """Drift: keys that are flagged while their messages still wait."""
    neither: tuple[Problem, ...] = ()
    """Records of which what is written back says neither sent nor not sent: nothing is queued for them."""


@dataclass(slots=True)
class _Survey:
    records: int = 0
    wanted: array[int] = field(default_factory=lambda: array("q"))
    """Rows to notify."""
    known: array[int] = field(default_factory=lambda: array("q"))
    """More of them, of which nothing need be rendered."""
    kept: list[Record] | None = field(default_factory=list)
    """The wanted records; None where there are too many to remember."""
    keys: set[str] = field(default_factory=set)
    """Of all records."""
    repeated: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    repair: dict[str, None] = field(default_factory=dict)
    drift: dict[str, None] = field(default_factory=dict)
    neither: list[Problem] = field(default_factory=list)

    def want(self, batch: list[Record], known: KnownRecords | None) -> None:
        """Keep which records are to be notified, and empty the list of them."""
        others = batch if known is None else known.others(batch)
        self.wanted.extend(record.row for record in others)
        if len(others) < len(batch):
            new = {record.row for record in others}
            self.known.extend([record.row for record in batch if record.row not in new])
        if self.kept is not None:
            self.kept = [*self.kept, *others] if len(self.kept) + len(others) <= KEPT else None
        batch.clear()


def generate(
    campaign: Campaign,
    outbox: Outbox,
    *,
    observers: Observers | None = None,
    progress: Progress | None = None,
    dry_run: bool = False,
    before_queueing: Callable[[], None] | None = None,
    state: SourceState | None = None,
) -> Generated:
    """Offer the messages of every record that still needs notifying.

    `before_queueing` is called in the transaction of each batch; what it raises leaves nothing of the batch queued.
    `state`: where it is kept how far the source has read; None: nowhere.
    Raises CampaignError where the source or the strategy's state cannot be read.
    """
    strategy = campaign.strategy
    campaign.time.fix(outbox.now())
    strategy.begin()
    ledger = outbox.ledger(campaign.name)
    view = campaign.records()
    known = KnownRecords(campaign, ledger)
    is_told = type(strategy).generated is not Strategy.generated  # of all whose messages are queued
    survey = _survey(campaign, view, ledger, None if is_told else known, progress)
    if survey.repeated:
        from notifykit.pipeline.conflicts import conflicts  # not for those who only look

        survey.problems += conflicts(campaign, view, survey.repeated, ledger)
    held = {problem.key for problem in survey.problems if problem.key is not None}
    if survey.known and (survey.repeated or not held.isdisjoint(survey.keys)):
        known = KnownRecords(campaign, ledger)  # which of them count is known only now
        survey.wanted, survey.kept = survey.wanted + survey.known, None
    survey.keys |= held
    alike = AlikeKeys(campaign, survey.keys, strategy.known_keys()) if survey.wanted else AlikeKeys(campaign)
    survey.keys.clear()  # there may be hundreds of thousands
    queue = _Queue(
        campaign, outbox, ledger, alike, observers or Nobody(), known, before=before_queueing, dry_run=dry_run
    )
    for record in _wanted(view, survey, held):
        queue.add(record)
    # What is still to be done of a record after it is queued must not be skipped by a crash: the state is kept then.
    read = None if state is None or survey.problems or survey.neither else _how_far(state, outbox)
    at_once = not (is_told or survey.repair)
    queue.end(read if at_once else None)
    # A flag that was never written is owed anyway: that is no drift.
    repair = tuple(key for key in survey.repair if key not in held and ledger.written_back(key))
    settled = {*held, *repair}
    archived = tuple(key for key in survey.repair if key not in settled and ledger.archived(key))
    if repair and not dry_run:
        outbox.reopen_write_back(campaign.name, repair)
    if read is not None and not (at_once or queue.problems):
        read()
    if state is not None:
        state.stand((*survey.problems, *queue.problems, *survey.neither))
    return Generated(
        campaign=campaign.name,
        records=survey.records,
        queued=queue.queued,
        duplicates=queue.duplicates,
        cancelled=known.standing[Status.CANCELLED],
        failed=known.standing[Status.FAILED],
        in_doubt=known.standing[Status.IN_DOUBT],
        problems=(*survey.problems, *queue.problems),
        differing=_differing(campaign, outbox, known.sample),
        repaired=repair,
        archived=archived,
        flagged_but_waiting=tuple(survey.drift),
        neither=tuple(survey.neither),
    )


def _how_far(state: SourceState, outbox: Outbox) -> Callable[[], None] | None:
    """Return what keeps how far the source has read; None where it is as far as before."""
    read = state.next()
    if read is None:
        return None

    def keep() -> None:
        with outbox.transaction():
            state.keep(read)

    return keep


def _differing(campaign: Campaign, outbox: Outbox, records: Iterable[Record]) -> tuple[str, ...]:
    found = of_records(campaign, outbox, records)
    return tuple(dict.fromkeys(one.tasks[0].key for one in found if one.kept is None))


def marked_as_neither(campaign: Campaign, record: Record) -> Problem:
    """Describe a record that is marked neither as sent nor as not sent."""
    writes = getattr(campaign.strategy, "writes", None)
    what = gettext("what is written says neither sent nor not sent")
    if isinstance(writes, str) and writes in record:
        what = gettext("{column} is {word!r}, which says neither sent nor not sent", column=writes, word=record[writes])
    return Problem(
        place=record.place,
        key=record.key,
        what=what,
        mend=gettext(
            "nothing is queued for it; write one of the two words of the campaign's `strategy`, or leave it out"
        ),
    )


def _survey(
    campaign: Campaign,
    view: Iterable[Record | Problem],
    ledger: Ledger,
    known: KnownRecords | None,
    progress: Progress | None,
) -> _Survey:
    """Decide about every record. This loop runs for every row of every pass: keep it bare.

    `known` takes those to notify all of whose messages wait.
    """
    found = _Survey()
    batch: list[Record] = []
    decide = campaign.strategy.decide
    skip, notify, repair, drift = Decision.SKIP, Decision.NOTIFY, Decision.REPAIR, Decision.DRIFT
    seen = found.keys
    remember = seen.add
    count = 0
    for item in view:
        if item.__class__ is not Record:
            assert isinstance(item, Problem)  # noqa: S101
            found.problems.append(item)
            continue
        count += 1
        key = item.key
        if key in seen:
            found.repeated.add(key)
        else:
            remember(key)
        decision = decide(item, ledger)
        if decision is skip:
            continue
        if decision is notify:
            batch.append(item)
            if len(batch) >= BATCH:
                found.want(batch, known)
        elif decision is repair:
            found.repair[key] = None
        elif decision is drift:
            found.drift[key] = None
        elif decision is Decision.NEITHER:
            found.neither.append(marked_as_neither(campaign, item))
        else:
            from notifykit.pipeline.conflicts import no_decision  # seldom

            raise no_decision(campaign, item, decision)
    found.want(batch, known)
    found.records = count
    if progress is not None:
        progress(count)
    return found


def _wanted(view: Iterable[Record | Problem], survey: _Survey, held: set[str]) -> Iterator[Record]:
    """Yield the records to notify, each key once."""
    done: set[str] = set()
    for record in survey.kept if survey.kept is not None else _again(view, survey.wanted):
        if record.key in held or record.key in done:
            continue
        if record.key in survey.repeated:
            done.add(record.key)
        yield record


def _again(view: Iterable[Record | Problem], rows: Iterable[int]) -> Iterator[Record]:
    """Read the records of these rows once more."""
    if wanted := frozenset(rows):
        yield from (item for item in view if item.__class__ is Record and item.row in wanted)


class _Queue:
    """Renders records and offers them to the outbox, a batch at a time."""

    def __init__(
        self,
        campaign: Campaign,
        outbox: Outbox,
        ledger: StoreLedger,
        alike: AlikeKeys,
        observers: Observers,
        known: KnownRecords,
        *,
        before: Callable[[], None] | None,
        dry_run: bool,
    ) -> None:
        self._campaign = campaign
        self._outbox = outbox
        self._ledger = ledger
        self._alike = alike
        self._observers = observers
        self._before = before
        self._dry_run = dry_run
        carries = any(plan.options is not None and plan.options.carries for plan in campaign.messages)
        self._batch = BATCH_WITH_FILES if carries else BATCH
        self._last: Callable[[], None] | None = None
        self._records: list[Record] = []
        self._drafts: list[Draft] = []
        self._known = known
        self.queued = 0
        self.duplicates = 0
        self.problems: list[Problem] = []

    def add(self, record: Record) -> None:
        """Offer a record's messages, with those of others."""
        self._records.append(record)
        if len(self._records) >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Queue the batch in one transaction, then tell the strategy. Where all of it waits already, it is counted."""
        self._render()
        if not self._records:
            return
        perhaps_new = [record for record in self._records if not self._ledger.waiting(record.key)]
        if self._dry_run:
            self._hold(perhaps_new)
            new = sum(not self._ledger.known(draft.key, draft.name, draft.period) for draft in self._drafts)
            self._known.offered(self._drafts, len(self._drafts) - new)
            self.queued += new
            self.duplicates += len(self._drafts) - new
        else:
            ids = self._enqueue(perhaps_new) if self._drafts or perhaps_new else ()
            self._campaign.strategy.generated(self._records)
            self._tell(ids)
        self._records.clear()
        self._drafts.clear()

    def end(self, last: Callable[[], None] | None = None) -> None:
        """Queue what is left, and count what was known. `last`: called in its transaction, unless a record is held."""
        self._last = last
        self.flush()
        if self._dry_run:
            self.duplicates += self._known.messages
        elif self._known.messages or (self._last is not None and not self.problems):
            self._enqueue([])

    def _enqueue(self, perhaps_new: Sequence[Record]) -> Sequence[int]:
        known = {self._campaign.name: self._known.messages} if self._known.messages else {}
        with self._outbox.transaction():
            if self._before is not None:
                self._before()
            self._hold(perhaps_new)
            enqueued = self._outbox.enqueue(self._drafts, known=known)
            if self._last is not None and not self.problems:
                self._last()
        self._last = None
        self._known.offered(self._drafts, enqueued.duplicates - self._known.messages)
        self._known.messages = 0
        self.queued += enqueued.new
        self.duplicates += enqueued.duplicates
        return enqueued.ids

    def _render(self) -> None:
        """Render the messages of the batch. A record that cannot be rendered is held whole."""
        new = {id(record) for record in self._known.others(self._records)}
        kept: list[Record] = []
        for record in self._records:
            if id(record) in new:
                drafts = drafted(self._campaign, record, self._ledger)
                if isinstance(drafts, Problem):
                    self.problems.append(drafts)
                    continue
                self._drafts += drafts
            kept.append(record)
        self._records = kept

    def _hold(self, perhaps_new: Sequence[Record]) -> None:
        """Take out of the batch what reads as another key: in the transaction, so that of two at once one is first."""
        if not (problems := self._alike.held(perhaps_new, self._outbox)):
            return
        self.problems += problems
        held = {problem.key for problem in problems}
        self._records = [record for record in self._records if record.key not in held]
        self._drafts = [draft for draft in self._drafts if draft.key not in held]

    def _tell(self, ids: Sequence[int]) -> None:
        if ids and self._observers.observed("task_queued"):
            for task in self._outbox.tasks(Filter(ids=tuple(ids))):
                self._observers.observe("task_queued", task=task)
