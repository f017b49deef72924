"""Worlds as an earlier version left them on the disk: a store in every state, and migrations cut short at every record.

They are packed in tests/data/migration/earlier_versions, a file for each version. Before a version changes what is on
the disk, make those of the version before the change, with that version's command:

    python tests/support/migration/earlier_worlds.py PATH/TO/notifykit FOLDER/NAME.tar.xz

with the folders of tests/support in PYTHONPATH. It needs strace, and takes some minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import legacy_desk
from killed_worlds import replace
from killing import KillPoint, run_and_kill
from legacy_world import AWARD, GROUP, SENT, WECOM, LegacyWorld

FACTS = "facts.json"
"""What the version itself told of a world, beside its project."""

PLAN = "plan.json"

PLAIN, PLANNED, MIGRATED, ROLLED_BACK = "plain", "planned", "migrated", "rolled-back"
"""Worlds of a command that came to its end."""

MIGRATE, ROLLBACK = "migrate", "rollback"
"""Worlds of a command that was killed are called after it, with the number of the record that it did not write."""


def write_settings(folder: Path, more: str = "") -> None:
    """Write notifykit.yaml: both senders go to the desk of this very folder. `more`: options of theirs."""
    call, support = legacy_desk.call(folder), str(Path(legacy_desk.__file__).parent)
    sender = f"{{type: python, call: {json.dumps(call)}, search_path: {json.dumps(support)}{more}}}"
    (folder / "notifykit.yaml").write_text(
        f"store: tasks.db\ncampaigns: campaigns/*.yaml\nsenders:\n  desk: {sender}\n  second: {sender}\n"
        "dispatch: {workers: 1, lease: 30, timeout: 10}\n",
        encoding="utf-8",
    )


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack all worlds of a version."""
    with tarfile.open(archive) as packed:
        # Python 3.11.4 brought filters: before, nothing is checked, and these archives are ours.
        if hasattr(tarfile, "data_filter"):
            packed.extraction_filter = tarfile.data_filter
        packed.extractall(folder)
    return folder


def put_up(packed: Path, folder: Path) -> LegacyWorld:
    """Return a world to work with: a copy, with its own desk."""
    world = LegacyWorld(folder)
    shutil.rmtree(folder)
    shutil.copytree(packed, folder)
    write_settings(folder)
    return world


