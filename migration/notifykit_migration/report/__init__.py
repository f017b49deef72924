"""How a migration is shown: on a terminal, as data for programs, and as one offline page."""

from notifykit_migration.report.forms import (
    checks_form,
    contract_form,
    entry_form,
    fit_form,
    holds_form,
    plan_summary_form,
    rollback_form,
    slot_form,
)
from notifykit_migration.report.html import html_page, write_page
from notifykit_migration.report.terminal import (
    show_calendar,
    show_checks,
    show_contract,
    show_fit,
    show_history,
    show_holds,
    show_plan,
    show_rollback,
)
from notifykit_migration.report.times import iso, when

__all__ = [
    "checks_form",
    "contract_form",
    "entry_form",
    "fit_form",
    "holds_form",
    "html_page",
    "iso",
    "plan_summary_form",
    "rollback_form",
    "show_calendar",
    "show_checks",
    "show_contract",
    "show_fit",
    "show_history",
    "show_holds",
    "show_plan",
    "show_rollback",
    "slot_form",
    "when",
    "write_page",
]
