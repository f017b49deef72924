"""What services say that are asked without a message, over real HTTP."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from notifykit_builtin.console import Console
from notifykit_builtin.file import File
from notifykit_webhook.sender import Webhook
from notifykit_wecom.robot import WecomRobot
from ports import nobodys_port
from system import needs_refusals

from notifykit.roles import Prober
from notifykit.secrets import Secret
from notifykit.testing import HttpService

Answering = Callable[..., tuple[str, list[bytes]]]


def http(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def nowhere() -> str:
    """An address that nobody listens at."""
    return f"http://127.0.0.1:{nobodys_port()}"


@pytest.mark.parametrize(
    ("answer", "ready", "said"),
    [
        (http(b'{"errcode":44004,"errmsg":"empty content"}'), True, "the service knows the key"),
        (http(b'{"errcode":93000,"errmsg":"invalid webhook url"}'), False, "93000"),
        (http(b'{"errcode":93008,"errmsg":"gone"}'), False, "removed from the group"),
        (http(b'{"errcode":45009,"errmsg":"too many"}'), None, "did not say (errcode 45009)"),
        (http(b"<html>", "502 Bad Gateway"), None, "HTTP 502, and no errcode"),
    ],
)
def test_a_robot_is_asked_by_a_message_without_a_text(
    answering: Answering, answer: bytes, ready: bool | None, said: str
) -> None:
    url, requests = answering(answer)
    robot = WecomRobot(key=Secret("0a1b-key"), base_url=f"{url}/send", mentioned_list=["@all"])
    assert isinstance(robot, Prober)
    probe = robot.probe(5)
    assert (probe.ready, said in probe.detail) == (ready, True), probe
    assert requests[0].endswith(b'\r\n\r\n{"msgtype":"text","text":{"content":""}}'), "nobody could receive it"
    assert "0a1b" not in probe.detail


def test_a_robot_that_cannot_be_reached() -> None:
    probe = WecomRobot(key=Secret("0a1b-key"), base_url=nowhere()).probe(5)
    assert probe.ready is False
    assert probe.detail.startswith("cannot be reached (ConnectError ConnectionRefusedError")
    assert "://" not in probe.detail


@pytest.mark.parametrize(("status", "ready"), [(200, True), (204, True), (401, False), (500, False)])
def test_a_webhook_is_asked_where_it_says(status: int, ready: bool) -> None:
    with HttpService() as service:
        service.answer(status, b"")
        webhook = Webhook(
            url=Secret(f"{service.url}/hook"),
            probe_url=f"{service.url}/me",
            headers={"Authorization": Secret("Bearer x-1")},
        )
        probe = webhook.probe(5)
        assert (probe.ready, probe.detail) == (ready, f"HTTP {status}")
        (request,) = service.requests
        assert (request.method, request.path, request.body) == ("GET", "/send/me", b"")
        assert request.headers["authorization"] == "Bearer x-1"
        assert "content-type" not in request.headers


def test_a_webhook_that_says_nowhere_is_not_asked() -> None:
    with HttpService() as service:
        assert Webhook(url=Secret(service.url)).probe(5).ready is None
        assert service.requests == []
    assert Webhook(url=Secret("http://x"), probe_url=nowhere()).probe(5).ready is False


def test_a_service_that_does_not_answer_is_given_up_in_time() -> None:
    with HttpService() as service:
        service.answer_nothing()
        probe = Webhook(url=Secret(service.url), probe_url=service.url).probe(0.3)
    assert probe.ready is False
    assert "ReadTimeout" in probe.detail


def test_a_file_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    assert File(path=tmp_path / "new" / "sent.jsonl").probe(1).ready is True
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "sent.jsonl").write_text("{}\n")
    assert File(path=tmp_path / "sent.jsonl").probe(1).ready is True
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("sent.jsonl", "{}\n")]


@pytest.mark.parametrize("lock", ["", ".lock"])
def test_a_file_that_cannot_be_written_is_told_with_what_is_in_the_way(tmp_path: Path, lock: str) -> None:
    (tmp_path / "file").touch()
    below = File(path=tmp_path / "file" / "x.jsonl").probe(1)
    assert below.ready is False
    assert f"({tmp_path / 'file'} is not a folder)" in below.detail
    path = tmp_path / "x.jsonl"
    Path(f"{path}{lock}").symlink_to(tmp_path / "file" / "aim")
    linked = File(path=path).probe(1)
    assert linked.ready is False
    assert linked.detail == f"{path}{lock} cannot be written ({tmp_path / 'file'} is not a folder)"


def test_a_name_that_is_too_long_is_told_so(tmp_path: Path) -> None:
    probe = File(path=tmp_path / ("x" * 300)).probe(1)
    assert probe.ready is False
    assert probe.detail.startswith(f"{tmp_path / ('x' * 300)} cannot be written ({tmp_path}: ")


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such folder")
def test_a_folder_in_which_nothing_can_be_made_is_told(tmp_path: Path) -> None:
    probe = File(path=Path("/proc/nowhere")).probe(1)
    assert (probe.ready, probe.detail) == (False, "/proc/nowhere cannot be written (/proc: No such file or directory)")


@needs_refusals
def test_rights_are_told(tmp_path: Path) -> None:
    (tmp_path / "sent.jsonl").touch(mode=0o400)
    assert File(path=tmp_path / "sent.jsonl").probe(1).ready is False
    tmp_path.chmod(0o500)
    assert File(path=tmp_path / "new" / "sent.jsonl").probe(1).ready is False
    tmp_path.chmod(0o700)


def test_a_console_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Console().probe(1).ready is None
    monkeypatch.setattr(sys, "stdout", None)
    assert (Console().probe(1).ready, Console(stream="stderr").probe(1).ready) == (False, None)
