"""Proves a rollback: the old program's rule is applied to what now lies there, and compared with what was queued.

Everything is read anew: the files, the database, and the archived outbox.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from notifykit.legacy import KeepsFlags
from notifykit.model import Status
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_migration.archive.archive import Archived
from notifykit_migration.errors import VerificationError
from notifykit_migration.files.paths import resolved
from notifykit_migration.files.reading import untouched
from notifykit_migration.legacy.campaigns import described, legacy_states
from notifykit_migration.legacy.old_rule import PENDING, generated_keys
from notifykit_migration.legacy.status_file import read_status_file
from notifykit_migration.legacy.task_table import contract_named
from notifykit_migration.model import FlagState
from notifykit_migration.rollback.old_state import columns_of
from notifykit_migration.store.fence import OTHERS
from notifykit_migration.store.migrated import StoredCampaign, migrated_campaigns

SHOWN = 20
"""Differences that are listed."""

OldWords = Mapping[str, Mapping[str, object]]
"""Campaign to what its send-status file said before the migration."""


@dataclass(frozen=True, slots=True)
class _Archive:
    """What the outbox had when the rollback began."""

    queued: Mapping[int, int]
    """What the old scheduler is to send: id to a hash of the message."""
    others: int
    """How many of those no campaign has."""
    resumed: int
    """How many of those had been held, and wait again as they did."""
    remade: frozenset[tuple[str, str]]
    """Campaign and key of contracts that were held, and whose messages the old job may make as it would have."""
    ids: frozenset[int]
    keys: Mapping[str, frozenset[str]]
    """Campaign to the keys that it had tasks of."""
    migrated: Mapping[str, StoredCampaign]


def prove(project: Project, kept: Archived, old_words: OldWords | None) -> str:
    """Raise VerificationError where the old program would do anything else than send what was queued.

    Without `old_words`, the old program may have run since: then only what it must never send again is looked for.
    Returns the evidence.
    """
    was = _read(project, kept)
    pending, waiting = _now(project)
    problems = [*_rows(pending, was, exactly=old_words is not None)]
    new = anew = 0
    for name, (status_file, _, sent_word) in was.migrated.items():
        campaign = described(project, name)
        keeper = campaign.strategy
        assert isinstance(keeper, KeepsFlags)  # noqa: S101 - the rollback set its flags
        project.start(campaign)
        status = read_status_file(resolved(project.file.folder, status_file), status_file)
        if status.torn:
            problems.append(
                gettext(
                    "{name}: {status_file} is torn: the old program would stop at it",
                    name=name,
                    status_file=status_file,
                )
            )
        columns = columns_of(campaign, keeper)
        makes = generated_keys(columns, status.words, sent_word, waiting)
        remade = {key for key in makes if (name, key) in was.remade}
        new, anew = new + len(makes - remade), anew + len(remade)
        again = makes & was.keys.get(name, frozenset()) - remade
        problems += [
            gettext("{name} {key}: the old job would make its messages again", name=name, key=key)
            for key in sorted(again)
        ]
        if old_words is not None:
            problems += _blocked(name, columns, makes, was, old_words.get(name, {}), sent_word)
    if problems:
        rest = [gettext("  and {number} more", number=len(problems) - SHOWN)] if len(problems) > SHOWN else []
        mend = gettext(
            "Do not start it. The outbox as it was is in {outbox}; migrate again, or ask for help with it",
            outbox=kept.outbox,
        )
        raise VerificationError(
            gettext("after the rollback the old program would not do what it should:"),
            more=[*(f"  {problem}" for problem in problems[:SHOWN]), *rest, mend],
        )
    own = gettext(", {others} pending rows that no campaign has", others=was.others) if was.others else ""
    if was.resumed:
        own += gettext(", {resumed} that were held and nobody touched", resumed=was.resumed)
    held = gettext(", and of {anew} that were held and nobody touched", anew=anew) if anew else ""
    return gettext(
        "proof: the old program would send {number} pending rows, which is "
        "exactly what was queued{own}, and make the messages of {new} contracts that were never queued{held}",
        number=len(was.queued) - was.others - was.resumed,
        own=own,
        new=new,
        held=held,
    )


def _read(project: Project, kept: Archived) -> _Archive:
    kept.check()
    held = {hold.task for hold in kept.holds()}
    resumed = {hold.task for hold in kept.resumed() if hold.task not in kept.removed_ids}
    known = {OTHERS, *(campaign.name for campaign, _ in legacy_states(project))}
    keys: dict[str, set[str]] = {}
    with kept.open() as db:
        stored = StoredOutbox(db)
        queued = {
            task.id: hash((task.task_type, task.recipient, task.text))
            for task in stored.tasks_in_brief()
            if task.id in resumed or (task.status == Status.QUEUED and task.id not in held and task.campaign in known)
        }
        others = {row.id: hash((row.task_type, row.recipient, row.text)) for row in stored.foreign_rows(status=PENDING)}
        ids = frozenset(id_ for (id_,) in db.execute("SELECT id FROM tasks"))
        for campaign, key, *_ in stored.latest_rounds():
            keys.setdefault(campaign, set()).add(key)
        migrated = migrated_campaigns(db)
    return _Archive(
        queued=queued | others,
        others=len(others),
        resumed=len(resumed),
        remade=frozenset((hold.campaign, hold.key) for hold in kept.resumed()),
        ids=ids,
        keys={name: frozenset(found) for name, found in keys.items()},
        migrated=migrated,
    )


def _now(project: Project) -> tuple[Mapping[int, int], Collection[str] | None]:
    """Return what waits in the table now: ids with a hash of the message, and the contracts that rows of it name.

    None for those where the old program names none.
    """
    with untouched(project.store_file().resolve()) as db:
        columns = schema.columns_of(db)
        rows = list(StoredOutbox(db).foreign_rows(status=PENDING)) if columns else []
    named = [contract_named(row.metadata) for row in rows if row.metadata is not None]
    waiting = {key for key in named if key is not None} if columns == schema.OLD_TABLES[-1] else None
    return {row.id: hash((row.task_type, row.recipient, row.text)) for row in rows}, waiting


def _rows(pending: Mapping[int, int], was: _Archive, *, exactly: bool) -> Iterator[str]:
    """Yield what is wrong with the rows that the old scheduler would send."""
    for id_, message in pending.items():
        if id_ in was.ids or exactly:
            if id_ not in was.queued:
                yield gettext("row {id} is pending, and was not queued", id=id_)
            elif was.queued[id_] != message:
                yield gettext("row {id} is not the message that was queued", id=id_)
    if exactly:
        yield from (
            gettext("row {id} was queued, and is not pending", id=id_) for id_ in was.queued if id_ not in pending
        )


def _blocked(
    name: str,
    columns: Mapping[str, FlagState],
    makes: frozenset[str],
    was: _Archive,
    old_words: Mapping[str, object],
    sent_word: str,
) -> Iterator[str]:
    """Yield the contracts that were never queued, and that the old job would not make now."""
    known = was.keys.get(name, frozenset())
    for key, column in columns.items():
        if column is FlagState.UNSENT and key not in makes and key not in known and old_words.get(key) != sent_word:
            yield gettext(
                "{name} {key}: it was never queued, and the old job would not make its messages", name=name, key=key
            )
