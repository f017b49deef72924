"""Moves a running legacy system onto the outbox, provably, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notifykit.errors import NotifykitError
    from notifykit.hookspecs import Register, RegisterCommand, RegisterReasons
    from notifykit.legacy import LegacyState
    from notifykit.metrics.metric import Metric
    from notifykit.operate.activity import Baseline
    from notifykit.operate.plugin_pages import PluginPage
    from notifykit.outbox.address import StoreAddress
    from notifykit.outbox.protocol import Outbox
    from notifykit.pipeline.project import Project
    from notifykit.wording import Language, Reason
    from notifykit.wording.translation import Catalogue


@hookimpl
def register_reasons(register: RegisterReasons) -> None:
    """Offer what plans and rollbacks say."""
    from notifykit_migration.wording import SENTENCES

    for sentence in SENTENCES:
        register(sentence)


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what the commands of a migration say in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_migration", Path(__file__).parent / "locale"))


@hookimpl
def register_lazy_commands(register: RegisterCommand) -> None:
    """Add the commands of a migration, in the order in which they are met."""
    home = "notifykit_migration.commands"
    register("migrate", f"{home}.migrate:migrate", "Move the old program's state onto the outbox.")
    register("verify", f"{home}.verify:verify", "Check that the migration did what it said.")
    register("retire", f"{home}.retire:retire", "Move the old send-status files into the backup.")
    register("rollback", f"{home}.rollback:rollback", "Go back to the old program.")
    register("history", f"{home}.history:history", "Tell what was migrated, retired and rolled back.")


@hookimpl
def register_sections(register: Register) -> None:
    """Offer `legacy:` in notifykit.yaml."""
    register("legacy", "notifykit_migration.legacy.settings:LegacySettings")


@hookimpl
def register_pages(register: Callable[[PluginPage], None]) -> None:
    """Add how the migration stands."""
    from notifykit.operate.plugin_pages import PluginPage, Shown
    from notifykit.wording.translation import gettext_noop

    def show(project: Project, language: Language) -> Shown:
        from notifykit_migration.report.live import live_page

        return live_page(project, language)

    register(PluginPage(path="/migration", title=gettext_noop("Migration"), show=show, fresh=30.0))


@hookimpl
def refusals(project: Project) -> list[NotifykitError]:
    """Say what `migrate`, `rollback` and `retire` would refuse."""
    from notifykit_migration.legacy.refusals import refusals_now

    return refusals_now(project)


@hookimpl
def after_pass(project: Project) -> None:
    """Verify a migration as its calendar says."""
    from notifykit_migration.verify.beside import verify_if_due

    verify_if_due(project)


@hookimpl
def may_generate(
    campaign: str, legacy: LegacyState | None, store: StoreAddress, folder: Path, project: Project
) -> Reason | None:
    """Refuse a campaign whose old state is still in force, or is there and named by nobody."""
    from notifykit_migration.apply import guard

    return guard.may_generate(campaign, legacy, store, folder, project)


@hookimpl
def troubles(project: Project) -> dict[str, Reason]:
    """Report a migration whose latest verification failed."""
    from notifykit_migration.verify.calendar import trouble

    return trouble(project)


@hookimpl
def metrics(project: Project) -> list[Metric]:
    """Tell monitors when a verification is due, and what the latest one found."""
    from notifykit_migration.verify.metrics import metrics as measured

    return measured(project)


@hookimpl
def metrics_files() -> Path:
    """Offer the rules about it."""
    from pathlib import Path

    return Path(__file__).parent / "verify" / "monitoring"


@hookimpl
def alert_advice(kind: str, campaigns: frozenset[str], project: Project) -> Reason | None:
    """Say that there is a way back from what may be the migration's fault."""
    from notifykit_migration.rollback.advice import advice

    return advice(kind, campaigns, project)


@hookimpl
def report_baseline(project: Project, log: Path | None) -> Baseline | None:
    """Compare with what the old table and log tell of the time before."""
    from notifykit_migration.verify.baseline import baseline

    return baseline(project, log)


@hookimpl
def rename_kept(old: str, new: str, outbox: Outbox, folder: Path, who: str, why: str) -> bool:
    """Take the fence and the record of a migrated campaign along."""
    from notifykit_migration.apply.renaming import rename_kept as rename

    return rename(old, new, outbox, folder, who=who, why=why)
