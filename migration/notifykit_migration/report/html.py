"""A migration as one page that needs nothing else: no network, no script. In Chinese and in English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from notifykit.durable import write_for_owner
from notifykit.wording import Language, Wording
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError
from notifykit_migration.journal.journal import Entry
from notifykit_migration.journal.phase import Phase, state_of
from notifykit_migration.model import Check, CheckResult, Hold, Plan, RollbackPlan
from notifykit_migration.report import summary, words
from notifykit_migration.report.cases import planned_cases, waiting_cases
from notifykit_migration.report.flow import BAR, HEADINGS, LEFT, STEP, picture
from notifykit_migration.report.timeline import milestones
from notifykit_migration.report.times import age, when
from notifykit_migration.report.words import Words, counted
from notifykit_migration.wording import WORDING
from notifykit_migration.wording.checks import CHECK_WORDING

HOLDS = 2000
"""Held messages that the page lists with their evidence; of more it gives the number."""

DETAILS = 200
"""Differences that it lists of one check."""

EVENTS = 500
"""Lines of the history that it lists: the latest."""


class Tone:
    """How good something is: a class of the style sheet."""

    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"
    CALM = "calm"


class Verdict(NamedTuple):
    """What the page says first."""

    tone: str
    words: Words


def html_page(
    *,
    plan: Plan,
    checks: Sequence[Check],
    entries: Sequence[Entry],
    made_at: float,
    holds: Sequence[Hold] | None = None,
    rollback: RollbackPlan | None = None,
    wording: Wording = WORDING,
) -> str:
    """Return the page. `made_at`: when, for its foot. `wording`: what its reasons are put into Chinese by.

    `holds`: what waits for a person now; None where nobody looked: then what the plan holds is listed.
    """
    flows = summary.flows(plan)
    groups = planned_cases(plan, HOLDS) if holds is None else waiting_cases(holds, plan, HOLDS)
    history = milestones(entries)
    return _template().render(
        plan=plan,
        checks=checks,
        rollback=rollback,
        made_at=made_at,
        phase=state_of(entries).phase,
        verdict=verdict(plan, checks, entries, holds),
        contracts=summary.contracts(plan),
        outcomes=_outcomes(flows),
        failed=sum(check.result is CheckResult.FAILED for check in checks),
        picture=picture(flows) if flows else None,
        flows=sorted(flows.items(), key=lambda item: (-item[1], item[0])),
        groups=groups,
        looked=holds is not None,
        held_contracts=plan.holds if holds is None else len({(hold.campaign, hold.key) for hold in holds}),
        held_messages=sum(group.messages for group in groups),
        left_out=sum(group.left_out for group in groups),
        returns=_returns(rollback),
        changes=summary.changes(plan),
        orphans=summary.ranges(plan.orphans),
        history=history[-EVENTS:],
        earlier=max(len(history) - EVENTS, 0),
        words=lambda reason: Words(reason.text, wording.say(reason, Language.CHINESE)),
    )


def write_page(
    path: Path,
    *,
    plan: Plan,
    checks: Sequence[Check],
    entries: Sequence[Entry],
    made_at: float,
    holds: Sequence[Hold] | None = None,
    rollback: RollbackPlan | None = None,
    wording: Wording = WORDING,
) -> None:
    """Write the page. Raises PreflightError where that fails."""
    page = html_page(
        plan=plan,
        checks=checks,
        entries=entries,
        made_at=made_at,
        holds=holds,
        rollback=rollback,
        wording=wording,
    )
    try:
        # What the old files held need not be text that can be written.
        write_for_owner(path, page.encode("utf-8", "replace"))
    except OSError as error:
        raise PreflightError(
            gettext("cannot be written ({strerror})", strerror=error.strerror),
            mend=gettext("check --report"),
            where=path,
        ) from error


def verdict(plan: Plan, checks: Sequence[Check], entries: Sequence[Entry], holds: Sequence[Hold] | None) -> Verdict:
    """Say in a sentence how things stand."""
    phase = state_of(entries).phase
    waiting = plan.holds if holds is None else len({(hold.campaign, hold.key) for hold in holds})
    failed = sum(check.result is CheckResult.FAILED for check in checks)
    if failed:
        return Verdict(Tone.BAD, Words(f"{counted(failed, 'check')} failed", f"{failed:,} 项检查未通过"))
    if phase in (Phase.MIGRATING, Phase.ROLLING_BACK):
        return Verdict(Tone.BAD, words.PHASES[phase])
    if phase is Phase.NONE:
        if any(entry.kind == "rollback_done" for entry in entries):
            return Verdict(Tone.CALM, Words("Rolled back to the old program", "已回滚到旧程序"))
        return Verdict(Tone.CALM, Words("A plan: nothing was changed", "这是计划：尚未改动任何内容"))
    if waiting:
        return Verdict(
            Tone.WAIT,
            Words(
                f"Migrated; {counted(waiting, 'contract')} for a person to decide",
                f"已迁移；{waiting:,} 份合同待人工决定",
            ),
        )
    return Verdict(Tone.GOOD, Words("Migrated; nothing waits for a person", "已迁移；没有需要人工决定的合同"))


def _outcomes(flows: Counter[summary.Flow]) -> list[tuple[words.Outcome, int]]:
    found: Counter[words.Outcome] = Counter()
    for path, number in flows.items():
        found[path.outcome] += number
    return [(outcome, found[outcome]) for outcome in words.Outcome if found[outcome]]


def _returns(rollback: RollbackPlan | None) -> list[tuple[str, Words, Words, str | None, int]]:
    """Count what becomes of the contracts in a rollback."""
    if rollback is None:
        return []
    return [
        (campaign, words.PRESENTS[present], words.COLUMNS[column], word, number)
        for (campaign, present, column, word), number in rollback.returns.items()
    ]


@cache
def _template() -> Template:
    folder = files("notifykit_migration.report").joinpath("page")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"when": when, "age": age, "number": "{:,}".format, "count": counted}
    environment.globals |= {
        "style": Markup(folder.joinpath("page.css").read_text(encoding="utf-8")),  # noqa: S704 - a file of ours
        "DECISIONS": words.DECISIONS,
        "MEANINGS": words.MEANINGS,
        "JSONS": words.JSONS,
        "ROWS": words.ROWS,
        "COLUMNS": words.COLUMNS,
        "OUTCOMES": words.OUTCOMES,
        "RESULTS": words.RESULTS,
        "KINDS": words.KINDS,
        "PHASES": words.PHASES,
        "HEADINGS": HEADINGS,
        "LEFT": LEFT,
        "STEP": STEP,
        "BAR": BAR,
        "named": lambda what: Words(what.text, CHECK_WORDING.say(what, Language.CHINESE)),
        "ASSUME": summary.ASSUME,
        "DETAILS": DETAILS,
    }
    return environment.get_template("page.html")
