"""What may be posted to."""

from __future__ import annotations

import re

from notifykit.options import OptionError
from notifykit.secrets import Secret, SecretMissingError
from notifykit.wording.translation import gettext

_OCTET = r"(?:[1-9]?\d|1\d\d)"
_COMMON = re.compile(
    rf"https?://(?:(?:[a-z0-9]+[.-])*[a-z][a-z0-9]*|(?:{_OCTET}\.){{3}}{_OCTET})(?::[1-9]\d{{0,3}})?(?:/[\w./-]*)?",
    re.ASCII | re.IGNORECASE,
)
"""Addresses of which it needs no client to see that they are valid: importing one takes longer than all else here."""


def plain(value: str | Secret) -> str:
    """Return the text of an option that may be a secret. Raises SecretMissingError where that is not set."""
    return value.reveal() if isinstance(value, Secret) else value


def check_http_url(url: str | Secret | None, option: str) -> None:
    """Raise ValueError, naming the option, unless `url` is an absolute http or https URL, or None.

    The URL is not shown, because it may be a credential. A secret that is not set passes: whoever reveals it
    will say so.
    """
    if url is None:
        return
    try:
        text = plain(url)
    except SecretMissingError:
        return
    if _COMMON.fullmatch(text):
        return
    import httpx2

    try:
        parsed = httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise OptionError(
            option, gettext("is not a URL"), mend=gettext("it must look like https://host/path")
        ) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise OptionError(option, gettext("must start with http:// or https:// and name a host"))
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise OptionError(
            option, gettext("has a port that does not exist ({port})", port=parsed.port), mend=gettext("use 1 to 65535")
        )


def check_url_part(part: Secret, option: str, *, behind: str) -> None:
    """Raise OptionError, a ValueError, where a secret is more of a URL than what stands behind `key=` or the like.

    People copy a whole address where its token is asked for. A secret that is not set passes.
    """
    try:
        text = part.reveal()
    except SecretMissingError:
        return
    if "/" in text or "=" in text:
        raise OptionError(
            option,
            gettext("is too much of an address"),
            mend=gettext("give only what stands behind {behind} in the webhook URL", behind=behind),
        )
