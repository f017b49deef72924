"""A server of one's own: what is said where there is none, and that nothing of it is left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from notifykit.demo import server as module
from notifykit.demo.server import NoServerError, server


def test_where_postgresql_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "programs", lambda: None)
    with pytest.raises(NoServerError, match="PostgreSQL is not installed; install PostgreSQL 15 or newer"), server():
        pass


def test_the_newest_server_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for version in ("9.6", "15", "16"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
    monkeypatch.setattr(module, "INSTALLED", tmp_path)
    assert module.programs() == tmp_path / "16" / "bin"
    shutil.rmtree(tmp_path / "16" / "bin")
    assert module.programs() == tmp_path / "15" / "bin"
    monkeypatch.setattr(module, "INSTALLED", tmp_path / "nothing")
    monkeypatch.setenv("PATH", str(tmp_path / "9.6" / "bin"))
    (tmp_path / "9.6" / "bin" / "initdb").chmod(0o755)
    assert module.programs() == tmp_path / "9.6" / "bin"
    monkeypatch.setenv("PATH", "")
    assert module.programs() is None


def test_what_a_program_says_is_told_and_nothing_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "initdb").write_text("#!/bin/sh\necho 'no room' >&2\nexit 3\n")
    (tmp_path / "initdb").chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(module, "programs", lambda: tmp_path)
    monkeypatch.setattr(module, "as_account", list)
    before = set(Path("/tmp").glob("nk-pg-*"))
    with pytest.raises(NoServerError, match="initdb: no room"), server():
        pass
    assert set(Path("/tmp").glob("nk-pg-*")) <= before
