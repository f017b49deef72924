"""Plans, checks, holds and rollbacks as tables and lines. Results go to stdout."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from notifykit.terminal.console import count, out, some
from notifykit.terminal.tables import Key, Right, print_table
from notifykit_migration.journal.journal import Entry
from notifykit_migration.model import CampaignPlan, Check, CheckResult, ContractPlan, Hold, Plan, RollbackPlan
from notifykit_migration.report import summary
from notifykit_migration.report.timeline import milestones
from notifykit_migration.report.times import DAY, age, when
from notifykit_migration.report.words import COLUMNS, DECISIONS, JSONS, MEANINGS, PRESENTS, ROWS
from notifykit_migration.verify.calendar import HOUR, WEEK, Slot, Tick
from notifykit_migration.wording.fit import FITS, MISFITS

REASONS = 20
"""Groups of holds that are shown for a campaign; `--json` has all."""

DETAILS = 20
"""Differences that are shown of a failed check."""

FILES = 10
"""Files that are named in one line."""

_MARKS = {
    CheckResult.PASSED: ("✓", "ok"),
    CheckResult.FAILED: ("✗", "FAILED"),
    CheckResult.EXPLAINED: ("~", "~"),
    CheckResult.SKIPPED: ("–", "-"),
}


def show_plan(plan: Plan) -> None:
    """Show what a migration will do: decisions, changes, holds, what stays, warnings."""
    show_fit(plan)
    options = plan.options
    out(f"plan {plan.hash[:12] or '–'} made {when(plan.made_at)} for {plan.store}")
    out(
        f"options: pending rows older than {options.max_age / DAY:g} days are held; "
        f"historic: {options.historic}; raised: {options.raised}; stopped: {options.stopped}; "
        f"times of the table: {options.timezone or 'in the zone of this computer'}"
    )
    _show_decisions(plan)
    everything = summary.contracts(plan)
    out(
        f"{count(len(plan.campaigns), 'campaign')}, {count(everything, 'contract')}, "
        f"{plan.holds:,} of them held for a person"
    )
    print_table(["to be changed", "how"], [(change.file, change.what.en) for change in summary.changes(plan)])
    for line in _statements(plan.statements):
        out(f"schema: {line}")
    _show_groups(summary.plan_groups(plan), bulk=True)
    _show_rest(plan)


def show_fit(plan: Plan) -> None:
    """Show how well the campaigns fit what the old program left."""
    for reason in plan.fit:
        kind = "fit" if reason.code == FITS.code else "misfit" if reason.code in MISFITS else "warning"
        out(f"{kind}: {reason}")


def _show_decisions(plan: Plan) -> None:
    print_table(
        ["campaign", "", "decision", Right("messages"), "what that means"],
        [
            (campaign.campaign, _letter(decision.value), DECISIONS[decision].en, f"{number:,}", MEANINGS[decision].en)
            for campaign in plan.campaigns
            for decision, number in plan.counts(campaign).items()
            if number
        ],
    )


def _letter(decision: str) -> str:
    return decision if len(decision) == 1 else ""


def _show_groups(groups: Sequence[summary.HoldGroup], *, bulk: bool) -> None:
    """Show a line for each campaign and reason. `bulk`: before a migration, which can close historic ones."""
    shown: Counter[str] = Counter()
    for group in groups:
        shown[group.campaign] += 1
        if shown[group.campaign] > REASONS:
            continue
        number = count(group.contracts, "contract")
        if group.messages != group.contracts:
            number += f" ({count(group.messages, 'message')})"
        text = f"held: {group.campaign}: {number}: {group.reason}"
        if group.historic and bulk:
            out(f"{text}; `{summary.ASSUME}` closes them, or afterwards `{summary.RESOLVE}`")
        else:
            out(f"{text}; {_examples(group)}")
    for campaign, reasons in shown.items():
        if reasons > REASONS:
            out(f"held: {campaign}: … for {count(reasons - REASONS, 'more reason')}; --json lists all")


def _examples(group: summary.HoldGroup) -> str:
    names = ", ".join(group.examples)
    return names if group.contracts <= summary.EXAMPLES else f"such as {names}"


def _show_rest(plan: Plan) -> None:
    for kept in plan.kept:
        keys = count(kept.keys, "key") if kept.sha256 else "not there"
        out(f"stays: {kept.campaign}: {kept.status_file} ({keys}): not a byte of it is changed")
    if plan.others:
        out(f"stays: {count(plan.others, 'row')} of other jobs in {plan.store}")
    if plan.orphans:
        ids = summary.ranges(plan.orphans).split(", ")
        out(f"orphans: {count(len(plan.orphans), 'pending row')} of no contract, left as they are: {some(ids)}")
    for warning in plan.warnings:
        out(f"warning: {warning}")


def show_contract(plan: Plan, key: str) -> None:
    """Show all evidence of one contract, given by its key or its number.

    Raises NotifykitError where the plan does not know it.
    """
    for campaign, contract in summary.known_as(plan, key):
        _show_evidence(campaign, contract)


def _show_evidence(campaign: CampaignPlan, contract: ContractPlan) -> None:
    where = f"; {contract.place}" if contract.place else ""
    facts = [
        ("contract", f"{contract.key}" + (f" ({contract.number})" if contract.number else "")),
        ("campaign", campaign.campaign),
        ("state", contract.state),
        ("send-status file", f"{JSONS[contract.json].en}; {campaign.status_file}"),
        ("rows", ROWS[contract.rows].en + (f"; the youngest {age(contract.age)} old" if contract.age else "")),
        ("CSV flag", f"{COLUMNS[contract.column].en}{where}"),
        ("likely", str(contract.crash or "no accident")),
        ("flag", "will be set" if contract.set_flag else "stays"),
    ]
    for name, text in facts:
        out(f"{name + ':':18}{text}")
    print_table(
        ["message", Right("round"), Right("row"), "decision", "why", "recipient", "text"],
        [
            (
                item.message,
                str(item.round),
                "" if item.row is None else str(item.row),
                DECISIONS[item.decision].en,
                item.why.text,
                item.recipient or "",
                item.text or "",
            )
            for item in contract.decisions
        ],
    )


def show_checks(checks: Sequence[Check]) -> None:
    """Show each check in a line with its evidence, and what differs below the line."""
    plain = not _can_print("✓✗–")
    for check in checks:
        out(f"{_MARKS[check.result][plain]} {check.name}: {check.evidence}")
        for detail in check.details[:DETAILS]:
            out(f"    {detail}")
        if len(check.details) > DETAILS:
            out(f"    … and {len(check.details) - DETAILS:,} more; --json lists all")
    found = Counter(check.result for check in checks)
    parts = [f"{found[kind]:,} {word}" for kind, word in _COUNTED if found[kind]]
    out(f"{count(len(checks), 'check')}: {', '.join(parts)}" if parts else "nothing was checked")


_COUNTED = (
    (CheckResult.PASSED, "passed"),
    (CheckResult.EXPLAINED, "with a difference that a decision explains"),
    (CheckResult.SKIPPED, "skipped"),
    (CheckResult.FAILED, "failed"),
)


def _can_print(text: str) -> bool:
    with suppress(UnicodeEncodeError, LookupError):
        text.encode(sys.stdout.encoding or "utf-8")
        return True
    return False


def show_rollback(plan: RollbackPlan) -> None:
    """Show what a rollback does."""
    print_table(
        ["campaign", "now", Right("contracts"), "flag", "send-status file"],
        [
            (campaign, PRESENTS[present].en, f"{number:,}", COLUMNS[column].en, "no entry" if word is None else word)
            for (campaign, present, column, word), number in plan.returns.items()
        ],
    )
    if plan.rows:
        parts = ", ".join(f"{number:,} {status}" for status, number in sorted(plan.rows.items()))
        out(f"rows that the old program will see: {parts}")
    if plan.files:
        out(f"files: {some(plan.files, FILES)}")
    if plan.others:
        sent = f", of which the old program will send {plan.others_pending:,}" if plan.others_pending else ""
        out(f"stays: {count(plan.others, 'row')} of other jobs in {plan.store}{sent}")
    show_holds(plan.holds)
    if plan.resumed:
        out(
            f"the old program will send {count(len(plan.resumed), 'message')} that the migration held and nobody "
            "touched, as it would have without the migration:"
        )
        _show_groups(summary.hold_groups(plan.resumed), bulk=False)
    for warning in plan.warnings:
        out(f"warning: {warning}")


def show_holds(holds: Sequence[Hold], *, every: bool = False) -> None:
    """Show what waits for a person: a line for each campaign and reason, or, where asked, every message."""
    if every:
        print_table(
            ["campaign", Key("key"), "message", Right("task"), "status", "recipient", "why"],
            [
                (
                    hold.campaign,
                    hold.key,
                    hold.message,
                    "" if hold.task is None else str(hold.task),
                    hold.status,
                    hold.recipient,
                    hold.why.text,
                )
                for hold in holds
            ],
        )
    else:
        _show_groups(summary.hold_groups(holds), bulk=False)
    out(f"held for a person: {count(len(holds), 'message')}" if holds else "nothing is held for a person")


def show_history(entries: Sequence[Entry]) -> None:
    """Show what was done, oldest first."""
    print_table(
        ["when", "what", "who", "details"],
        [
            (when(one.at), one.what.en, one.who, "; ".join(f"{fact.name.en} {fact.text}" for fact in one.facts))
            for one in milestones(entries)
        ],
    )


def show_calendar(slots: Sequence[Slot]) -> None:
    """Show when the migration is to be verified, and what became of it. Nothing where nothing is migrated."""
    if not slots:
        return
    plain = not _can_print("✓✗–•·")
    marks = {tick: marks[plain] for tick, marks in _TICKS.items()}
    rows = []
    for name, length in _PERIODS.items():
        of = [slot for slot in slots if slot.length == length]
        rows.append((name, when(of[0].since), when(of[-1].until), " ".join(marks[slot.tick] for slot in of)))
    print_table(["to be verified", "from", "to", "so far"], rows)
    out("; ".join(f"{mark} {tick}" for tick, mark in marks.items()))


_TICKS = {
    Tick.PASSED: ("✓", "ok"),
    Tick.FAILED: ("✗", "FAILED"),
    Tick.MISSED: ("–", "-"),
    Tick.DUE: ("•", "now"),
    Tick.AHEAD: ("·", "."),
}

_PERIODS = {"hourly": HOUR, "daily": DAY, "weekly": WEEK}


def _statements(statements: Sequence[str]) -> Iterator[str]:
    """Tell what statements do: those of a kind together, by the names of what they make; others as they are."""
    made: dict[str, list[str]] = {}
    for statement in statements:
        line = " ".join(statement.split())
        found = _ADDS.match(line) or _CREATES.match(line)
        if found is None:
            yield line
        elif found.re is _ADDS:
            made.setdefault(f"to {found['table']}: column", []).append(found["name"])
        else:
            made.setdefault(found["kind"].lower(), []).append(found["name"])
    for what, names in made.items():
        where, _, kind = what.rpartition(": ")
        plural = {"index": "indexes"}.get(kind, f"{kind}s")
        yield f"{len(names):,} new {kind if len(names) == 1 else plural} {where}".rstrip() + f": {', '.join(names)}"


_ADDS = re.compile(r'ALTER TABLE (?P<table>\w+) ADD COLUMN "?(?P<name>\w+)', re.IGNORECASE)
_CREATES = re.compile(
    r"CREATE (?:UNIQUE )?(?P<kind>TABLE|INDEX|TRIGGER|VIEW) (?:IF NOT EXISTS )?(?P<name>\w+)", re.IGNORECASE
)
