"""Whatever the store keeps by the name of a campaign goes along when the campaign gets another one."""

from __future__ import annotations

from notifykit.outbox import SqliteOutbox

_TABLES = """
SELECT m.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.name = 'campaign'
"""


def fill(outbox: SqliteOutbox, table: str, campaign: str) -> None:
    """Add one row of a campaign, whatever else the table wants."""
    wanted = outbox.db.all("SELECT name, type FROM pragma_table_info(?) WHERE name <> 'id'", (table,))
    values = {name: 1 if type_ in ("INTEGER", "REAL") else "x" for name, type_ in wanted} | {"campaign": campaign}
    columns = ", ".join(values)
    outbox.db.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join(f':{name}' for name in values)})", values)


def test_no_table_keeps_the_old_name(outbox: SqliteOutbox) -> None:
    tables = [name for (name,) in outbox.db.all(_TABLES)]
    assert {"tasks", "campaigns", "campaign_data", "held_campaigns", "key_forms", "distinct_keys"} <= set(tables)
    for table in tables:
        fill(outbox, table, "orders")
    outbox.rename_campaign("orders", "next", who="me", why="one a year")
    names = {table: {name for (name,) in outbox.db.all(f"SELECT campaign FROM {table}")} for table in tables}
    assert names == {table: {"next"} if table != "held_campaigns" else set() for table in tables}
