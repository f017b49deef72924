"""A project of several channels in PostgreSQL, its workers as processes, and what must be true of it at rest."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from counting_server import CountingServer

from notifykit.model import Status
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project, open_project

NOTIFYKIT = str(Path(sys.executable).with_name("notifykit"))

PROJECT = """
store: {store}
senders:
{senders}
dispatch: {{workers: {workers}, lease: {lease}, timeout: 30}}
run: {{interval: {interval}}}
engine: {{tick: 1}}
"""

CAMPAIGN = """
source: {{type: csv, path: {name}.csv, key: id}}
strategy: {{type: csv_flag, flag: sent, sent: "Y", unsent: "N"}}
retry: {{attempts: 50, first: 0.1, factor: 1, jitter: 0}}
messages:
  - name: notice
    recipient: 'reader {{{{ record["reader"] }}}}'
    template: 'record {{{{ record["id"] }}}}'
    sender: {channel}
"""


@dataclass
class EngineWorld:
    """One campaign a channel, each with `count` records for few readers."""

    folder: Path
    server: CountingServer
    store: str
    count: int
    channels: int = 4
    workers: int = 4
    lease: float = 2.0
    interval: float = 1.0
    environment: Mapping[str, str] = field(init=False)
    _outbox: OpenedOutbox | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.environment = {**os.environ, "TEST_SERVICE_URL": self.server.url}
        os.environ["TEST_SERVICE_URL"] = self.server.url
        (self.folder / "campaigns").mkdir(parents=True)
        senders = "\n".join(f"  {name}: {{type: webhook, url: {{env: TEST_SERVICE_URL}}}}" for name in self.names)
        project = PROJECT.format(
            store=self.store, senders=senders, workers=self.workers, lease=self.lease, interval=self.interval
        )
        (self.folder / "notifykit.yaml").write_text(project, encoding="utf-8")
        for name in self.names:
            campaign = CAMPAIGN.format(name=f"c-{name}", channel=name)
            (self.folder / "campaigns" / f"c-{name}.yaml").write_text(campaign, encoding="utf-8")
            with (self.folder / f"c-{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["id", "reader", "sent"])
                writer.writerows([f"{name}-{number}", f"{number % 12}", "N"] for number in range(self.count))

    @property
    def names(self) -> list[str]:
        return [f"lane-{number}" for number in range(self.channels)]

    @property
    def due(self) -> set[str]:
        """Idempotency keys of the messages that must arrive."""
        return {f"c-{name}/{name}-{number}/notice/1" for name in self.names for number in range(self.count)}

    def command(self, *arguments: str) -> list[str]:
        return [NOTIFYKIT, "--project", str(self.folder / "notifykit.yaml"), *arguments]

    def fast_command(self, seconds: float, *arguments: str) -> list[str]:
        """A command on a machine whose clock is ahead by so many seconds."""
        ahead = f"import time; exact = time.time; time.time = lambda: exact() + {seconds}"
        return [sys.executable, "-c", f"{ahead}; from notifykit.cli import main; main()", *self.command(*arguments)[1:]]

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command; what it says goes to a file beside the project."""
        return self.begin(self.command(*arguments), **variables)

    def begin(self, command: Sequence[str], **variables: str) -> subprocess.Popen[str]:
        with (self.folder / "said.txt").open("a", encoding="utf-8") as said:
            return subprocess.Popen(
                command,
                env={**self.environment, **variables},
                stdout=subprocess.DEVNULL,
                stderr=said,
                encoding="utf-8",
            )

    def said(self) -> str:
        return (self.folder / "said.txt").read_text(encoding="utf-8")

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def outbox(self) -> OpenedOutbox:
        """The test's own connection, for as long as there are `workers`."""
        if self._outbox is None:
            self._outbox = self.opened().open_outbox()
        return self._outbox

    def close(self) -> None:
        if self._outbox is not None:
            self._outbox.close()
        self._outbox = None

    def opened(self) -> Project:
        return open_project(self.folder / "notifykit.yaml")

    def flags(self) -> Counter[str]:
        found = Counter[str]()
        for name in self.names:
            with (self.folder / f"c-{name}.csv").open(encoding="utf-8", newline="") as file:
                found += Counter(row["sent"] for row in csv.DictReader(file))
        return found

    def doubts(self) -> int:
        """Ask the service about what is in doubt, and decide accordingly. Returns how many there were."""
        outbox = self.outbox()
        tasks = list(outbox.tasks(Filter(statuses=(Status.IN_DOUBT,))))
        self.server.settle()
        for task in tasks:
            arrived = self.server.accepted[task.idempotency_key] > 0
            decision = Status.SENT if arrived else Status.QUEUED
            outbox.decide([task.id], decision, who="test", why="the service says so", of=[Status.IN_DOUBT])
        return len(tasks)

    def settled(self) -> bool:
        """Whether nothing is left to do."""
        done = sum(1 for _ in self.outbox().tasks(Filter(statuses=(Status.COMPLETED,))))
        return done == self.count * self.channels

    def problems(self) -> list[str]:
        """What is not as it must be at rest."""
        accepted, due = self.server.accepted, self.due
        found = [f"lost {key}" for key in sorted(due - accepted.keys())]
        found += [f"{times} x {key}" for key, times in accepted.items() if times > 1]
        found += [f"not due {key}" for key in accepted.keys() - due]
        if (flags := self.flags()) != {"Y": self.count * self.channels}:
            found.append(f"flags {dict(flags)}")
        return found


def database(address: str, name: str) -> str:
    """Make a database on a server; returns its address."""
    with psycopg.connect(address, autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    return address.replace("/postgres?", f"/{name}?")


def cut(address: str, count: int) -> None:
    """End so many of the connections to a database, at random."""
    query = (
        "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database() ORDER BY random() LIMIT %s) AS chosen"
    )
    with psycopg.connect(address, autocommit=True) as db:
        db.execute(query, [count])


@contextmanager
def workers(world: EngineWorld, count: int, *arguments: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Have so many processes of a command, which end with the block; the list may be changed meanwhile."""
    processes = [world.start(*(arguments or ("worker",))) for _ in range(count)]
    try:
        yield processes
    finally:
        world.close()
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def standing_still(process: subprocess.Popen[str]) -> Iterator[None]:
    """Have a process stand still for the block, as one whose machine sleeps."""
    if sys.platform == "win32":
        raise AssertionError("Windows stops no process")
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def stop(processes: Sequence[subprocess.Popen[str]], patience: float = 60.0) -> list[int]:
    """Ask all of them to stop; returns their exit codes."""
    for process in processes:
        process.send_signal(signal.SIGTERM)
    return [process.wait(patience) for process in processes]
