"""A sender whose module does not work on this machine or in this session: only sending needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = """
store: s.db
senders:
  desk: {type: python, call: "desk_elsewhere:send", search_path: .}
  file: {type: file, path: sent.jsonl}
"""
CAMPAIGN = """
source: {{type: csv, path: {name}.csv, key: id}}
strategy: {{type: csv_flag, flag: f, unsent: "N", sent: "Y"}}
messages:
  - {{name: m, recipient: pat, template: 'hello {{{{ record.key }}}}', sender: {name}}}
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "notifykit", *arguments]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.long
@pytest.mark.parametrize("failing", ["raise KeyError('DISPLAY')", "class P(BaseException): ...\nraise P"])
def test_a_module_that_does_not_work_here_stops_neither_looking_nor_deciding_nor_settling_nor_others(
    tmp_path: Path, failing: str
) -> None:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "notifykit.yaml").write_text(PROJECT, encoding="utf-8")
    for name in ("desk", "file"):
        (tmp_path / "campaigns" / f"{name}.yaml").write_text(CAMPAIGN.format(name=name), encoding="utf-8")
        (tmp_path / f"{name}.csv").write_text(f"id,f\n{name}-1,N\n", encoding="utf-8")
    desk = tmp_path / "desk_elsewhere.py"
    desk.write_text("def send(to, text): return True\n", encoding="utf-8")
    assert (run(tmp_path, "generate").returncode, run(tmp_path, "dispatch").returncode) == (0, 0)
    desk.write_text(failing, encoding="utf-8")
    for line in ("status", "tasks", "trace desk-1", "resume desk", "settle"):
        done = run(tmp_path, *line.split())
        assert (done.returncode, done.stderr) == (0, ""), line
    assert (tmp_path / "desk.csv").read_text(encoding="utf-8") == "id,f\ndesk-1,Y\n"
    with (tmp_path / "file.csv").open("a", encoding="utf-8") as rows:
        rows.write("file-2,N\n")
    done = run(tmp_path, "run", "--once")
    assert done.returncode == 1
    assert "error: campaign desk: " in done.stderr
    assert "desk_elsewhere cannot be imported" in done.stderr
    assert "file-2" in (tmp_path / "sent.jsonl").read_text(encoding="utf-8")
    assert "desk_elsewhere cannot be imported" in run(tmp_path, "check").stdout
