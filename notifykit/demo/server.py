"""A PostgreSQL server of one's own: made in a folder, reached by a socket in it, gone at the end.

The demonstration, the tests and the benchmarks use it, so that none of them touches a server that is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from notifykit.errors import NotifykitError
from notifykit.wording.translation import gettext, gettext_noop

ACCOUNT = 65534
"""The number of the account that the server runs under where root starts it, which PostgreSQL refuses: `nobody`."""

QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
"""Settings for whoever pulls no plug."""

INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each version."""

PLACE = Path("/tmp")  # noqa: S108 - the name of a socket has to be short
_PREFIX = "nk-pg-"

_OWNED = "owner.lock"
"""Locked by the process that a server is for: by the system, so also where that is killed."""

_INSTALL = gettext_noop("install PostgreSQL 15 or newer: `apt-get install postgresql`")


class NoServerError(NotifykitError):
    """PostgreSQL is not installed, or does not start."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server in a folder of its own."""

    folder: Path
    programs: Path
    """The folder of initdb and pg_ctl."""

    @property
    def address(self) -> str:
        """By which it is reached."""
        return f"postgresql://notifykit@/postgres?host={self.folder}"

    @property
    def data(self) -> Path:
        """Where it keeps what it is given."""
        return self.folder / "data"

    def start(self) -> None:
        """Start it, and wait until it answers. Raises NoServerError."""
        self._control("start", "-w", "-l", str(self.folder / "log"))

    def stop(self, how: str = "immediate") -> None:
        """Stop it: `immediate`ly as by a crash, or `fast` as by a person. Raises NoServerError."""
        self._control("stop", "-w", "-m", how)

    def restart(self, how: str = "immediate") -> None:
        """Stop it, and start it again. Raises NoServerError."""
        self.stop(how)
        self.start()

    def run(self, program: str, *arguments: str) -> None:
        """Run one of its programs, as its account. Raises NoServerError where that fails."""
        command = [*as_account(), str(self.programs / program), *arguments]
        done = subprocess.run(
            command, check=False, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8"
        )
        if done.returncode:
            raise NoServerError(" ".join(done.stderr.split()), where=program)

    def _control(self, *what: str) -> None:
        self.run("pg_ctl", "-s", "-D", str(self.data), *what)


def programs() -> Path | None:
    """Return the folder with the programs of the newest server here; None where none is installed."""
    there = sorted(INSTALLED.glob("*/bin"), key=lambda path: -float(path.parent.name))
    on_path = shutil.which("initdb")
    return next((path for path in there if (path / "initdb").exists()), Path(on_path).parent if on_path else None)


def as_account() -> list[str]:
    """Return what goes before a command so that PostgreSQL does not run as root."""
    if _user() != 0:
        return []
    return ["setpriv", "--reuid", str(ACCOUNT), "--regid", str(ACCOUNT), "--clear-groups"]


def _user() -> int:
    user: int = getattr(os, "geteuid", lambda: ACCOUNT)()
    return user


@contextmanager
def server(settings: Sequence[str] = (), *, tcp_port: int | None = None, place: Path = PLACE) -> Iterator[Server]:
    """Make a server, and start it. `settings`: lines of postgresql.conf. `tcp_port`: listen on loopback, too.

    Its folder is made in `place`, where every account may go, and whose name is short. Raises NoServerError.
    """
    found = programs()
    if found is None:
        raise NoServerError(gettext("PostgreSQL is not installed"), mend=gettext(_INSTALL))
    _clear_away(found, place)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    made = Server(folder, found)
    owned = FileLock(folder / _OWNED)
    try:
        owned.acquire()
        if as_account():
            shutil.chown(folder, ACCOUNT, ACCOUNT)
        made.run("initdb", "-D", str(made.data), "-U", "notifykit", "-A", "trust", "-E", "UTF8", "--no-sync", "-N")
        listen = "" if tcp_port is None else "127.0.0.1"
        own = [f"unix_socket_directories='{folder}'", f"listen_addresses='{listen}'", "max_connections=100"]
        if tcp_port is not None:
            own.append(f"port={tcp_port}")
        with (made.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in (*own, *settings))
        made.start()
        try:
            yield made
        finally:
            with suppress(NoServerError):  # somebody has stopped it
                made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        owned.release()


def _clear_away(programs: Path, place: Path) -> None:
    """Stop the servers of processes that were killed, and remove their folders. Those of other accounts stay."""
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError, Timeout):
            if folder.lstat().st_uid != (_user() or ACCOUNT) or not (folder / _OWNED).exists():
                continue
            with FileLock(folder / _OWNED, timeout=0):
                with suppress(NoServerError):  # it is not running
                    Server(folder, programs).stop()
                shutil.rmtree(folder)
