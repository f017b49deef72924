"""What a sender sends or asks by HTTP, and how."""

from __future__ import annotations

import json as _json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from notifykit.http.addresses import plain
from notifykit.http.body import MAX_REPLY, Body, File
from notifykit.http.reply import Reply
from notifykit.model import Outcome
from notifykit.secrets import Secret

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def request(
    method: str,
    url: str | Secret,
    *,
    timeout: float,
    json: object = None,
    content: str | bytes | None = None,
    files: Mapping[str, str | File] | None = None,
    headers: Mapping[str, str | Secret] | None = None,
    proxy: str | Secret | None = None,
    ca_file: Path | None = None,
    max_reply: int = MAX_REPLY,
) -> Reply | Outcome:
    """Make one request, and return the reply, or the outcome where there is none.

    `method` is GET, POST, PUT, PATCH or DELETE. The body is at most one of: `json`, sent compact; `content`, a text,
    sent as UTF-8, or bytes, sent as they are; `files`, sent as multipart/form-data, in order: by the name of its field,
    either a text, or a file as (its name, its bytes, its media type). The same values give the same bytes.

    `timeout` bounds the whole exchange, in seconds (the system's name resolution excepted). `proxy` is an
    http or https URL, with `user:password@` where it needs them. `ca_file` is a PEM file of the certificates
    to trust instead of the system's. A reply's body is read up to `max_reply` bytes. An outcome's code is the class of
    the error, its detail the class and code of what caused it: neither ever holds the URL or a text of the error.

    Raises SecretMissingError where a secret is not set, TypeError or ValueError where the method is none of these or
    the body cannot be written; nothing was sent then.
    """
    if method not in METHODS:
        raise ValueError(f"request() takes {', '.join(METHODS)}, not {method!r}")
    if sum(part is not None for part in (json, content, files)) > 1:
        raise TypeError("request() takes one of json, content and files")
    if json is not None:
        body = Body(_compact(json), "application/json")
    elif isinstance(content, str):
        body = Body(content, "text/plain; charset=utf-8")
    elif content is not None:
        body = Body(content, "application/octet-stream")
    else:
        body = Body(files=files)
    # Every command that looks at a campaign imports its senders, and most of them send nothing: the client waits.
    from notifykit.http.exchange import exchange

    revealed = {name: plain(value) for name, value in (headers or {}).items()}
    via = None if proxy is None else plain(proxy)
    return exchange(
        method, plain(url), body, revealed, timeout=timeout, proxy=via, ca_file=ca_file, max_reply=max_reply
    )


def post(
    url: str | Secret,
    *,
    timeout: float,
    json: object = None,
    content: str | bytes | None = None,
    files: Mapping[str, str | File] | None = None,
    headers: Mapping[str, str | Secret] | None = None,
    proxy: str | Secret | None = None,
    ca_file: Path | None = None,
) -> Reply | Outcome:
    """Post `json`, `content` or `files`; all is as `request` says."""
    if (json, content, files) == (None, None, None):
        raise TypeError("post() takes one of json, content and files")
    return request(
        "POST",
        url,
        timeout=timeout,
        json=json,
        content=content,
        files=files,
        headers=headers,
        proxy=proxy,
        ca_file=ca_file,
    )


def get(
    url: str | Secret,
    *,
    timeout: float,
    headers: Mapping[str, str | Secret] | None = None,
    proxy: str | Secret | None = None,
    ca_file: Path | None = None,
) -> Reply | Outcome:
    """Ask by GET; all is as `request` says."""
    return request("GET", url, timeout=timeout, headers=headers, proxy=proxy, ca_file=ca_file)


def header_value(text: str) -> str:
    """Return `text` as a header may carry it: percent-encoded where it is not plain ASCII, one to one.

    For an idempotency key, which holds whatever a business key holds.
    """
    return quote(text, safe="/:@!$&'()*+,;=?[]", errors="surrogatepass")


def _compact(json: object) -> str:
    return _json.dumps(json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
