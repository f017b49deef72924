"""Makes the plan of a migration: reads everything, decides about every message, and changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from notifykit.errors import NotifykitError
from notifykit.legacy import Disposal
from notifykit.pipeline.project import Project
from notifykit.wording import Reason
from notifykit.wording.translation import gettext
from notifykit_migration.archive.archives import Archives
from notifykit_migration.errors import PreflightError
from notifykit_migration.files.paths import shown
from notifykit_migration.files.reading import content_digest, file_digest, untouched
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.legacy import task_table as rows
from notifykit_migration.legacy.campaigns import legacy_states, owners
from notifykit_migration.legacy.contracts import (
    Keeping,
    Redirect,
    Retiring,
    keeping,
    retiring,
)
from notifykit_migration.legacy.log import LegacyLog
from notifykit_migration.legacy.refusals import refusals
from notifykit_migration.model import (
    Input,
    InputKind,
    Kept,
    Options,
    Plan,
    Stopped,
    Treatment,
)
from notifykit_migration.plan.decide import Decider
from notifykit_migration.plan.fit import Fit, require_fit
from notifykit_migration.plan.match import Matcher, Matches
from notifykit_migration.plan.plan_file import plan_hash
from notifykit_migration.plan.remembering import Memory
from notifykit_migration.store import fence
from notifykit_migration.store.migrated import migrated_campaigns
from notifykit_migration.wording import warnings as told
from notifykit_migration.wording.fit import TORN

DAY = 86_400.0


class NothingToMigrateError(NotifykitError):
    """Every campaign with old state was migrated already."""


def make_plan(
    project: Project,
    options: Options,
    *,
    now: float,
    redirect: Redirect | None = None,
    log: LegacyLog | None = None,
    explain_fit: bool = False,
) -> Plan:
    """Return what a migration of this project would do.

    `explain_fit`: every text is compared, and a campaign that does not fit is no error. Raises NothingToMigrateError,
    PreflightError (the files are not fit to be migrated, or a campaign does not fit them), ConfigError, StoreError.
    """
    redirect = redirect or {}
    states = legacy_states(project)
    if not any(state.disposal is Disposal.RETIRE for _, state in states):
        raise PreflightError(
            gettext("no campaign has old state to migrate"),
            mend=(
                gettext(
                    "say in a campaign what it owned, "
                    "as in `legacy: {kind: contract, status_file: state/send_status.json}`"
                )
            ),
            where=project.file.file,
        )
    project.known_store.require_there(project.configuration.settings.store)
    store = project.store_file().resolve()
    with ExitStack() as stack:
        connection: sqlite3.Connection | None = None
        if (there := redirect.get(store, store)).exists():
            connection = stack.enter_context(untouched(there))
            rows.check_version(connection, shown(project.file.folder, store))
        if not redirect:  # what a backup restores is planned from by files that were looked at before
            for refusal in refusals(project, connection):
                raise refusal
        done = migrated_campaigns(connection) if connection else {}
        worlds = [
            retiring(project, campaign, state, redirect)
            for campaign, state in states
            if state.disposal is Disposal.RETIRE and campaign.name not in done
        ]
        kept = [
            keeping(project, campaign, state, redirect) for campaign, state in states if state.disposal is Disposal.KEEP
        ]
        if not worlds:
            raise NothingToMigrateError(gettext("nothing to do: every campaign with old state was migrated already"))
        _something(project, worlds, connection)
        inputs = _inputs(project, worlds, store, connection)
        planner = _Planner(project, worlds, options, now, log, redirect, explain_fit)
        plan = planner.plan(store, connection, inputs, kept)
    if not explain_fit:
        require_fit(plan)
    return replace(plan, hash=plan_hash(plan))


def _something(project: Project, worlds: Sequence[Retiring], connection: sqlite3.Connection | None) -> None:
    """Raise PreflightError where there is neither a status file nor a task table."""
    if any(world.status.there for world in worlds) or (connection and rows.tasks_table(connection)):
        return
    missing = ", ".join(shown(project.file.folder, world.status_path) for world in worlds)
    store = shown(project.file.folder, project.store_file())
    raise PreflightError(
        gettext(
            "no old state was found: neither {missing} nor a table of tasks in {store} is there",
            missing=missing,
            store=store,
        ),
        mend=gettext("run this where the old program ran, or correct `store:` and `legacy: status_file:`"),
    )


def _inputs(
    project: Project, worlds: Sequence[Retiring], store: Path, connection: sqlite3.Connection | None
) -> tuple[Input, ...]:
    found: dict[str, Input] = {}
    for world in worlds:
        for kind, path in ((InputKind.CSV, world.keeper.flag_file.resolve()), (InputKind.JSON, world.status_path)):
            name = shown(project.file.folder, path)
            sha256, size = world.digests[path]
            found[name] = Input(path=name, kind=kind, sha256=sha256, size=size)
    if connection is not None:
        name = shown(project.file.folder, store)
        found[name] = Input(path=name, kind=InputKind.STORE, sha256=content_digest(connection), size=0)
    return tuple(found[name] for name in sorted(found))


@dataclass(frozen=True, slots=True)
class _Planner:
    project: Project
    worlds: Sequence[Retiring]
    options: Options
    now: float
    log: LegacyLog | None
    redirect: Redirect
    explain_fit: bool

    def plan(
        self, store: Path, connection: sqlite3.Connection | None, inputs: tuple[Input, ...], kept: Sequence[Keeping]
    ) -> Plan:
        """Match, decide, and put it together."""
        before = Archives.of(MigrationFolder.of(self.project.file.folder), owners(self.project))
        memory = Memory(before)
        if connection is not None and rows.tasks_table(connection):
            attempts = rows.read_attempts(connection, self.options.stopped, self.log)
            owned = rows.read_owned(connection)
            found = Matcher(self.worlds, before).match(rows.read_rows(connection))
            purged = rows.purged(connection, before.vacant)
        else:
            attempts = rows.Attempts(stopped=self.options.stopped, log=self.log)
            owned = {}
            purged = None
            found = Matcher(self.worlds, before).match(())
            if any(world.status.words for world in self.worlds):
                purged = told.NO_TABLE()
        fit = list(self._fit(connection, found))  # before what was matched is used up
        warnings: list[Reason] = []
        campaigns = []
        causes: dict[str, Reason] = {}
        for at, world in enumerate(self.worlds):
            known = memory.keys(world.campaign.name) | {key for name, key in owned if name == world.campaign.name}
            cause = purged or self._begun_anew(at, world, connection, found, known)
            if cause:
                causes.setdefault(cause.code or "", cause)
            decider = Decider(
                at=at,
                world=world,
                found=found,
                attempts=attempts,
                owned=owned,
                memory=memory,
                purged=cause,
                options=self.options,
                now=self.now,
                csv_file=shown(self.project.file.folder, world.keeper.flag_file.resolve()),
                status_file=shown(self.project.file.folder, world.status_path),
            )
            campaigns.append(decider.campaign_plan())
            warnings += decider.warnings()
        warnings += [told.PURGED(cause=cause) for cause in causes.values()]
        unproven = sum(
            item.decision is Treatment.ADOPT and item.row is not None and item.row > (attempts.by_id.first_beyond or 0)
            for part in campaigns
            for contract in part.contracts
            for item in contract.decisions
        )
        if connection is not None and rows.tasks_table(connection):
            warnings += filter(None, [rows.ahead(connection, self.now, self.options.timezone)])
        if unproven and attempts.by_id.first_beyond and self.log is None and self.options.stopped is Stopped.UNKNOWN:
            warnings.append(told.TAKEN_AS_NEVER_TRIED(rows=unproven, row=attempts.by_id.first_beyond))
        if found.orphans:
            warnings.append(told.ORPHANS(rows=len(found.orphans)))
        warnings += [told.SHARED_RECIPIENT(kind=kind, recipient=recipient) for kind, recipient in sorted(found.fenced)]
        return Plan(
            store=shown(self.project.file.folder, store),
            made_at=self.now,
            options=self.options,
            inputs=inputs,
            campaigns=tuple(campaigns),
            kept=tuple(self._kept(item) for item in kept),
            orphans=tuple(found.orphans),
            others=found.others,
            warnings=tuple(warnings),
            statements=tuple(fence.statements(connection)),
            purged=bool(causes),
            fit=tuple(sorted(fit, key=lambda reason: reason.code not in TORN)),
        )

    def _fit(self, connection: sqlite3.Connection | None, found: Matches) -> Iterator[Reason]:
        """Say how well each campaign fits."""
        for at, world in enumerate(self.worlds):
            files = world.keeper.flag_file.resolve(), world.status_path
            csv_file, status_file = (shown(self.project.file.folder, file) for file in files)
            yield from Fit(at, world, found, connection, (csv_file, status_file)).reasons(every=self.explain_fit)

    def _begun_anew(
        self, at: int, world: Retiring, connection: sqlite3.Connection | None, found: Matches, known: Collection[str]
    ) -> Reason | None:
        """Say by what it is seen that the table was begun after the send-status file; None where nothing tells so.

        The old job writes the word of a contract after its rows, so one with a word had some. `known`: keys whose rows
        a rollback or the outbox took.
        """
        if world.status.words and connection is not None and not rows.gap(connection)[1]:
            return told.NO_ROW_EVER()
        sent = [key for key, word in world.status.words.items() if word == world.state.sent_word]
        named = [key for key in sent if key in world.contracts]
        if not named or any(key in known or found.knows(at, key) for key in named):
            return None
        return told.WORDS_WITHOUT_ROWS(contracts=len(named))

    def _kept(self, item: Keeping) -> Kept:
        path = self.redirect.get(item.status_path, item.status_path)
        return Kept(
            campaign=item.campaign.name,
            status_file=shown(self.project.file.folder, item.status_path),
            sha256=file_digest(path) if path.exists() else None,
            keys=len(item.status.words),
        )
