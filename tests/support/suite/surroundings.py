"""What tests find in the process that runs them, whoever started it: signals, variables, umask, a folder in memory."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes that must be free in memory: some times what a run, with its servers, was seen to use at once."""

TOLD = (
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "FORCE_COLOR",
    "LINES",
    "NO_COLOR",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONIOENCODING",
    "PYTHONUTF8",
    "PYTHONWARNINGS",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
    *(f"{scheme}_proxy" for scheme in ("all", "ftp", "http", "https", "no")),
    *(f"{scheme}_PROXY" for scheme in ("ALL", "FTP", "HTTP", "HTTPS", "NO")),
)
"""Variables by which a person tells programs how to print, what to keep, and where the network is."""


def settle() -> None:
    """Bring this process, and so those that it starts, into the same state on every machine."""
    interruptible()
    quiet(os.environ)
    sys.dont_write_bytecode = False  # hundreds of processes are started, and each would compile all that it imports
    os.umask(0o022)
    if folder := in_memory(os.environ):
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None  # what was found before is forgotten


def interruptible() -> None:
    """Let SIGINT interrupt. A job in the background of a script starts with it ignored, and hands that on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def quiet(environment: MutableMapping[str, str]) -> None:
    """Remove what a person or a terminal says to programs. The time zone stays: everything works in each."""
    for name in [name for name in environment if name in TOLD or name.startswith(("LC_", "NOTIFYKIT_"))]:
        if not name.startswith("NOTIFYKIT_TEST_"):
            del environment[name]
    environment["LANG"] = "C.UTF-8"
    environment["TERM"] = "dumb"


def in_memory(environment: MutableMapping[str, str]) -> Path | None:
    """Return where temporary folders are in memory. None where a person chose, where there is no room, or no right."""
    if any(environment.get(name) for name in ("TMPDIR", "TEMP", "TMP")) or sys.platform != "linux":
        return None
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK | os.X_OK):
        return None
    # Tests start programs that they wrote.
    executable = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    return MEMORY if executable and shutil.disk_usage(MEMORY).free >= ROOM else None
