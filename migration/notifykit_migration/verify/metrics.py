"""What monitors are told of the calendar: when a verification is due, when one last passed, and what fails."""

from __future__ import annotations

from notifykit.metrics.metric import Metric
from notifykit.pipeline.project import Project
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.verify.calendar import Tick, calendar


def metrics(project: Project) -> list[Metric]:
    """Return the metrics of the migration that is in force; none where none is."""
    entries = Journal.read(MigrationFolder.of(project.file.folder).journal)
    slots = calendar(entries, project.clock.now())
    if not slots:
        return []
    begun = max(at for at, entry in enumerate(entries) if entry.kind == "migrate_begun")
    verified = [entry for entry in entries[begun:] if entry.kind == "verified"]
    passed = [entry.at for entry in verified if entry.fields.get("passed")]
    failed = verified[-1].fields.get("failed", ()) if verified and not verified[-1].fields.get("passed") else ()
    # Those that nobody made stay due: the next one is after the last that was made.
    made = [at for at, slot in enumerate(slots) if slot.tick in (Tick.PASSED, Tick.FAILED)]
    due = slots[made[-1] + 1 :] if made else slots
    return [
        Metric(
            name="notifykit_verification_due_timestamp_seconds",
            help="Since when a verification of the migration is due, or when the next one will be.",
            values={(): due[0].since} if due else {},
        ),
        Metric(
            name="notifykit_verification_last_success_timestamp_seconds",
            help="When a verification of the migration last passed.",
            values={(): max(passed)} if passed else {},
        ),
        Metric(
            name="notifykit_verification_failed_checks",
            help="1 for each check that the latest verification of the migration failed.",
            labels=("check",),
            values={(str(check),): 1.0 for check in failed if isinstance(failed, list | tuple)},
        ),
    ]
