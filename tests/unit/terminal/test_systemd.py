"""What systemd is told, over a socket as it makes one."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.terminal.systemd import Notifier

LOCAL = getattr(socket, "AF_UNIX", -1)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd is Linux's")


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.chdir(tmp_path)  # the names of sockets are short
    with socket.socket(LOCAL, socket.SOCK_DGRAM) as made:
        made.bind("notify")
        made.settimeout(10)
        yield made


def test_it_is_told_how_things_stand(listener: socket.socket) -> None:
    systemd = Notifier({"NOTIFY_SOCKET": "notify"})
    systemd.ready("campaigns: 北京")
    assert listener.recv(1000).decode() == "READY=1\nSTATUS=campaigns: 北京"
    systemd.reloading()
    told = listener.recv(1000).decode().splitlines()
    assert told[0] == "RELOADING=1"
    assert 0 <= time.monotonic_ns() // 1000 - int(told[1].removeprefix("MONOTONIC_USEC=")) < 60_000_000
    systemd.stopping()
    assert listener.recv(1000) == b"STOPPING=1"
    systemd.alive()
    listener.settimeout(0.01)
    with pytest.raises(TimeoutError):
        listener.recv(1000)
    assert systemd.every is None, "it wants no signs of life"


def test_signs_of_life_are_as_rare_as_they_may_be(listener: socket.socket) -> None:
    systemd = Notifier({"NOTIFY_SOCKET": "notify", "WATCHDOG_USEC": "600000000", "WATCHDOG_PID": str(os.getpid())})
    assert systemd.every == 200
    for _ in range(3):
        systemd.alive()
    assert listener.recv(1000) == b"WATCHDOG=1"
    listener.settimeout(0.01)
    with pytest.raises(TimeoutError):
        listener.recv(1000)


def test_a_socket_without_a_file() -> None:
    with socket.socket(LOCAL, socket.SOCK_DGRAM) as abstract:
        name = f"notifykit-test-{os.getpid()}"
        try:
            abstract.bind(f"\0{name}")
        except OSError:
            pytest.skip("this system has no abstract sockets")
        abstract.settimeout(10)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).stopping()
        assert abstract.recv(1000) == b"STOPPING=1"


def test_what_another_process_is_watched_for_is_not_ours() -> None:
    systemd = Notifier({"NOTIFY_SOCKET": "x", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": str(os.getpid() + 1)})
    assert systemd.every is None


def test_nothing_is_said_where_nobody_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier({}).ready("x")
    assert caplog.text == ""
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("x")
    assert "systemd cannot be told READY=1" in caplog.text
