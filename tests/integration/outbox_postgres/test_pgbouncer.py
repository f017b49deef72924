"""A pooler in transaction mode between the outbox and its server: each transaction may get another connection."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from copied_store import fill, told, what_goes_out
from postgres_server import SERVER, schema_of
from processes import running
from psycopg.conninfo import conninfo_to_dict
from system import SUPERUSER

from notifykit.clock import Clock, SystemClock
from notifykit.demo.server import ACCOUNT, as_account
from notifykit.operate.copying import copy_store
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.testing import ConcurrencyContract
from notifykit.testing.outbox.steps import accept, claim_one, queue

CLOCK = SystemClock()
POOLER = "NOTIFYKIT_TEST_POOLER"
"""The variable with its address, for processes that a test starts."""

SETTINGS = """
[databases]
* = host={server} user=notifykit
[pgbouncer]
unix_socket_dir = {folder}
listen_addr =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 100
"""


@pytest.fixture(scope="session")
def pooler(postgres: str) -> Iterator[str]:
    """The address of a pooler with four connections to the server."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        assert not os.environ.get("CI"), "pgbouncer is not installed"
        pytest.skip("pgbouncer is not installed: `apt-get install pgbouncer`")
    folder = Path(tempfile.mkdtemp(prefix="nk-pgb-", dir="/tmp"))
    try:
        server = conninfo_to_dict(postgres)["host"]
        (folder / "pgbouncer.ini").write_text(SETTINGS.format(server=server, folder=folder), encoding="utf-8")
        command = [program, "-q", str(folder / "pgbouncer.ini")]
        if SUPERUSER:
            shutil.chown(folder, ACCOUNT, ACCOUNT)
            command = [*as_account(), *command]
        address = f"postgresql://notifykit@:6432/postgres?host={folder}"
        with running(command, stderr=subprocess.STDOUT) as process:
            wait_for(address, process)
            os.environ[POOLER] = address
            yield address
            del os.environ[POOLER]
    finally:
        shutil.rmtree(folder)


def wait_for(address: str, process: subprocess.Popen[str]) -> None:
    patience = time.monotonic() + 30
    while time.monotonic() < patience:
        with suppress(psycopg.OperationalError):
            psycopg.connect(address).close()
            return
        assert process.poll() is None, process.stdout and process.stdout.read()
        time.sleep(0.05)
    raise AssertionError("pgbouncer does not answer")


class Racing(ConcurrencyContract):
    seconds = 0.5

    def open_outbox(self, folder: Path, clock: Clock) -> PostgresOutbox:
        return PostgresOutbox.open(os.environ[POOLER], clock, schema=schema_of(folder))


@pytest.mark.long
@pytest.mark.usefixtures("pooler")
def test_what_two_offer_and_three_send_goes_out_once_and_in_order(tmp_path: Path) -> None:
    Racing().test_what_two_offer_and_three_send_goes_out_once_and_in_order(tmp_path)


@pytest.mark.deep
@pytest.mark.crash
@pytest.mark.usefixtures("pooler")
class TestManyProcesses(Racing):
    seconds = 5.0


def test_it_keeps_everything_and_copies_it(pooler: str, tmp_path: Path) -> None:
    address = PostgresAddress(f"{pooler}&schema={schema_of(tmp_path)}")
    with address.open(CLOCK) as outbox, address.open(CLOCK) as other:
        fill(outbox)
        expected = told(outbox)
        assert told(other) == expected
    back = SqliteAddress(tmp_path / "back.db")
    copy_store(address, back, CLOCK)
    with back.open(CLOCK) as outbox:
        assert told(outbox) == expected
        assert what_goes_out(outbox) != []
    again = PostgresAddress(f"{pooler}&schema={schema_of(tmp_path / 'again')}")
    copy_store(back, again, CLOCK)
    direct = PostgresAddress(f"{os.environ[SERVER]}&schema={again.schema}")
    with again.open(CLOCK) as outbox, direct.open(CLOCK) as other:
        queue(outbox, "more")
        assert told(outbox) == told(other)


def test_no_statement_is_prepared_behind_it(pooler: str, tmp_path: Path) -> None:
    with PostgresOutbox.open(pooler, CLOCK, schema=schema_of(tmp_path)) as outbox:
        queue(outbox, *"abcdef")
        for _ in range(6):
            accept(outbox, claim_one(outbox))
        with outbox.transaction():
            assert outbox.db.all("SELECT statement FROM pg_prepared_statements") == []
