"""A plan as a file: JSON that a person can read, and that a later `migrate --plan` carries out exactly."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from notifykit.durable import write_for_owner
from notifykit.durable.ordinary import read_ordinary, refuse_others
from notifykit.wording import Reason
from notifykit.wording.translation import gettext, gettext_noop
from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.model import (
    CampaignPlan,
    ContractPlan,
    FlagState,
    MessageTreatment,
    Options,
    Plan,
    RowState,
    StatusFileState,
    Treatment,
)
from notifykit_migration.wording import WORDING

FORMAT = 2
"""Version of the form."""

OLDER = (1,)
"""Those that are read as well. Format 1 has the texts of reasons without their codes."""

_TOLD = ("warnings", "fit")
"""Fields of a plan that are reasons."""

_LATER = frozenset({"timezone", "fit_anyway", "fit"})
"""Fields that earlier versions did not know: the hash leaves them out where they are empty."""

_ANEW = gettext_noop("make it anew with `notifykit migrate --dry-run --out FILE`")

LARGEST = 1024**3
"""Bytes: the plan of half a million contracts."""

BATCH = 200
"""Contracts that are encoded at once."""

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def plan_text(plan: Plan) -> str:
    """Return the plan as the text of a file: many contracts in a line, without what is as usual."""
    return "".join(text_pieces(plan))


def text_pieces(plan: Plan) -> Iterator[str]:
    """Yield that text in pieces: a plan is large, and so is every copy of it."""
    names = [item.name for item in fields(Plan) if item.name != "campaigns"]
    head = {"format": FORMAT, **{name: _plain(getattr(plan, name)) for name in names}}
    yield f'{json.dumps(head, ensure_ascii=False, indent=1)[:-2]},\n "campaigns": ['
    for number, campaign in enumerate(plan.campaigns):
        names = [item.name for item in fields(CampaignPlan) if item.name != "contracts"]
        part = {name: _plain(getattr(campaign, name)) for name in names}
        yield f"{',' if number else ''}\n{_encode(part)[:-1]},"
        yield '"contracts":['
        for at, many in enumerate(_batches(campaign.contracts)):
            # One call for many contracts, which is quicker; the brackets of its list are cut off.
            yield f"{',' if at else ''}\n{_encode([_brief(contract) for contract in many])[1:-1]}"
        yield "\n]}"
    yield "\n ]\n}\n"


def _batches(contracts: Sequence[ContractPlan]) -> Iterator[Sequence[ContractPlan]]:
    for start in range(0, len(contracts), BATCH):
        yield contracts[start : start + BATCH]


def _brief(item: ContractPlan | MessageTreatment) -> dict[str, object]:
    """Return a contract or a decision without fields that have their default."""
    found: dict[str, object] = {}
    for name, usual in _USUAL[type(item)]:
        value = getattr(item, name)
        if isinstance(value, Reason):
            found |= {field: data for field, data in value.fields(name).items() if data}
        elif value != usual:
            found[name] = [_brief(decision) for decision in value] if name == "decisions" else value
    return found


def _plain(value: object) -> object:
    """Return plain data for JSON."""
    if isinstance(value, tuple):
        return [item.as_data() if isinstance(item, Reason) else to_jsonable_python(item) for item in value]
    return to_jsonable_python(value)


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan file. Raises PreflightError where that fails."""
    try:
        write_for_owner(path, plan_text(plan).encode())
    except OSError as error:
        raise PreflightError(
            gettext("cannot be written ({strerror})", strerror=error.strerror), mend=gettext("check --out"), where=path
        ) from error


def read_plan(path: Path) -> Plan:
    """Read a plan file. Raises PreflightError where it is none, and VerificationError where it was edited."""
    try:
        text = read_ordinary(path, LARGEST).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or gettext("it is no UTF-8 text")
        raise PreflightError(
            gettext("cannot be read ({why})", why=why),
            mend=gettext("make it with `notifykit migrate --dry-run --out FILE`"),
            where=path,
        ) from error
    return parse_plan(text, str(path))


