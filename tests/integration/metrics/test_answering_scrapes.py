"""`run --metrics` answers scrapes while it works, and counts when it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from cli_world import CliWorld

PATIENCE = 30.0


def scraped(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return str(answer.read().decode())
    except urllib.error.URLError:
        return ""


def test_a_run_answers_scrapes_until_it_is_told_to_stop(world: CliWorld) -> None:
    process = subprocess.Popen(
        [*world.command, "run", "--metrics", "127.0.0.1:0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=world.in_process,
    )
    try:
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/metrics", process.stderr.readline())
        assert found is not None
        end = time.monotonic() + PATIENCE
        while 'verb="settle"' not in (text := scraped(found[0])):
            assert time.monotonic() < end
            time.sleep(0.1)
        assert 'notifykit_tasks{campaign="beijing",status="queued"} 0.0' in text
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()
    assert 'channel="beijing-group",verdict="accepted"} 2.0' in world.run("metrics").stdout
