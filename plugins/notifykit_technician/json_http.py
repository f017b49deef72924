"""The source `json_http`: an array in a service's JSON reply."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import httpx2

from notifykit.errors import CampaignError
from notifykit.http import check_http_url
from notifykit.model import Problem, Record
from notifykit.options import OptionError, Seconds, Secret
from notifykit.secrets import SecretMissingError
from notifykit.wording.translation import gettext
from notifykit_technician.fetch import Method, Request, fetch
from notifykit_technician.row_options import RowOptions

_SECRET_HEADER = re.compile(r"auth|cookie|key|token|secret|session|password", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(r"(api[-_]?)?key|(access[-_]?)?token|secret|password|sign(ature)?", re.IGNORECASE)


@dataclass(kw_only=True)
class JsonHttp(RowOptions):
    """Reads positional rows or objects from a service."""

    url: Secret | str
    """`{env: NAME}` or `{file: path}` where it holds a key; otherwise plain."""
    method: Method = "GET"
    headers: dict[str, Secret | str] = field(default_factory=dict)
    """Sent with the request. Credentials as `{env: NAME}` or `{file: path}`, never in plain text."""
    timeout: Seconds = 30.0
    """For the whole exchange."""
    max_bytes: int = 64 * 2**20
    """A longer reply is refused."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_url(self.url)
        for name, value in self.headers.items():
            if isinstance(value, str) and _SECRET_HEADER.search(name):
                raise OptionError(
                    "headers",
                    gettext("{name} is in plain text", name=name),
                    mend=gettext("write it as {env: NAME} or {file: path}"),
                )
        if not self.timeout > 0:
            raise OptionError("timeout", gettext("leaves no time at all"), mend=gettext("write it like 30s"))
        if self.max_bytes < 1:
            raise OptionError(
                "max_bytes",
                gettext("{max_bytes} is no size", max_bytes=self.max_bytes),
                mend=gettext("leave it out for 64 MiB"),
            )

    @property
    def reads(self) -> Secret | str:
        """The address, as every spelling of it comes to."""
        return str(httpx2.URL(self.url)) if isinstance(self.url, str) else self.url

    def read(self) -> list[Record | Problem]:
        """Ask once and return the rows in order.

        Raises CampaignError where there is no whole reply within `timeout` and `max_bytes`, an error status, no
        JSON, or where a credential is not set.
        """
        request = Request(
            method=self.method,
            url=_plain(self.url),
            headers={name: _header(name, value) for name, value in self.headers.items()},
            timeout=self.timeout,
            max_bytes=self.max_bytes,
            secret=isinstance(self.url, Secret),
        )
        mend = gettext("see that `url` answers with JSON (a login page does not)")
        return self.records(fetch(request), request.place, mend)


def _check_url(url: Secret | str) -> None:
    check_http_url(url, "url")
    try:
        parts = httpx2.URL(_plain(url))
    except CampaignError:
        return  # not set: whoever reads says so
    if parts.userinfo:
        raise OptionError(
            "url",
            gettext("holds a login, which is not sent"),
            mend=gettext("send it as `headers: {Authorization: {env: NAME}}`"),
        )
    names = (name for name in parts.params if _SECRET_PARAMETER.fullmatch(name))
    if isinstance(url, str) and (name := next(names, None)):
        raise OptionError(
            "url",
            gettext("holds {name} in plain text", name=name),
            mend=gettext("write the whole url as {env: NAME} or {file: path}"),
        )


def _header(name: str, value: Secret | str) -> str:
    text = _plain(value)
    if not (name.isascii() and text.isascii() and text.isprintable()):
        raise CampaignError(
            gettext("headers: {name} holds what no HTTP header can carry", name=name),
            mend=gettext("write plain ASCII, one line"),
        )
    return text


def _plain(value: Secret | str) -> str:
    if isinstance(value, str):
        return value
    try:
        return value.reveal()
    except SecretMissingError as error:
        raise CampaignError(str(error)) from None
