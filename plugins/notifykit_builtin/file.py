"""Messages as JSON lines in a file: each one whole line, durable before it counts as sent."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile

from filelock import FileLock, Timeout

from notifykit.durable import sync, sync_folder, write_all
from notifykit.durable.ordinary import instead_of_file
from notifykit.model import Message, Outcome
from notifykit.options import OptionError, ProjectPath
from notifykit.roles import Probe, SendContext
from notifykit.wording.translation import gettext
from notifykit_builtin import wording

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)

_this_process = threading.Lock()
"""Taken before the file's own lock, which can only be waited for by looking again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Append each message to a file, as one line of JSON."""

    path: ProjectPath
    """Created, with its folder, where it is missing; only its owner may then read it. `<path>.lock` beside it keeps
    several writers apart."""

    def __post_init__(self) -> None:
        if (found := instead_of_file(self.path)) is not None:
            raise OptionError(
                "path", gettext("{path} is {found}", path=self.path, found=found), mend=gettext("name a file")
            )

    @property
    def writes(self) -> Path:
        """The file."""
        return self.path

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Append one line, or nothing: what cannot be written whole is taken back."""
        try:
            line = _line(message, context.clock.now())
        except UnicodeEncodeError as error:
            return Outcome.rejected(type(error).__name__, wording.NOT_UNICODE().text)
        lock = FileLock(f"{self.path}.lock", timeout=context.timeout, poll_interval=0.005)
        with _this_process:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                lock.acquire()
            except Timeout:
                return Outcome.retry("locked", wording.FILE_LOCKED().text)
            except OSError as error:
                return _retry(error)
            # Outside of the try: once the line is there, no failure may be reported as retry.
            try:
                return _append(self.path, line)
            finally:
                lock.release()

    def probe(self, timeout: float) -> Probe:  # noqa: ARG002 - part of the role
        """Try whether the file and its lock can be opened, or made; nothing is left behind."""
        for path in (self.path, Path(f"{self.path}.lock")):
            if fault := _fault(path):
                return Probe.bad(fault)
        return Probe.good(gettext("the file can be written"))


def _fault(path: Path) -> str:
    """Say why a file can be neither opened for writing nor made; empty where it can."""
    aim = Path(os.path.realpath(path))  # where a link leads, the file is made there
    there = next((place for place in (aim, *aim.parents) if os.path.exists(place)), aim)  # noqa: PTH110 - never raises
    try:
        if there != aim:
            with suppress(FileNotFoundError, NotADirectoryError):
                aim.stat()  # refuses names that are too long
            with TemporaryFile(dir=there):
                return ""
        os.close(os.open(aim, _FLAGS & ~os.O_CREAT))
    except OSError as error:
        why = (
            gettext("{path} is not a folder", path=there)
            if there != aim and not there.is_dir()
            else f"{there}: {error.strerror}"
        )
        return gettext("{path} cannot be written ({why})", path=path, why=why)
    return ""


def _line(message: Message, now: float) -> bytes:
    fields = {
        "time": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "idempotency_key": message.idempotency_key,
        "campaign": message.campaign,
        "key": message.key,
        "name": message.name,
        "recipient": message.recipient,
        "text": message.text,
    }
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _append(path: Path, line: bytes) -> Outcome:
    try:
        fd = os.open(path, _FLAGS, 0o600)
    except OSError as error:
        return _retry(error)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            return Outcome.rejected("not_a_file", wording.NOT_PLAIN().text)
        return _append_whole(fd, path, found.st_size, line)
    finally:
        os.close(fd)


def _append_whole(fd: int, path: Path, size: int, line: bytes) -> Outcome:
    try:
        if size == 0:
            sync_folder(path.parent)
        elif _last_byte(fd) != b"\n":
            # A process was killed while writing: end its torn line, so that the next one is whole.
            line = b"\n" + line
    except OSError as error:
        return _retry(error)
    try:
        write_all(fd, line)
    except OSError as error:
        if _cut_back(fd, size):
            return _retry(error)
        return Outcome.unknown(type(error).__name__, wording.HALF_WRITTEN().text)
    return Outcome.accepted()


def _last_byte(fd: int) -> bytes:
    os.lseek(fd, -1, os.SEEK_END)
    return os.read(fd, 1)


def _cut_back(fd: int, size: int) -> bool:
    try:
        os.ftruncate(fd, size)
        sync(fd)
    except OSError:
        return False
    return True


def _retry(error: OSError) -> Outcome:
    code = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return Outcome.retry(code, wording.NOT_WRITTEN().text)
