"""One HTTP request, with an end: a fresh connection, no proxy, no redirects, bounded time and size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal

import httpx2

from notifykit.errors import CampaignError
from notifykit.wording.translation import gettext

Method = Literal["GET", "POST"]

_OURS = {"Accept": "application/json", "Accept-Encoding": "gzip", "Connection": "close", "User-Agent": "notifykit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask, and the limits of time and size."""

    method: Method
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    timeout: float
    """Seconds for the whole exchange, however the service spreads it."""
    max_bytes: int
    """Of the reply, unpacked."""
    secret: bool
    """Whether the address as a whole is a credential: many have one in their path."""

    @property
    def place(self) -> str:
        """Scheme, host and port, and the path of an address that is no secret, for messages to people."""
        url = httpx2.URL(self.url)
        path = "/***" if self.secret else url.raw_path.partition(b"?")[0].decode()
        return f"{url.scheme}://{url.netloc.decode()}{path}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole reply with a status of success."""

    body: bytes
    link: str
    """Its header `Link`."""


def fetch(request: Request) -> Fetched:
    """Return the reply.

    Raises CampaignError, which quotes neither the query nor a header nor the reply: they may hold secrets.
    """
    return asyncio.run(_fetch(request))


async def _fetch(request: Request) -> Fetched:
    # The transport has timeouts for each read, so a service that sends a byte now and then could stop a pass for ever.
    # And the client above the transport logs whole URLs.
    try:
        async with asyncio.timeout(request.timeout), httpx2.AsyncHTTPTransport(trust_env=False) as transport:
            asked = httpx2.Request(request.method, request.url, headers={**_OURS, **request.headers})
            response = await transport.handle_async_request(asked)
            response.request = asked
            async with aclosing(response):
                if not response.is_success:
                    raise CampaignError(
                        gettext("answered {status_code}", status_code=response.status_code),
                        mend=_mend(response),
                        where=request.place,
                    )
                return Fetched(await _read(response, request), response.headers.get("link", ""))
    except TimeoutError:
        mend = gettext("raise `timeout`, or see why the service is slow")
        raise CampaignError(
            gettext("no whole reply within {timeout:g} s", timeout=request.timeout), mend=mend, where=request.place
        ) from None
    except httpx2.HTTPError as error:
        mend = gettext("see that `url` is right and the service runs; the next pass asks again")
        raise CampaignError(
            gettext("no reply ({kind})", kind=type(error).__name__), mend=mend, where=request.place
        ) from None


async def _read(response: httpx2.Response, request: Request) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > request.max_bytes:
            mend = gettext("ask for fewer rows, or raise `max_bytes`")
            raise CampaignError(
                gettext("the reply is longer than {max_bytes} bytes", max_bytes=request.max_bytes),
                mend=mend,
                where=request.place,
            )
    return bytes(body)


def _mend(response: httpx2.Response) -> str:
    if 300 <= response.status_code < 400:
        return gettext("redirects are not followed: set `url` to the final address")
    if response.status_code in (401, 403):
        return gettext("see that the credentials in `headers` are set and valid")
    if response.is_client_error and response.status_code != 429:
        return gettext("correct `url` or `method`")
    return gettext("see why the service fails; the next pass asks again")
