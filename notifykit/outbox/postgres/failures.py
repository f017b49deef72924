"""What an error of the server, or of the way to it, means to a person."""

from __future__ import annotations

import psycopg
from psycopg import conninfo, errors

from notifykit.errors import StoreError
from notifykit.wording.translation import gettext, gettext_noop

_AGAIN = gettext_noop("run the same command again: nothing is lost")

_MEND: dict[type[psycopg.Error], str] = {
    errors.DiskFull: gettext_noop(
        "the server's disk is full; make room, then run the same command again: nothing is lost"
    ),
    errors.InsufficientPrivilege: gettext_noop("the account lacks a right; ask who runs the server to grant it"),
    errors.ReadOnlySqlTransaction: gettext_noop(
        "the server takes no writes: a standby, or an account that may only read"
    ),
    errors.DeadlockDetected: gettext_noop(
        "several programs were in each other's way; run the same command again: nothing is lost"
    ),
    errors.SerializationFailure: gettext_noop(
        "several programs were in each other's way; run the same command again: nothing is lost"
    ),
    errors.LockNotAvailable: gettext_noop(
        "another program holds what is needed; find it in `pg_stat_activity`, or try again"
    ),
    errors.TooManyConnections: gettext_noop(
        "the server takes no more connections; raise `max_connections`, or try again"
    ),
    errors.UndefinedTable: gettext_noop("a table of the outbox is gone; restore a backup"),
}

_PASSING = (
    errors.OperationalError,  # the connection was lost, shutdown, no room on the disk, too many connections, deadlock…
    errors.ReadOnlySqlTransaction,  # while a standby is made the primary
)
"""What the same may succeed after."""

_REFUSED = (
    (
        "password authentication failed",
        gettext_noop("correct the password: in `~/.pgpass`, or where the configuration names it"),
    ),
    (
        "no password supplied",
        gettext_noop("put the password into `~/.pgpass`, or where the configuration names it"),
    ),
    (
        "no pg_hba.conf entry",
        gettext_noop("ask who runs the server to let this account in from this machine (`pg_hba.conf`)"),
    ),
    ("authentication failed", gettext_noop("correct the account in `store:`")),
    ("not permitted to log in", gettext_noop("correct the account in `store:`")),
    (
        "permission denied for database",
        gettext_noop("ask who runs the server to let this account use the database"),
    ),
    (
        "does not exist",
        gettext_noop("make the database (`createdb`) and the account (`createuser`), or correct `store:`"),
    ),
    ("certificate", gettext_noop("correct the certificates, or `sslmode` in `store:`")),
)
"""What the server says to whom it does not let in, and what to do about it."""


def shown(address: str) -> str:
    """Return an address without what is secret. Raises StoreError where it is none."""
    try:
        parts = conninfo.conninfo_to_dict(address)
    except psycopg.ProgrammingError as error:
        mend = gettext("write `postgresql://account@host/database`")
        raise StoreError(
            gettext("not an address of a PostgreSQL server ({said})", said=_said(error)), mend=mend
        ) from None
    account = f"{user}@" if (user := parts.get("user")) else ""
    port = f":{number}" if (number := parts.get("port")) else ""
    return f"postgresql://{account}{parts.get('host') or 'localhost'}{port}/{parts.get('dbname') or ''}"


def store_error(where: str, error: psycopg.Error, *, lost: bool) -> StoreError:
    """Tell what an error of a statement means and how to mend it. `lost`: the connection with it."""
    mend = next((mend for kind, mend in _MEND.items() if isinstance(error, kind)), "")
    passing = lost or (isinstance(error, _PASSING) and not isinstance(error, errors.QueryCanceled))
    return StoreError(
        _said(error), mend=gettext(mend or (_AGAIN if passing else _REPORT)), where=where, passing=passing
    )


def connect_error(where: str, error: psycopg.Error) -> StoreError:
    """Tell why no connection can be made.

    The server tells whom it does not let in by words alone. Where it has them in another language than English, it is
    taken for one that cannot be reached: that may pass.
    """
    said = _said(error)
    if refused := next((mend for words, mend in _REFUSED if words in said), None):
        return StoreError(gettext("cannot be opened: {said}", said=said), mend=gettext(refused), where=where)
    mend = gettext("start the server, or correct the host and the port in `store:`; then run the same command again")
    return StoreError(gettext("cannot be reached: {said}", said=said), mend=mend, where=where, passing=True)


_REPORT = gettext_noop("this is unexpected; please report it")


def _said(error: psycopg.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())
