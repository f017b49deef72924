"""What `run` shows on a terminal: of each channel what waits, for what, and how much left; nothing on a pipe."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_world import NOTIFYKIT

pty = pytest.importorskip("pty", reason="a terminal of its own needs a system that has them")

PROJECT = """
store: o.db
run: {interval: 1h}
senders:
  out: {type: file, path: out.txt, limits: [{count: 2, seconds: 60}]}
  away: {type: webhook, url: {env: AWAY}}
  shut: {type: python, call: "desk_of_live_view:shut", search_path: .}
  later: {type: python, call: "desk_of_live_view:later", search_path: .}
"""

DESK = """
from notifykit.model import FOREVER, Outcome


def shut(recipient, text):
    return Outcome.retry("93000", "bad key", after=0, pause=FOREVER)


def later(recipient, text):
    return Outcome.retry("45009", "too many", after=3600)
"""

CAMPAIGN = """
source: {type: contract_csv, path: orders.csv, key: id}
strategy: {type: contract, flag: sent, unsent: N, sent: Y}
messages:
  - {name: here, recipient: '{{ record["name"] }}', sender: out, template: here}
  - {name: there, recipient: '{{ record["name"] }}', sender: away, template: there}
  - {name: shut, recipient: '{{ record["name"] }}', sender: shut, template: shut}
  - {name: later, recipient: '{{ record["name"] }}', sender: later, template: later}
"""


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, folder: Path, *command: str) -> None:
        environment = {**os.environ, "AWAY": "http://127.0.0.1:9/x", "TERM": "xterm", "COLUMNS": "120", "LINES": "30"}
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.chdir(folder)
            os.execvpe(command[0], command, environment)
        self.raw = self.said = ""

    def wait_for(self, seen: Callable[[str], object]) -> None:
        """Read until what was said so far is what is waited for. Raises AssertionError after a minute."""
        until = time.monotonic() + 60
        while not seen(self.said):
            assert time.monotonic() < until, self.said
            self._read()

    def end(self) -> int:
        """Have it end as Ctrl-C does; returns its exit code."""
        os.kill(self.pid, signal.SIGINT)
        while self._read():
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self._fd)
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        if not select.select([self._fd], [], [], 0.2)[0]:
            return True
        try:
            found = os.read(self._fd, 1 << 16)
        except OSError:  # the process has gone
            return False
        text = found.decode("utf-8", "replace")
        self.raw += text
        self.said += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
        return bool(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "notifykit.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "campaigns" / "a.yaml").write_text(CAMPAIGN, encoding="utf-8")
    (tmp_path / "desk_of_live_view.py").write_text(DESK, encoding="utf-8")
    rows = "".join(f"C-{number},name {number},N\n" for number in range(5))
    (tmp_path / "orders.csv").write_text(f"id,name,sent\n{rows}", encoding="utf-8")
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_a_terminal_shows_what_waits_for_what(folder: Path) -> None:
    running = Terminal(folder, str(NOTIFYKIT), "run")
    running.wait_for(lambda said: re.search(r"^away +5 +\S.*the next try in .*cannot be reached", said, re.MULTILINE))
    running.wait_for(lambda said: re.search(r"^out +3 +\S.* 2 +its limit of 2 in 1 min", said, re.MULTILINE))
    running.wait_for(lambda said: re.search(r"^shut +5 +\S.*`notifykit resume`: .*bad key", said, re.MULTILINE))
    running.wait_for(lambda said: re.search(r"^later +5 +\S.* 5 +a turn that is due in", said, re.MULTILINE))
    assert "2 sent" in running.said
    assert running.end() == 0
    assert "notifykit: stopping" in running.said


def test_a_second_interrupt_leaves_the_cursor_where_it_is_seen(folder: Path) -> None:
    (folder / "desk_of_live_view.py").write_text(
        "import pathlib, time\n\n\ndef shut(recipient, text):\n    pathlib.Path(__file__).with_name('called').touch()\n"
        "    time.sleep(30)\n\n\nlater = shut\n"
    )
    running = Terminal(folder, str(NOTIFYKIT), "run")
    running.wait_for(lambda said: "waits for" in said and (folder / "called").exists())
    os.kill(running.pid, signal.SIGINT)
    running.wait_for(lambda said: "notifykit: stopping" in said)
    assert running.end() == 130
    assert running.raw.rindex("\x1b[?25h") > running.raw.rindex("\x1b[?25l")


@pytest.mark.long
def test_a_quiet_run_shows_nothing_that_moves(folder: Path) -> None:
    running = Terminal(folder, str(NOTIFYKIT), "--quiet", "run")
    running.wait_for(lambda said: "2 sent" in said)
    time.sleep(2.5)
    assert running.end() == 0
    assert "waits for" not in running.said