def parse_plan(text: str, name: str) -> Plan:
    """Read the text of a plan file; `name` is what messages call it. Raises as `read_plan`."""
    plan = _plan(lambda: json.loads(text, object_hook=_made), name)
    return _unedited(plan, name)


def kept_plan(path: Path) -> Plan:
    """Read the plan of a backup, never all of its text at once. Raises as `parse_plan`, and OSError."""
    return _unedited(_plan(lambda: _by_lines(path, _made), str(path)), str(path))


def kept_decisions(path: Path) -> Plan:
    """Read the plan of a backup without the evidence, which nobody compares with its hash. Raises as `kept_plan`."""
    return _plan(lambda: _by_lines(path, _made_briefly), str(path))


def _by_lines(path: Path, made: Callable[[dict[str, Any]], object]) -> object:
    """Read the JSON of a plan as `text_pieces` makes it: a line of contracts at a time, and then what is around them.

    One that stands in other lines is all around. Raises ValueError, OSError, and what `made` raises.
    """
    refuse_others(path)
    around: list[str] = []
    contracts: list[list[object]] = []
    within = False
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            if within and not line.startswith("]"):
                contracts[-1] += json.loads(f"[{line.rstrip().removesuffix(',')}]", object_hook=made)
                continue
            around.append(line)
            within = line.endswith('"contracts":[\n')
            if within:
                contracts.append([])
    form: Any = json.loads("".join(around), object_hook=made)
    if contracts:
        for campaign, found in zip(form["campaigns"], contracts, strict=True):
            campaign["contracts"] = found
    return form


def _plan(read: Callable[[], object], name: str) -> Plan:
    try:
        form = read()
    except (TypeError, KeyError) as error:
        raise PreflightError(
            gettext("is no plan: {error}", error=error), mend=gettext("make it anew"), where=name
        ) from error
    except _EditedError as error:
        raise VerificationError(
            gettext("it was edited: {error}", error=error), mend=gettext(_ANEW), where=name
        ) from error
    except (ValueError, RecursionError) as error:
        raise PreflightError(gettext("is no plan: {error}", error=error), mend=gettext(_ANEW), where=name) from error
    if not isinstance(form, dict) or "format" not in form:
        raise PreflightError(
            gettext("is no plan"), mend=gettext("make one with `notifykit migrate --dry-run --out FILE`"), where=name
        )
    if (version := form.pop("format")) not in (FORMAT, *OLDER):
        raise PreflightError(
            gettext("a plan of format {version!r}, this notifykit knows {format}", version=version, format=FORMAT),
            mend=gettext("make it anew"),
            where=name,
        )
    try:
        return _plans().validate_python(form)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise PreflightError(
            gettext("is no plan: {where}: {msg}", where=where, msg=first["msg"]),
            mend=gettext("make it anew"),
            where=name,
        ) from error


def _unedited(plan: Plan, name: str) -> Plan:
    if plan_hash(plan) != plan.hash:
        raise VerificationError(
            gettext("it was edited: its content does not have the hash {hash}", hash=plan.hash),
            mend=gettext(_ANEW),
            where=name,
        )
    return plan


def _made(found: dict[str, Any]) -> object:
    """Make contracts and their decisions as soon as they are read, so that they are never all there as mappings.

    Raises TypeError and KeyError for what is none.
    """
    if "decision" in found:
        # Of a message's few names there would be one for each contract.
        message = sys.intern(found["message"])
        why = _reason(Reason.from_fields("why", found))
        return MessageTreatment(**{**found, "message": message, "decision": _DECISION[found["decision"]], "why": why})
    if "decisions" in found:
        states = {"json": _JSON[found["json"]], "rows": _ROWS[found["rows"]], "column": _COLUMN[found["column"]]}
        crash = _reason(Reason.from_fields("crash", found)) if "crash" in found else None
        decisions = tuple(found["decisions"])
        return ContractPlan(**{"number": None, **found, **states, "decisions": decisions, "crash": crash})
    if "warnings" in found:
        told = {name: tuple(_reason(Reason.of(one)) for one in found[name]) for name in _TOLD if name in found}
        return {**found, **told}
    return found


