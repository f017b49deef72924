"""What goes wrong with a server is told with the mend, and passes where it may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from ports import free_port
from postgres_server import own_server, schema_of

from notifykit.clock import SystemClock
from notifykit.demo.server import Server
from notifykit.errors import StoreError
from notifykit.model import Status
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.postgres.failures import shown
from notifykit.outbox.postgres.queueing import MOST_OF_A_KEY
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.drafting import MOST_OF_A_KEY as DRAFTED
from notifykit.testing import FakeClock
from notifykit.testing.outbox.steps import claim, claim_one, doubt, lose, queue, statuses
from notifykit.testing.samples import draft


@pytest.fixture
def schema(tmp_path: Path) -> str:
    return schema_of(tmp_path)


@pytest.fixture
def outbox(postgres: str, schema: str) -> Iterator[PostgresOutbox]:
    with PostgresOutbox.open(postgres, schema=schema) as opened:
        yield opened


@pytest.fixture(scope="module")
def lone_server() -> Iterator[Server]:
    """One that may be stopped, and that asks the account `careful` for a password."""
    with own_server(()) as made:
        with psycopg.connect(made.address, autocommit=True) as connection:
            connection.execute("CREATE ROLE careful LOGIN PASSWORD 'right'")
        rules = made.folder / "data" / "pg_hba.conf"
        rules.write_text(f"local all careful scram-sha-256\n{rules.read_text(encoding='utf-8')}", encoding="utf-8")
        made.restart()
        yield made


@pytest.fixture(scope="module")
def tls_less() -> Iterator[str]:
    """The address of a server on loopback, which no TLS is set up for."""
    port = free_port()
    with own_server(tcp_port=port):
        yield f"postgresql://notifykit@127.0.0.1/postgres?port={port}"


def terminate(outbox: PostgresOutbox, server: str) -> None:
    """Cut the connection, as an administrator does."""
    pid = outbox.db.one("SELECT pg_backend_pid()")[0]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def change(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def told(raised: pytest.ExceptionInfo[StoreError], *, passing: bool) -> str:
    """Return the text of an error that has a mend and shows no password."""
    assert raised.value.passing is passing
    assert raised.value.mend
    assert "wrong" not in str(raised.value)
    return str(raised.value)


@pytest.mark.long
def test_a_restart_between_two_calls_is_not_seen(lone_server: Server, schema: str) -> None:
    with PostgresOutbox.open(lone_server.address, schema=schema) as outbox:
        queue(outbox, "A")
        lone_server.restart("fast")
        assert statuses(outbox) == [Status.QUEUED]
        lone_server.restart()
        assert outbox.enqueue([draft(key="A"), draft(key="B")]).duplicates == 1


def test_a_server_that_is_down_passes(lone_server: Server, schema: str) -> None:
    with PostgresOutbox.open(lone_server.address, schema=schema) as outbox:
        queue(outbox, "A")
        lone_server.stop()
        try:
            for _ in range(2):
                with pytest.raises(StoreError) as raised:
                    statuses(outbox)
                assert "cannot be reached" in told(raised, passing=True)
            with pytest.raises(StoreError) as raised:
                PostgresOutbox.open(lone_server.address, schema=schema)
            told(raised, passing=True)
        finally:
            lone_server.start()
        assert statuses(outbox) == [Status.QUEUED]


def test_a_statement_that_is_cut_off_passes(outbox: PostgresOutbox, postgres: str) -> None:
    def cut_off() -> None:
        with outbox.transaction():
            queue(outbox, "A")
            terminate(outbox, postgres)
            queue(outbox, "B")

    with pytest.raises(StoreError) as raised:
        cut_off()
    told(raised, passing=True)
    assert statuses(outbox) == []


@pytest.mark.parametrize("password", ["wrong", None])
def test_who_has_no_password_is_told_where_it_belongs(lone_server: Server, schema: str, password: str | None) -> None:
    account = "careful" if password is None else f"careful:{password}"
    address = lone_server.address.replace("notifykit@", f"{account}@")
    with pytest.raises(StoreError) as raised:
        PostgresOutbox.open(address, schema=schema)
    assert "password" in told(raised, passing=False)


def test_a_database_that_is_not_there_is_made_by_a_person(postgres: str) -> None:
    with pytest.raises(StoreError) as raised:
        PostgresOutbox.open(postgres.replace("/postgres?", "/nothing?"))
    assert "createdb" in told(raised, passing=False)


def test_a_server_that_is_not_there_passes(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as raised:
        PostgresOutbox.open(f"postgresql:///postgres?host={tmp_path}")
    told(raised, passing=True)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(StoreError) as raised:
        PostgresOutbox.open("postgresql://x?nonsense=1")
    assert "postgresql://account@host/database" in told(raised, passing=False)


@pytest.mark.parametrize(
    ("more", "mend", "passing"),
    [
        ("&sslmode=require", "or correct `sslmode`", False),
        ("&sslmode=nothing", "what stands behind the `?`", False),
        ("&port=99999", "correct the port", False),
        ("&service=nowhere", "pg_service.conf", False),
        ("&target_session_attrs=read-only", "promote the standby", True),
        ("&options=-cmax_connections%3D7", "ask who runs the server", True),
    ],
)
def test_what_stands_behind_the_address_is_told_with_its_own_mend(
    tls_less: str, more: str, mend: str, passing: bool
) -> None:
    with pytest.raises(StoreError) as raised:
        PostgresOutbox.open(tls_less + more)
    assert mend in told(raised, passing=passing)


def test_a_server_that_has_no_room_passes(postgres: str, schema: str) -> None:
    change(postgres, f"CREATE ROLE r{schema} LOGIN CONNECTION LIMIT 0")
    with pytest.raises(StoreError) as raised:
        PostgresOutbox.open(postgres.replace("notifykit@", f"r{schema}@"))
    assert "max_connections" in told(raised, passing=True)


def test_who_may_not_take_long_is_told_of_that(outbox: PostgresOutbox, postgres: str, schema: str) -> None:
    with (
        PostgresOutbox.look(f"{postgres}&options=-cstatement_timeout%3D50", schema=schema) as looking,
        pytest.raises(StoreError) as raised,
    ):
        looking.db.one("SELECT pg_sleep(5)")
    assert "`statement_timeout`" in told(raised, passing=False)


@pytest.mark.parametrize(
    ("address", "known_by"),
    [
        ("postgresql://me:wrong@db1:5433,db2/box", "postgresql://me@db1:5433,db2/box"),
        ("postgresql://db1,db2/box?port=5433", "postgresql://db1:5433,db2:5433/box"),
        ("postgresql:///box", "postgresql://localhost/box"),
        ("postgresql://me@/?service=desk", "postgresql://me@/?service=desk"),
    ],
)
def test_what_an_error_calls_a_server(address: str, known_by: str) -> None:
    assert shown(address) == known_by


def test_a_database_in_another_encoding_is_refused(postgres: str) -> None:
    change(postgres, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(StoreError, match="LATIN1"):
        PostgresOutbox.open(postgres.replace("/postgres?", "/latin?"))


@pytest.mark.parametrize("table", ["about", "tasks"])
def test_a_schema_of_another_program_is_left_alone(postgres: str, schema: str, table: str) -> None:
    change(postgres, f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.{table} (x int)")
    with pytest.raises(StoreError, match=f"holds tables of another program: {table}; name another one") as raised:
        PostgresOutbox.open(postgres, schema=schema)
    told(raised, passing=False)
    with psycopg.connect(postgres) as connection:
        made = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
    assert made == [(table,)]


def test_check_says_what_stands_in_the_way(postgres: str, schema: str) -> None:
    change(postgres, f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.lanes (x int)")
    (said,) = PostgresAddress(f"{postgres}&schema={schema}").unwritable()
    assert f"the schema {schema} holds tables of another program: lanes" in said


def test_an_earlier_version_is_upgraded_by_its_owner(outbox: PostgresOutbox, postgres: str, schema: str) -> None:
    address = PostgresAddress(f"{postgres}&schema={schema}")
    change(postgres, f"CREATE ROLE r{schema} LOGIN")
    address.grant(f"r{schema}", look=False)
    other = PostgresAddress(address.url.replace("notifykit@", f"r{schema}@"))
    change(postgres, f"UPDATE {schema}.about SET version = version - 1")
    with pytest.raises(StoreError) as raised:
        other.open(SystemClock())
    (said,) = other.unwritable()
    assert 'run `notifykit generate` as "notifykit"' in told(raised, passing=False)
    assert said == str(raised.value)


def test_what_was_written_by_a_newer_version_is_left_alone(outbox: PostgresOutbox, postgres: str, schema: str) -> None:
    change(postgres, f"UPDATE {schema}.about SET version = 99")
    for opening in (PostgresOutbox.open, PostgresOutbox.look):
        with pytest.raises(StoreError) as raised:
            opening(postgres, schema=schema)
        assert "pip install --upgrade" in told(raised, passing=False)


def test_an_outbox_is_known_by_its_identity(outbox: PostgresOutbox, postgres: str, schema: str) -> None:
    for opening in (PostgresOutbox.open, PostgresOutbox.look):
        with opening(postgres, identity=outbox.identity, schema=schema) as again:
            assert again.identity == outbox.identity
        with pytest.raises(StoreError) as raised:
            opening(postgres, identity="another", schema=schema)
        told(raised, passing=False)


def test_nothing_is_made_where_that_is_not_wanted(postgres: str, schema: str) -> None:
    with pytest.raises(StoreError) as raised:
        PostgresOutbox.open(postgres, create=False, schema=schema)
    assert "generate" in told(raised, passing=False)
    with pytest.raises(StoreError):
        PostgresOutbox.look(postgres, schema=schema)
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone() is None


def test_who_looks_changes_nothing(outbox: PostgresOutbox, postgres: str, schema: str) -> None:
    queue(outbox, "A")
    with PostgresOutbox.look(postgres, schema=schema) as looking:
        assert [task.key for task in looking.tasks(Filter())] == ["A"]
        looking.require_unchanged()
        with pytest.raises(StoreError) as raised:
            claim(looking)
        told(raised, passing=True)
    assert statuses(outbox) == [Status.QUEUED]


def test_who_looks_goes_on_where_another_server_took_the_place(
    outbox: PostgresOutbox, postgres: str, schema: str
) -> None:
    queue(outbox, "A")
    with PostgresOutbox.look(postgres, schema=schema) as looking:
        assert statuses(looking) == [Status.QUEUED]
        change(postgres, f"UPDATE {schema}.about SET timeline = 0")  # as one of another timeline would find it
        terminate(looking, postgres)
        assert statuses(looking) == [Status.QUEUED]
    assert outbox.pauses() == []


def test_an_account_may_look_that_can_only_read(outbox: PostgresOutbox, postgres: str, schema: str) -> None:
    queue(outbox, "A")
    change(postgres, f"CREATE ROLE r{schema} LOGIN; GRANT USAGE ON SCHEMA {schema} TO r{schema}")
    change(postgres, f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO r{schema}")
    reading = postgres.replace("notifykit@", f"r{schema}@")
    with PostgresOutbox.look(reading, schema=schema) as looking:
        assert statuses(looking) == [Status.QUEUED]
        assert looking.pulse().total(Status.QUEUED).number == 1
    with PostgresOutbox.open(reading, schema=schema) as unable, pytest.raises(StoreError) as raised:
        unable.enqueue([draft(key="B")])
    assert "right" in told(raised, passing=False)


def test_two_that_make_an_outbox_make_one(postgres: str, schema: str) -> None:
    with PostgresOutbox.open(postgres, schema=schema) as one, PostgresOutbox.open(postgres, schema=schema) as other:
        assert one.identity == other.identity


def test_what_is_closed_stays_closed(outbox: PostgresOutbox) -> None:
    outbox.close()
    with pytest.raises(StoreError, match="closed"):
        statuses(outbox)


@pytest.mark.parametrize("part", ["key", "text", "recipient"])
def test_a_nul_is_refused_before_anything_is_queued(outbox: PostgresOutbox, part: str) -> None:
    with pytest.raises(StoreError) as raised:
        outbox.enqueue([draft(key="A"), draft(**{part: "x\0y"})])  # type: ignore[arg-type]
    assert part in told(raised, passing=False)
    assert statuses(outbox) == []


def test_what_services_and_people_say_is_kept_without_it(outbox: PostgresOutbox) -> None:
    (id_,) = queue(outbox, "A")
    doubt(outbox, claim_one(outbox))
    outbox.decide([id_], Status.QUEUED, who="me\0", why="so\ud800", of=[Status.IN_DOUBT])
    (event,) = outbox.events(id_)
    assert (event.who, event.detail) == ("me\N{SYMBOL FOR NULL}", "in_doubt to queued: so\\ud800")


def test_long_keys_are_refused_and_long_recipients_are_not(outbox: PostgresOutbox) -> None:
    with pytest.raises(StoreError) as raised:
        outbox.enqueue([draft(key="合" * 400)])
    assert "1000" in told(raised, passing=False)
    assert MOST_OF_A_KEY == DRAFTED
    queue(outbox, "合" * 333, "B", "C", recipients=["甲" * 5_000, "甲" * 5_000, "甲" * 4_999])
    assert [one.task.key for one in claim(outbox)] == ["合" * 333, "C"], "two lanes"


def test_the_clock_of_the_store_is_the_servers(outbox: PostgresOutbox, postgres: str, schema: str) -> None:
    with psycopg.connect(postgres) as connection:
        found = connection.execute("SELECT extract(epoch FROM clock_timestamp())::double precision").fetchone()
    assert found is not None
    assert abs(outbox.now() - found[0]) < 5
    with PostgresOutbox.open(postgres, FakeClock(), schema=schema) as turned:
        assert turned.now() == FakeClock().now(), "a clock that a test turns is the store's"


def test_nobody_is_given_up_right_after_the_server_was_started(outbox: PostgresOutbox) -> None:
    queue(outbox, "A")
    one = claim_one(outbox)
    outbox.db.time.server_started = outbox.now() - one.lease + 1
    assert not lose(outbox, one)
    outbox.db.time.server_started -= 2
    assert lose(outbox, one)


def test_a_transaction_of_which_a_statement_failed_is_not_kept(outbox: PostgresOutbox) -> None:
    def go_on() -> None:
        with outbox.transaction():
            queue(outbox, "A")
            with pytest.raises(StoreError):
                outbox.db.one("SELECT nothing")

    with pytest.raises(StoreError):
        go_on()
    assert statuses(outbox) == []


def test_claims_are_given_back_together(outbox: PostgresOutbox) -> None:
    """One after the other, two that give back and queue at once would wait for each other's lanes."""
    queue(outbox, "A", "B")
    with outbox.transaction():
        for one in reversed(claim(outbox)):
            outbox.release(one)
        assert statuses(outbox) == [Status.SENDING] * 2
    assert statuses(outbox) == [Status.QUEUED] * 2
