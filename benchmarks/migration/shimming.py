"""The old program of the demo, bare and under the shim: one whole pass over contracts that are all due."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import notifykit_demo

from benchmarks import world
from benchmarks.harness import Sample, Stopwatch
from benchmarks.migration.legacy_world import CONTRACTS, GROUP, STORE
from benchmarks.shelf import Shelf

_PROGRAM = Path(notifykit_demo.__file__).parent / "legacy_program"
_SENT = "desktop.jsonl"

_SENDER = """\
import json


def _type(name, message):
    with open("desktop.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps({"to": name, "text": message}, ensure_ascii=False) + "\\n")


def send_wecom_message(user, message):
    _type(user, message)


def send_wechat_message(user, message):
    _type(user, message)
"""
"""A desktop that takes everything at once, instead of the demo's server."""

_PROJECT = f"""\
store: {STORE}
campaigns: campaigns/*.yaml
senders:
  group: {{type: legacy_function, call: "modules.message_sender:send_wecom_message", search_path: .}}
  person: {{type: legacy_function, call: "modules.message_sender:send_wechat_message", search_path: .}}
legacy:
  channels: {{send_wecom_message: group, send_wechat_message: person}}
"""

_CAMPAIGN = f"""\
source: {{type: contract_csv, path: {CONTRACTS}, key: 合同ID(_id)}}
strategy: {{type: contract}}
messages:
  - name: group
    recipient: {GROUP}
    sender: group
    task_type: send_wecom_message
    template: |-
      🎉 签约喜报
      恭喜 {{{{ record["管家(serviceHousekeeper)"] }}}} 签约合同 {{{{ record["合同编号(contractdocNum)"] }}}}
  - name: award
    when: record["激活奖励状态"] == "1"
    recipient: '{{{{ record["管家(serviceHousekeeper)"] }}}}'
    sender: person
    task_type: send_wechat_message
    template: '{{{{ record["合同编号(contractdocNum)"] }}}} {{{{ record["奖励名称"] }}}}'
legacy: {{kind: contract, status_file: state/send_status_bj_aug.json}}
"""


def bare(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """The program as it is."""
    return _run(room, shelf, contracts, "main.py")


def shimmed(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """The program under the shim, with not one line of it changed."""
    return _run(room, shelf, contracts, "-m", "notifykit", "shim", "--", "main.py")


def _run(room: Path, shelf: Shelf, contracts: int, *program: str) -> Sample:
    """Run one job and send what it makes. What the same takes without contracts, which is start-up, is taken off."""
    seconds = []
    for name, count in (("empty", 0), ("full", contracts)):
        folder = room / name
        _write(folder, shelf, count)
        seconds.append(_seconds(folder, *program))
        _check(folder, count)
    return Sample(value=seconds[1] - seconds[0])


def _seconds(folder: Path, *program: str) -> float:
    watch = Stopwatch()
    with watch.running():
        done = subprocess.run(
            (sys.executable, *program, "--once", "bj"),
            cwd=folder,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(program)}: exit code {done.returncode}: {done.stderr[-2000:]}")
    return watch.seconds


def _write(folder: Path, shelf: Shelf, contracts: int) -> None:
    """Set up the program with its pauses taken out, and the project beside it."""
    shutil.copytree(_PROGRAM, folder, ignore=shutil.ignore_patterns("__pycache__"))
    config = folder / "modules" / "config.py"
    text = config.read_text(encoding="utf-8")
    unhurried, pauses = re.subn(r"(?m)^PAUSE = .*$", "PAUSE = 0", text)
    if pauses != 1:
        raise RuntimeError(f"{config}: there are {pauses} lines `PAUSE = …`, not the one whose pauses are taken out")
    config.write_text(unhurried, encoding="utf-8")
    (folder / "modules" / "message_sender.py").write_text(_SENDER, encoding="utf-8")
    for name in ("campaigns", "source", "state"):
        (folder / name).mkdir()
    (folder / "source" / "contracts_bj_aug.json").write_text("[]", encoding="utf-8")
    (folder / "notifykit.yaml").write_text(_PROJECT, encoding="utf-8")
    (folder / "campaigns" / "beijing.yaml").write_text(_CAMPAIGN, encoding="utf-8")
    shelf.copy(f"contracts-{contracts}.csv", folder / CONTRACTS, lambda path: world.write(path, contracts))


def _check(folder: Path, contracts: int) -> None:
    """Raise RuntimeError where not every message was sent once, or not every flag set."""
    wanted = contracts + (contracts + world.AWARD_EVERY - 1) // world.AWARD_EVERY
    sent_file = folder / _SENT
    lines = sent_file.read_text(encoding="utf-8").splitlines() if sent_file.exists() else []
    different = {(sent["to"], sent["text"]) for sent in map(json.loads, lines)}
    with (folder / CONTRACTS).open(encoding="utf-8-sig", newline="") as file:
        flagged = sum(row[world.FLAG] == "Y" for row in csv.reader(file))
    if (len(lines), len(different), flagged) != (wanted, wanted, contracts):
        raise RuntimeError(
            f"{len(lines)} messages were sent, {len(different)} different ones, and {flagged} flags set, instead of "
            f"{wanted} and {contracts}; a figure for wrong work is worth nothing"
        )
