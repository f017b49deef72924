"""What copies data is never readable by more accounts than the data, not for a moment."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest
from contract_world import NOTIFYKIT
from file_modes import needs_strace, too_open

PROJECT = """
store: state/outbox.db
senders: {out: {type: file, path: out/sent.jsonl}}
"""

CAMPAIGN = """
source: {type: csv, path: orders.csv, key: id}
strategy: {type: csv_flag, flag: flag, unsent: N, sent: sent}
messages: [{name: m, recipient: '{{ record["to"] }}', template: 'order {{ record["id"] }}', sender: out}]
"""

CHANGES = """
source: {type: json_file, path: changes.json}
strategy: {type: legacy_status, status_file: status.json}
messages: [{name: m, recipient: '{{ record["to"] }}', template: 'change {{ record["id"] }}', sender: out}]
"""


@needs_strace
@pytest.mark.parametrize(("umask", "mode"), [(0o000, 0o600), (0o000, 0o640), (0o077, 0o644)])
def test_nothing_that_a_pass_writes_is_ever_open_to_more_accounts(tmp_path: Path, umask: int, mode: int) -> None:
    folder = tmp_path / "project"
    (folder / "campaigns").mkdir(parents=True)
    files = {
        "notifykit.yaml": PROJECT,
        "campaigns/orders.yaml": CAMPAIGN,
        "campaigns/changes.yaml": CHANGES,
        "orders.csv": "id,to,flag\n1,a,N\n2,b,N\n",
        "changes.json": json.dumps([{"id": "7", "to": "c"}]),
        "status.json": '{"6": "x"}',
    }
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(mode)
    command = [NOTIFYKIT, "run", "--once"]
    assert too_open(folder, command, tmp_path / "log", umask=umask, wanted=mode, codes=[0]) == []
    assert (folder / "orders.csv").read_text() == "id,to,flag\n1,a,sent\n2,b,sent\n"
    assert "7" in json.loads((folder / "status.json").read_text())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert {name: modes[name] for name in ("orders.csv", "status.json")} == {"orders.csv": mode, "status.json": mode}
    assert {name: modes[name] for name in ("sent.jsonl", "outbox.db")} == {"sent.jsonl": 0o600, "outbox.db": 0o600}


@needs_strace
def test_a_mode_that_is_too_open_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "there").touch()
    code = "import os; open('there', 'a'); open('new', 'w'); os.chmod('there', 0o644); os.open('own', 64, 0o600)"
    command = [sys.executable, "-c", code]
    found = too_open(folder, command, tmp_path / "log", umask=0, wanted=0o600, codes=[0])
    assert [line.partition(":")[0] for line in found] == ["made with 0666", "changed to 644"]
