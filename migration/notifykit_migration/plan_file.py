"""A plan as a file: JSON that a person can read, and that a later `migrate --plan` carries out to the letter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.model import CampaignPlan, ContractPlan, Plan

FORMAT = 1
"""Version of the form."""

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def plan_form(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain data."""
    form: dict[str, Any] = _plans().dump_python(plan, mode="json")
    return {"format": FORMAT, **form}


def plan_text(plan: Plan) -> str:
    """Return the plan as the text of a file."""
    return json.dumps(plan_form(plan), ensure_ascii=False, indent=1) + "\n"


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan file. Raises PreflightError where that fails."""
    try:
        path.write_text(plan_text(plan), encoding="utf-8")
    except OSError as error:
        raise PreflightError(f"{path}: cannot be written ({error.strerror}); check --out") from error


def read_plan(path: Path) -> Plan:
    """Read a plan file. Raises PreflightError where it is none, and VerificationError where it was edited."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise PreflightError(
            f"{path}: cannot be read ({why}); make it with `notifykit migrate --dry-run --out FILE`"
        ) from error
    return parse_plan(text, str(path))


def parse_plan(text: str, name: str) -> Plan:
    """Read the text of a plan file; `name` is what messages call it. Raises as `read_plan`."""
    try:
        form = json.loads(text)
    except ValueError as error:
        raise PreflightError(
            f"{name}: is no plan: {error}; make it anew with `notifykit migrate --dry-run --out FILE`"
        ) from error
    if not isinstance(form, dict) or "format" not in form:
        raise PreflightError(f"{name}: is no plan; make one with `notifykit migrate --dry-run --out FILE`")
    if (version := form.pop("format")) != FORMAT:
        raise PreflightError(f"{name}: a plan of format {version!r}, this notifykit knows {FORMAT}; make it anew")
    try:
        plan = _plans().validate_python(form)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise PreflightError(f"{name}: is no plan: {where}: {first['msg']}; make it anew") from error
    if plan_hash(plan) != plan.hash:
        raise VerificationError(
            f"{name}: it was edited: its content does not have the hash {plan.hash}; "
            "make it anew with `notifykit migrate --dry-run --out FILE`"
        )
    return plan


def plan_hash(plan: Plan) -> str:
    """Return the sha256 of what the plan will do: everything but its time and the ages."""
    digest = hashlib.sha256()
    for line in _lines(plan):
        digest.update(line.encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()


def _lines(plan: Plan) -> Iterator[str]:
    """Yield the plan a line each, so that a large one is never held twice."""
    for item in fields(Plan):
        if item.name not in ("made_at", "hash", "campaigns"):
            yield _encode([item.name, to_jsonable_python(getattr(plan, item.name))])
    for campaign in plan.campaigns:
        for item in fields(CampaignPlan):
            if item.name != "contracts":
                yield _encode([item.name, to_jsonable_python(getattr(campaign, item.name))])
        for contract in campaign.contracts:
            yield _encode(_contract(contract))


def _contract(contract: ContractPlan) -> list[object]:
    decisions = [
        [item.message, item.decision, item.why, item.row, item.round, item.recipient, item.text]
        for item in contract.decisions
    ]
    return [
        contract.key,
        contract.number,
        contract.json,
        contract.rows,
        contract.column,
        contract.crash,
        contract.set_flag,
        contract.place,
        decisions,
    ]


@cache
def _plans() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)
