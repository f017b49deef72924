"""What a sender posts or asks, and how."""

from __future__ import annotations

import json as _json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from notifykit.http.addresses import plain
from notifykit.http.reply import Reply
from notifykit.model import Outcome
from notifykit.secrets import Secret


def post(
    url: str | Secret,
    *,
    timeout: float,
    json: object = None,
    content: str | None = None,
    headers: Mapping[str, str | Secret] | None = None,
    proxy: str | Secret | None = None,
    ca_file: Path | None = None,
) -> Reply | Outcome:
    """Post `json`, or `content` as UTF-8 text, and return the reply, or the outcome where there is none.

    `timeout` bounds the whole exchange, in seconds (the system's name resolution excepted). `proxy` is an
    http or https URL, with `user:password@` where it needs them. `ca_file` is a PEM file of the certificates
    to trust instead of the system's. An outcome's code is the class of the error, its detail the class and
    code of what caused it: neither ever holds the URL or a text of the error. Raises SecretMissingError
    where a secret is not set, TypeError or ValueError where `json` cannot be written as JSON; nothing was sent then.
    """
    # Every command that looks at a campaign imports its senders, and most of them post nothing: the client waits.
    from notifykit.http.exchange import exchange

    if (json is None) == (content is None):
        raise TypeError("post() takes either json or content")
    text, kind = (_compact(json), "application/json") if content is None else (content, "text/plain; charset=utf-8")
    revealed = {name: plain(value) for name, value in (headers or {}).items()}
    via = None if proxy is None else plain(proxy)
    return exchange(plain(url), text, kind, revealed, timeout=timeout, proxy=via, ca_file=ca_file)


def get(
    url: str | Secret,
    *,
    timeout: float,
    headers: Mapping[str, str | Secret] | None = None,
    proxy: str | Secret | None = None,
    ca_file: Path | None = None,
) -> Reply | Outcome:
    """Ask by GET, for a sender's `probe`; all else is as `post` says."""
    from notifykit.http.exchange import exchange

    revealed = {name: plain(value) for name, value in (headers or {}).items()}
    via = None if proxy is None else plain(proxy)
    return exchange(plain(url), None, "", revealed, timeout=timeout, proxy=via, ca_file=ca_file)


def header_value(text: str) -> str:
    """Return `text` as a header may carry it: percent-encoded where it is not plain ASCII, one to one.

    For an idempotency key, which holds whatever a business key holds.
    """
    return quote(text, safe="/:@!$&'()*+,;=?[]", errors="surrogatepass")


def _compact(json: object) -> str:
    return _json.dumps(json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
