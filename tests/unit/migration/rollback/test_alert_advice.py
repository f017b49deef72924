"""Where a campaign was migrated, an alert about it says that there is a way back; and a rollback leaves alerts out."""

from __future__ import annotations

import json
from pathlib import Path

from legacy_world import SENT, LegacyWorld

from notifykit.outbox.values import ALERTS_CAMPAIGN

ALERTS = """alerts:
  channel: duty
  recipient: duty
  conditions: {failing: {}, paused: {}}
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
    assert first
