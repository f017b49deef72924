"""Messages that wait, and would be rendered differently now: a typing error is mended, a record was corrected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from notifykit.campaign.campaign import Campaign
from notifykit.model import Draft, Metadata, Problem, Record, Status, Task
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter, Rewrite
from notifykit.pipeline.drafting import drafted
from notifykit.wording import Reason
from notifykit.wording.host import (
    IN_DIGEST,
    RERENDER_ADOPTED,
    RERENDER_CHANNEL,
    RERENDER_GONE,
    RERENDER_HELD,
    RERENDER_PARTS,
    RERENDER_TRIED,
    RERENDER_UNWANTED,
)

AT_ONCE = 100
"""Keys whose messages are read by one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One message of a record, with all its parts."""

    tasks: Sequence[Task]
    """As they are, by id."""
    drafts: Sequence[Draft]
    """As they would be now; none where it cannot be rendered."""
    kept: Reason | None
    """Why it cannot be changed in place; None where it can."""

    @property
    def rewrites(self) -> list[Rewrite]:
        """Return what changes it, a part each."""
        pairs = zip(self.tasks, self.drafts, strict=True)
        return [
            Rewrite(
                task=task,
                recipient=draft.recipient,
                text=draft.text,
                options=draft.options,
                attachments=draft.attachments,
                limit_key=draft.limit_key,
            )
            for task, draft in pairs
        ]


class _Nothing:
    """Knows nothing: each message is rendered whole."""

    def known(self, key: str, message: str, period: str = "") -> bool:  # noqa: ARG002
        """Nothing was queued."""
        return False


def differences(campaign: Campaign, outbox: Outbox) -> list[Difference]:
    """Return the messages of a campaign that wait and would be rendered differently now, in the order of its source.

    Without those whose templates use `now` or `today`: they differ from day to day. The campaign is started. Raises
    CampaignError where its source or its strategy's state cannot be read.
    """
    campaign.time.fix(outbox.now())
    waiting = {task.key for task in outbox.tasks(Filter(campaign=campaign.name, statuses=(Status.QUEUED,)))}
    campaign.strategy.begin()
    rows: dict[str, Record] = {}
    for item in campaign.records():
        if isinstance(item, Record) and item.key in waiting:
            rows.setdefault(item.key, item)
    return _of_keys(campaign, outbox, rows | dict.fromkeys(sorted(waiting - rows.keys())))


def of_records(campaign: Campaign, outbox: Outbox, records: Iterable[Record]) -> list[Difference]:
    """Return the messages of these records that wait and would be rendered differently now.

    A record that stands in several rows is rendered as `generate` renders it: by the first.
    """
    rows: dict[str, Record] = {}
    for record in records:
        rows.setdefault(record.key, record)
    return _of_keys(campaign, outbox, rows)


def _of_keys(campaign: Campaign, outbox: Outbox, rows: Mapping[str, Record | None]) -> list[Difference]:
    """Compare the messages of records, by their keys; None: the record is not there any more."""
    names = {plan.name for plan in campaign.messages}
    changing = {plan.name for plan in campaign.messages if plan.uses_time}
    found = []
    keys = iter(rows)
    while some := tuple(islice(keys, AT_ONCE)):
        tasks: dict[str, list[Task]] = defaultdict(list)
        for task in outbox.tasks(Filter(campaign=campaign.name, keys=some)):
            tasks[task.key].append(task)
        for key in some:
            made = None if (record := rows[key]) is None else drafted(campaign, record, _Nothing())
            found += _of_key(outbox, tasks[key], made, names, changing)
    return found


def _of_key(
    outbox: Outbox, stored: Iterable[Task], made: Sequence[Draft] | Problem | None, names: set[str], changing: set[str]
) -> list[Difference]:
    """Compare the messages of a record, of each period, with what they would be.

    `names`: those of the campaign's messages. `changing`: of those that differ from day to day.
    """
    tasks: dict[tuple[str, str], list[Task]] = defaultdict(list)
    drafts: dict[str, list[Draft]] = defaultdict(list)
    for task in stored:
        if task.round == 1:
            tasks[_message(task.name, names), task.period].append(task)
    for draft in made if isinstance(made, Sequence) else ():
        drafts[_message(draft.name, names)].append(draft)
    found = []
    for (name, _), of_message in tasks.items():
        if name in changing or all(task.status is not Status.QUEUED for task in of_message):
            continue
        now = drafts[name]
        if _content(of_message) != _content(now):
            why = _kept(outbox, of_message, now, made)
            found.append(Difference(tasks=of_message, drafts=now, kept=why))
    return found


def _content(messages: Sequence[Task] | Sequence[Draft]) -> list[tuple[str, str, str, str, Metadata | None]]:
    return [(one.name, one.recipient, one.text, one.channel, one.options) for one in messages]


def _kept(
    outbox: Outbox, tasks: Sequence[Task], drafts: Sequence[Draft], made: Sequence[Draft] | Problem | None
) -> Reason | None:
    """Return why a message cannot be changed in place."""
    if made is None:
        return RERENDER_GONE()
    if isinstance(made, Problem):
        return RERENDER_HELD(why=made.what)
    if not drafts:
        return RERENDER_UNWANTED()
    if any(task.status is not Status.QUEUED or outbox.attempts(task.id) for task in tasks):
        return RERENDER_TRIED()
    if fixed := [one for one in outbox.memberships([task.id for task in tasks]) if one.under_way]:
        return IN_DIGEST(digest=fixed[0].digest)
    if any(event.kind == "adopted" for task in tasks for event in outbox.events(task.id)):
        return RERENDER_ADOPTED()
    if [task.name for task in tasks] != [draft.name for draft in drafts]:
        return RERENDER_PARTS(before=len(tasks), now=len(drafts))
    if drafts[0].channel != tasks[0].channel:
        return RERENDER_CHANNEL(before=tasks[0].channel, now=drafts[0].channel)
    return None


def _message(name: str, names: set[str]) -> str:
    """Return the name of the message of which this is a part, or that of the task itself."""
    whole, _, number = name.rpartition(".")
    return whole if name not in names and whole in names and number.isdigit() else name
