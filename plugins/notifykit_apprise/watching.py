"""What is asked by HTTP while a service of Apprise sends: seen at the transport of `requests`, which it uses.

Apprise's own answer proves little: its False may follow a request that was taken, its True one that was refused with
HTTP 200.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, InvalidURL
from urllib3.exceptions import MaxRetryError, NewConnectionError, SSLError

from notifykit.http import Reply, classify_status
from notifykit.model import Outcome
from notifykit_apprise import wording


@dataclass(slots=True)
class Exchange:
    """One request, and what came of it."""

    status: int | None = None
    """None: no answer came."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    left: bool = True
    """Whether the request may have left this machine."""


_watched: ContextVar[list[Exchange] | None] = ContextVar("notifykit_apprise_watched", default=None)
_send = HTTPAdapter.send


def _watching(self: HTTPAdapter, request: PreparedRequest, *args: Any, **options: Any) -> Response:
    exchanges = _watched.get()
    if exchanges is None:
        return _send(self, request, *args, **options)
    one = Exchange()
    exchanges.append(one)
    try:
        response = _send(self, request, *args, **options)
    except RequestException as error:
        one.left = not _never_left(error)
        raise
    one.status = response.status_code
    one.headers = {name.lower(): value for name, value in response.headers.items()}
    return response


HTTPAdapter.send = _watching  # type: ignore[method-assign]


@contextlib.contextmanager
def watched() -> Iterator[list[Exchange]]:
    """Collect the exchanges of this thread until the block ends. Those of other threads are not seen."""
    exchanges: list[Exchange] = []
    token = _watched.set(exchanges)
    try:
        yield exchanges
    finally:
        _watched.reset(token)


def judge(exchanges: list[Exchange], *, said: bool, now: float) -> Outcome:
    """Say what the exchanges prove. `said`: what Apprise answered. `now`: as for `classify_status`."""
    if exchanges and not any(one.left for one in exchanges):
        return Outcome.retry("ConnectionError", wording.UNREACHED().text, unreached=True)
    if not exchanges:
        return Outcome.unknown("unseen", wording.UNSEEN().text)
    if len(exchanges) > 1:
        return Outcome.unknown("several_requests", wording.SEVERAL(count=len(exchanges)).text)
    (one,) = exchanges
    if one.status is None:
        return Outcome.unknown("unanswered", wording.UNANSWERED().text)
    if (refused := classify_status(Reply(one.status, one.headers), now=now)) is not None:
        return refused
    return Outcome.accepted() if said else Outcome.unknown("disbelieved", wording.DISBELIEVED(status=one.status).text)


def _never_left(error: RequestException) -> bool:
    """Whether there was no connection, or none that could be trusted."""
    if isinstance(error, ConnectTimeout | InvalidURL):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, SSLError):
        return any(isinstance(part, ssl.SSLCertVerificationError) for part in reason.args)
    return isinstance(reason, NewConnectionError)
