"""docs/cli.md tells every key of what the migration's commands print as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from json_tables import Reader
from legacy_code import FILES
from legacy_world import AWARD, GROUP, SENT, LegacyWorld


def test_every_key_is_on_the_page(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "project")
    reader = Reader("JSON of the migration")
    with world.together():
        world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "pending"), (AWARD, "pending")], award=True)
        doubtful = world.contract("Y", None)
        world.contract("N")
        world.technician()
    code = tmp_path / "old"
    for name, text in {
        **FILES,
        "nightly.py": "import os\nos.fork()\n",
        "broken.py": "STATUS_FILENAME_BJ_AUG = (\n",
    }.items():
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text(text, encoding="utf-8")

    def told(*arguments: str, code: int = 0) -> Any:
        done = world.run(*arguments)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    found = told("inventory", str(code), "--json")
    assert found["uses"]
    assert found["hazards"]
    assert found["unread"]
    reader.compare("inventory", found)
    (code / "report.py").write_text("create_task('send_wecom_message', '群', '日报')\n", encoding="utf-8")
    technicians = (world.folder / "campaigns" / "technicians.yaml").rename(tmp_path / "technicians.yaml")
    drafted = told("inventory", str(code), "--json", "--campaigns", str(tmp_path / "drafts"))
    technicians.rename(world.folder / "campaigns" / "technicians.yaml")
    assert drafted["not_drafted"]
    assert drafted["drafts"][0]["marks"]
    reader.compare("inventory", drafted)
    reader.compare("history", told("history", "--json"))
    reader.compare("plan", told("migrate", "--dry-run", "--json"))
    reader.compare("migrate --dry-run --explain-fit", told("migrate", "--dry-run", "--explain-fit", "--json"))
    shown = told("migrate", "--dry-run", "--show", doubtful.id, "--json")
    assert shown["contracts"][0]["decisions"]
    reader.compare("migrate --dry-run --show", shown)
    reader.compare("migrate", told("migrate", "--yes", "--stopped", "idle", "--soak", "7", "--json", code=3))
    reader.compare("nothing to migrate", told("migrate", "--yes", "--json"))
    reader.compare("verify", told("verify", "--json"))
    compared = told("report", "--since-migration", "--json")["compared"]
    assert compared
    reader.compare("report --since-migration", {"compared": compared})
    reader.compare("retire", told("retire", "--now", "--yes", "--code", str(code), "--json"))
    reader.compare("history", told("history", "--json"))
    reader.compare("back", told("rollback", "--dry-run", "--json"))
    reader.compare("rollback", told("rollback", "--yes", "--json", code=3))
    reader.compare("nothing to roll back", told("rollback", "--yes", "--json"))
    reader.compare("shim --explain", told("shim", "--explain", "--json", "--", str(code / "jobs.py")))
    assert reader.used == set(reader.tables)
