"""Where a campaign was migrated, an alert about it says that there is a way back; and a rollback leaves alerts out."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from legacy_world import SENT, LegacyWorld

from notifykit.outbox.values import ALERTS_CAMPAIGN

ALERTS = """alerts:
  channel: duty
  recipient: duty
  conditions: {failing: {}, paused: {}, reported: {}}
senders:
  duty: {type: file, path: out/duty.jsonl}
"""


def test_the_way_back_is_in_the_alert_of_a_migrated_campaign_alone(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "world")
    world.contract(flag="Y", json=SENT, rows=[("group", "completed")])
    text = world.project.read_text(encoding="utf-8")
    world.project.write_text(text.replace("senders:\n", ALERTS, 1), encoding="utf-8")
    good = world.csv().read_bytes()
    assert world.run("migrate", "--yes").exit_code == 0
    world.csv().write_text("other\n1\n", encoding="utf-8")
    world.run("run", "--once")
    (told,) = (world.folder / "out" / "duty.jsonl").read_text(encoding="utf-8").splitlines()
    first, began, advice = json.loads(told)["text"].split("\n")
    assert began.startswith("failing/beijing began: ")
    assert advice == "migrated: beijing; `notifykit rollback` is the way back to the old program"
    world.csv().write_bytes(good)
    rolled = world.run("rollback", "--yes")
    assert rolled.exit_code == 0, rolled.output
    assert ALERTS_CAMPAIGN not in rolled.output
    with closing(sqlite3.connect(world.store)) as db:
        assert first not in {text.split("\n")[0] for (text,) in db.execute("SELECT message FROM tasks")}


def test_a_verification_that_fails_is_told_and_that_it_passes_again(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "world")
    world.contract(flag="Y", json=SENT, rows=[("group", "completed")])
    text = world.project.read_text(encoding="utf-8")
    alerts = ALERTS.replace("  conditions", "  quiet: 0\n  conditions")
    world.project.write_text(text.replace("senders:\n", alerts, 1), encoding="utf-8")
    assert world.run("migrate", "--yes").exit_code == 0
    assert world.run("health").exit_code == 0
    with closing(sqlite3.connect(world.store)) as db, db:
        (name, sql) = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' LIMIT 1").fetchone()
        db.execute(f'DROP TRIGGER "{name}"')
    assert world.run("verify").exit_code == 7
    health = world.run("health")
    assert health.exit_code == 3
    assert "the migration fails its checks (fence stands)" in health.output
    world.run("run", "--once")
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute(sql)
    assert world.run("verify").exit_code == 0
    world.run("run", "--once")
    told = [
        json.loads(line)["text"].split("\n")[1:]
        for line in (world.folder / "out" / "duty.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    began, over = told
    assert began[0].startswith("reported/migration began: the migration fails its checks (fence stands)")
    assert began[1].endswith("`notifykit rollback` is the way back to the old program")
    assert over[0].startswith("reported/migration is over after ")
