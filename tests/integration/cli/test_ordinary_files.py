"""What a project names are ordinary files: a pipe is not waited for, and a device without an end is not read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_world import CliWorld
from system import refused_as_anybody

from notifykit.durable.ordinary import SMALL, read_ordinary

HOOK = "  hook: {type: webhook, url: {file: hook.url}}\n  award-desk:"

NAMED = {
    "notifykit.yaml": "notifykit.yaml: cannot be read (it is a pipe or a device); correct its path or permissions",
    "campaigns/more.yaml": "more.yaml: cannot be read (it is a pipe or a device); correct its path or permissions",
    "template.txt": "messages[1].template_file: ",
    "hook.url": "senders.hook.url: the secret's file hook.url cannot be read (it is a pipe or a device)",
    "notifykit-store.json": "notifykit-store.json: cannot be read (it is a pipe or a device); delete it",
    "state/notifykit.db": "notifykit.db: is a pipe or a device; `store:` in notifykit.yaml must name a file",
    "out/awards.jsonl": "senders.award-desk.path: ",
}
"""Each file of a project, and what is said where it is a pipe."""


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    world = CliWorld(tmp_path / "world")
    world.edit(
        "campaigns/beijing.yaml", "template: '奖励 {{ record[\"合同ID(_id)\"] }}'", "template_file: template.txt"
    )
    world.edit("notifykit.yaml", "  award-desk:", HOOK)
    (world.folder / "template.txt").write_text("奖励", encoding="utf-8")
    (world.folder / "hook.url").write_text("https://example.com/hook", encoding="utf-8")
    return world


def test_the_world_is_sound(world: CliWorld) -> None:
    assert world.invoke("run", "--once").exit_code == 0


@pytest.mark.long
@pytest.mark.parametrize(("file", "said"), NAMED.items())
def test_a_pipe_is_not_waited_for(world: CliWorld, file: str, said: str) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    path = world.folder / file
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    done = world.run("check")  # in a process, which is ended where it waits
    assert done.returncode == 4
    for told in (done.stdout, world.invoke("run", "--once").stderr):
        assert said in told
        assert "is a pipe or a device" in told


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such device")
@pytest.mark.parametrize("file", ["campaigns/more.yaml", "template.txt", "hook.url", "notifykit-store.json"])
def test_a_device_without_an_end_is_not_read(world: CliWorld, file: str) -> None:
    path = world.folder / file
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")
    assert "is a pipe or a device" in world.invoke("check").stdout


@pytest.mark.parametrize("file", ["campaigns/more.yaml", "template.txt", "hook.url", "notifykit-store.json"])
def test_a_file_that_is_far_too_large_is_refused(world: CliWorld, file: str) -> None:
    with (world.folder / file).open("wb") as large:
        large.truncate(SMALL + 1)
    assert f"cannot be read (it has more than {SMALL:,} bytes)" in world.invoke("check").stdout


@pytest.mark.parametrize("deep", [False, True])
def test_what_cannot_tell_the_store_turns_no_guard_off(world: CliWorld, deep: bool) -> None:
    world.lived()
    known = world.folder / "notifykit-store.json"
    known.unlink()
    if deep:
        known.write_text("[" * 100_000, encoding="utf-8")
    else:
        known.mkdir()
    world.store.unlink()
    done = world.invoke("run", "--once")
    assert done.exit_code == 1
    assert f"{known}: " in done.stderr
    assert "run `notifykit store accept`" in done.stderr
    assert not world.store.exists()


def test_a_file_may_be_as_large_as_the_bound(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read_ordinary(tmp_path / "x", 5) == b"12345"
    with pytest.raises(OSError, match="it has more than 4 bytes"):
        read_ordinary(tmp_path / "x", 4)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="one permission for all")
@pytest.mark.parametrize(
    ("file", "old", "new", "commands"),
    [
        ("notifykit.yaml", "store: state/", "store: shut/", ["check", "status", "run --once"]),
        ("campaigns/beijing.yaml", "source:", "extends: ../shut/base.yaml\nsource:", ["check"]),
        ("campaigns/beijing.yaml", "template.txt", "shut/template.txt", ["check"]),
        ("notifykit.yaml", "store:", "store:", ["--project shut/x.yaml status", "store backup shut/copy.db"]),
    ],
)
def test_where_an_account_may_not_look_is_an_error(
    world: CliWorld, file: str, old: str, new: str, commands: list[str]
) -> None:
    world.lived().edit(file, old, new)
    shut = world.folder / "shut"
    shut.mkdir(mode=0)
    try:
        for command in commands:
            done = subprocess.run(
                refused_as_anybody([*world.command, *command.split()]),
                cwd=world.folder,
                env=world.in_process,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode in (1, 4), command
            assert "shut" in done.stdout + done.stderr
            assert "Traceback" not in done.stderr
    finally:
        shut.chmod(0o700)
