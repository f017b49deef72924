"""SIGINT and SIGTERM to real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from cli_world import BUSY, FINE, CliWorld, contract
from processes import running, wait_until
from slow_service import SlowService

from notifykit.outbox.values import Filter
from notifykit.wording import Reason

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

LOCAL = getattr(socket, "AF_UNIX", -1)
HANG_UP = getattr(signal, "SIGHUP", -1)


@contextmanager
def started(world: CliWorld, *arguments: str, ignore: bool = False) -> Iterator[subprocess.Popen[str]]:
    command = [*world.command, *arguments]
    if ignore:
        command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
    with running(command, env=world.in_process, stderr=subprocess.PIPE) as process:
        yield process


def read_until(stream: IO[str] | None, word: str) -> str:
    assert stream is not None
    said = ""
    while word not in said:
        line = stream.readline()
        assert line, said
        said += line
    return said


def counted(world: CliWorld) -> Counter[str]:
    with world.outbox() as outbox:
        return Counter(task.status.value for task in outbox.tasks(Filter()))


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [["dispatch"], ["run", "--once"], ["run"]])
def test_the_first_signal_finishes_what_is_on_the_wire(
    slow_world: CliWorld, service: SlowService, number: signal.Signals, command: list[str]
) -> None:
    with started(slow_world, *command) as process:
        service.wait_for(2)
        process.send_signal(number)
        read_until(process.stderr, "stopping; what is on the wire is finished first")
        assert process.poll() is None
        service.gate.set()
        output, _ = process.communicate(timeout=60)
        assert process.returncode == (0 if command == ["run"] else 130), "what has no end is not interrupted"
    assert "2 sent" in output
    waiting = {"queued": 18, "completed": 2} if command[0] == "run" else {"queued": 18, "sent": 2}
    assert counted(slow_world) == waiting
    assert sum(service.server.accepted.values()) == 2


def test_json_says_that_it_was_interrupted(slow_world: CliWorld, service: SlowService) -> None:
    with started(slow_world, "dispatch", "--json") as process:
        service.wait_for(2)
        process.send_signal(signal.SIGINT)
        read_until(process.stderr, "stopping")
        service.gate.set()
        output, _ = process.communicate(timeout=60)
    assert (json.loads(output)["interrupted"], json.loads(output)["sent"]) == (True, 2)


def test_the_second_signal_leaves_at_once(slow_world: CliWorld, service: SlowService) -> None:
    with started(slow_world, "dispatch") as process:
        service.wait_for(2)
        process.send_signal(signal.SIGINT)
        read_until(process.stderr, "stopping")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
    # Nobody knows what came of the two: they are in doubt once their lease is over, and held.
    assert counted(slow_world) == {"queued": 18, "sending": 2}


def test_a_process_that_ignores_interrupts_goes_on_ignoring_them(slow_world: CliWorld, service: SlowService) -> None:
    with started(slow_world, "dispatch", ignore=True) as process:
        service.wait_for(2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        service.gate.set()
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, output, errors) == (0, "20 sent\n", "")


def test_ctrl_c_ends_other_commands_without_a_traceback(world: CliWorld) -> None:
    world.write_campaign(
        "technicians",
        "source: {type: json_http, url: {env: TEST_SOURCE_URL}, columns: [id]}\n"
        "strategy: {type: legacy_status, status_file: data/status.json}\n"
        "messages: [{name: group, recipient: x, sender: award-desk, template: x}]\n",
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        world.environment["TEST_SOURCE_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}/changes"
        with started(world, "generate", "technicians") as process:
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                _, errors = process.communicate(timeout=60)
                assert (process.returncode, errors.strip()) == (130, "interrupted")


def test_run_repeats_until_it_is_stopped(world: CliWorld) -> None:
    with started(world, "run", "--interval", "0.1", "--json") as process:
        wait_until(lambda: world.flags() == ["Y", "Y"])
        with world.csv.open("a", encoding="utf-8", newline="") as file:
            file.write(f"{contract(3)},测试管家3,0,N,{BUSY}\r\n{contract(4)},测试管家4,1,N,\r\n")
        wait_until(lambda: counted(world)["queued"] == 2)
        wait_until(lambda: counted(world)["sent"] == 1)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0
    assert "Traceback" not in errors
    passes = [json.loads(line) for line in output.splitlines()]
    assert len(passes) > 1
    assert all((item["waiting_for_you"] is None) is (item["generated"] == []) for item in passes)
    assert sum(item["dispatched"]["sent"] for item in passes) == 4
    assert sum(item["dispatched"]["put_back"] for item in passes) == 1


def run_over_a_pause(world: CliWorld, seconds: float) -> list[dict[str, Any]]:
    """Start `run` on a channel that is paused for so long, until all is sent; returns its passes."""
    assert world.invoke("generate").exit_code == 0
    with world.outbox() as outbox:
        outbox.pause("beijing-group", seconds, Reason("45009"))
    with started(world, "run", "--interval", "600", "--json") as process:
        wait_until(lambda: world.flags() == ["Y", "Y"], patience=seconds + 60)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    return [json.loads(line) for line in output.splitlines()]


def test_what_falls_due_between_two_passes_is_sent_and_flagged(tmp_path: Path) -> None:
    for seconds in (2.0, 8.0, 60.0):  # on a busy machine the first pass comes late
        first, *between = run_over_a_pause(CliWorld(tmp_path / f"{seconds}", (FINE, FINE)), seconds)
        if first["dispatched"]["sent"] == 1:  # the one to a person, over another channel
            break
    assert first["waiting_for_you"] is not None
    assert [item["generated"] for item in between] == [[]] * len(between)
    assert [item["waiting_for_you"] for item in between] == [None] * len(between)
    assert sum(item["dispatched"]["sent"] for item in between) == 2


def test_a_service_that_is_told_to_read_its_configuration_anew(world: CliWorld, tmp_path: Path) -> None:
    """As systemd starts and reloads one: `Type=notify-reload`, `ExecReload=kill -HUP`."""
    with socket.socket(LOCAL, socket.SOCK_DGRAM) as systemd, chdir(tmp_path):
        systemd.bind("notify")
        systemd.settimeout(60)
        world.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        with started(world, "run", "--interval", "600") as process:
            assert "; campaigns: beijing; channels: " in systemd.recv(1000).decode().removeprefix("READY=1\nSTATUS=")
            assert "; campaigns: beijing; channels: beijing-group, award-desk" in read_until(process.stderr, "run: ")
            wait_until(lambda: world.flags() == ["Y", "Y"])
            world.edit("campaigns/beijing.yaml", "messages:", "nonsense: 1\nmessages:")
            process.send_signal(HANG_UP)
            assert systemd.recv(1000).decode().startswith("RELOADING=1\nMONOTONIC_USEC=")
            assert systemd.recv(1000).decode() == "READY=1\nSTATUS=the configuration as it is now cannot be used"
            told = read_until(process.stderr, "goes on with the configuration that it had")
            assert "beijing.yaml" in told
            assert "nonsense" in told
            world.edit("campaigns/beijing.yaml", "nonsense: 1\n", "")
            process.send_signal(HANG_UP)
            assert systemd.recv(1000).startswith(b"RELOADING=1\n")
            assert systemd.recv(1000).startswith(b"READY=1\n")
            process.send_signal(signal.SIGTERM)
            assert systemd.recv(1000) == b"STOPPING=1"
            assert process.wait(60) == 0
