"""One run of the migration's gear, as a process that can be killed: lock, backup, journal, and a step of each kind.

Run again, it goes on; when it comes to its end, the project always looks the same.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from backed_up import NOW, a_plan
from notifykit_migration.backup import make as backups
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.journal.redo import MoveFile, ReplaceFile, RestoreFile, run_steps

FLAGS = "state/合同.csv"
STATUS = "state/send_status.json"
TECHNICIAN = "state/technician.json"
NEW = "state/new.json"


def run(project: Path, away: Path) -> None:
    """Back up, then change every file in one way or another. `away`: a folder, perhaps on another filesystem."""
    folder = MigrationFolder.of(project)
    with migration_lock(folder, "migrate"), Journal(folder.journal, clock=lambda: NOW) as journal:
        backup = backups.latest(folder) or backups.take(
            folder,
            plan := a_plan(),
            json.dumps({"format": 1, "hash": plan.hash}),
            project=project,
            store=project / "tasks.db",
            files=[project / name for name in (FLAGS, STATUS, TECHNICIAN)],
            clock_now=NOW,
        )
        old = {name: backups.content(backup, project / name) or b"" for name in (FLAGS, STATUS, TECHNICIAN)}
        flags = old[FLAGS].replace(b",N\r\n", b",Y\r\n")
        if not any(entry.kind == "migrate_begun" for entry in journal.entries):
            journal.append("migrate_begun", backup=backup.id)
        run_steps(
            journal,
            [
                ReplaceFile(project / FLAGS, _sha(old[FLAGS]), flags),
                MoveFile(project / STATUS, backup.folder / "retired" / "00-send_status.json", _sha(old[STATUS])),
                MoveFile(project / TECHNICIAN, away / "technician.json", _sha(old[TECHNICIAN])),
                RestoreFile(backup.folder / "files" / "002-send_status.json", project / NEW, _sha(old[STATUS]), None),
            ],
        )


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
