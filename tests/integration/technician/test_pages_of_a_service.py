"""Rows that come in pages: how the next one is asked for, where they end, and what stops the campaign."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import pytest
from notifykit_technician.json_http import JsonHttp
from notifykit_technician.paging import Pages

from notifykit.errors import CampaignError
from notifykit.model import Record
from notifykit.options import OptionError, Secret

ROWS = [{"id": str(number)} for number in range(7)]


class Service(Protocol):
    url: str
    asked: list[tuple[str, str, dict[str, str]]]

    def answer_by(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None: ...


def serve(
    service: Service, page: Callable[[dict[str, str]], Any], link: Callable[[dict[str, str]], str] | None = None
) -> None:
    """Answer with what `page` makes of the query, as JSON, and with the header that `link` makes of it."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
        body = json.dumps(page(query)).encode()
        handler.send_response(200)
        if link is not None and (told := link(query)):
            handler.send_header("Link", told)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    service.answer_by(answer)


def source(service: Service, **pages: Any) -> JsonHttp:
    return JsonHttp(url=f"{service.url}?limit=3", rows="items", pages=Pages(**pages))


def keys(source: JsonHttp) -> list[str | None]:
    return [item.key for item in source.read()]


def refusal(source: JsonHttp) -> str:
    with pytest.raises(CampaignError) as caught:
        source.read()
    return str(caught.value)


def counted(query: dict[str, str]) -> Any:
    start = (int(query["page"]) - 1) * 3
    return {"items": ROWS[start : start + 3], "total": 7}


def offset(query: dict[str, str]) -> Any:
    start = int(query["from"])
    return {"items": ROWS[start : start + 3]}


def test_pages_are_counted_until_one_has_no_rows(service: Service) -> None:
    serve(service, counted)
    found = source(service, by="number").read()
    assert [item.key for item in found] == [row["id"] for row in ROWS]
    assert [item.place for item in found if isinstance(item, Record)][-1] == f"{service.url}:7"
    assert [urlsplit(path).query for _, path, _ in service.asked] == [
        f"limit=3&page={number}" for number in (1, 2, 3, 4)
    ]


def test_rows_are_counted(service: Service) -> None:
    serve(service, offset)
    assert keys(source(service, by="offset", parameter="from")) == [row["id"] for row in ROWS]
    assert [parse_qs(urlsplit(path).query)["from"] for _, path, _ in service.asked] == [["0"], ["3"], ["6"], ["7"]]


def test_a_cursor_is_sent_back_with_the_credentials(service: Service) -> None:
    def page(query: dict[str, str]) -> Any:
        at = int(query.get("after", "0"))
        return {"items": ROWS[at : at + 3], "meta": {"next": at + 3 if at + 3 < len(ROWS) else None}}

    serve(service, page)
    paged = JsonHttp(
        url=Secret(f"{service.url}?key=12345678"),
        headers={"Authorization": Secret("Bearer 87654321")},
        rows="items",
        pages=Pages(by="cursor", next="meta.next", parameter="after"),
    )
    assert keys(paged) == [row["id"] for row in ROWS]
    assert [parse_qs(urlsplit(path).query).get("after") for _, path, _ in service.asked] == [None, ["3"], ["6"]]
    assert {headers["Authorization"] for _, _, headers in service.asked} == {"Bearer 87654321"}
    assert all("key=12345678" in path for _, path, _ in service.asked)


def test_the_next_address_stands_in_the_reply_or_in_a_header(service: Service) -> None:
    def body(query: dict[str, str]) -> Any:
        at = int(query.get("at", "0"))
        return {"items": ROWS[at : at + 3], "links": {"next": f"?at={at + 3}" if at + 3 < 7 else ""}}

    serve(service, body)
    assert keys(source(service, by="next", next="links.next")) == [row["id"] for row in ROWS]
    serve(
        service,
        lambda query: {"items": body(query)["items"]},
        lambda query: (
            f'<{service.url}?at=0>; rel="first", <{service.url}?at={int(query.get("at", "0")) + 3}>; rel="next"'
            if int(query.get("at", "0")) < 6
            else f'<{service.url}?at=0>; rel="first"'
        ),
    )
    assert keys(source(service, by="next")) == [row["id"] for row in ROWS]


def test_a_page_that_comes_again_is_no_further_page(service: Service) -> None:
    serve(service, lambda _: {"items": ROWS})
    assert "page 2 is the page before it once more; see which parameter the service counts pages by" in refusal(
        source(service, by="number")
    )
    serve(service, lambda query: {"items": ROWS, "next": f"{service.url}?limit=3", "q": query})
    assert "page 1 names a page as the next one that was read before" in refusal(
        source(service, by="next", next="next")
    )


def test_there_is_an_end_to_pages_and_bytes(service: Service) -> None:
    serve(service, lambda query: {"items": [{"id": query["page"]}]})
    assert "there are more than 5 pages; ask for more rows in each" in refusal(source(service, by="number", most=5))
    assert len(service.asked) == 5
    paged = JsonHttp(url=service.url, rows="items", max_bytes=60, pages=Pages(by="number"))
    assert "the reply is longer than" in refusal(paged)


def test_a_next_page_at_another_service_is_not_asked(service: Service) -> None:
    serve(service, lambda _: {"items": ROWS, "next": "https://elsewhere.example/orders"})
    assert "the next page is at another service, which is not given the credentials of this one" in refusal(
        source(service, by="next", next="next")
    )
    assert len(service.asked) == 1


def test_fewer_rows_than_the_service_says_stop_the_campaign(service: Service) -> None:
    serve(service, counted)
    assert len(keys(source(service, by="number", total="total"))) == 7
    serve(service, lambda query: {**counted(query), "total": 8})
    assert "the service says that there are 8 rows, and gave 7" in refusal(source(service, by="number", total="total"))
    assert "there is no number at 'count'; correct `total` of `pages`" in refusal(
        source(service, by="number", total="count")
    )


def test_a_page_that_fails_stops_the_campaign(service: Service) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if "page=1" in handler.path:
            body = json.dumps({"items": ROWS}).encode()
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        else:
            handler.send_response(500)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    service.answer_by(answer)
    assert "answered 500" in refusal(source(service, by="number"))


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ({"by": "cursor"}, "`next` does not say where the cursor stands in the reply"),
        ({"by": "number", "next": "a"}, "`next` has no meaning where pages are counted"),
        ({"by": "next", "parameter": "p"}, "`parameter` has no meaning where the reply has the next address"),
        ({"by": "number", "most": 0}, "`most` is 0, and there is one page at least"),
    ],
)
def test_options_that_mean_nothing_are_refused(pages: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError) as caught:
        Pages(**pages)
    assert said in str(caught.value)
