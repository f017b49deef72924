"""Has `run` make the verifications of the calendar, each in a process of its own: the next pass does not wait."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

from notifykit.errors import ExitCode
from notifykit.pipeline.project import Project
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.verify.calendar import is_due

log = logging.getLogger(__name__)

_THREAD = "notifykit-verify"


def verify_if_due(project: Project) -> None:
    """Begin the verification that is due, if one is and none is under way in this process."""
    journal = MigrationFolder.of(project.file.folder).journal
    if not journal.exists() or not is_due(Journal.read(journal), project.clock.now()):
        return
    if any(thread.name == _THREAD for thread in threading.enumerate()):
        return
    # Not a daemon: `run --once` ends when the verification does.
    threading.Thread(target=_verify, args=(project.file.file.absolute(),), name=_THREAD).start()


def _verify(project: Path) -> None:
    command = [sys.executable, "-m", "notifykit", "--quiet", "--project", str(project), "verify", "--if-due"]
    code = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode
    if code == ExitCode.VERIFICATION_FAILED:
        log.error(
            "the migration fails its checks: `notifykit verify` shows which; `notifykit rollback` is the way back"
        )
    elif code > 0 and code != ExitCode.INTERRUPTED:
        log.error("the migration could not be verified (exit code %d): `notifykit verify` tells why", code)
