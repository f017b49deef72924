"""Steps that can be done again: each looks at its target, not at the journal, before it does anything."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from notifykit.durable import (
    copy_new,
    keep_owner_and_mode,
    make_folder,
    mend,
    patiently,
    replace,
    sync_file,
    sync_folder,
    write_new,
)
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError, UnfinishedError, VerificationError, WorldChangedError
from notifykit_migration.files.reading import file_digest
from notifykit_migration.journal.journal import Journal

BEGUN = "begun"
DONE = "done"


class TargetState(StrEnum):
    """How a step finds its target."""

    BEFORE = "before"
    AFTER = "after"
    PARTLY = "partly"
    """A run that was cut short did some of it, and it can be finished."""
    FOREIGN = "foreign"
    """Somebody else wrote to it."""


class Step(Protocol):
    """One thing that a migration or a rollback does."""

    @property
    def name(self) -> str:
        """What the journal calls it: the same in every run."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it. `target`, `before` and `after`, where given, explain a changed world."""
        ...

    def stand(self) -> TargetState:
        """Look at the target, and change nothing."""
        ...

    def do(self) -> None:
        """Do it, from `BEFORE` or `PARTLY`. Killed anywhere, the next look is one of `BEFORE`, `PARTLY`, `AFTER`."""
        ...


def run_steps(journal: Journal, steps: Iterable[Step]) -> int:
    """Do what is not done yet, in order. Returns how many were.

    Raises WorldChangedError where a target is neither as it was nor as it becomes: that step and those behind it are
    not done. A step that is refused half done, or after others were done (in this run, or in one that was cut short),
    raises UnfinishedError in place of its PreflightError. What else a step raises goes through; the next run goes on
    there.
    """
    told = _told(journal)
    count = 0
    for step in steps:
        try:
            count += _done(journal, step, told)
        except PreflightError as refusal:
            if not (count or told or _changed_something(step)):
                raise
            what = gettext("begun and not finished: {what}", what=refusal.what)
            raise UnfinishedError(what, mend=refusal.mend, where=refusal.where) from refusal
    return count


def _done(journal: Journal, step: Step, told: Collection[str]) -> bool:
    """Do a step. Returns False where there was nothing to do."""
    stand = step.stand()
    if stand is TargetState.FOREIGN:
        raise _changed(step)
    if stand is TargetState.AFTER:
        if step.name not in told:
            journal.append(DONE, step=step.name)
        return False
    journal.append(BEGUN, step=step.name, **step.describe())
    step.do()
    if step.stand() is not TargetState.AFTER:
        raise _changed(step)
    journal.append(DONE, step=step.name)
    return True


def _changed_something(step: Step) -> bool:
    """Whether a step that was refused left its target other than it was; where it cannot be seen, it did not."""
    try:
        return step.stand() is not TargetState.BEFORE
    except PreflightError:
        return False


def _told(journal: Journal) -> set[str]:
    """Return the steps that this run's journal has as done: back to where a run, or another phase, began."""
    told = set()
    for entry in reversed(journal.entries):
        if entry.kind not in (BEGUN, DONE):
            break
        if entry.kind == DONE:
            told.add(str(entry.fields.get("step")))
    return told


def _changed(step: Step) -> WorldChangedError:
    facts = step.describe()
    before, after = (str(facts[name])[:16] if facts.get(name) else None for name in ("before", "after"))
    expected = (
        gettext(
            " (expected sha256 {before}…, or {after}…)",
            before=before or gettext("of no file"),
            after=after or gettext("of no file"),
        )
        if before or after
        else ""
    )
    return WorldChangedError(
        gettext(
            "is neither as it was nor as this step leaves it{expected}: somebody else wrote to it. "
            "Nothing further was changed. Ask who did, and whether the old program is running",
            expected=expected,
        ),
        mend=gettext("`notifykit docs migration`, 'The world changed', tells how to go on"),
        where=facts.get("target", step.name),
    )


