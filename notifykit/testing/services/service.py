"""What fake services have in common: they judge, keep what they took, limit rates, and fail where a test says so."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from notifykit.clock import Clock, SystemClock
from notifykit.demo.service_faults import Throttle
from notifykit.testing.http import HttpAnswer, HttpRequest, HttpService

BROKEN = HttpAnswer(status=0)
"""The connection is closed without a word."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that a service took."""

    to: str
    """What its rates are counted by: a chat, a topic, a webhook."""
    text: str
    body: Mapping[str, object] = field(default_factory=dict)
    """All that came with it."""


@dataclass(frozen=True, slots=True)
class _Fault:
    answer: HttpAnswer | None
    takes: bool


class FakeService(HttpService):
    """A service on loopback that answers as its vendor documents.

    A subclass says in `judge` what is refused, in `accept` what is answered to what is taken, and in `too_fast` what is
    answered above the limit. `rate` is that limit: so many messages in so many seconds to each `Delivered.to`; None:
    none.
    """

    def __init__(self, *, rate: tuple[int, float] | None = None, clock: Clock | None = None) -> None:
        super().__init__()
        self.delivered: list[Delivered] = []
        """What was taken, in order."""
        self._turn = threading.Lock()
        self._faults: deque[_Fault] = deque()
        self._rate, self._clock = rate, clock or SystemClock()
        self._throttles: dict[str, Throttle] = {}

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        """Return the message, or the answer where it is refused or the request is none."""
        raise NotImplementedError

    def accept(self, message: Delivered, number: int) -> HttpAnswer:
        """Return the answer to a message that is taken: the `number`-th, from 1."""
        raise NotImplementedError

    def too_fast(self) -> HttpAnswer:
        """Return the answer to one above the limit."""
        raise NotImplementedError

    def fail_next(self, answer: HttpAnswer | None, *, takes: bool = False) -> None:
        """Answer the next message so that would be taken; None: never. Called several times: the next ones, in order.

        With `takes`, the message is taken nevertheless.
        """
        self._faults.append(_Fault(answer, takes))

    def respond(self, request: HttpRequest) -> HttpAnswer | None:
        """Judge a request."""
        if self._answer is None:
            return None
        judged = self.judge(request)
        if isinstance(judged, HttpAnswer):
            return judged
        with self._turn:
            fault = self._faults.popleft() if self._faults else None
            if fault is None and not self._admits(judged.to):
                return self.too_fast()
            if fault is None or fault.takes:
                self.delivered.append(judged)
            return self.accept(judged, len(self.delivered)) if fault is None else fault.answer

    def _admits(self, to: str) -> bool:
        if self._rate is None:
            return True
        return self._throttles.setdefault(to, Throttle(*self._rate, self._clock)).admits()


def json_answer(status: int, body: object, **headers: str) -> HttpAnswer:
    """Make an answer of JSON. A `_` in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(status, json.dumps(body).encode(), {"content-type": "application/json", **named})


def json_body(request: HttpRequest) -> Mapping[str, object]:
    """Return the JSON object that a request holds; an empty one where it holds none."""
    try:
        found = json.loads(request.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