@dataclass(frozen=True)
class Maker:
    """Makes the worlds of one version."""

    notifykit: str
    """That version's command."""
    target: Path

    def all(self) -> None:
        """Make every world."""
        self.plain()
        start = self._folder("start")
        world = self._legacy(start)
        self._run(world, "migrate", "--dry-run", "--stopped", "idle", "--out", str(world.folder / PLAN), codes=(0, 3))
        self._keep(world, PLANNED)
        # The plan is what is killed: from it the same is made again at any time.
        command = ("migrate", "--plan", str(world.folder / PLAN), "--yes")
        self._killed(world, MIGRATE, command)
        self._keep(world, MIGRATED)
        self._run(world, "generate")
        world.desk.set_moods({world.made_numbers[0]: legacy_desk.LOST, world.made_numbers[1]: legacy_desk.FORBIDDEN})
        self._run(world, "dispatch", "--once", codes=(0, 3))
        world.desk.set_moods({})
        self._killed(world, ROLLBACK, ("rollback", "--yes"))
        self._keep(world, ROLLED_BACK)
        shutil.rmtree(start)

    def plain(self) -> None:
        """Make a store with tasks in every status, attempts, events, starts and a pause, and tell what it says."""
        world = _World(self._folder("start"), technicians=False)
        write_settings(world.folder, ", limits: [{count: 500, seconds: 60}]")
        campaign = world.folder / "campaigns" / "beijing.yaml"
        text = campaign.read_text(encoding="utf-8")
        before, _, award = text.rpartition("sender: desk")  # a channel of its own, which can be paused
        campaign.write_text(f"{before}sender: second{award}", encoding="utf-8")
        numbers = [world.contract("N").number for _ in range(8)]
        refused, lost = dict.fromkeys(numbers[:2], legacy_desk.FORBIDDEN), dict.fromkeys(numbers[2:4], legacy_desk.LOST)
        world.desk.set_moods(refused | lost)
        self._run(world, "generate")
        self._run(world, "dispatch", "--once", codes=(0, 3))
        ids = {row["record_key"]: str(row["id"]) for row in world.rows()}
        key = next(iter(ids))
        self._run(world, "retry", ids[key], "--why", "the text was mended", codes=(0, 3))
        self._run(world, "resolve", [*ids.values()][3], "--cancel", "--why", "the contract was cancelled", codes=(0, 3))
        self._run(world, "settle", codes=(0, 3))
        self._run(
            world, "resend", [*ids][5], "--campaign", "beijing", "--why", "the group was cleared", "--yes", codes=(0, 3)
        )
        world.contract("N")
        world.desk.set_moods({})
        self._run(world, "generate")
        self._run(world, "dispatch", "--once", codes=(0, 3))
        busy, throttled = (f"{world.contract('N', award=True).number}\n达成" for _ in range(2))
        world.desk.set_moods({busy: legacy_desk.BUSY, throttled: legacy_desk.THROTTLED})
        self._run(world, "generate")
        self._run(world, "dispatch", "--once", codes=(0, 3))
        for _ in range(3):
            world.contract("N")
        self._run(world, "generate")
        # The last thing that is done: the next dispatcher would see that this one is gone.
        self._die(world, ("dispatch", "--once"), KillPoint("write", 1, str(world.folder / legacy_desk.BOOK)))
        with closing(sqlite3.connect(world.store)) as db, db:
            db.execute(
                "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at)"
                " VALUES (?, '运营日报群', '服务日报 第1号', 'pending', '2025-08-20 10:00:00', '2025-08-20 10:00:00')",
                (WECOM,),
            )
        told = {
            "tasks": json.loads(self._run(world, "tasks", "--json")),
            "status": json.loads(self._run(world, "status", "--json", codes=(0, 3))),
            "traces": {
                name: json.loads(self._run(world, "trace", name, "--json"))
                for name in sorted({row["record_key"] for row in world.rows() if row["record_key"]})
            },
        }
        (world.folder / FACTS).write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        self._keep(world, PLAIN)
        shutil.rmtree(world.folder)

    def _legacy(self, folder: Path) -> _World:
        """Make a world in which every decision occurs."""
        world = _World(folder)
        write_settings(folder)
        with world.together():
            world.technician(status="completed")
            world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "completed")], award=True)
            world.contract("N", SENT, [(GROUP, "completed")])
            world.contract("N", None, [(GROUP, "completed")], award=True)
            world.contract("Y", SENT)
            world.contract("Y", None)
            world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
            world.contract("N", SENT, [(GROUP, "pending")], age_days=30)
            world.made_numbers = [world.contract("N").number, world.contract("N", award=True).number]
            world.technician(status="pending")
            world.reports(2)
        return world

    def _killed(self, world: _World, name: str, command: tuple[str, ...]) -> None:
        """Kill a command before each record that it writes into the journal; at last it comes to its end."""
        before = self._folder("before")
        replace(before, world.folder)
        for number in count(1):
            replace(world.folder, before)
            if not self._dies(world, command, KillPoint("write", number, str(world.migration / "journal.jsonl"))):
                break
            self._keep(world, f"{name}-{number}")
        shutil.rmtree(before)

    def _dies(self, world: _World, command: tuple[str, ...], point: KillPoint) -> bool:
        return run_and_kill([self.notifykit, "--project", str(world.project), *command], dict(os.environ), point)

    def _die(self, world: _World, command: tuple[str, ...], point: KillPoint) -> None:
        if not self._dies(world, command, point):
            raise RuntimeError(f"{command} came to its end, and was to be killed")

    def _run(self, world: _World, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        command = [self.notifykit, "--project", str(world.project), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode not in codes:
            raise RuntimeError(f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _folder(self, name: str) -> Path:
        return self.target.with_name(f"{self.target.name}-{name}")

    def _keep(self, world: _World, name: str) -> None:
        shutil.copytree(world.folder, self.target / name)


class _World(LegacyWorld):
    made_numbers: list[str]
    """Numbers of the contracts that nothing was done about."""


def make(notifykit: str, archive: Path) -> None:
    """Make every world of a version, and pack them."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "worlds"
        target.mkdir()
        Maker(notifykit, target).all()
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "w:xz", preset=9) as packed:
            for path in sorted(target.iterdir()):
                packed.add(path, path.name, filter=_nobody)


def _nobody(item: tarfile.TarInfo) -> tarfile.TarInfo:
    item.uid = item.gid = 0
    item.uname = item.gname = ""
    return item


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]))
