"""Plans, checks, holds and rollbacks as tables and lines. Results go to stdout."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from rich.cells import cell_len

from notifykit.terminal.console import count, out, some
from notifykit.terminal.tables import Key, Right, print_table
from notifykit.wording.translation import gettext, gettext_noop
from notifykit_migration.journal.journal import Entry
from notifykit_migration.model import (
    CampaignPlan,
    Check,
    CheckResult,
    ContractPlan,
    Hold,
    Plan,
    RollbackPlan,
    StatusFileState,
)
from notifykit_migration.report import summary
from notifykit_migration.report.saying import said
from notifykit_migration.report.statements import told
from notifykit_migration.report.timeline import milestones
from notifykit_migration.report.times import DAY, age, when
from notifykit_migration.report.words import COLUMNS, DECISIONS, JSONS, MEANINGS, PRESENTS, ROWS
from notifykit_migration.verify.calendar import HOUR, WEEK, Slot, Tick
from notifykit_migration.wording.checks import CHECK_WORDING
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
    out(
        gettext(
            "plan {hash} made {made_at} for {store}",
            hash=plan.hash[:12] or "–",
            made_at=when(plan.made_at),
            store=plan.store,
        )
    )
    out(
        gettext(
            "options: pending rows older than {max_age:g} days are held; "
            "historic: {historic}; raised: {raised}; stopped: {stopped}; "
            "times of the table: {timezone}",
            max_age=options.max_age / DAY,
            historic=options.historic,
            raised=options.raised,
            stopped=options.stopped,
            timezone=options.timezone or gettext("in the zone of this computer"),
        )
    )
    _show_decisions(plan)
    everything = summary.contracts(plan)
    out(
        gettext(
            "{campaigns}, {contracts}, {holds:,} of them held for a person",
            campaigns=count(len(plan.campaigns), "campaign"),
            contracts=count(everything, "contract"),
            holds=plan.holds,
        )
    )
    print_table(["to be changed", "how"], [(change.file, change.what.said) for change in summary.changes(plan)])
    for line in told(plan.statements):
        out(gettext("schema: {line}", line=line))
    _show_groups(summary.plan_groups(plan), bulk=True)
    _show_rest(plan)


def show_fit(plan: Plan) -> None:
    """Show how well the campaigns fit what the old program left."""
    for reason in plan.fit:
        if reason.code == FITS.code:
            out(gettext("fit: {reason}", reason=said(reason)))
        elif reason.code in MISFITS:
            out(gettext("misfit: {reason}", reason=said(reason)))
        else:
            out(gettext("warning: {warning}", warning=said(reason)))


def _show_decisions(plan: Plan) -> None:
    print_table(
        ["campaign", "", "decision", Right("messages"), "what that means"],
        [
            (
                campaign.campaign,
                _letter(decision.value),
                DECISIONS[decision].said,
                f"{number:,}",
                MEANINGS[decision].said,
            )
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
            number = gettext("{contracts} ({messages})", contracts=number, messages=count(group.messages, "message"))
        reason = said(group.reason)
        if group.historic and bulk:
            out(
                gettext(
                    "held: {campaign}: {number}: {reason}; `{assume}` closes them, or afterwards `{resolve}`",
                    campaign=group.campaign,
                    number=number,
                    reason=reason,
                    assume=summary.ASSUME,
                    resolve=summary.RESOLVE,
                )
            )
        else:
            out(
                gettext(
                    "held: {campaign}: {number}: {reason}; {examples}",
                    campaign=group.campaign,
                    number=number,
                    reason=reason,
                    examples=_examples(group),
                )
            )
    for campaign, reasons in shown.items():
        if reasons > REASONS:
            out(
                gettext(
                    "held: {campaign}: … for {more_reasons}; --json lists all",
                    campaign=campaign,
                    more_reasons=count(reasons - REASONS, "more reason"),
                )
            )


def _examples(group: summary.HoldGroup) -> str:
    names = gettext(", ").join(group.examples)
    return names if group.contracts <= summary.EXAMPLES else gettext("such as {names}", names=names)


def _show_rest(plan: Plan) -> None:
    for kept in plan.kept:
        keys = count(kept.keys, "key") if kept.sha256 else gettext("not there")
        out(
            gettext(
                "stays: {campaign}: {status_file} ({keys}): not a byte of it is changed",
                campaign=kept.campaign,
                status_file=kept.status_file,
                keys=keys,
            )
        )
    if plan.others:
        out(gettext("stays: {rows} of other jobs in {store}", rows=count(plan.others, "row"), store=plan.store))
    if plan.orphans:
        ids = summary.ranges(plan.orphans).split(", ")
        out(
            gettext(
                "orphans: {pending_rows} of no contract, left as they are: {ids}",
                pending_rows=count(len(plan.orphans), "pending row"),
                ids=some(ids),
            )
        )
    for warning in plan.warnings:
        out(gettext("warning: {warning}", warning=said(warning)))


def show_contract(plan: Plan, key: str) -> None:
    """Show all evidence of one contract, given by its key or its number.

    Raises NotifykitError where the plan does not know it.
    """
    for campaign, contract in summary.known_as(plan, key):
        _show_evidence(campaign, contract)


def _show_evidence(campaign: CampaignPlan, contract: ContractPlan) -> None:
    flag = gettext("; ").join(filter(None, (COLUMNS[contract.column].said, contract.place)))
    facts = [
        (gettext("contract"), f"{contract.key}" + (f" ({contract.number})" if contract.number else "")),
        (gettext("campaign"), campaign.campaign),
        (gettext("state"), contract.state),
        (gettext("send-status file"), gettext("; ").join((JSONS[contract.json].said, campaign.status_file))),
        (
            gettext("rows"),
            ROWS[contract.rows].said
            + (gettext("; the youngest {age} old", age=age(contract.age)) if contract.age else ""),
        ),
        (gettext("CSV flag"), flag),
        (gettext("likely"), said(contract.crash) if contract.crash else gettext("no accident")),
        (gettext("flag"), gettext("will be set") if contract.set_flag else gettext("stays")),
    ]
    for name, text in facts:
        label = gettext("{name}:", name=name)
        out(f"{label}{' ' * max(18 - cell_len(label), 1)}{text}")
    print_table(
        ["message", Right("round"), Right("row"), "decision", "why", "recipient", "text"],
        [
            (
                item.message,
                str(item.round),
                "" if item.row is None else str(item.row),
                DECISIONS[item.decision].said,
                said(item.why),
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
        out(
            gettext(
                "{mark} {check}: {evidence}",
                mark=_MARKS[check.result][plain],
                check=CHECK_WORDING.said(check.what),
                evidence=check.evidence,
            )
        )
        for detail in check.details[:DETAILS]:
            out(f"    {detail}")
        if len(check.details) > DETAILS:
            out(gettext("    … and {number:,} more; --json lists all", number=len(check.details) - DETAILS))
    found = Counter(check.result for check in checks)
    parts = [gettext(text, number=found[kind]) for kind, text in _COUNTED if found[kind]]
    if parts:
        out(gettext("{checks}: {results}", checks=count(len(checks), "check"), results=gettext(", ").join(parts)))
    else:
        out(gettext("nothing was checked"))


_COUNTED = (
    (CheckResult.PASSED, gettext_noop("{number:,} passed")),
    (CheckResult.EXPLAINED, gettext_noop("{number:,} with a difference that a decision explains")),
    (CheckResult.SKIPPED, gettext_noop("{number:,} skipped")),
    (CheckResult.FAILED, gettext_noop("{number:,} failed")),
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
            (
                campaign,
                PRESENTS[present].said,
                f"{number:,}",
                COLUMNS[column].said,
                JSONS[StatusFileState.ABSENT].said if word is None else word,
            )
            for (campaign, present, column, word), number in plan.returns.items()
        ],
    )
    if plan.rows:
        parts = ", ".join(f"{number:,} {status}" for status, number in sorted(plan.rows.items()))
        out(gettext("rows that the old program will see: {parts}", parts=parts))
    if plan.files:
        out(gettext("files: {files}", files=some(plan.files, FILES)))
    if plan.others:
        rows = count(plan.others, "row")
        if plan.others_pending:
            out(
                gettext(
                    "stays: {rows} of other jobs in {store}, of which the old program will send {pending:,}",
                    rows=rows,
                    store=plan.store,
                    pending=plan.others_pending,
                )
            )
        else:
            out(gettext("stays: {rows} of other jobs in {store}", rows=rows, store=plan.store))
    show_holds(plan.holds)
    if plan.resumed:
        out(
            gettext(
                "the old program will send {messages} that the migration held and nobody "
                "touched, as it would have without the migration:",
                messages=count(len(plan.resumed), "message"),
            )
        )
        _show_groups(summary.hold_groups(plan.resumed), bulk=False)
    for warning in plan.warnings:
        out(gettext("warning: {warning}", warning=said(warning)))


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
                    said(hold.why),
                )
                for hold in holds
            ],
        )
    else:
        _show_groups(summary.hold_groups(holds), bulk=False)
    out(
        gettext("held for a person: {messages}", messages=count(len(holds), "message"))
        if holds
        else gettext("nothing is held for a person")
    )


def show_history(entries: Sequence[Entry]) -> None:
    """Show what was done, oldest first."""
    print_table(
        ["when", "what", "who", "details"],
        [
            (
                when(one.at),
                one.what.said,
                one.who,
                gettext("; ").join(f"{fact.name.said} {fact.text}" for fact in one.facts),
            )
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
        rows.append((gettext(name), when(of[0].since), when(of[-1].until), " ".join(marks[slot.tick] for slot in of)))
    print_table(["to be verified", "from", "until", "so far"], rows)
    out(gettext("; ").join(f"{mark} {gettext(tick.value)}" for tick, mark in marks.items()))


_TICKS = {
    Tick.PASSED: ("✓", "ok"),
    Tick.FAILED: ("✗", "FAILED"),
    Tick.MISSED: ("–", "-"),
    Tick.DUE: ("•", "now"),
    Tick.AHEAD: ("·", "."),
}

_PERIODS = {gettext_noop("hourly"): HOUR, gettext_noop("daily"): DAY, gettext_noop("weekly"): WEEK}
