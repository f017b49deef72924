"""Makes the plan of a migration: reads everything, decides about every message, and changes nothing."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from notifykit.errors import NotifykitError
from notifykit.host import Host
from notifykit.legacy import Disposal
from notifykit.model import Record
from notifykit_migration import fence, rows, table
from notifykit_migration.archive import archived
from notifykit_migration.errors import PreflightError
from notifykit_migration.evidence import Found, Matched, Matcher
from notifykit_migration.folder import MigrationFolder
from notifykit_migration.legacy_log import LegacyLog
from notifykit_migration.model import (
    CampaignPlan,
    Column,
    ContractPlan,
    Decision,
    Input,
    InputKind,
    Json,
    Kept,
    MessageDecision,
    Options,
    Plan,
)
from notifykit_migration.plan_file import plan_hash
from notifykit_migration.reading import content_digest, file_digest, untouched
from notifykit_migration.remembering import Memory
from notifykit_migration.world import (
    Contract,
    Keeping,
    Redirect,
    Retiring,
    keeping,
    legacy_states,
    records,
    retiring,
    shown,
)

DAY = 86_400.0


class NothingToMigrateError(NotifykitError):
    """Every campaign with old state was migrated already."""


def make_plan(
    host: Host, options: Options, *, now: float, redirect: Redirect | None = None, log: LegacyLog | None = None
) -> Plan:
    """Return what a migration of this project would do.

    Raises NothingToMigrateError, PreflightError (the files are not fit to be migrated), ConfigError, StoreError.
    """
    redirect = redirect or {}
    states = legacy_states(host)
    if not any(state.disposal is Disposal.RETIRE for _, state in states):
        raise PreflightError(
            f"{host.project.file}: no campaign has old state to migrate; say in a campaign what it owned, as in "
            "`legacy: {kind: contract, status_file: state/send_status.json}`"
        )
    store = host.configuration.settings.store.resolve()
    with ExitStack() as stack:
        connection: sqlite3.Connection | None = None
        if (there := redirect.get(store, store)).exists():
            connection = stack.enter_context(untouched(there))
            rows.check_version(connection, shown(host, store))
        done = migrated(connection) if connection else frozenset()
        worlds = [
            retiring(host, campaign, state, redirect)
            for campaign, state in states
            if state.disposal is Disposal.RETIRE and campaign.name not in done
        ]
        kept = [
            keeping(host, campaign, state, redirect) for campaign, state in states if state.disposal is Disposal.KEEP
        ]
        if not worlds:
            raise NothingToMigrateError("nothing to do: every campaign with old state was migrated already")
        _something(host, worlds, connection)
        inputs = _inputs(host, worlds, store, connection, redirect)
        planner = _Planner(host, worlds, options, now, log, redirect)
        plan = planner.plan(store, connection, inputs, kept)
    return replace(plan, hash=plan_hash(plan))


def migrated(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the campaigns that this store was migrated for."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrated'").fetchone()
    return frozenset(name for (name,) in connection.execute("SELECT campaign FROM migrated")) if there else frozenset()


def _something(host: Host, worlds: Sequence[Retiring], connection: sqlite3.Connection | None) -> None:
    """Raise PreflightError where there is neither a status file nor a task table."""
    if any(world.status.there for world in worlds) or (connection and rows.tasks_table(connection)):
        return
    missing = ", ".join(shown(host, world.status_path) for world in worlds)
    store = shown(host, host.configuration.settings.store)
    raise PreflightError(
        f"no old state was found: neither {missing} nor a table of tasks in {store}"
        " is there; run this where the old program ran, or correct `store:` and `legacy: status_file:`"
    )


def _inputs(
    host: Host, worlds: Sequence[Retiring], store: Path, connection: sqlite3.Connection | None, redirect: Redirect
) -> tuple[Input, ...]:
    found: dict[str, Input] = {}
    for world in worlds:
        for kind, path in ((InputKind.CSV, world.keeper.flag_file.resolve()), (InputKind.JSON, world.status_path)):
            real = redirect.get(path, path)
            name = shown(host, path)
            if real.exists():
                found[name] = Input(path=name, kind=kind, sha256=file_digest(real), size=real.stat().st_size)
            else:
                found[name] = Input(path=name, kind=kind, sha256="", size=0)
    if connection is not None:
        name = shown(host, store)
        found[name] = Input(path=name, kind=InputKind.STORE, sha256=content_digest(connection), size=0)
    return tuple(found[name] for name in sorted(found))


@dataclass(frozen=True, slots=True)
class _Planner:
    host: Host
    worlds: Sequence[Retiring]
    options: Options
    now: float
    log: LegacyLog | None
    redirect: Redirect

    def plan(
        self, store: Path, connection: sqlite3.Connection | None, inputs: tuple[Input, ...], kept: Sequence[Keeping]
    ) -> Plan:
        """Match, decide, and put it together."""
        before = archived(MigrationFolder.of(self.host.project.folder))
        memory = Memory(before)
        if connection is not None and rows.tasks_table(connection):
            attempts = rows.read_attempts(connection, self.options.stopped, self.log)
            owned = rows.read_owned(connection)
            why_purged = rows.purged(connection, before.vacant if before else 0)
            matcher = Matcher(self.worlds, before)
            found = matcher.match(rows.read_rows(connection))
        else:
            attempts = rows.Attempts(completed=(), first_beyond=None, stopped=self.options.stopped, log=self.log)
            owned = {}
            why_purged = None
            found = Matcher(self.worlds, before).match(())
            if any(world.status.words for world in self.worlds):
                why_purged = "there is no task table, though the send-status file knows contracts"
        warnings: list[str] = []
        campaigns = []
        for at, world in enumerate(self.worlds):
            csv_file = shown(self.host, world.keeper.flag_file.resolve())
            decider = _Decider(self, at, world, found, attempts, owned, memory, why_purged, csv_file)
            campaigns.append(decider.campaign_plan())
            warnings += decider.warnings()
        if why_purged:
            warnings.append(f"the task table was purged ({why_purged}): what has no row is held, not generated")
        if found.orphans:
            warnings.append(
                f"{len(found.orphans)} pending rows belong to no contract: they are left exactly as they are, "
                "and the old scheduler would send them at its next start"
            )
        warnings += [
            f"other jobs make {kind} rows to {recipient}, too: from the migration on, the fence refuses them; "
            "give those jobs another recipient, or run them under `notifykit shim`"
            for kind, recipient in sorted(found.fenced)
        ]
        return Plan(
            store=shown(self.host, store),
            made_at=self.now,
            options=self.options,
            inputs=inputs,
            campaigns=tuple(campaigns),
            kept=tuple(self._kept(item) for item in kept),
            orphans=tuple(found.orphans),
            others=found.others,
            warnings=tuple(warnings),
            statements=tuple(fence.statements()),
            purged=why_purged is not None,
        )

    def _kept(self, item: Keeping) -> Kept:
        path = self.redirect.get(item.status_path, item.status_path)
        return Kept(
            campaign=item.campaign.name,
            status_file=shown(self.host, item.status_path),
            sha256=file_digest(path) if path.exists() else None,
            keys=len(item.status.words),
        )


@dataclass(frozen=True, slots=True)
class _Decider:
    """Decides about the contracts of one campaign."""

    planner: _Planner
    at: int
    world: Retiring
    found: Found
    attempts: rows.Attempts
    owned: rows.Owned
    memory: Memory
    why_purged: str | None
    csv_file: str
    """As people and plans see it."""

    def campaign_plan(self) -> CampaignPlan:
        """Return what becomes of the campaign."""
        world = self.world
        contracts = [self._contract(key) for key in self._keys()]
        contracts = self._with_texts(contracts)
        pairs = dict.fromkeys(pair for contract in world.contracts.values() for pair in contract.pairs)
        host = self.planner.host
        return CampaignPlan(
            campaign=world.campaign.name,
            status_file=shown(host, world.status_path),
            csv_file=self.csv_file,
            sent_word=world.state.sent_word,
            contracts=tuple(contracts),
            pairs=tuple(pairs),
            json_torn=world.status.torn,
        )

    def warnings(self) -> Iterator[str]:
        """Yield what a person should know of this campaign's files."""
        name = self.world.campaign.name
        if self.world.status.torn:
            yield (
                f"{name}: {self.world.state.status_file} is torn: {len(self.world.status.words)} keys can be read; "
                "the others are judged by their rows"
            )
        if held_open := _opened_by(self.world.keeper.flag_file):
            yield f"{name}: {held_open}; close it before you migrate"
        for problem in self.world.problems[:20]:
            yield f"{name}: {problem}"
        if len(self.world.problems) > 20:
            yield f"{name}: {len(self.world.problems) - 20} more rows of its CSV file cannot be used"

    def _keys(self) -> Iterator[str]:
        """Yield every key that any of the old states knows."""
        yield from self.world.contracts
        others = {**dict.fromkeys(self.world.broken), **dict.fromkeys(map(str, self.world.status.words))}
        yield from (key for key in others if key not in self.world.contracts)

    def _contract(self, key: str) -> ContractPlan:
        contract = self.world.contracts.get(key)
        place = (self.at, key)
        matched = self.found.rows.get(place, {})
        fact = self._fact(key, contract, matched)
        together = fact.together()
        decisions = [
            *table.decide(
                fact, table.Choices(historic=self.planner.options.historic, raised=self.planner.options.raised)
            ),
            *(
                MessageDecision(
                    message=f"row-{row.id}", decision=Decision.HOLD, row=row.id, why=self.found.doubts[place]
                )
                for row in self.found.strange.get(place, ())
            ),
        ]
        anew = self.found.anew.get(place, ())
        decisions = self.memory.decisions(self.world.campaign.name, key, decisions, anew)
        youngest = max((row.created_at for rows_ in matched.values() for row in rows_), default=None)
        written = rows.epoch(youngest) if youngest else None
        return ContractPlan(
            key=key,
            number=contract.number if contract else None,
            json=fact.json,
            rows=together,
            column=fact.column,
            decisions=tuple(decisions),
            crash=table.crash_of(fact.json, together, fact.column),
            age=self.planner.now - written if written is not None else None,
            set_flag=fact.column is Column.UNSENT and _all_sent(decisions),
            place=f"{self.csv_file}:{contract.line}" if contract else None,
        )

    def _fact(self, key: str, contract: Contract | None, matched: dict[str, list[Matched]]) -> table.ContractFact:
        column = contract.column if contract else Column.OTHER if key in self.world.broken else Column.MISSING
        names = [plan.name for plan in self.world.campaign.messages]
        required = contract.required if contract and not contract.doubt else tuple(names)
        owned = self.owned.get((self.world.campaign.name, key), {})
        return table.ContractFact(
            json=self._json(key, bool(matched)),
            column=column,
            messages=[
                table.MessageFact(
                    name=name,
                    required=name in required,
                    rows=[self._row(row) for row in matched.get(name, ())],
                    owned=owned.get(name, 0),
                )
                for name in dict.fromkeys((*names, *matched))
            ],
            doubt=(contract.doubt if contract else None) or self.found.doubts.get((self.at, key)),
            purged=self.why_purged is not None,
        )

    def _json(self, key: str, rows_there: bool) -> Json:
        status = self.world.status
        if key in status.words:
            return Json.SENT if status.words[key] == self.world.state.sent_word else Json.OTHER
        if status.torn and (rows_there or self.why_purged is not None):
            return Json.OTHER  # it may have stood behind the tear; without a row it was never begun
        return Json.ABSENT

    def _row(self, row: Matched) -> table.RowFact:
        attempt, evidence = table.Attempt.NEVER, ""
        stale = None
        if row.status == "pending":
            attempt, evidence = self.attempts.of(row.id, row.created_at)
            created = rows.epoch(row.created_at)
            age = None if created is None else self.planner.now - created
            if age is None:
                stale = f"its time {row.created_at!r} cannot be read"
            elif age > self.planner.options.max_age:
                stale = f"pending since {row.created_at}: older than {self.planner.options.max_age / DAY:g} days"
        return table.RowFact(
            id=row.id,
            status=row.status,
            text=row.text,
            attempt=attempt,
            evidence=evidence,
            stale=stale,
        )

    def _with_texts(self, contracts: Sequence[ContractPlan]) -> list[ContractPlan]:
        """Render the messages that get a row of their own."""
        wanted = [contract.key for contract in contracts if any(map(_needs_text, contract.decisions))]
        rendered = {record.key: record for record in records(self.world, wanted)} if wanted else {}
        found = []
        for contract in contracts:
            record = rendered.get(contract.key)
            if record is None:
                found.append(contract)
                continue
            decisions = tuple(
                self._rendered(record, item) if _needs_text(item) else item for item in contract.decisions
            )
            found.append(replace(contract, decisions=decisions))
        return found

    def _rendered(self, record: Record, item: MessageDecision) -> MessageDecision:
        plan = self.world.campaign.message(item.message)
        assert plan is not None  # noqa: S101 - only messages of the campaign lack a row
        try:
            text, recipient = plan.text(record), sys.intern(plan.recipient(record))
        except NotifykitError as error:
            return replace(
                item, decision=Decision.HOLD, why=f"{item.why}; its text cannot be made: {self.world.named(error)}"
            )
        limit = plan.channel.max_bytes
        if item.decision is Decision.CREATE and limit is not None and len(text.encode()) > limit:
            why = f"{item.why}; its text has {len(text.encode())} bytes, channel `{plan.channel.name}` takes {limit}"
            return replace(item, decision=Decision.HOLD, why=why, recipient=recipient, text=text)
        return replace(item, recipient=recipient, text=text)


def _needs_text(item: MessageDecision) -> bool:
    return item.row is None and item.text is None and item.decision not in (Decision.GENERATE, Decision.OWNED)


def _all_sent(decisions: Collection[MessageDecision]) -> bool:
    fine = (Decision.SENT, Decision.CANCEL, Decision.ASSUME)
    return any(item.decision is Decision.SENT for item in decisions) and all(
        item.decision in fine for item in decisions
    )


def _opened_by(path: Path) -> str | None:
    """Say which lock file tells that a spreadsheet program has a file open."""
    for name in (f"~${path.name}", f".~lock.{path.name}#"):
        if (lock := path.with_name(name)).exists():
            return f"{path.name} is open in a spreadsheet program ({lock.name} is beside it)"
    return None
