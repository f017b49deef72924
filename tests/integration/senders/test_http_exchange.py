"""Where a POST can fail, and what that proves. Real sockets throughout."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ports import nobodys_port

from notifykit.http import Reply, post, tls
from notifykit.model import Outcome, Verdict
from notifykit.secrets import Secret

Serve = Callable[..., str]
Answering = Callable[..., tuple[str, list[bytes]]]
Reset = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
KEY = "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa"


def send(url: str, *, timeout: float = 5, proxy: str | None = None, ca_file: Path | None = None) -> Reply | Outcome:
    return post(f"{url}/send?key={KEY}", json={"text": "工单"}, timeout=timeout, proxy=proxy, ca_file=ca_file)


def verdict(result: Reply | Outcome, expected: Verdict, code: str, detail: str | None = None) -> None:
    assert isinstance(result, Outcome), result
    assert (result.verdict, result.code) == (expected, code), result
    assert detail is None or result.detail == detail
    assert KEY not in repr(result)


# what goes out --------------------------------------------------------------------------------------------


def test_json_goes_out_compact_and_readable(answering: Answering) -> None:
    url, requests = answering(OK)
    result = post(f"{url}/hook?a=1", json={"text": "工单", "n": 1}, headers={"X-Trace": "7"}, timeout=5)
    assert isinstance(result, Reply)
    head, _, body = requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /hook?a=1 HTTP/1.1"
    assert {b"Content-Type: application/json", b"X-Trace: 7", b"Connection: close"} <= set(lines)
    assert f"Host: {urlsplit(url).netloc}".encode() in lines
    assert body == '{"text":"工单","n":1}'.encode()


def test_text_goes_out_as_utf8(answering: Answering) -> None:
    url, requests = answering(OK)
    assert isinstance(post(url, content="工单", timeout=5), Reply)
    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert b"Content-Type: text/plain; charset=utf-8" in head.split(b"\r\n")
    assert body == "工单".encode()


def test_a_header_of_the_caller_wins(answering: Answering) -> None:
    url, requests = answering(OK)
    post(url, content="x", headers={"content-type": "text/markdown", "User-Agent": Secret("agent-7-of-us")}, timeout=5)
    assert b"content-type: text/markdown" in requests[0]
    assert b"User-Agent: agent-7-of-us" in requests[0]
    assert b"text/plain" not in requests[0]


def test_user_and_password_in_a_url_become_a_header(answering: Answering) -> None:
    url, requests = answering(OK)
    post(Secret(url.replace("//", "//karl:p%40ss@")), content="x", timeout=5)
    assert b"Authorization: Basic a2FybDpwQHNz" in requests[0]
    assert b"karl" not in requests[0]


@pytest.mark.parametrize("arguments", [{}, {"json": {}, "content": ""}])
def test_one_body_is_needed(arguments: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="one of json, content and files"):
        post("http://127.0.0.1:1", timeout=1, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [{"at": float("nan")}, {"at": {1, 2}}])
def test_what_json_has_no_form_for_is_a_defect_of_the_caller(body: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        post("http://127.0.0.1:1", json=body, timeout=1)


# what comes back ------------------------------------------------------------------------------------------


def test_a_reply_has_status_headers_and_body(answering: Answering) -> None:
    url, _ = answering(b"HTTP/1.1 429 Slow Down\r\nRetry-After: 3\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nno")
    result = send(url)
    assert isinstance(result, Reply)
    assert (result.status, result.body, result.complete) == (429, b"no", True)
    assert result.headers["retry-after"] == "3"
    assert result.headers["x-a"] == "1, 2"


def test_a_body_is_read_up_to_a_limit(serve: Serve) -> None:
    done = threading.Event()

    def endless(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n{"errcode":0}' + b" " * 65536)
        done.wait(5)

    result = send(serve(endless), timeout=2)
    done.set()
    assert isinstance(result, Reply)
    assert len(result.body) == 64 * 1024
    assert not result.complete
    assert result.json() is None


def test_a_redirect_is_not_followed(answering: Answering) -> None:
    elsewhere, requests = answering(OK)
    url, _ = answering(f"HTTP/1.1 307 Moved\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n".encode())
    result = send(url)
    assert isinstance(result, Reply)
    assert result.status == 307
    assert requests == []


def test_every_send_has_its_own_connection(serve: Serve) -> None:
    peers: set[object] = set()

    def handler(connection: socket.socket, _: bytes) -> None:
        peers.add(connection.getpeername())
        connection.sendall(OK)

    url = serve(handler)
    assert all(isinstance(send(url), Reply) for _ in range(3))
    assert len(peers) == 3


# not sent: retry ------------------------------------------------------------------------------------------


def test_refused() -> None:
    result = send(f"http://127.0.0.1:{nobodys_port()}")
    verdict(result, Verdict.RETRY, "ConnectError", "ConnectionRefusedError ECONNREFUSED")


def test_no_such_host() -> None:
    result = send("http://robot.invalid")
    verdict(result, Verdict.RETRY, "ConnectError")
    assert isinstance(result, Outcome)
    assert result.detail.startswith("gaierror EAI_")


def test_tls_to_a_server_that_speaks_none(answering: Answering) -> None:
    url, _ = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    verdict(send(url.replace("http:", "https:"), timeout=0.2), Verdict.RETRY, "ConnectTimeout")


def test_tls_garbage(serve: Serve) -> None:
    url = serve(lambda connection, _: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), read=False)
    verdict(send(url.replace("http:", "https:")), Verdict.RETRY, "ConnectError", "SSLError WRONG_VERSION_NUMBER")


def test_a_certificate_that_nobody_vouches_for(answering: Answering) -> None:
    url, requests = answering(OK, tls=True)
    expected = "SSLCertVerificationError CERTIFICATE_VERIFY_FAILED"
    verdict(send(url), Verdict.RETRY, "ConnectError", expected)
    assert requests == []


def test_tls_handshake_timeout(serve: Serve) -> None:
    done = threading.Event()
    url = serve(lambda *_: done.wait(5), read=False)
    verdict(send(url.replace("http:", "https:"), timeout=0.2), Verdict.RETRY, "ConnectTimeout")
    done.set()


@contextlib.contextmanager
def full(host: str, port: int = 0) -> Iterator[int]:
    """A port whose queue is full: whoever connects gets no answer at all."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server((host, port), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listening.getsockname())
        yield listening.getsockname()[1]


