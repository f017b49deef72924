"""A token that many threads send with."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from notifykit.http import TokenCache
from notifykit.model import Outcome, Verdict
from notifykit.secrets import redact
from notifykit.testing import FakeClock


class Service:
    """Gives tokens, each good for so many seconds, and counts."""

    def __init__(self, lifetime: float = 7200.0) -> None:
        self.lifetime = lifetime
        self.asked = 0
        self.answer: Outcome | None = None
        self.timeouts: list[float] = []
        self.gate = threading.Event()
        self.gate.set()

    def fetch(self, timeout: float) -> tuple[str, float] | Outcome:
        self.asked += 1
        number = self.asked
        self.timeouts.append(timeout)
        assert self.gate.wait(10)
        return self.answer or (f"fake-token-{number}", self.lifetime)


def at_once(cache: TokenCache, service: Service, threads: int = 8) -> list[str | Outcome]:
    """Ask from many threads, one of which fetches while all others wait for it."""
    service.gate.clear()
    got: list[str | Outcome] = []
    workers = [threading.Thread(target=lambda: got.append(cache.get())) for _ in range(threads)]
    for worker in workers:
        worker.start()

    def waits(worker: threading.Thread) -> bool:
        frame = sys._current_frames().get(worker.ident or 0)
        return frame is not None and frame.f_code is TokenCache.get.__code__ and "before" in frame.f_locals

    until = time.monotonic() + 10
    while sum(map(waits, workers)) < threads - 1:
        assert time.monotonic() < until
    service.gate.set()
    for worker in workers:
        worker.join(10)
    return got


def test_a_token_is_fetched_once_and_kept_while_it_lives() -> None:
    service, clock = Service(), FakeClock()
    cache = TokenCache(service.fetch, clock=clock)
    assert cache.get(3.0) == "fake-token-1"
    clock.advance(7139)
    clock.jump(100_000)
    assert cache.get() == "fake-token-1"
    clock.advance(1)
    assert cache.get() == "fake-token-2"
    assert service.timeouts == [3.0, 10.0]


def test_a_short_life_is_used_for_nine_tenths() -> None:
    service, clock = Service(lifetime=10), FakeClock()
    cache = TokenCache(service.fetch, clock=clock)
    cache.get()
    clock.advance(8.9)
    assert cache.get() == "fake-token-1"
    clock.advance(0.2)
    assert cache.get() == "fake-token-2"


def test_the_time_that_fetching_takes_counts() -> None:
    clock = FakeClock()

    def slow(timeout: float) -> tuple[str, float]:
        clock.advance(timeout)
        return "fake-token", 100.0

    cache = TokenCache(slow, clock=clock)
    cache.get(80.0)
    clock.advance(9)
    before = clock.monotonic()
    cache.get(80.0)
    assert clock.monotonic() == before
    clock.advance(1)
    cache.get(80.0)
    assert clock.monotonic() == before + 81


def test_many_threads_wait_for_one_fetch() -> None:
    service = Service()
    assert set(at_once(TokenCache(service.fetch), service)) == {"fake-token-1"}
    assert service.asked == 1


def test_a_failure_is_shared_by_those_that_waited_and_asked_anew_by_those_that_come_later() -> None:
    service = Service()
    service.answer = Outcome.retry("HTTP 503", pause=5.0)
    cache = TokenCache(service.fetch)
    assert at_once(cache, service) == [service.answer] * 8
    assert service.asked == 1
    service.answer = None
    assert cache.get() == "fake-token-2"


def test_a_refused_token_is_dropped_once() -> None:
    service = Service()
    cache = TokenCache(service.fetch)
    old = cache.get()
    assert isinstance(old, str)
    cache.drop(old)
    new = cache.get()
    assert new == "fake-token-2"
    cache.drop(old)  # a slow thread, with the token of before
    assert cache.get() == new
    assert service.asked == 2


@pytest.mark.parametrize("failed", [Outcome.rejected("40001", pause=60.0), Outcome.retry("x", unreached=True)])
def test_why_there_is_no_token_is_the_outcome(failed: Outcome) -> None:
    assert TokenCache(lambda _: failed).get() == failed


def test_a_fetch_in_doubt_leaves_no_message_in_doubt() -> None:
    outcome = TokenCache(lambda _: Outcome.unknown("ReadTimeout", "TimeoutError")).get()
    assert isinstance(outcome, Outcome)
    assert (outcome.verdict, outcome.unreached) == (Verdict.RETRY, True)
    assert (outcome.code, outcome.detail) == ("ReadTimeout", "TimeoutError")


def test_a_fetch_that_returns_accepted_is_a_defect() -> None:
    with pytest.raises(TypeError, match="return the token and its seconds"):
        TokenCache(lambda _: Outcome.accepted()).get()


def test_what_a_fetch_raises_comes_through_and_blocks_nobody() -> None:
    def broken(_: float) -> Outcome:
        raise OSError("gone")

    cache = TokenCache(broken)
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            cache.get()


def test_a_token_is_kept_out_of_texts() -> None:
    TokenCache(lambda _: ("fake-token-for-redaction-17", 60.0)).get()
    assert "redaction" not in redact("posting to ?access_token=fake-token-for-redaction-17")
