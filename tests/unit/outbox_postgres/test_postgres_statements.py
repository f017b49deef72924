"""How statements go to the server: several together, planned once, found by keys; and what that must not change."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres_store import open_postgres

from notifykit.clock import SystemClock
from notifykit.errors import StoreError
from notifykit.outbox.postgres.database import PLAN_SECONDS
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.testing import draft
from notifykit.testing.outbox.steps import accept, claim_one, queue, queue_drafts

KEPT = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%sending%%' AND generic_plans > 0"
"""Claims whose plan the server keeps."""

READ = """
SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE schemaname = %s AND relname = 'messages'
"""

QUEUED = """
SELECT id, record_key, message_name, round, period FROM outbox.messages WHERE id = ANY (%s::bigint[]) ORDER BY id
"""

Offer = tuple[str, str, int, str]
"""Key, message, round and period."""

OFFERS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("mn"), st.integers(1, 2), st.sampled_from(["", "01", "02"])),
    max_size=12,
)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[PostgresOutbox]:
    with open_postgres(tmp_path, SystemClock()) as made:
        yield made


@pytest.fixture(scope="module")
def shared() -> Iterator[PostgresOutbox]:
    with tempfile.TemporaryDirectory() as folder, open_postgres(Path(folder), SystemClock()) as made:
        yield made


CAMPAIGNS = iter(range(1_000_000))


@settings(max_examples=60)
@given(batches=st.lists(OFFERS, min_size=2, max_size=4), archived=st.just([]) | OFFERS)
def test_new_is_what_is_new_where_offers_come_one_by_one(
    shared: PostgresOutbox, batches: list[list[Offer]], archived: list[Offer]
) -> None:
    campaign = f"c{next(CAMPAIGNS)}"
    known = set(archived)
    with shared.transaction():
        for key, name, round_, period in sorted(known, key=lambda one: (one[3], one[2])):
            archive(shared, campaign, key, name, round_, period)
    latest = {(key, name): max(p for k, n, _, p in known if (k, n) == (key, name)) for key, name, *_ in known}
    for batch in batches:
        new: list[Offer] = []
        for one in batch:
            key, name, round_, period = one
            earlier = period < latest.get((key, name), "")
            again = any(
                (key, name, period) == (k, n, p) and (round_ == r or (round_ < r and (k, n, r, p) in archived))
                for k, n, r, p in known
            )
            if not earlier and not again:
                new.append(one)
                known.add(one)
                latest[key, name] = period
        offered = [draft(campaign=campaign, key=k, name=n, round=r, period=p) for k, n, r, p in batch]
        made = shared.enqueue(offered)
        queued = {id_: offer for id_, *offer in shared.db.all(QUEUED, (made.ids,))}
        assert [tuple(queued[id_]) for id_ in made.ids] == new
        assert made.duplicates == len(batch) - len(new)


def archive(outbox: PostgresOutbox, campaign: str, key: str, name: str, round_: int, period: str) -> None:
    """Have a message in an archive: its last round of its last period is what stays."""
    db = outbox.db
    found = db.one("SELECT id FROM outbox.pruned_messages WHERE campaign = %s AND message_name = %s", (campaign, name))
    if found is None:
        found = db.one(
            "INSERT INTO outbox.pruned_messages (campaign, message_name) VALUES (%s, %s) RETURNING id", (campaign, name)
        )
    db.execute(
        "INSERT INTO outbox.pruned (record_key, message, rounds, period) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (record_key, message) DO UPDATE SET rounds = excluded.rounds, period = excluded.period",
        (key, found[0], round_, period),
    )


def test_ids_are_those_of_the_messages_also_where_others_take_some_between(outbox: PostgresOutbox) -> None:
    queue(outbox, "first")
    with outbox.transaction():
        outbox.db.execute("ALTER SEQUENCE outbox.message_ids INCREMENT BY 3")
    made = queue(outbox, *"edcba")
    assert [key for _, key, *_ in outbox.db.all(QUEUED, (made,))] == list("edcba")
    assert made == sorted(made)
    assert outbox.db.one("SELECT last_value FROM outbox.message_ids") == (made[-1],)


def test_a_look_for_a_few_keys_reads_a_few_of_many_messages(outbox: PostgresOutbox) -> None:
    queue_drafts(outbox, [draft(key=f"{number:04}") for number in range(0, 3_000, 2)])
    with outbox.transaction():
        outbox.db.execute("ANALYZE outbox.messages")
    with outbox.transaction():
        (before,) = outbox.db.one(READ, (outbox.db.schema,))
        made = outbox.enqueue([draft(key=f"{number:04}") for number in (0, 601, 1202, 2998)])
        (read,) = outbox.db.one(READ, (outbox.db.schema,))
    assert (made.duplicates, len(made.ids)) == (3, 1)
    assert read - before < 30


def test_an_exchange_is_planned_once_and_the_session_stays_as_it_was(outbox: PostgresOutbox) -> None:
    queue(outbox, *"abcdefg")
    for _ in range(5):
        accept(outbox, claim_one(outbox))
    assert outbox.db.one(KEPT)[0] > 0
    with outbox.transaction():
        claim_one(outbox)
        assert outbox.db.one("SHOW enable_seqscan") == ("off",), "as where the plan was made"
    for name, value in (("enable_seqscan", "on"), ("enable_hashjoin", "on"), ("plan_cache_mode", "auto")):
        assert outbox.db.one(f"SHOW {name}") == (value,)


class Later(SystemClock):
    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def test_plans_are_made_anew_after_a_while(tmp_path: Path) -> None:
    clock = Later()
    with open_postgres(tmp_path, clock) as outbox:
        queue(outbox, *"abcdefghij")
        for _ in range(4):
            accept(outbox, claim_one(outbox))
        (first,) = outbox.db.one(KEPT)
        clock.ahead = 2 * PLAN_SECONDS
        for _ in range(4):
            accept(outbox, claim_one(outbox))
        assert outbox.db.one(KEPT)[0] > first > 0


def test_plans_are_kept_anew_after_a_failure(outbox: PostgresOutbox) -> None:
    queue(outbox, *"abcdef")
    for _ in range(4):
        accept(outbox, claim_one(outbox))
    with pytest.raises(StoreError), outbox.transaction():
        outbox.db.execute("SELECT 1 / 0")
    accept(outbox, claim_one(outbox))
    assert accept(outbox, claim_one(outbox))


def test_a_statement_that_is_sent_ahead_and_fails_undoes_all(outbox: PostgresOutbox) -> None:
    with pytest.raises(StoreError, match="division by zero"), outbox.transaction():  # noqa: PT012
        outbox.db.execute("INSERT INTO outbox.notes (topic, name, note) VALUES ('a', 'b', 'c')")
        outbox.db.send("SELECT 1 / 0")
        outbox.db.one("SELECT 1")
    assert outbox.db.all("SELECT * FROM outbox.notes") == []


def test_what_is_sent_last_is_run_before_the_commit(outbox: PostgresOutbox) -> None:
    with outbox.transaction():
        outbox.db.send("INSERT INTO outbox.notes (topic, name, note) VALUES ('a', 'b', 'c')")
    assert outbox.db.all("SELECT topic, name, note FROM outbox.notes") == [("a", "b", "c")]
    with pytest.raises(StoreError, match="division by zero"), outbox.transaction():
        outbox.db.send("SELECT 1 / 0")


def test_what_was_sent_and_is_undone_is_never_run(outbox: PostgresOutbox) -> None:
    with pytest.raises(LookupError), outbox.transaction():  # noqa: PT012
        outbox.db.send("INSERT INTO outbox.notes (topic, name, note) VALUES ('a', 'b', 'c')")
        raise LookupError
    with outbox.transaction():
        outbox.db.one("SELECT 1")
    assert outbox.db.all("SELECT * FROM outbox.notes") == []