def test_connect_timeout() -> None:
    with full("127.0.0.1") as port:
        result = send(f"http://127.0.0.1:{port}", timeout=0.2)
    verdict(result, Verdict.RETRY, "ConnectTimeout", "TimeoutError")


def test_a_deadline_that_is_over_before_anything_is_written(answering: Answering) -> None:
    url, requests = answering(OK)
    verdict(send(url, timeout=0), Verdict.RETRY, "ConnectTimeout")
    assert requests == []


def late(monkeypatch: pytest.MonkeyPatch, *, calls: int) -> None:
    """Let the clock pass any deadline after so many looks at it."""
    looks = iter(range(calls + 1))
    monkeypatch.setattr("notifykit.http.deadline.time.monotonic", lambda: 0.0 if next(looks, None) is not None else 1e9)


def test_a_deadline_that_ends_between_connecting_and_writing(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, requests = answering(OK)
    late(monkeypatch, calls=1)
    verdict(send(url), Verdict.RETRY, "ConnectTimeout")
    assert not any(requests)


def test_a_deadline_that_ends_between_connecting_and_tls(
    answering: Answering, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, requests = answering(OK, tls=True)
    late(monkeypatch, calls=1)
    verdict(send(url, ca_file=authority), Verdict.RETRY, "ConnectTimeout")
    assert requests == []


def test_certificates_that_cannot_be_loaded(tmp_path: Path) -> None:
    result = send("https://127.0.0.1:1", ca_file=tmp_path / "gone.pem")
    verdict(result, Verdict.RETRY, "ConnectError", "FileNotFoundError ENOENT")


# never sent: rejected -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://127.0.0.1", "UnsupportedProtocol"),
        ("127.0.0.1", "UnsupportedProtocol"),
        ("http://[::1", "InvalidURL"),
        (f"http://{'a' * 70}.invalid", "InvalidURL"),
    ],
)
def test_an_address_that_can_never_be_reached(url: str, code: str) -> None:
    verdict(send(url), Verdict.REJECTED, code)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "nonsense"])
def test_a_proxy_that_can_never_be_used(proxy: str) -> None:
    verdict(send("http://127.0.0.1:1", proxy=proxy), Verdict.REJECTED, "UnsupportedProtocol")


@pytest.mark.parametrize(
    ("text", "headers", "code"),
    [
        ("x", {"X-A": "工单"}, "UnicodeEncodeError"),
        ("x", {"X-A": "a\r\nX-B: c"}, "LocalProtocolError"),
        ("lone \ud800", {}, "UnicodeEncodeError"),
    ],
)
def test_what_cannot_be_written(answering: Answering, text: str, headers: dict[str, str], code: str) -> None:
    url, requests = answering(OK)
    for result in (
        post(url, content=text, headers=headers, timeout=5),
        post(url, json={"a": text}, headers=headers, timeout=5),
    ):
        verdict(result, Verdict.REJECTED, code)
    assert not any(requests)


