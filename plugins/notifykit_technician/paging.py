"""Replies that come in pages: which address is asked next, and where they end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import httpx2

from notifykit.errors import CampaignError
from notifykit.options import OptionError
from notifykit.wording.translation import gettext
from notifykit_technician.row_options import value_at

_LINK = re.compile(r'<([^>]*)>([^,]*(?:"[^"]*"[^,]*)*)')
_NEXT = re.compile(r';\s*rel\s*=\s*"?(?:[^";]*\s)?next[\s";]?', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Pages:
    """How a service hands out its rows in pages. Counted ones end with one without rows, others where none is next."""

    by: Literal["next", "cursor", "number", "offset"]
    """`next`: each reply has the address of the next one. `cursor`: it has a text that is sent back. `number` and
    `offset`: pages, or rows, are counted."""
    next: str = ""
    """Where the address or the cursor stands in the reply, such as `links.next`. Default: in the header `Link`."""
    parameter: str = ""
    """The parameter of the query that is set. Default: `page`, `offset` or `cursor`."""
    start: int | None = None
    """The first number or offset. Default: 1 or 0."""
    total: str = ""
    """Where the number of all rows stands in the reply, such as `meta.total`: fewer rows than that are refused."""
    most: int = 1000
    """Pages that are asked for at most. Where there are more, the campaign stops."""

    def __post_init__(self) -> None:
        """Raise OptionError for what leads nowhere."""
        if self.by == "cursor" and not self.next:
            raise OptionError("pages", gettext("`next` does not say where the cursor stands in the reply"))
        if self.by in ("number", "offset") and self.next:
            raise OptionError("pages", gettext("`next` has no meaning where pages are counted"))
        if self.by == "next" and self.parameter:
            raise OptionError("pages", gettext("`parameter` has no meaning where the reply has the next address"))
        if self.most < 1:
            raise OptionError("pages", gettext("`most` is {most}, and there is one page at least", most=self.most))

    @property
    def _first(self) -> int:
        return self.start if self.start is not None else 1 if self.by == "number" else 0

    def first_url(self, url: str) -> str:
        """Return the address of the first page."""
        return self._with(url, str(self._first)) if self.by in ("number", "offset") else url

    def next_url(
        self, first: str, now: str, page: int, rows: int, document: object, link: str, *, last: bool
    ) -> str | None:
        """Return the address of the page after that one; None where it was the last.

        `first`: the address of the campaign; `now`: of this page; `page`: its number, from 1; `rows`: how many were
        read in all; `link`: the header; `last`: whether the page had no rows. Raises CampaignError for an address that
        leads to another service.
        """
        if self.by in ("number", "offset"):
            return None if last else self._with(first, str(self._first + (page if self.by == "number" else rows)))
        told = value_at(document, self.next) if self.next else _linked(link)
        if told is None or told in ("", False):
            return None
        if not isinstance(told, str | int):
            raise CampaignError(
                gettext("{next!r} in the reply is neither text nor number", next=self.next),
                mend=gettext("correct `pages`"),
            )
        if self.by == "cursor":
            return self._with(first, str(told))
        found = httpx2.URL(now).join(str(told))
        if _origin(found) != _origin(httpx2.URL(first)):
            raise CampaignError(
                gettext("the next page is at another service, which is not given the credentials of this one"),
                mend=gettext("correct `url` or `pages`"),
            )
        return str(found)

    def check_total(self, document: object, rows: int, place: str) -> None:
        """Raise CampaignError where there are fewer rows than the last page says."""
        total = value_at(document, self.total) if self.total else rows
        if not isinstance(total, int) or isinstance(total, bool):
            raise CampaignError(
                gettext("there is no number at {total!r}", total=self.total),
                mend=gettext("correct `total` of `pages`"),
                where=place,
            )
        if total > rows:
            raise CampaignError(
                gettext("the service says that there are {total} rows, and gave {rows}", total=total, rows=rows),
                mend=gettext("correct `pages`; the next pass asks again"),
                where=place,
            )

    def _with(self, url: str, value: str) -> str:
        name = self.parameter or {"number": "page", "offset": "offset", "cursor": "cursor"}[self.by]
        return str(httpx2.URL(url).copy_set_param(name, value))


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _linked(header: str) -> str | None:
    return next((address for address, parameters in _LINK.findall(header) if _NEXT.search(parameters)), None)
