"""The migration as a page of `notifykit serve`: plan, verifications, history and calendar, as they are now."""

from __future__ import annotations

from collections.abc import Sequence

from notifykit.operate.plugin_pages import Section, Shown
from notifykit.pipeline.project import Project
from notifykit.terminal.times import local
from notifykit.wording import Language
from notifykit_migration.backup.in_force import planned
from notifykit_migration.backup.make import find
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Entry, Journal
from notifykit_migration.journal.phase import state_of
from notifykit_migration.legacy.settings import settings_of
from notifykit_migration.model import Options, Plan
from notifykit_migration.plan.make import NothingToMigrateError, make_plan
from notifykit_migration.report import forms, summary
from notifykit_migration.report.html import verdict
from notifykit_migration.report.timeline import milestones
from notifykit_migration.report.words import DECISIONS, MEANINGS, PHASES, Words
from notifykit_migration.verify.calendar import DAY, HOUR, WEEK, Slot, Tick, calendar

__all__ = ["live_page"]

_PERIODS = {HOUR: Words("hourly", "每小时"), DAY: Words("daily", "每天"), WEEK: Words("weekly", "每周")}

_TICKS = {
    Tick.PASSED: Words("passed", "通过"),
    Tick.FAILED: Words("failed", "失败"),
    Tick.MISSED: Words("missed", "错过"),
    Tick.DUE: Words("due", "到期"),
    Tick.AHEAD: Words("to come", "未到"),
}


class _Said:
    """Words in the language of who looks."""

    def __init__(self, language: Language) -> None:
        self.chinese = language is Language.CHINESE

    def __call__(self, words: Words) -> str:
        return words.zh if self.chinese else words.en


def live_page(project: Project, language: Language) -> Shown:
    """Return the page. Nothing is changed: a verification is made by `notifykit verify`, which keeps its result.

    Raises NotifykitError where the journal, a backup or what is to be migrated cannot be read.
    """
    said = _Said(language)
    folder = MigrationFolder.of(project.file.folder)
    entries = Journal.read(folder.journal)
    phase = state_of(entries).phase
    slots = calendar(entries, project.clock.now())
    plan = _plan(project, folder, entries)
    lines = [said(PHASES[phase])]
    if plan is not None:
        lines.append(said(verdict(plan, (), entries, None).words))
    sections = [Section(title=said(Words("How it stands", "现状")), lines=lines)]
    if plan is not None:
        sections += _of_plan(project, plan, said)
    sections += [_verifications(entries, said), _calendar(slots, said), _history(entries, said)]
    data = {
        "phase": phase.value,
        "plan": plan and forms.plan_summary_form(plan),
        "entries": [forms.entry_form(entry) for entry in entries],
        "calendar": [forms.slot_form(slot) for slot in slots],
    }
    return Shown(sections=sections, data=data)


def _plan(project: Project, folder: MigrationFolder, entries: Sequence[Entry]) -> Plan | None:
    """Return the latest plan that was carried out; what a migration would do where none was; None: nothing."""
    begun = [entry for entry in entries if entry.kind == "migrate_begun"]
    if begun:
        return planned(find(folder, str(begun[-1].fields["backup"])))
    try:
        options = Options(timezone=settings_of(project.configuration).timezone)
        return make_plan(project, options, now=project.clock.now())
    except NothingToMigrateError:
        return None


def _of_plan(project: Project, plan: Plan, said: _Said) -> list[Section]:
    wording, language = project.plugins.wording, Language.CHINESE if said.chinese else Language.ENGLISH
    decisions = [
        (campaign.campaign, said(DECISIONS[decision]), f"{number:,}", said(MEANINGS[decision]))
        for campaign in plan.campaigns
        for decision, number in plan.counts(campaign).items()
        if number
    ]
    groups = [
        (group.campaign, f"{group.contracts:,}", wording.say(group.reason, language), ", ".join(group.examples))
        for group in summary.plan_groups(plan)
    ]
    return [
        Section(
            title=said(Words(f"Plan {plan.hash[:12]}", f"计划 {plan.hash[:12]}")),
            lines=[
                said(
                    Words(f"made {local(plan.made_at)} for {plan.store}", f"{local(plan.made_at)} 为 {plan.store} 制定")
                )
            ],
            headings=[
                said(Words("campaign", "活动")),
                said(Words("decision", "决定")),
                said(Words("messages", "消息")),
                said(Words("what that means", "含义")),
            ],
            rows=decisions,
        ),
        Section(
            title=said(Words("Held for a person", "待人工决定")),
            headings=[
                said(Words("campaign", "活动")),
                said(Words("contracts", "合同")),
                said(Words("why", "原因")),
                said(Words("such as", "例如")),
            ],
            rows=groups,
        ),
        Section(
            title=said(Words("What is changed", "更改")),
            headings=[said(Words("file", "文件")), said(Words("how", "方式"))],
            rows=[(change.file, said(change.what)) for change in summary.changes(plan)],
        ),
    ]


def _verifications(entries: Sequence[Entry], said: _Said) -> Section:
    made = [entry for entry in entries if entry.kind == "verified"]
    rows = [
        (
            local(entry.at),
            said(_TICKS[Tick.PASSED if entry.fields.get("passed") else Tick.FAILED]),
            ", ".join(map(str, entry.fields.get("failed", ()))),
        )
        for entry in reversed(made[-20:])
    ]
    return Section(
        title=said(Words("Verifications", "校验")),
        lines=[said(Words("`notifykit verify` makes one now.", "运行 `notifykit verify` 立即校验。"))],
        headings=[
            said(Words("when", "时间")),
            said(Words("result", "结果")),
            said(Words("failed checks", "失败的检查")),
        ],
        rows=rows,
    )


def _calendar(slots: Sequence[Slot], said: _Said) -> Section:
    rows = []
    for length, name in _PERIODS.items():
        of = [slot for slot in slots if slot.length == length]
        if of:
            found = [(tick, sum(slot.tick is tick for slot in of)) for tick in Tick]
            told = ", ".join(f"{said(_TICKS[tick])}: {number}" for tick, number in found if number)
            rows.append((said(name), local(of[0].since), local(of[-1].until), told))
    return Section(
        title=said(Words("Calendar", "校验日历")),
        headings=[
            said(Words("to be verified", "校验")),
            said(Words("from", "从")),
            said(Words("to", "到")),
            said(Words("so far", "至今")),
        ],
        rows=rows,
    )


def _history(entries: Sequence[Entry], said: _Said) -> Section:
    rows = [
        (local(one.at), said(one.what), one.who, "; ".join(f"{said(fact.name)} {fact.text}" for fact in one.facts))
        for one in reversed(milestones(entries))
    ]
    return Section(
        title=said(Words("History", "经过")),
        headings=[
            said(Words("when", "时间")),
            said(Words("what", "事项")),
            said(Words("who", "谁")),
            said(Words("details", "详情")),
        ],
        rows=rows,
    )
