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
    errors.InsufficientPrivilege: gettext_noop(
        "the account lacks a right: `notifykit store grant` gives those on the outbox, who runs the server all others"
    ),
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
    errors.QueryCanceled: gettext_noop(
        "the server ended it, by its `statement_timeout` or for a person; raise that for this account, or try again"
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
        "pg_hba.conf",
        gettext_noop("ask who runs the server to let this account in from this machine (`pg_hba.conf`)"),
    ),
    ("authentication failed", gettext_noop("correct the account in `store:`")),
    ("not permitted to log in", gettext_noop("correct the account in `store:`")),
    (
        "permission denied for database",
        gettext_noop("ask who runs the server to let this account use the database"),
    ),
    ("certificate", gettext_noop("correct the certificates, or `sslmode` in `store:`")),
    ("private key file", gettext_noop("correct the certificates, or `sslmode` in `store:`")),
    ("does not support SSL", gettext_noop("have the server speak TLS, or correct `sslmode` in `store:`")),
    (
        "does not exist",
        gettext_noop("make the database (`createdb`) and the account (`createuser`), or correct `store:`"),
    ),
    ("definition of service", gettext_noop("correct `service=` in `store:`, or write it into `~/.pg_service.conf`")),
    ("no such database", gettext_noop("name the database to the pooler, or correct `store:`")),
    ("no such user", gettext_noop("name the account to the pooler, or correct `store:`")),
    ("invalid ", gettext_noop("correct the port, or what stands behind the `?`, in `store:`")),
)
"""What is said to whom the server does not let in, or whose address will not do, and what to do about it: the first
whose words are there."""

_NO_ROOM = _MEND[errors.TooManyConnections]
_OTHER_SERVER = gettext_noop(
    "no host that `store:` names is what its `target_session_attrs` asks for: promote the standby, or correct `store:`"
)
_NOT_NOW = (
    ("too many c", _NO_ROOM),
    ("connection slots are reserved", _NO_ROOM),
    ("no more connections allowed", _NO_ROOM),
    ("read-only", _OTHER_SERVER),
    ("hot standby mode", _OTHER_SERVER),
    ("the database system is", gettext_noop("the server starts or stops; run the same command again: nothing is lost")),
    ("FATAL", gettext_noop("correct `store:`, or ask who runs the server")),
)
"""What a server or a pooler says that may let in the same account later, likewise."""


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
    if "service" in parts and "host" not in parts:
        return f"postgresql://{account}/{parts.get('dbname') or ''}?service={parts['service']}"
    hosts = str(parts.get("host") or "localhost").split(",")
    ports = str(parts.get("port") or "").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    reached = ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False))
    return f"postgresql://{account}{reached}/{parts.get('dbname') or ''}"


def store_error(where: str, error: psycopg.Error, *, lost: bool) -> StoreError:
    """Tell what an error of a statement means and how to mend it. `lost`: the connection with it."""
    mend = next((mend for kind, mend in _MEND.items() if isinstance(error, kind)), "")
    passing = lost or (isinstance(error, _PASSING) and not isinstance(error, errors.QueryCanceled))
    return StoreError(
        _said(error), mend=gettext(mend or (_AGAIN if passing else _REPORT)), where=where, passing=passing
    )


def connect_error(where: str, error: psycopg.Error) -> StoreError:
    """Tell why no connection can be made.

    The server tells whom it does not let in by words alone. Where it has them in another language than English, that is
    taken for something that may pass.
    """
    said = _said(error)
    if refused := next((mend for words, mend in _REFUSED if words in said), None):
        return StoreError(gettext("cannot be opened: {said}", said=said), mend=gettext(refused), where=where)
    if not_now := next((mend for words, mend in _NOT_NOW if words in said), None):
        what, mend = gettext("cannot be opened: {said}", said=said), gettext(not_now)
        return StoreError(what, mend=mend, where=where, passing=True)
    mend = gettext("start the server, or correct the host and the port in `store:`; then run the same command again")
    return StoreError(gettext("cannot be reached: {said}", said=said), mend=mend, where=where, passing=True)


_REPORT = gettext_noop("this is unexpected; please report it")


def _said(error: psycopg.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())
