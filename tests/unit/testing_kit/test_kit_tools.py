from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from notifykit.model import Status
from notifykit.roles import Ledger
from notifykit.testing import FakeClock, FakeLedger, HttpService, draft, message, records, send_context, sent_task


def test_the_clock_moves_only_when_told() -> None:
    clock = FakeClock(100.0)
    assert (clock.now(), clock.monotonic()) == (100.0, 0.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (102.5, 2.5)
    clock.jump(-50)
    assert (clock.now(), clock.monotonic()) == (52.5, 2.5)
    with pytest.raises(ValueError, match="use jump"):
        clock.advance(-1)


def test_records_share_a_table_and_fill_gaps() -> None:
    one, two = records({"id": 7, "管家": "测试管家甲"}, {"id": 8, "extra": None}, origin="orders")
    assert (one.key, two.key) == ("7", "8")
    assert [one["管家"], one["extra"], two["管家"], two["extra"]] == ["测试管家甲", "", "", None]
    assert (one.place, two.place) == ("orders:2", "orders:3")
    assert one.table is two.table
    assert records({"order_id": "A", "n": 1}, key="order_id")[0].key == "A"


def test_samples_take_what_a_test_wants_to_say() -> None:
    assert message(text="x").text == "x"
    assert message().idempotency_key
    assert draft(ordered=False, round=2).round == 2
    context = send_context(attempt=3, timeout=0.5)
    assert (context.attempt, context.timeout, context.clock.monotonic()) == (3, 0.5, 0.0)
    clock = FakeClock()
    assert send_context(clock=clock).clock is clock
    task = sent_task(records({"id": "K"})[0], {"contract_id": "K"}, id_=9, name="award")
    assert (task.id, task.key, task.name, task.status) == (9, "K", "award", Status.SENT)
    assert task.metadata == {"contract_id": "K"}


def test_the_ledger_knows_its_keys() -> None:
    ledger: Ledger = FakeLedger(waiting=["w"], delivered=["d"])
    assert [ledger.waiting(key) for key in "wdx"] == [True, False, False]
    assert [ledger.delivered(key) for key in "wdx"] == [False, True, False]
    assert [ledger.known(key, "group") for key in "wdx"] == [True, True, False]


def post(url: str, body: bytes, timeout: float = 5.0) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=body, headers={"X-Try": "1"})
    with urllib.request.urlopen(request, timeout=timeout) as reply:
        return reply.status, reply.read()


def test_the_service_answers_as_told_and_remembers() -> None:
    with HttpService() as service:
        assert post(service.url, b"one") == (200, b"{}")
        service.answer(503, b"later", {"Retry-After": "7"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            post(service.url, b"two")
        assert (caught.value.code, caught.value.headers["Retry-After"], caught.value.read()) == (503, "7", b"later")
        caught.value.close()
    assert [request.body for request in service.requests] == [b"one", b"two"]
    first = service.requests[0]
    assert (first.method, first.path, first.headers["x-try"]) == ("POST", "/send", "1")


def test_the_service_may_take_and_say_nothing() -> None:
    with HttpService() as service:
        service.answer_nothing()
        with pytest.raises(TimeoutError):
            post(service.url, b"lost", timeout=0.2)
        assert service.requests[0].body == b"lost"


def test_the_service_outlives_a_sender_that_goes_away(capfd: pytest.CaptureFixture[str]) -> None:
    before = threading.active_count()
    with HttpService() as service:
        port = urllib.parse.urlsplit(service.url).port
        with socket.create_connection(("127.0.0.1", port)) as rude:
            rude.sendall(b"POST /send HTTP/1.1\r\nContent-Length: 100000\r\n\r\nhalf")
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not an end
        assert post(service.url, b"polite") == (200, b"{}")
        deadline = time.monotonic() + 5
        while threading.active_count() > before + 1 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert [request.body for request in service.requests] == [b"polite"]
    assert capfd.readouterr().err == ""


def test_nobody_answers_after_the_end() -> None:
    with HttpService() as service:
        url = service.url
    with pytest.raises(urllib.error.URLError):
        post(url, b"")


def test_the_kit_needs_no_hypothesis_and_the_host_needs_no_kit() -> None:
    code = "import sys, notifykit.testing; print('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
