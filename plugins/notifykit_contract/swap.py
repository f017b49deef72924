"""Writes flags into a copy that takes the file's place: for words of different length in bytes.

The copy is complete and on disk before it gets the name, and gets it only if the original is what was read, or that
and more. A program that opened the original before, and writes to it after, writes to a file without a name: so the
original is kept until nobody can write to it any more. What was appended to it is taken along; if it was rewritten, or
stays open, it gets its name back.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from io import FileIO
from pathlib import Path

from notifykit.durable import (
    OPEN_FILES_CAN_BE_REPLACED,
    exchange,
    has_writer,
    keep_owner_and_mode,
    kept_from_others,
    new_file,
    replace_if,
    sync,
    write_all,
)
from notifykit.wording import Reason
from notifykit_contract import wording
from notifykit_contract.files import goes_on, in_pieces

PAUSE = 0.01
FOUND = 0.1
"""Seconds within which a program that found the file by its name, before that was exchanged, opens it: it may have to
wait for the processor in between."""
WAIT_BEFORE = 0.5
"""Seconds to wait for a program that has the file open for writing, before it is replaced."""
WAIT_AFTER = 2.0
"""The same for one that opened it just then, and writes to a file that has lost its name."""


class CannotReplaceError(Exception):
    """A copy would not be the same file to others. The reason says why, and the mend."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.text)
        self.reason = reason


def swap(path: Path, data: bytes, content: bytes) -> None:
    """Replace the file by one with other content, and with what was appended to it since it was read.

    Does nothing where it was changed otherwise: the caller reads again. Only the holder of the file's lock may call
    this. Raises OSError and CannotReplaceError; the file is then as it was.
    """
    finish_killed(path)
    copy = path.with_name(f"{_start(path)}.tmp")
    with path.open("rb", buffering=0) as original:
        facts = _replaceable(path, original)
        try:
            _write_copy(copy, path, facts, content)
            with kept_from_others(original.fileno(), WAIT_BEFORE, readers_too=False) as others:
                if not goes_on(original, in_pieces(data)):
                    return
                _append_rest(original, copy)
                read, made = original.tell(), copy.stat()
                copy = copy.rename(_named(path, facts, read, made))
                if not OPEN_FILES_CAN_BE_REPLACED:
                    original.close()
                done = replace_if(copy, path, lambda found: _is_still(found, facts) and not others.wanted())
            if done and not original.closed:
                _settle(path, original, data, copy, made)
            elif not done:
                _take_back(copy, path, made)
        finally:
            copy.unlink(missing_ok=True)


def _write_copy(copy: Path, path: Path, facts: os.stat_result, content: bytes) -> None:
    """Write the content to disk, in a file that is never readable by more accounts than the original."""
    with new_file(copy) as file:
        file.write(content)
        file.flush()
        _keep_owner(copy, path, facts)
        shutil.copystat(path, copy)
        os.utime(file.fileno() if os.utime in os.supports_fd else copy)
        sync(file)


def _settle(path: Path, original: FileIO, data: bytes, out: Path, made: os.stat_result) -> None:
    """See to what others write to the original now that it has lost its name. `out` is the name that it has, if any."""
    time.sleep(FOUND)
    at_rest, read = _rests(original, WAIT_AFTER), original.tell()
    original.seek(0)
    if goes_on(original, in_pieces(data)) and (at_rest or not out.exists()):
        original.seek(read)
        _append_rest(original, path)
    elif out.exists() and replace_if(out, path, lambda found: os.path.samestat(found.stat(), made)):
        _take_back(out, path, made)


def _take_back(copy: Path, path: Path, made: os.stat_result) -> None:
    """Append to the file what others appended to the copy, should it have had its name for a moment."""
    if not (copy.exists() and os.path.samestat(copy.stat(), made)):
        return  # another program replaced it
    with copy.open("rb", buffering=0) as file:
        _rests(file, WAIT_AFTER)
        file.seek(made.st_size)
        _append_rest(file, path)


def _append_rest(file: FileIO, path: Path) -> None:
    """Append to the file of this name what another has from where it stands."""
    if late := file.read():
        with path.open("ab", buffering=0) as target:
            write_all(target.fileno(), late)


_left = re.compile(r"-(\d+)-(\d+)-(\d+)").fullmatch


def _start(path: Path) -> str:
    return f".{path.name}.notifykit"


def _named(path: Path, facts: os.stat_result, read: int, made: os.stat_result) -> Path:
    """Return the name of the copy when it is whole: with it one process can finish what another was killed at.

    It tells the file that is replaced, how many bytes of it were read, and the file that replaces it.
    """
    return path.with_name(f"{_start(path)}-{facts.st_ino}-{read}-{made.st_ino}.tmp")


def finish_killed(path: Path) -> None:
    """Finish what a process was killed at: nothing that another program wrote stays under a name of ours."""
    start = _start(path)
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(start) and entry.name.endswith(".tmp")]
    for name in names:
        left = path.with_name(name)
        if told := _left(name[len(start) : -len(".tmp")]):
            replaced, read, made = map(int, told.groups())
            found = left.stat().st_ino
            if found != made == path.stat().st_ino:
                if found != replaced:
                    exchange(left, path)  # saved by another program, newer than our copy, and to be put back
                else:
                    with left.open("rb", buffering=0) as original:
                        original.seek(read)
                        _append_rest(original, path)
        left.unlink()


def _is_still(path: Path, facts: os.stat_result) -> bool:
    """Whether it is the very file, with the same owner and mode."""
    now = path.stat()
    same = (now.st_mode, now.st_uid, now.st_gid) == (facts.st_mode, facts.st_uid, facts.st_gid)
    return same and os.path.samestat(now, facts)


def _replaceable(path: Path, original: FileIO) -> os.stat_result:
    facts = os.fstat(original.fileno())
    if facts.st_nlink > 1:
        raise CannotReplaceError(wording.HARD_LINKS(file=str(path), names=facts.st_nlink))
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if not _rests(original, WAIT_BEFORE):
        raise CannotReplaceError(wording.OPEN_FOR_WRITING(file=str(path)))
    return facts


def _keep_owner(copy: Path, path: Path, facts: os.stat_result) -> None:
    try:
        keep_owner_and_mode(copy, facts)
    except PermissionError as error:
        raise CannotReplaceError(wording.OTHER_OWNER(file=str(path), user=facts.st_uid, group=facts.st_gid)) from error


def _rests(file: FileIO, seconds: float) -> bool:
    """Wait until no process has the file open for writing. False where one keeps it open."""
    for _ in range(int(seconds / PAUSE)):
        if not has_writer(file.fileno()):
            return True
        time.sleep(PAUSE)
    return False
