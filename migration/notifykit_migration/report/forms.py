"""What `--json` prints of plans, checks, holds and rollbacks: plain data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from notifykit_migration.journal.journal import Entry
from notifykit_migration.model import CampaignPlan, Check, CheckResult, Hold, Options, Plan, RollbackPlan
from notifykit_migration.report import summary
from notifykit_migration.report.times import iso
from notifykit_migration.verify.calendar import Slot

NO_CRASH = {"crash": None, "crash_code": None, "crash_params": None}
"""Of a contract whose state no accident explains."""


def plan_summary_form(plan: Plan) -> dict[str, Any]:
    """Describe a plan in counts; `migrate --out` writes every decision."""
    return {
        "hash": plan.hash,
        "made_at": iso(plan.made_at),
        "store": plan.store,
        "options": _options(plan.options),
        "contracts": summary.contracts(plan),
        "held": plan.holds,
        "campaigns": [_campaign(plan, campaign) for campaign in plan.campaigns],
        "inputs": [
            {"path": item.path, "kind": item.kind.value, "sha256": item.sha256 or None, "bytes": item.size}
            for item in plan.inputs
        ],
        "changes": [{"path": change.file, "what": change.what.en} for change in summary.changes(plan)],
        "statements": list(plan.statements),
        "holds": [_group(group) for group in summary.plan_groups(plan)],
        "flows": [
            {
                "json": path.json.value,
                "rows": path.rows.value,
                "flag": path.column.value,
                "outcome": path.outcome.value,
                "contracts": number,
            }
            for path, number in sorted(summary.flows(plan).items())
        ],
        "kept": [
            {"campaign": kept.campaign, "path": kept.status_file, "sha256": kept.sha256, "keys": kept.keys}
            for kept in plan.kept
        ],
        "orphans": list(plan.orphans),
        "others": plan.others,
        "purged": plan.purged,
        "fit": fit_form(plan),
        "warnings": [warning.text for warning in plan.warnings],
        "warning_reasons": [warning.as_data() for warning in plan.warnings],
    }


def fit_form(plan: Plan) -> list[dict[str, object]]:
    """Describe how well the campaigns fit what the old program left."""
    return [reason.as_data() for reason in plan.fit]


def _options(options: Options) -> dict[str, Any]:
    return {
        "max_age": options.max_age if math.isfinite(options.max_age) else None,
        "historic": options.historic.value,
        "raised": options.raised.value,
        "stopped": options.stopped.value,
        "timezone": options.timezone or None,
        "fit_anyway": options.fit_anyway,
    }


def _campaign(plan: Plan, campaign: CampaignPlan) -> dict[str, Any]:
    return {
        "campaign": campaign.campaign,
        "status_file": campaign.status_file,
        "status_file_torn": campaign.json_torn,
        "csv_file": campaign.csv_file,
        "contracts": len(campaign.contracts),
        "held": sum(contract.held for contract in campaign.contracts),
        "flags_to_set": sum(contract.set_flag for contract in campaign.contracts),
        "decisions": {decision.value: number for decision, number in plan.counts(campaign).items()},
    }


def _group(group: summary.HoldGroup) -> dict[str, Any]:
    return {
        "campaign": group.campaign,
        **group.reason.fields("reason"),
        "historic": group.historic,
        "contracts": group.contracts,
        "messages": group.messages,
        "examples": list(group.examples),
    }


def contract_form(plan: Plan, key: str) -> dict[str, Any]:
    """Describe all evidence of one contract, given by its key or its number. Raises as `summary.known_as`."""
    return {
        "contracts": [
            {
                "campaign": campaign.campaign,
                "key": contract.key,
                "number": contract.number,
                "json": contract.json.value,
                "rows": contract.rows.value,
                "flag": contract.column.value,
                "place": contract.place,
                **(contract.crash.fields("crash") if contract.crash else NO_CRASH),
                "age": contract.age,
                "set_flag": contract.set_flag,
                "decisions": [
                    {
                        "message": item.message,
                        "round": item.round,
                        "row": item.row,
                        "decision": item.decision.value,
                        **item.why.fields("why"),
                        "recipient": item.recipient,
                        "text": item.text,
                    }
                    for item in contract.decisions
                ],
            }
            for campaign, contract in summary.known_as(plan, key)
        ]
    }


def checks_form(checks: Sequence[Check]) -> dict[str, Any]:
    """Describe how a verification came out."""
    return {
        "ok": not any(check.result is CheckResult.FAILED for check in checks),
        "checks": [
            {
                **check.what.fields("name"),
                "result": check.result.value,
                "evidence": check.evidence,
                "details": list(check.details),
            }
            for check in checks
        ],
    }


def holds_form(holds: Iterable[Hold]) -> list[dict[str, Any]]:
    """Describe every message that waits for a person."""
    return [
        {
            "campaign": hold.campaign,
            "key": hold.key,
            "message": hold.message,
            "task": hold.task,
            "recipient": hold.recipient,
            "text": hold.text,
            "status": hold.status,
            **hold.why.fields("why"),
            "metadata": dict(hold.metadata),
        }
        for hold in holds
    ]


def rollback_form(plan: RollbackPlan) -> dict[str, Any]:
    """Describe what a rollback does, in counts, and each hold."""
    return {
        "store": plan.store,
        "contracts": sum(plan.returns.values()),
        "returns": [
            {"campaign": campaign, "now": now.value, "flag": column.value, "json": word, "contracts": number}
            for (campaign, now, column, word), number in plan.returns.items()
        ],
        "rows": dict(sorted(plan.rows.items())),
        "files": list(plan.files),
        "others": plan.others,
        "others_pending": plan.others_pending,
        "holds": holds_form(plan.holds),
        "resumed": holds_form(plan.resumed),
        "warnings": [warning.text for warning in plan.warnings],
        "warning_reasons": [warning.as_data() for warning in plan.warnings],
    }


def entry_form(entry: Entry) -> dict[str, Any]:
    """Describe one line of the journal."""
    return {"kind": entry.kind, "at": iso(entry.at), "fields": dict(entry.fields)}


def slot_form(slot: Slot) -> dict[str, Any]:
    """Describe one verification that is to be made."""
    return {"since": iso(slot.since), "until": iso(slot.until), "tick": slot.tick.value}
