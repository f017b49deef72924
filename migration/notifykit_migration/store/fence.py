"""What a migration adds to the store: tables for its record, and the fence around its campaigns.

The fence is made of triggers, so it holds against every program that opens the file: an old contract job stops at its
first message, results of an old scheduler that still sends are recorded, and the tasks of other programs are either the
old scheduler's or ours, never both (see fence.sql).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from importlib import resources
from string import Template

from notifykit.outbox.sqlite import foreign, schema
from notifykit.outbox.sqlite.database import Database
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError
from notifykit_migration.model import Plan

TABLES = ("migrations", "migrated", "legacy_schema", "fence", "others")
TRIGGERS = ("fence_refuses", "fence_grows", "fence_hears", "fence_takes", "fence_closes")

OTHERS = "legacy"
"""The campaign, described by no file, that other programs' tasks belong to where notifykit sends them."""

OTHERS_MESSAGE = "task"

REFUSAL = "notifykit: this message belongs to a campaign that was migrated"
"""How the error begins that an old contract job gets."""

_CHANNEL = "(SELECT channel FROM others WHERE task_type = NEW.task_type)"

_METADATA = '{"created_by": "legacy_program"}'

_NAME = re.compile(r"CREATE (?:UNIQUE )?(?:TABLE|TRIGGER|INDEX) (\w+)")


def statements(connection: sqlite3.Connection | None) -> Iterator[str]:
    """Yield what a migration changes in an old database's schema, in order; None: there is none yet."""
    columns = schema.columns_of(connection) if connection is not None else ()
    yield from schema.statements(columns if columns in schema.OLD_TABLES else schema.LEGACY_COLUMNS)
    yield from _ours(planned=columns == schema.OLD_TABLES[-1]).values()


def remember_schema(db: Database) -> None:
    """Keep the schema as it is now, before anything is added; the first migration of a store does.

    What `notifykit generate` may have added to an old table before is left out: it is not the old program's.
    Raises PreflightError where the store has a table of another program by one of our names.
    """
    present = _present(db.connection)
    for name, statement in _ours(planned=False).items():
        if name in present and name in TABLES and present[name] != statement:
            raise PreflightError(
                gettext("has a table `{name}` of another program, and the migration needs that name", name=name),
                mend=gettext("rename that table, or move it to a file of its own"),
                where=db.path,
            )
    if "legacy_schema" in present:
        return
    outbox = schema.is_outbox(db.connection)
    of_the_outbox = {*schema.objects(), *([schema.STEPS_TABLE] if outbox else [])}
    before = [
        (type_, name, table, schema.without_added_columns(sql) if sql and name == "tasks" and outbox else sql)
        for type_, name, table, sql in db.all("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid")
        if name not in of_the_outbox and table not in of_the_outbox
    ]
    db.execute(_ours(planned=False)["legacy_schema"])
    db.executemany("INSERT INTO legacy_schema (type, name, tbl_name, sql) VALUES (?, ?, ?, ?)", before)


def install(db: Database, plan: Plan, *, others: Mapping[str, str]) -> None:
    """Put up the fence around the plan's campaigns. What stands already is left, or brought to this version.

    `others`: the channels of other programs' tasks, by task type. Call it inside the migration's transaction, after
    `schema.upgrade`.
    """
    with db.transaction():
        present = _present(db.connection)
        for name, statement in _ours(planned=_planned(db.connection)).items():
            if present.get(name) == statement:
                continue
            if name in present and name in TRIGGERS:
                db.execute(f"DROP TRIGGER {name}")
            db.execute(statement)
        db.executemany(
            "INSERT OR IGNORE INTO fence (task_type, recipient, campaign) VALUES (?, ?, ?)",
            ((kind, recipient, part.campaign) for part in plan.campaigns for kind, recipient in part.pairs),
        )
        sync_others(db, others)


def missing(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what of it is not there, or not as it should be."""
    present = _present(connection)
    for name, statement in _ours(planned=_planned(connection)).items():
        what = gettext("table {name}", name=name) if name in TABLES else gettext("trigger {name}", name=name)
        if name not in present:
            yield gettext("{what} is missing", what=what)
        elif foreign.renewed(present[name]) != statement:  # a look brings no store up to date
            yield gettext("{what} was changed", what=what)


def remove(db: Database) -> None:
    """Take everything away that was added beside the outbox's own tables: the old programs may write again."""
    with db.transaction():
        for name in TRIGGERS:
            db.execute(f"DROP TRIGGER IF EXISTS {name}")
        for name in TABLES:
            db.execute(f"DROP TABLE IF EXISTS {name}")


def sync_others(db: Database, others: Mapping[str, str]) -> None:
    """Set who sends what other programs insert from now on: channels by task type. Rows that are there stay."""
    with db.transaction():
        db.execute("DELETE FROM others")
        db.executemany("INSERT INTO others (task_type, channel) VALUES (?, ?)", others.items())


def others_in(connection: sqlite3.Connection) -> dict[str, str]:
    """Return what the store says about other programs' tasks: their channels by task type."""
    return dict(connection.execute("SELECT task_type, channel FROM others"))


def _planned(connection: sqlite3.Connection) -> bool:
    """Whether the old program writes metadata, too: its table had that column."""
    if "legacy_schema" not in _present(connection):
        return False
    table = "SELECT sql FROM legacy_schema WHERE type = 'table' AND name = 'tasks'"
    return any("metadata" in str(sql) for (sql,) in connection.execute(table))


def _ours(*, planned: bool) -> dict[str, str]:
    """Return the statements by the name of what they make, as SQLite keeps them. `planned`: see `_planned`."""
    found: dict[str, str] = {}
    form = resources.files("notifykit_migration.store").joinpath("fence.sql").read_text(encoding="utf-8")
    text = Template(form).substitute(
        not_ours=f"{foreign.OWNER} IS NULL" if planned else foreign.WITHOUT_METADATA,
        owner=foreign.OWNER,
        inserted=foreign.INSERTED,
        take=foreign.take(campaign=OTHERS, name=OTHERS_MESSAGE, channel=_CHANNEL, metadata=_METADATA),
        reported=foreign.REPORTED,
        hear=foreign.HEAR,
        accepted=foreign.accepted(OTHERS),
        complete=foreign.COMPLETE,
    )
    lines: list[str] = []
    for line in text.splitlines():
        if not lines and (not line.strip() or line.startswith("--")):
            continue
        lines.append(line)
        statement = "\n".join(lines)
        if sqlite3.complete_statement(statement) and (name := _NAME.match(statement)):
            found[name[1]] = statement.removesuffix(";")
            lines.clear()
    return found


def _present(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the statements of the tables and triggers that there are, by name."""
    return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')"))