@dataclass(frozen=True, slots=True)
class ReplaceFile:
    """Gives a file other content, in one step. Its mode and owner stay; a link stays one."""

    path: Path
    before: str | None
    """sha256 of the content that is replaced; None: there is no such file yet."""
    content: bytes

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return f"replace {self.path}"

    def describe(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it."""
        return {"target": str(self.path), "before": self.before, "after": self._after}

    @property
    def _after(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def stand(self) -> TargetState:
        """Look at the file."""
        return _stand(self.path, self.before, self._after)

    def do(self) -> None:
        """Write it. Raises PreflightError where that fails, and WorldChangedError where somebody was faster."""
        _put(self, self.path, self.before, lambda fresh: write_new(fresh, self.content))


@dataclass(frozen=True, slots=True)
class RestoreFile:
    """Puts a file back as a backup has it."""

    source: Path
    """In the backup."""
    path: Path
    sha256: str
    """Of the backup's file."""
    before: str | None
    """sha256 of the content that is replaced; None: there is no such file now."""
    mode: int | None = None
    """Where there is no such file now: the mode it gets."""
    mtime_ns: int | None = None
    """The time of modification it gets; None: now."""

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return f"restore {self.path}"

    def describe(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it."""
        return {"target": str(self.path), "source": str(self.source), "before": self.before, "after": self.sha256}

    def stand(self) -> TargetState:
        """Look at the file."""
        return _stand(self.path, self.before, self.sha256)

    def do(self) -> None:
        """Write it. Raises PreflightError, WorldChangedError, and VerificationError where the backup is damaged."""
        _put(self, self.path, self.before, self._write)

    def _write(self, fresh: Path) -> None:
        if not self.source.exists() or copy_new(self.source, fresh)[0] != self.sha256:
            raise VerificationError(
                gettext("the backup is damaged here; {path} stays as it is", path=self.path), where=self.source
            )
        if self.mode is not None:
            fresh.chmod(self.mode)
        if self.mtime_ns is not None:
            os.utime(fresh, ns=(self.mtime_ns, self.mtime_ns))


@dataclass(frozen=True, slots=True)
class MoveFile:
    """Moves a file; also from one filesystem to another, where it is for a moment in both places."""

    source: Path
    target: Path
    sha256: str

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return f"move {self.source}"

    def describe(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it."""
        return {"target": str(self.source), "before": self.sha256, "to": str(self.target)}

    def stand(self) -> TargetState:
        """Look at both places."""
        match digest_now(self.source), digest_now(self.target):
            case self.sha256, None:
                return TargetState.BEFORE
            case None, self.sha256:
                return TargetState.AFTER
            case self.sha256, self.sha256:
                return TargetState.PARTLY
        return TargetState.FOREIGN

    def do(self) -> None:
        """Move it. Raises PreflightError where that fails, and WorldChangedError where somebody was faster."""
        try:
            make_folder(self.target.parent)
            if digest_now(self.target) is None:
                try:
                    patiently(lambda: self.source.rename(self.target))
                except OSError as error:
                    if error.errno != errno.EXDEV:
                        raise
                    self._copy()
            sync_folder(self.target.parent)
            if self.source.exists():
                if self.stand() is not TargetState.PARTLY:
                    raise _changed(self)
                patiently(self.source.unlink)
            sync_folder(self.source.parent)
        except OSError as error:
            raise _failed(self.source, error) from error

    def _copy(self) -> None:
        fresh = _fresh(self.target)
        fresh.unlink(missing_ok=True)
        try:
            if copy_new(self.source, fresh)[0] != self.sha256:
                raise _changed(self)
            shutil.copystat(self.source, fresh)
            sync_file(fresh)
            replace(fresh, self.target)
        finally:
            fresh.unlink(missing_ok=True)


def digest_now(path: Path) -> str | None:
    """Return the sha256 of a file; None where there is none. Raises PreflightError where it cannot be read."""
    try:
        return file_digest(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PreflightError(
            gettext("cannot be read {mend}", mend=mend(error)),
            mend=gettext("then run the same command again"),
            where=path,
        ) from error


def _stand(path: Path, before: str | None, after: str) -> TargetState:
    found = digest_now(path)
    if found == after:
        return TargetState.AFTER
    return TargetState.BEFORE if found == before else TargetState.FOREIGN


def _put(step: Step, path: Path, before: str | None, write: Callable[[Path], None]) -> None:
    """Write a file beside the other, and let it take its place: never is there half a file, nor none."""
    real = Path(os.path.realpath(path))
    fresh = _fresh(real)
    try:
        fresh.unlink(missing_ok=True)
        try:
            write(fresh)
            if before is not None:
                keep_owner_and_mode(fresh, real.stat())
            sync_file(fresh)
            if digest_now(real) != before:
                raise _changed(step)
            replace(fresh, real)
        finally:
            # In its own way out the file is gone already.
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
    except OSError as error:
        raise _failed(path, error) from error


def _fresh(path: Path) -> Path:
    """Return the name that the new file has until it is whole: always the same, so that none is left behind."""
    return path.with_name(f".{path.name}.notifykit-migration")


def _failed(path: Path, error: OSError) -> PreflightError:
    return PreflightError(
        gettext("cannot be replaced or moved {mend}", mend=mend(error)),
        mend=gettext("then run the same command again: it goes on here"),
        where=path,
    )
