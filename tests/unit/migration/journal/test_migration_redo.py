"""A step is done once, whatever came before; and not at all where somebody else was at its target."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from notifykit_migration.errors import PreflightError, UnfinishedError, VerificationError, WorldChangedError
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.redo import MoveFile, ReplaceFile, RestoreFile, Step, TargetState, run_steps
from system import needs_superuser


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@dataclass
class Sign:
    """A step of a word on a slate."""

    slate: dict[str, str]
    before: str
    after: str
    fails: bool = False
    done: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"sign {self.after}"

    def describe(self) -> Mapping[str, Any]:
        return {"target": "the slate", "before": self.before, "after": self.after}

    def stand(self) -> TargetState:
        word = self.slate["word"]
        known = {self.before: TargetState.BEFORE, self.after: TargetState.AFTER, f"{self.after}…": TargetState.PARTLY}
        return known.get(word, TargetState.FOREIGN)

    def do(self) -> None:
        self.done.append(self.after)
        self.slate["word"] = self.slate["word"] if self.fails else self.after


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl", clock=lambda: 1.0)


def told(journal: Journal) -> list[tuple[str, object]]:
    return [(entry.kind, entry.fields.get("step")) for entry in journal.entries]


def test_steps_are_done_once_and_written_down(journal: Journal) -> None:
    slate = {"word": "a"}
    steps = [Sign(slate, "a", "b"), Sign(slate, "b", "c")]
    assert run_steps(journal, steps) == 2
    assert slate == {"word": "c"}
    said = [("begun", "sign b"), ("done", "sign b"), ("begun", "sign c"), ("done", "sign c")]
    assert told(journal) == said
    assert journal.entries[0].fields == {"step": "sign b", "target": "the slate", "before": "a", "after": "b"}
    assert run_steps(journal, steps[1:]) == 0
    assert told(journal) == said


def test_the_target_is_believed_and_not_the_journal(journal: Journal) -> None:
    slate = {"word": "a"}
    step = Sign(slate, "a", "b")
    run_steps(journal, [step])
    slate["word"] = "a"
    assert run_steps(journal, [step]) == 1
    assert slate == {"word": "b"}


def test_a_step_that_was_done_before_the_kill_is_written_down(journal: Journal) -> None:
    journal.append("begun", step="sign b")
    step = Sign({"word": "b"}, "a", "b")
    assert run_steps(journal, [step]) == 0
    assert told(journal) == [("begun", "sign b"), ("done", "sign b")]
    assert step.done == []


def test_each_run_tells_its_own(journal: Journal) -> None:
    """A migration after a rollback has steps of the same names."""
    slate = {"word": "a"}
    run_steps(journal, [Sign(slate, "a", "b")])
    journal.append("migrate_begun")
    run_steps(journal, [Sign(slate, "a", "b")])
    assert told(journal)[-2:] == [("migrate_begun", None), ("done", "sign b")]


def test_half_done_is_finished(journal: Journal) -> None:
    slate = {"word": "b…"}
    assert run_steps(journal, [Sign(slate, "a", "b")]) == 1
    assert slate == {"word": "b"}


@dataclass
class Refused(Sign):
    """A step that something stands in the way of."""

    half: bool = False

    def do(self) -> None:
        if self.half:
            self.slate["word"] = f"{self.after}…"
        raise PreflightError("it is held open", mend="close it", where="the slate")


def test_a_first_step_that_is_refused_changed_nothing(journal: Journal) -> None:
    with pytest.raises(PreflightError, match="the slate: it is held open; close it"):
        run_steps(journal, [Refused({"word": "a"}, "a", "b")])


@pytest.mark.parametrize("half", [False, True])
def test_a_refusal_after_something_was_done_says_that_it_is_not_finished(journal: Journal, *, half: bool) -> None:
    slate = {"word": "a"}
    steps: list[Step] = [] if half else [Sign({"word": "x"}, "x", "y")]
    steps.append(Refused(slate, "a", "b", half=half))
    for _ in range(2):  # the second time, what was done was done by an earlier run
        with pytest.raises(UnfinishedError, match=r"^the slate: begun and not finished: it is held open; close it$"):
            run_steps(journal, steps)
    assert run_steps(journal, [*steps[:-1], Sign(slate, "a", "b")]) == 1


def test_a_changed_world_stops_it(journal: Journal) -> None:
    slate = {"word": "x"}
    steps = [Sign(slate, "a", "b"), Sign({"word": "a"}, "a", "b")]
    with pytest.raises(WorldChangedError) as caught:
        run_steps(journal, steps)
    said = str(caught.value)
    assert said.startswith("the slate: is neither as it was nor as this step leaves it (expected sha256 a…, or b…)")
    assert "Ask who did" in said
    assert "`notifykit docs migration`" in said
    assert told(journal) == []
    assert steps[1].done == []


def test_a_step_that_has_no_effect_is_no_done_step(journal: Journal) -> None:
    with pytest.raises(WorldChangedError):
        run_steps(journal, [Sign({"word": "a"}, "a", "b", fails=True)])
    assert told(journal) == [("begun", "sign b")]


def test_replace(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    path.chmod(0o640)
    step = ReplaceFile(path, sha(b"old"), b"new")
    assert step.stand() is TargetState.BEFORE
    assert run_steps(journal, [step]) == 1
    assert path.read_bytes() == b"new"
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["a.csv", "journal.jsonl"]


@needs_superuser
def test_the_owner_stays(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    if sys.platform == "win32":
        pytest.skip("Windows has no owners of this kind")
    os.chown(path, 12345, 54321)
    path.chmod(0o660)
    ReplaceFile(path, sha(b"old"), b"new").do()
    facts = path.stat()
    assert (facts.st_uid, facts.st_gid, stat.S_IMODE(facts.st_mode)) == (12345, 54321, 0o660)


def test_replace_makes_what_is_not_there(tmp_path: Path) -> None:
    step = ReplaceFile(tmp_path / "a", None, b"new")
    assert step.stand() is TargetState.BEFORE
    step.do()
    assert (tmp_path / "a").read_bytes() == b"new"
    assert ReplaceFile(tmp_path / "a", None, b"other").stand() is TargetState.FOREIGN


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    ReplaceFile(tmp_path / "link", sha(b"old"), b"new").do()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_what_a_killed_run_left_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    (tmp_path / ".a.notifykit-migration").write_bytes(b"half a f")
    ReplaceFile(path, sha(b"old"), b"new").do()
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


def test_somebody_was_faster(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"theirs")
    with pytest.raises(WorldChangedError):
        ReplaceFile(path, sha(b"old"), b"new").do()
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["a"]


def test_restore(tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(b"old")
    path = tmp_path / "a"
    step = RestoreFile(tmp_path / "backup", path, sha(b"old"), None, mode=0o604, mtime_ns=10**18)
    assert step.stand() is TargetState.BEFORE
    step.do()
    assert step.stand() is TargetState.AFTER
    assert path.stat().st_mtime_ns == 10**18
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o604
    path.write_bytes(b"new")
    RestoreFile(tmp_path / "backup", path, sha(b"old"), sha(b"new")).do()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a", "backup"]


@pytest.mark.parametrize("content", [b"damaged", None])
def test_a_damaged_backup_is_not_restored(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"new")
    if content is not None:
        (tmp_path / "backup").write_bytes(content)
    with pytest.raises(VerificationError, match=r"backup: the backup is damaged here; .*a stays as it is"):
        RestoreFile(tmp_path / "backup", path, sha(b"old"), sha(b"new")).do()
    assert path.read_bytes() == b"new"


def refuse(monkeypatch: pytest.MonkeyPatch, times: int, error: Callable[[], OSError]) -> list[float]:
    """Have the system refuse new names so many times, and return what was waited."""
    waited: list[float] = []
    left = [times]
    replace, rename = os.replace, os.rename

    def refusing(call: Callable[..., None]) -> Callable[..., None]:
        def renamed(source: Path, target: Path) -> None:
            if left[0]:
                left[0] -= 1
                raise error()
            call(source, target)

        return renamed

    monkeypatch.setattr(os, "replace", refusing(replace))
    monkeypatch.setattr(os, "rename", refusing(rename))
    monkeypatch.setattr(time, "sleep", waited.append)
    clock = iter(range(10**6))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock) * 0.1)
    return waited


def open_in_a_spreadsheet() -> OSError:
    error = PermissionError(errno.EACCES, "The process cannot access the file")
    setattr(error, "winerror", 32)  # noqa: B010 - only Windows knows it
    return error


@pytest.mark.parametrize("kind", ["replace", "move"])
def test_a_file_open_in_a_spreadsheet_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path, target = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"old")
    step: Step = MoveFile(path, target, sha(b"old")) if kind == "move" else ReplaceFile(path, sha(b"old"), b"new")
    waited = refuse(monkeypatch, 5, open_in_a_spreadsheet)
    step.do()
    assert len(waited) == 5
    assert step.stand() is TargetState.AFTER


@pytest.mark.parametrize("kind", ["replace", "move"])
def test_a_file_that_stays_open_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path, target = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"old")
    step: Step = MoveFile(path, target, sha(b"old")) if kind == "move" else ReplaceFile(path, sha(b"old"), b"new")
    waited = refuse(monkeypatch, 10**6, open_in_a_spreadsheet)
    with pytest.raises(PreflightError, match=r"a: cannot be replaced .*close it in the program .*run the same command"):
        step.do()
    assert 20 <= len(waited) <= 26, "about 2.5 s"
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_other_refusals_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    waited = refuse(monkeypatch, 1, lambda: PermissionError(errno.EACCES, "Permission denied"))
    with pytest.raises(PreflightError, match="check owner and mode"):
        ReplaceFile(path, sha(b"old"), b"new").do()
    assert waited == []


def test_move(journal: Journal, tmp_path: Path) -> None:
    source, target = tmp_path / "a.json", tmp_path / "retired" / "a.json"
    source.write_bytes(b"{}")
    step = MoveFile(source, target, sha(b"{}"))
    assert step.stand() is TargetState.BEFORE
    assert run_steps(journal, [step]) == 1
    assert not source.exists()
    assert target.read_bytes() == b"{}"
    assert run_steps(journal, [step]) == 0


def across_filesystems(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, 1, lambda: OSError(errno.EXDEV, os.strerror(errno.EXDEV)))


def test_move_to_another_filesystem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "a", tmp_path / "r" / "a"
    source.write_bytes(b"{}")
    os.utime(source, ns=(10**18, 10**18))
    source.chmod(0o440)
    across_filesystems(monkeypatch)
    MoveFile(source, target, sha(b"{}")).do()
    assert not source.exists()
    assert target.read_bytes() == b"{}"
    assert target.stat().st_mtime_ns == 10**18
    assert names(target.parent) == ["a"]


def test_move_to_a_real_other_filesystem(tmp_path: Path, away: Path) -> None:
    if away.stat().st_dev == tmp_path.stat().st_dev:
        assert not os.environ.get("CI"), "needs a second filesystem: /dev/shm beside /var/tmp"
        pytest.skip("there is only one filesystem")
    (away / "a").write_bytes(b"{}")
    step = MoveFile(away / "a", tmp_path / "a", sha(b"{}"))
    step.do()
    assert step.stand() is TargetState.AFTER
    assert names(away) == []


def test_a_move_that_was_killed_between_the_two_places(journal: Journal, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"{}")
    step = MoveFile(tmp_path / "a", tmp_path / "b", sha(b"{}"))
    assert step.stand() is TargetState.PARTLY
    assert run_steps(journal, [step]) == 1
    assert names(tmp_path) == ["b", "journal.jsonl"]


@pytest.mark.parametrize(
    ("source", "target"),
    [(None, None), (b"theirs", None), (None, b"theirs"), (b"{}", b"theirs"), (b"theirs", b"{}")],
)
def test_nothing_of_others_is_moved(
    journal: Journal, tmp_path: Path, source: bytes | None, target: bytes | None
) -> None:
    for name, content in (("a", source), ("b", target)):
        if content is not None:
            (tmp_path / name).write_bytes(content)
    step = MoveFile(tmp_path / "a", tmp_path / "b", sha(b"{}"))
    with pytest.raises(WorldChangedError, match=r"a: is neither"):
        run_steps(journal, [step])
    if source and target:
        with pytest.raises(WorldChangedError):
            step.do()
    assert [(tmp_path / name).read_bytes() for name, content in (("a", source), ("b", target)) if content] == [
        content for content in (source, target) if content
    ]


def test_a_changed_file_is_not_copied_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"theirs")
    across_filesystems(monkeypatch)
    with pytest.raises(WorldChangedError):
        MoveFile(tmp_path / "a", tmp_path / "b", sha(b"{}")).do()
    assert names(tmp_path) == ["a"]


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(PreflightError, match="cannot be read"):
        ReplaceFile(tmp_path / "a", None, b"new").stand()