def _made_briefly(found: dict[str, Any]) -> object:
    """Make contracts and decisions likewise, without what they were decided by."""
    if "decision" in found:
        return MessageTreatment(
            message=sys.intern(found["message"]),
            decision=_DECISION[found["decision"]],
            why=_UNSAID,
            row=found.get("row"),
            round=found.get("round", 1),
        )
    if "decisions" in found:
        return ContractPlan(
            key=sys.intern(found["key"]),
            number=None,
            json=_JSON[found["json"]],
            rows=_ROWS[found["rows"]],
            column=_COLUMN[found["column"]],
            decisions=tuple(found["decisions"]),
            set_flag=found.get("set_flag", False),
        )
    return _made(found)


_UNSAID = Reason("")


class _EditedError(Exception):
    """A reason's code or parameters are not those of its text."""


def _reason(found: Reason) -> Reason:
    """Return a reason as it was read, with its code. Raises _EditedError."""
    if not WORDING.agrees(found):
        raise _EditedError(
            gettext("{code!r} is not the code of {found!r}, or has other parameters", code=found.code, found=found.text)
        )
    return WORDING.known(found)


def plan_hash(plan: Plan) -> str:
    """Return the sha256 of what the plan will do: everything but its time and the ages.

    Of reasons it has the texts: codes and parameters must agree with them, see `read_plan`.
    """
    return _digest(_lines(plan, without=("made_at", "hash")))


def treatment_hash(plan: Plan) -> str:
    """Return the sha256 of what becomes of each message and file, and of what that was decided from.

    Reasons, accidents, warnings and the statements that change the schema are left out: another version has others
    for the same treatment.
    """
    return _digest(_lines(plan, without=("made_at", "hash", "statements", *_TOLD), why=False))


def _digest(lines: Iterator[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()


def _lines(plan: Plan, *, without: Collection[str], why: bool = True) -> Iterator[str]:
    """Yield the plan a line each, so that a large one is never held twice. `why`: with the reasons."""
    for item in fields(Plan):
        if item.name not in (*without, "campaigns") and (item.name not in _LATER or getattr(plan, item.name)):
            yield _encode([item.name, _said(getattr(plan, item.name))])
    for campaign in plan.campaigns:
        for item in fields(CampaignPlan):
            if item.name != "contracts":
                yield _encode([item.name, to_jsonable_python(getattr(campaign, item.name))])
        for many in _batches(campaign.contracts):
            yield _encode([_contract(contract, why=why) for contract in many])


def _said(value: object) -> object:
    """Return a value for the hash. What an earlier version did not know is left out where it is as it was then."""
    if isinstance(value, Options):
        return {name: said for name, said in to_jsonable_python(value).items() if said or name not in _LATER}
    if isinstance(value, tuple):
        return [item.text if isinstance(item, Reason) else to_jsonable_python(item) for item in value]
    return to_jsonable_python(value)


def _contract(contract: ContractPlan, *, why: bool) -> list[object]:
    decisions = [
        [item.message, item.decision, item.why.text if why else "", item.row, item.round, item.recipient, item.text]
        for item in contract.decisions
    ]
    return [
        contract.key,
        contract.number,
        contract.json,
        contract.rows,
        contract.column,
        contract.crash.text if why and contract.crash else None,
        contract.set_flag,
        contract.place,
        decisions,
    ]


@cache
def _plans() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


_USUAL = {kind: tuple((item.name, item.default) for item in fields(kind)) for kind in (ContractPlan, MessageTreatment)}
_DECISION = {item.value: item for item in Treatment}
_JSON = {item.value: item for item in StatusFileState}
_ROWS = {item.value: item for item in RowState}
_COLUMN = {item.value: item for item in FlagState}