# perhaps sent: unknown ------------------------------------------------------------------------------------


def test_reset_before_the_request_is_read(serve: Serve, reset: Reset) -> None:
    url = serve(lambda connection, _: reset(connection), read=False)
    result = send(url)
    assert isinstance(result, Outcome)
    if result.unreached:  # it may come before the connection counts as made: then nothing was written to it
        verdict(result, Verdict.RETRY, "ConnectError", "ConnectionResetError ECONNRESET")
        return
    assert result.verdict is Verdict.UNKNOWN
    assert result.code in ("ReadError", "RemoteProtocolError")


def test_reset_after_the_request(serve: Serve, reset: Reset) -> None:
    url = serve(lambda connection, _: reset(connection))
    verdict(send(url), Verdict.UNKNOWN, "ReadError", "ConnectionResetError ECONNRESET")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "RemoteProtocolError"),
        (b"HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 10\r\n\r\nhalf", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "RemoteProtocolError"),
        (b"220 mail.example.com ESMTP\r\n", "RemoteProtocolError"),
        (b"\x00\xff" * 40, "RemoteProtocolError"),
        (b"HTTP/1.1 999999 ?\r\n\r\n", "RemoteProtocolError"),
    ],
)
def test_partial_and_garbage_replies(answering: Answering, reply: bytes, code: str) -> None:
    url, requests = answering(reply)
    verdict(send(url), Verdict.UNKNOWN, code)
    assert len(requests) == 1


def test_no_reply_in_time(serve: Serve) -> None:
    done = threading.Event()
    url = serve(lambda *_: done.wait(5))
    verdict(send(url, timeout=0.2), Verdict.UNKNOWN, "ReadTimeout", "TimeoutError")
    done.set()


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_is_held_to_the_deadline_of_the_whole(serve: Serve, head: bytes) -> None:
    done = threading.Event()

    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while not done.wait(0.05):
            connection.sendall(b"a")

    started = time.monotonic()
    verdict(send(serve(drip), timeout=0.3), Verdict.UNKNOWN, "ReadTimeout")
    assert time.monotonic() - started < 4
    done.set()


def test_a_request_that_is_never_taken(serve: Serve) -> None:
    done = threading.Event()
    url = serve(lambda *_: done.wait(5), read=False)
    result = post(url, content="x" * 20_000_000, timeout=0.3)
    verdict(result, Verdict.UNKNOWN, "WriteTimeout")
    done.set()


def test_reset_in_the_middle_of_the_request(serve: Serve, reset: Reset) -> None:
    def handler(connection: socket.socket, _: bytes) -> None:
        connection.recv(1000)
        reset(connection)

    result = post(serve(handler, read=False), content="x" * 20_000_000, timeout=5)
    assert isinstance(result, Outcome)
    assert result.verdict is Verdict.UNKNOWN


def test_a_refusal_that_comes_while_the_request_is_still_written(serve: Serve) -> None:
    def handler(connection: socket.socket, _: bytes) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass

    result = post(serve(handler, read=False), content="x" * 5_000_000, timeout=5)
    assert isinstance(result, Reply)
    assert result.status == 413


# TLS and proxies ------------------------------------------------------------------------------------------


def test_tls_with_an_authority_of_our_own(answering: Answering, authority: Path) -> None:
    url, requests = answering(OK, tls=True)
    assert send(url, ca_file=authority) == Reply(200, {"content-length": "2"}, b"ok")
    assert len(requests) == 1


def test_http_through_a_proxy(answering: Answering) -> None:
    proxy, requests = answering(OK)
    result = send("http://robot.invalid", proxy=proxy.replace("//", "//karl:p%40ss@"))
    assert isinstance(result, Reply)
    assert requests[0].startswith(b"POST http://robot.invalid/send?key=")
    assert b"Proxy-Authorization: Basic a2FybDpwQHNz" in requests[0]


def test_tls_through_a_tunnel(
    answering: Answering, authority: Path, tunnel: Callable[[int], tuple[str, list[bytes]]]
) -> None:
    url, requests = answering(OK, tls=True)
    port = urlsplit(url).port
    assert port
    proxy, told = tunnel(port)
    assert isinstance(send(url, proxy=proxy, ca_file=authority), Reply)
    assert told[0].startswith(f"CONNECT 127.0.0.1:{port} ".encode())
    assert len(requests) == 1


