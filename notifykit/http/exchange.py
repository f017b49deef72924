"""One request over a connection of its own.

The exception of a failed request does not tell whether the request could have left the machine; the client's
trace does. No `send_request_headers.started` for anything but a proxy's CONNECT: not sent. From there on:
unknown. Nothing is repeated here, redirects are not followed, the environment's proxies are not used, and no
connection is kept (a stale one would again leave open whether the request left).

The client's own functions log every URL at INFO, and a webhook's URL is a credential: so this uses the transport below
them.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpcore2
import httpx2

from notifykit.http import tls
from notifykit.http.body import Body
from notifykit.http.causes import cause_of
from notifykit.http.coding import decoded
from notifykit.http.deadline import DeadlineBackend
from notifykit.http.reply import Reply
from notifykit.model import Outcome
from notifykit.wording.host import MALFORMED, NOT_ENCODABLE

_OURS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "notifykit",
}
_FAILURES = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.UnsupportedProtocol,
    httpx2.InvalidURL,
)
_NEVER = (httpcore2.UnsupportedProtocol, httpcore2.LocalProtocolError, httpx2.InvalidURL)
"""What the same request meets each time, before a byte of it is written."""


def exchange(
    method: str,
    url: str,
    body: Body,
    headers: Mapping[str, str],
    *,
    timeout: float,
    proxy: str | None = None,
    ca_file: Path | None = None,
    max_reply: int,
) -> Reply | Outcome:
    """Make the request; all is as `notifykit.http.request` says."""
    network = DeadlineBackend(timeout)
    sent = False

    def watch(event: str, info: Mapping[str, Any]) -> None:
        nonlocal sent
        if event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            network.left(httpcore2.ConnectTimeout)
            sent = True

    try:
        request = _request(method, url, body, headers)
        request.extensions["trace"] = watch
        with _pool(network, request.url.scheme, proxy, ca_file) as pool, closing(pool.handle_request(request)) as reply:
            return _read(reply, max_reply)
    except UnicodeEncodeError:
        return Outcome.rejected("UnicodeEncodeError", NOT_ENCODABLE().text)
    except _FAILURES as error:
        code, detail = type(error).__name__, cause_of(error)
        if isinstance(error, _NEVER):
            return Outcome.rejected(code, MALFORMED().text)
        return Outcome.unknown(code, detail) if sent else Outcome.retry(code, detail, unreached=True)


def _request(method: str, url: str, body: Body, headers: Mapping[str, str]) -> httpcore2.Request:
    """Let httpx2 do what it knows (host names, Host, Content-Length, forms), for the transport below."""
    kind = body.kind or (body.form_type if body.files else "")
    merged = httpx2.Headers({**_OURS, "Content-Type": kind} if kind else _OURS)
    merged.update(headers)
    request = httpx2.Request(method, url, headers=merged, content=body.encoded, files=body.form)
    if request.url.userinfo:
        login = f"{request.url.username}:{request.url.password}".encode()
        request.headers.setdefault("Authorization", f"Basic {base64.b64encode(login).decode()}")
    return httpcore2.Request(
        request.method, _core_url(request.url), headers=request.headers.raw, content=request.read(), extensions={}
    )


def _core_url(url: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _pool(network: DeadlineBackend, scheme: bytes, proxy: str | None, ca_file: Path | None) -> httpcore2.ConnectionPool:
    if proxy is None:
        trust = _trust(ca_file, trust_env=False) if scheme == b"https" else None
        return httpcore2.ConnectionPool(ssl_context=trust, network_backend=network)
    if httpx2.URL(proxy).scheme not in ("http", "https"):
        raise httpcore2.UnsupportedProtocol
    via = httpx2.Proxy(proxy)
    trust = _trust(ca_file, trust_env=True)
    return httpcore2.ConnectionPool(
        ssl_context=trust,
        proxy=httpcore2.Proxy(
            _core_url(via.url), auth=via.raw_auth, ssl_context=trust if via.url.scheme == "https" else None
        ),
        network_backend=network,
    )


def _trust(ca_file: Path | None, *, trust_env: bool) -> ssl.SSLContext:
    try:
        return tls.context(ca_file, trust_env=trust_env)
    except OSError as error:
        raise httpcore2.ConnectError(error) from error


def _read(response: httpcore2.Response, limit: int) -> Reply:
    headers: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("ascii").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > limit:
            return Reply(response.status, headers, bytes(body[:limit]), complete=False)
    try:
        return Reply(response.status, headers, decoded(bytes(body), headers.get("content-encoding", ""), limit))
    except ValueError:
        return Reply(response.status, headers, bytes(body), complete=False)
