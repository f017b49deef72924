"""The sources `json_http` and `http_json`, which are one: an array in a service's JSON reply, or in its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import httpx2

from notifykit.errors import CampaignError
from notifykit.http import check_http_url
from notifykit.model import Problem, Record
from notifykit.options import OptionError, Seconds, Secret
from notifykit.secrets import SecretMissingError
from notifykit.wording.translation import gettext
from notifykit_technician.fetch import Method, Request, fetch
from notifykit_technician.json_text import parse_json
from notifykit_technician.paging import Pages
from notifykit_technician.row_options import RowOptions
from notifykit_technician.rows import read_rows

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
    """For the whole exchange; of several pages, for each."""
    max_bytes: int = 64 * 2**20
    """A longer reply is refused; of several pages, what they have together."""
    pages: Pages | None = None
    """How the rows come in pages. Default: one reply has all."""

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
        """Ask once, or for each page, and return the rows in order.

        Raises CampaignError where there is no whole reply within `timeout` and `max_bytes`, an error status, no
        JSON, or where a credential is not set; so it does where one page of several is so.
        """
        mend = gettext("see that `url` answers with JSON (a login page does not)")
        first = self._request(_plain(self.url))
        if self.pages is None:
            return self.records(fetch(first).body, first.place, mend)
        return list(self._paged(self.pages, replace(first, url=self.pages.first_url(first.url)), mend))

    def _request(self, url: str) -> Request:
        return Request(
            method=self.method,
            url=url,
            headers={name: _header(name, value) for name, value in self.headers.items()},
            timeout=self.timeout,
            max_bytes=self.max_bytes,
            secret=isinstance(self.url, Secret),
        )

    def _paged(self, pages: Pages, request: Request, mend: str) -> Iterator[Record | Problem]:
        first, asked, before = request.url, set[str](), b""
        layout = self.layout(request.place)
        rows = 0
        for page in range(1, pages.most + 1):
            asked.add(request.url)
            reply = fetch(request)
            document = parse_json(reply.body, request.place, mend)
            array = self.array(document, request.place)
            if array and reply.body == before:
                raise CampaignError(
                    gettext("page {page} is the page before it once more", page=page),
                    mend=gettext("see which parameter the service counts pages by, and say it in `pages`"),
                    where=request.place,
                )
            yield from read_rows(array, layout, reply.body, rows + 1)
            rows += len(array)
            url = pages.next_url(first, request.url, page, rows, document, reply.link, last=not array)
            if url is None:
                pages.check_total(document, rows, request.place)
                return
            if url in asked:
                raise CampaignError(
                    gettext("page {page} names a page as the next one that was read before", page=page),
                    mend=gettext("correct `pages`, or see why the service goes round in a circle"),
                    where=request.place,
                )
            before = reply.body
            request = replace(request, url=url, max_bytes=request.max_bytes - len(reply.body))
        raise CampaignError(
            gettext("there are more than {most} pages", most=pages.most),
            mend=gettext("ask for more rows in each, or raise `most` of `pages`"),
            where=request.place,
        )


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