def test_dropped_after_the_request_went_through_a_tunnel(
    serve: Serve, reset: Reset, authority: Path, tunnel: Callable[[int], tuple[str, list[bytes]]]
) -> None:
    url = serve(lambda connection, _: reset(connection), tls=True)
    port = urlsplit(url).port
    assert port
    proxy, _ = tunnel(port)
    result = send(url, proxy=proxy, ca_file=authority)
    assert isinstance(result, Outcome)
    assert result.verdict is Verdict.UNKNOWN


def test_a_proxy_that_refuses_to_connect(answering: Answering) -> None:
    proxy, _ = answering(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    verdict(send("https://robot.invalid", proxy=proxy), Verdict.RETRY, "ProxyError", "HTTP 407")


def test_a_proxy_that_drops_the_connection(serve: Serve) -> None:
    proxy = serve(lambda *_: None)
    verdict(send("https://robot.invalid", proxy=proxy), Verdict.RETRY, "RemoteProtocolError")


def test_a_proxy_that_is_not_there() -> None:
    proxy = f"http://127.0.0.1:{nobodys_port()}"
    verdict(send("https://robot.invalid", proxy=proxy), Verdict.RETRY, "ConnectError")


def test_a_proxy_over_tls(answering: Answering, authority: Path) -> None:
    proxy, requests = answering(OK, tls=True)
    assert isinstance(send("http://robot.invalid", proxy=proxy, ca_file=authority), Reply)
    assert requests[0].startswith(b"POST http://robot.invalid/send")


def test_the_proxies_of_the_environment_are_left_alone(answering: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    url, requests = answering(OK)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{nobodys_port()}")
    assert isinstance(send(url), Reply)
    assert len(requests) == 1


def test_the_certificates_of_the_environment_count_only_with_a_proxy(
    answering: Answering,
    authority: Path,
    tunnel: Callable[[int], tuple[str, list[bytes]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tls, "_contexts", {})
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    url, _ = answering(OK, tls=True)
    port = urlsplit(url).port
    assert port
    proxy, _ = tunnel(port)
    verdict(send(url), Verdict.RETRY, "ConnectError")
    assert isinstance(send(url, proxy=proxy), Reply)


# names with several addresses -----------------------------------------------------------------------------


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> str:
    """Let `many.invalid` have these addresses."""
    real = socket.getaddrinfo

    def fake(host: str, port: int, *args: int, **kwargs: int) -> list[object]:
        hosts = addresses if host == "many.invalid" else [host]
        return [found for name in hosts for found in real(name, port, *args, **kwargs)]

    monkeypatch.setattr("notifykit.http.deadline.socket.getaddrinfo", fake)
    return "many.invalid"


def test_the_next_address_is_tried(answering: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    url, requests = answering(OK)
    name = resolve(monkeypatch, "127.0.0.2", "127.0.0.1")
    assert isinstance(send(url.replace("127.0.0.1", name)), Reply)
    assert len(requests) == 1


def test_an_address_that_swallows_everything_leaves_time_for_the_next(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, requests = answering(OK)
    name = resolve(monkeypatch, "127.0.0.2", "127.0.0.1")
    with full("127.0.0.2", urlsplit(url).port or 0):
        assert isinstance(send(url.replace("127.0.0.1", name), timeout=1), Reply)
    assert len(requests) == 1


def test_no_address_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    name = resolve(monkeypatch, "127.0.0.2", "127.0.0.3")
    result = send(f"http://{name}:{nobodys_port()}")
    verdict(result, Verdict.RETRY, "ConnectError", "ConnectionRefusedError ECONNREFUSED")


def test_a_name_without_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict(send(f"http://{resolve(monkeypatch)}"), Verdict.RETRY, "ConnectError", "")


# many at once ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secure", [False, True])
def test_many_threads_share_nothing_but_a_tls_context(
    serve: Serve, authority: Path, secure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_contexts", {})
    built: list[ssl.SSLContext] = []
    build = ssl.create_default_context

    def counted(*, cafile: Path) -> ssl.SSLContext:
        built.append(build(cafile=cafile))
        return built[-1]

    monkeypatch.setattr("notifykit.http.tls.ssl.create_default_context", counted)
    taken: list[bytes] = []

    def echo(connection: socket.socket, request: bytes) -> None:
        body = request.partition(b"\r\n\r\n")[2]
        taken.append(body)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    url = serve(echo, tls=secure)
    wrong: list[object] = []
    start = threading.Barrier(8)

    def work(worker: int) -> None:
        start.wait(5)
        for number in range(10):
            text = f"{worker}/{number}"
            result = post(url, content=text, timeout=10, ca_file=authority if secure else None)
            if not isinstance(result, Reply) or result.body != text.encode():
                wrong.append((text, result))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sorted(taken) == sorted(f"{worker}/{number}".encode() for worker in range(8) for number in range(10))
    assert len(built) == (1 if secure else 0)
