"""The demo's service must answer as the vendor documents, and its log must be right: the proof rests on it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from notifykit_wecom.errcodes import outcome_of

from notifykit.demo.request_log import ACCEPTED, Entry, RequestLog, read_requests
from notifykit.demo.service import LIMIT, Service
from notifykit.demo.service_faults import Throttle
from notifykit.model import Verdict
from notifykit.testing.clock import FakeClock

ROBOT = "beijing-group"


def ask(url: str, body: bytes) -> tuple[int, dict[str, object]]:
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=20)
    try:
        connection.request("POST", f"{target.path}?{target.query}", body)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def tell(service: Service, text: str, robot: str = ROBOT, key: str | None = None) -> object:
    body = json.dumps({"msgtype": "text", "text": {"content": text}}).encode()
    status, reply = ask(f"{service.robot_url}?key={key or service.keys[robot]}", body)
    assert status == 200
    return reply["errcode"]


def test_an_accepted_message_is_logged(service: Service, log_file: Path) -> None:
    assert tell(service, "合同 YHWX-1") == 0
    assert read_requests(log_file) == [Entry(robot=ROBOT, answer=ACCEPTED, text="合同 YHWX-1")]


def test_the_vendors_refusals(service: Service, log_file: Path) -> None:
    assert tell(service, "x", key="wrong") == 93000
    assert tell(service, "") == 44004
    status, reply = ask(f"{service.robot_url}?key={service.keys[ROBOT]}", b"no json")
    assert (status, reply["errcode"]) == (200, 44004)
    status, reply = ask(f"{service.robot_url}?key={service.keys[ROBOT]}", b"[]")
    assert (status, reply["errcode"]) == (200, 44004)
    assert {entry.answer for entry in read_requests(log_file)} == {"44004"}
    assert outcome_of(93000).verdict is outcome_of(44004).verdict is Verdict.REJECTED


def test_a_key_of_a_webhook_is_no_robots_key(service: Service) -> None:
    assert tell(service, "x", key=service.keys["technician-board"]) == 93000


def test_an_unknown_address_is_a_404(service: Service) -> None:
    assert ask(service.robot_url.replace("webhook", "nowhere"), b"{}") == (404, {})
    assert ask(service.hook_url("technician-board") + "x", b"{}")[0] == 404


def test_above_the_limit_it_refuses_and_the_others_go_on(service: Service, log_file: Path) -> None:
    errcodes: list[object] = []
    threads = [threading.Thread(target=lambda: errcodes.append(tell(service, "x"))) for _ in range(LIMIT[0] + 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, errcodes)) == ["0"] * LIMIT[0] + ["45009"] * 3
    assert tell(service, "x", robot="award-desk") == 0
    assert [entry.answer for entry in read_requests(log_file)].count("45009") == 3
    assert outcome_of(45009).verdict is Verdict.RETRY


def test_the_throttle_counts_only_what_it_admits() -> None:
    clock = FakeClock()
    throttle = Throttle(2, 1.0, clock)
    assert [throttle.admits() for _ in range(4)] == [True, True, False, False]
    clock.advance(1.0)
    assert [throttle.admits() for _ in range(3)] == [True, True, False]


def test_a_webhook_answers_in_its_body(service: Service, log_file: Path) -> None:
    body = json.dumps({"text": "上线", "change": "TC-0001", "n": 1}).encode()
    assert ask(service.hook_url("technician-board"), body) == (200, {"ok": True})
    (entry,) = read_requests(log_file)
    assert (entry.robot, entry.answer, entry.text) == ("technician-board", ACCEPTED, "上线\nTC-0001")


@pytest.mark.parametrize("half", [b"", b'{"text": "hal', b"[]"])
def test_half_a_request_is_no_message(service: Service, log_file: Path, half: bytes) -> None:
    assert ask(service.hook_url("technician-board"), half) == (400, {"ok": False})
    assert [entry.answer for entry in read_requests(log_file)] == ["400"]


@pytest.mark.parametrize(("accepts", "answer"), [(True, ACCEPTED), (False, "lost")])
def test_a_reply_can_be_kept_out(service: Service, log_file: Path, accepts: bool, answer: str) -> None:
    hold = service.hold(ROBOT, 2, accepts=accepts)
    heard: list[object] = []

    def wait_for_it() -> None:
        try:
            heard.append(tell(service, "two"))
        except http.client.RemoteDisconnected:
            heard.append("nothing")

    assert tell(service, "one") == 0
    assert tell(service, "other robot", robot="award-desk") == 0
    assert not hold.wait(0)
    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    assert hold.wait(20)
    assert [entry.answer for entry in read_requests(log_file)] == [ACCEPTED, ACCEPTED, answer]
    assert heard == []
    service.let_go()
    waiting.join()
    assert heard == [0 if accepts else "nothing"]
    assert tell(service, "three") == 0


def test_nobody_else_is_given_its_port_while_it_is_down(service: Service) -> None:
    service.go_down()
    with pytest.raises(ConnectionRefusedError):
        tell(service, "x")
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", urlsplit(service.address).port))
    service.come_up()
    assert tell(service, "x") == 0


def test_whoever_left_meanwhile_is_no_error(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    hold = service.hold(ROBOT, 1, accepts=True)
    target = urlsplit(service.robot_url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port)
    body = json.dumps({"msgtype": "text", "text": {"content": "x" * 100_000}})
    connection.request("POST", f"{target.path}?key={service.keys[ROBOT]}", body)
    assert hold.wait(20)
    connection.close()
    service.let_go()
    service.go_down()
    assert capfd.readouterr().err == ""


def test_during_an_outage_connections_are_refused_and_the_address_stays(service: Service) -> None:
    before = service.robot_url
    service.go_down()
    with pytest.raises(ConnectionRefusedError):
        tell(service, "x")
    service.come_up()
    assert service.robot_url == before
    assert tell(service, "x") == 0


def test_waiting_for_accepted_messages(service: Service, request_log: RequestLog) -> None:
    assert not request_log.wait_for(1, timeout=0)
    tell(service, "")
    assert not request_log.wait_for(1, timeout=0)
    tell(service, "x")
    assert request_log.wait_for(1, timeout=0)


def test_an_entry_tells_of_a_number_only_where_it_stands_alone() -> None:
    entry = Entry(robot=ROBOT, answer=ACCEPTED, text="签约合同YHWX-BJ-1的第10单")
    assert entry.tells_of("YHWX-BJ-1")
    assert not entry.tells_of("YHWX-BJ")
    assert not entry.tells_of("WX-BJ-1")
    assert not Entry(robot=ROBOT, answer=ACCEPTED, text="YHWX-BJ-10").tells_of("YHWX-BJ-1")
    assert not Entry(robot=ROBOT, answer=ACCEPTED, text="YHWX-BJ-1-2").tells_of("YHWX-BJ-1")


def test_no_log_no_entries(tmp_path: Path) -> None:
    assert read_requests(tmp_path / "none.jsonl") == []
