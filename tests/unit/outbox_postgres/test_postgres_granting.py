"""Accounts with no more rights than they need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from copied_store import fill, told
from postgres_store import postgres_address

from notifykit.clock import SystemClock
from notifykit.errors import StoreError
from notifykit.operate.copying import copy_store
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.testing.outbox.steps import queue

CLOCK = SystemClock()


@pytest.fixture
def owner(tmp_path: Path) -> PostgresAddress:
    return postgres_address(tmp_path)


@pytest.fixture
def role(owner: PostgresAddress) -> Iterator[str]:
    """An account that may nothing yet."""
    name = f"r{owner.schema}"
    with closing(psycopg.connect(owner.conninfo, autocommit=True)) as db:
        db.execute(f'CREATE ROLE "{name}" LOGIN')
        yield name
        db.execute(f'DROP OWNED BY "{name}"')
        db.execute(f'DROP ROLE "{name}"')


def as_role(owner: PostgresAddress, role: str) -> PostgresAddress:
    return PostgresAddress(owner.url.replace("//notifykit@", f"//{role}@"))


def test_who_sends_may_do_all_but_change_tables(owner: PostgresAddress, role: str) -> None:
    owner.open(CLOCK).close()
    sender = as_role(owner, role)
    with pytest.raises(StoreError, match="permission denied"):
        sender.open(CLOCK)
    assert len(owner.grant(role, look=False)) == 5
    assert list(sender.unwritable()) == []
    with sender.open(CLOCK) as outbox:
        fill(outbox)
        with pytest.raises(StoreError, match="must be owner of table tasks"), outbox.transaction():
            outbox.db.execute("ALTER TABLE outbox.tasks ADD COLUMN more text")


def test_who_looks_may_write_nothing(owner: PostgresAddress, role: str) -> None:
    with owner.open(CLOCK) as outbox:
        fill(outbox)
        expected = told(outbox)
    owner.grant(role, look=True)
    viewer = as_role(owner, role)
    (said,) = viewer.unwritable()
    assert "cannot be written: archives, attached, attempts, campaign_data" in said
    with viewer.look(CLOCK) as outbox:
        assert told(outbox) == expected
    with (
        viewer.open(CLOCK) as outbox,
        pytest.raises(StoreError, match="the account lacks a right"),
    ):
        queue(outbox, "more")


def test_tables_of_a_later_version_are_granted_as_they_are_made(owner: PostgresAddress, role: str) -> None:
    owner.open(CLOCK).close()
    owner.grant(role, look=False)
    with owner.open(CLOCK) as outbox, outbox.transaction():
        outbox.db.execute("CREATE TABLE outbox.later (id bigint)")
    with as_role(owner, role).open(CLOCK) as outbox, outbox.transaction():
        outbox.db.execute("INSERT INTO outbox.later VALUES (1)")


def test_who_does_not_own_the_tables_grants_nothing_and_is_told(owner: PostgresAddress, role: str) -> None:
    """The server itself would take the statements, and warn."""
    owner.open(CLOCK).close()
    owner.grant(role, look=False)
    with pytest.raises(StoreError, match='the tables are those of "notifykit"; run this as that account'):
        as_role(owner, role).grant("pg_monitor", look=True)


def test_who_may_act_as_the_owner_grants_what_the_owner_will_make(owner: PostgresAddress, role: str) -> None:
    """As a superuser does for the account that upgrades."""
    with closing(psycopg.connect(owner.conninfo, autocommit=True)) as db:
        db.execute(f'GRANT CREATE ON DATABASE postgres TO "{role}"')
        db.execute(f'CREATE ROLE "v{role}" LOGIN')
    as_role(owner, role).open(CLOCK).close()
    owner.grant(f"v{role}", look=True)
    with as_role(owner, role).open(CLOCK) as outbox, outbox.transaction():
        outbox.db.execute("CREATE TABLE outbox.later (id bigint)")
    with as_role(owner, f"v{role}").look(CLOCK) as outbox:
        assert outbox.db.all("SELECT id FROM outbox.later") == []
    with closing(psycopg.connect(owner.conninfo, autocommit=True)) as db:
        db.execute(f'DROP OWNED BY "v{role}"')
        db.execute(f'DROP ROLE "v{role}"')


def test_an_account_that_is_not_there(owner: PostgresAddress) -> None:
    with pytest.raises(StoreError, match="there is no outbox yet"):
        owner.grant("nobody-here", look=False)
    owner.open(CLOCK).close()
    with pytest.raises(StoreError, match='has no account "nobody-here"; make it first: CREATE ROLE'):
        owner.grant("nobody-here", look=False)


def test_where_no_schema_can_be_made(owner: PostgresAddress, role: str, tmp_path: Path) -> None:
    (said,) = as_role(owner, role).unwritable()
    assert f"the schema {owner.schema} cannot be made there" in said
    with SqliteAddress(tmp_path / "x.db").open(CLOCK) as outbox:
        queue(outbox, "1")
    with pytest.raises(StoreError, match="permission denied for database"):
        copy_store(SqliteAddress(tmp_path / "x.db"), as_role(owner, role), CLOCK)
    SqliteAddress(tmp_path / "x.db").open(CLOCK).close()
