"""Nobody in who does not belong: the lines of the threat table in SECURITY.md, asked as a program does."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cli_world import DOUBTFUL, CliWorld, contract
from page_server import ANNA, LEO, Client, Serve, Served
from system import refused_as_anybody

from notifykit.errors import ConfigError
from notifykit.model import Status
from notifykit.outbox.values import ChannelBounds, Filter
from notifykit.secrets import redact
from notifykit.testing.outbox.steps import take
from notifykit.testing.samples import draft
from notifykit.web.accounts import Proxy, TokenFile
from notifykit.web.guard import HEADERS, POLICY, Bounds
from notifykit.web.hiding import HIDDEN
from notifykit.web.serving import Certificate
from notifykit.web.sessions import FREE, IDLE

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent

HX = {"HX_Request": "true"}


@pytest.fixture
def served(serve: Serve, doubtful: CliWorld) -> Served:
    return serve(doubtful)


def statuses(world: CliWorld) -> list[str]:
    with world.outbox() as outbox:
        return [task.status.value for task in outbox.tasks(Filter())]


def in_doubt(world: CliWorld) -> list[int]:
    with world.outbox() as outbox:
        return [task.id for task in outbox.tasks(Filter(statuses=(Status.IN_DOUBT,)))]


def form_of(text: str) -> str:
    """Return the key of the form that a page shows."""
    found = re.search(r'name="form" value="([^"]+)"', text)
    assert found, text
    return found[1]


def shown(served: Served, world: CliWorld, **headers: str) -> str:
    """Look at a decision about the first doubt; returns the key of its form."""
    answer = served.ask(f"/decide?do=sent&id={in_doubt(world)[0]}", headers=headers)
    assert answer.status == 200, answer.text
    return form_of(answer.text)


def test_each_line_of_the_threat_table_has_its_test() -> None:
    table = (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## The page")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "---" not in line][1:]
    named = [re.findall(r"`(test_\w+)`", row.rsplit(" | ", 1)[1]) for row in rows]
    assert len(rows) > 20
    assert all(named)
    there = {
        name
        for file in HERE.glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert {name for names in named for name in names} - there == set()


def test_who_is_not_known_sees_nothing(served: Served) -> None:
    for path in ("/", "/in-doubt", "/decide?do=sent&id=1", "/decided?form=x"):
        answer = served.ask(path)
        assert (answer.status, "Your token" in answer.text) == (401, True), path
        assert contract(1) not in answer.text
    answer = served.ask("/in-doubt.json")
    assert (answer.status, answer.data) == (401, {"error": "say who you are: Authorization: Bearer TOKEN"})
    assert served.ask("/in-doubt.csv").status == 401
    assert served.ask("/decide", form={"form": "x", "why": "y"}, Origin=served.origin).status == 401
    assert served.ask("/", token="x" * 30).status == 401


def test_every_answer_has_the_headers_that_keep_a_browser_to_it(served: Served) -> None:
    answers = [
        served.ask("/", token=ANNA),
        served.ask("/"),
        served.ask("/nothing-here", token=ANNA),
        served.ask("/static/htmx.min.js"),
        served.ask("/", Host="evil.example"),
        served.ask("/", method="DELETE"),
    ]
    assert [answer.status for answer in answers] == [200, 401, 404, 200, 421, 405]
    for answer in answers:
        assert {name: answer.headers.get(name.lower()) for name in HEADERS} == dict(HEADERS)
    assert "unsafe" not in POLICY
    assert "*" not in POLICY
    assert answers[0].headers["cache-control"] == "no-store"
    assert "server" not in answers[0].headers


def test_a_refusal_before_any_page_is_in_the_language_of_the_browser(served: Served) -> None:
    def told(language: str, path: str, **request: Any) -> tuple[int, str]:
        answer = served.ask(path, headers={"Accept-Language": language}, **request)
        return answer.status, answer.text

    asked: list[tuple[str, dict[str, Any], int, str, str]] = [
        ("/", {"Host": "evil.example"}, 421, "not served under that name", "这里不以该名称提供服务"),
        ("/", {"method": "DELETE"}, 405, "only GET, HEAD and POST", "只接受 GET、HEAD 和 POST"),
        ("/nowhere", {}, 404, "There is no such page.", "没有这个页面。"),
        ("/", {}, 401, "Your session is over, or has not begun.", "您的会话已结束，或尚未开始。"),
    ]
    for path, request, status, english, chinese in asked:
        for language, said, other in (("zh-CN,zh;q=0.9", chinese, english), ("en", english, chinese)):
            found = told(language, path, **request)
            assert (found[0], said in found[1], other in found[1]) == (status, True, False), found
    assert "say who you are" in told("zh", "/in-doubt.json")[1], "programs read English"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "LOCALHOST", "[::1]:1", "localhost."])
def test_the_names_of_this_computer_are_answered(served: Served, host: str) -> None:
    assert served.ask("/", token=ANNA, Host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "[::1", "127.0.0.1:x", "a b"]
)
def test_other_names_are_refused_before_any_token_is_looked_at(served: Served, host: str) -> None:
    assert served.ask("/", token=ANNA, Host=host).status == 421
    assert served.ask("/login", form={"token": "wrong"}, Host=host, Origin=f"http://{host}").status == 421
    assert served.entrance.attempts.wait("127.0.0.1") == 0
    assert not served.entrance.attempts._failed


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, False),
        ({"Origin": "{own}"}, True),
        ({"Origin": "{own}", "Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Origin": "null"}, False),
        ({"Origin": "null", "Sec_Fetch_Site": "same-origin"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
        ({"Origin": "https://127.0.0.1:{port}"}, False),
        ({"Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"}, False),
        ({"Origin": "{own}", "Sec_Fetch_Site": "same-site"}, False),
        ({"Origin": "{own}", "Sec_Fetch_Site": "cross-site"}, False),
        ({"Sec_Fetch_Site": "none"}, False),
        ({"Referer": "{own}/"}, False),
    ],
)
def test_a_write_comes_from_a_page_of_ours(served: Served, headers: Mapping[str, str], *, allowed: bool) -> None:
    cookie = served.logged_in(ANNA)
    sent = {name: value.format(own=served.origin, port=served.port) for name, value in headers.items()}
    answer = served.ask("/language", form={"lang": "zh", "back": "/"}, Cookie=cookie, headers=sent)
    assert answer.status == (303 if allowed else 403)
    assert ('lang="zh-CN"' in served.ask("/", Cookie=cookie).text.partition("<head>")[0]) is allowed


def test_a_program_that_names_its_token_needs_no_origin(served: Served) -> None:
    assert served.ask("/language", token=ANNA, form={"lang": "zh", "back": "/"}).status == 303
    assert served.ask("/language", token=ANNA, form={"lang": "zh"}, Origin="http://evil.example").status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "none", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}, 200),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}, 200),
        ({"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "cors"}, 200),
        ({"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"}, 403),
    ],
)
def test_another_page_may_lead_here_and_fetch_nothing(served: Served, headers: dict[str, str], status: int) -> None:
    assert served.ask("/in-doubt.json", Cookie=served.logged_in(ANNA), headers=headers).status == status


def test_no_link_changes_anything(served: Served, doubtful: CliWorld) -> None:
    cookie = served.logged_in(ANNA)
    before = statuses(doubtful)
    key = shown(served, doubtful, Cookie=cookie)
    for path in (f"/decide?form={key}&why=x", "/logout", "/language?lang=zh", f"/decided?form={key}&why=x"):
        for method in ("GET", "HEAD"):
            served.ask(path, Cookie=cookie, method=method)
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert served.ask("/decide", Cookie=cookie, method=method, Origin=served.origin).status == 405
    assert statuses(doubtful) == before
    assert '<html lang="en">' in served.ask("/", Cookie=cookie).text


def test_a_form_works_once(served: Served, doubtful: CliWorld) -> None:
    cookie = served.logged_in(ANNA)
    key = shown(served, doubtful, Cookie=cookie)
    form = {"form": key, "why": "it is in the group"}
    assert served.ask("/decide", form=form, Cookie=cookie, Origin=served.origin).status == 303
    assert doubtful.invoke("undo", "--why", "no", "--yes").exit_code == 0
    before = statuses(doubtful)
    again = served.ask("/decide", form=form, Cookie=cookie, Origin=served.origin)
    assert (again.status, "used already" in again.text) == (409, True)
    assert statuses(doubtful) == before


def test_a_form_of_another_session_does_nothing(served: Served, doubtful: CliWorld) -> None:
    before = statuses(doubtful)
    key = shown(served, doubtful, Cookie=served.logged_in(ANNA))
    for made_up in (key, "", "x" * 22):
        other = served.logged_in(ANNA)
        answer = served.ask("/decide", form={"form": made_up, "why": "x"}, Cookie=other, Origin=served.origin)
        assert answer.status == 409
    assert statuses(doubtful) == before


def test_who_may_look_decides_nothing(served: Served, doubtful: CliWorld) -> None:
    cookie = served.logged_in(LEO)
    before = statuses(doubtful)
    assert "It arrived" not in served.ask("/in-doubt", Cookie=cookie).text
    answer = served.ask(f"/decide?do=sent&id={in_doubt(doubtful)[0]}", Cookie=cookie)
    assert (answer.status, "Your account may look, and decide nothing." in answer.text) == (403, True)
    anna = shown(served, doubtful, Cookie=served.logged_in(ANNA))
    assert served.ask("/decide", form={"form": anna, "why": "x"}, Cookie=cookie, Origin=served.origin).status == 403
    assert statuses(doubtful) == before


def test_log_ins_that_fail_take_longer_and_longer(served: Served) -> None:
    def tried(token: str) -> int:
        return served.ask("/login", form={"token": token}, Origin=served.origin).status

    assert [tried(f"wrong{number}") for number in range(FREE)] == [401] * FREE
    answer = served.ask("/login", form={"token": ANNA}, Origin=served.origin)
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert served.ask("/", token=ANNA).status == 401  # nor by a header, nor in the address
    assert served.ask(f"/?token={ANNA}").status == 429
    served.clock.ahead += 1.1
    assert tried("wrong") == 401
    served.clock.ahead += 1.1
    assert tried(ANNA) == 429
    served.clock.ahead += 1.1
    assert tried(ANNA) == 303
    assert [tried("wrong") for _ in range(FREE)] == [401] * FREE, "a log-in that works begins the count anew"


def test_a_log_in_never_waits_longer_than_a_minute(served: Served) -> None:
    for _ in range(60):
        served.entrance.attempts.failed("127.0.0.1")
    assert 55 < served.entrance.attempts.wait("127.0.0.1") <= 60
    assert served.entrance.attempts.wait("10.0.0.1") == 0
    for number in range(2_000):
        served.entrance.attempts.failed(str(number))
    assert len(served.entrance.attempts._failed) == 1_000


def test_the_cookie_is_for_this_page_alone(served: Served) -> None:
    answer = served.ask("/login", form={"token": ANNA}, Origin=served.origin)
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert re.fullmatch(rf"notifykit-{served.port}=[\w-]{{43}}", name)
    assert {one.lower() for one in attributes} == {"httponly", "path=/", "samesite=strict"}


def test_a_session_ends(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful, lasts=7_200)
    anna, leo, out = (served.logged_in(token) for token in (ANNA, LEO, ANNA))
    assert served.ask("/logout", form={}, Cookie=out, Origin=served.origin).status == 303
    assert served.ask("/", Cookie=out).status == 401
    served.clock.ahead += IDLE - 10
    assert served.ask("/", Cookie=anna).status == 200
    served.clock.ahead += IDLE - 10
    assert served.ask("/", Cookie=anna, headers=HX).status == 200  # the page itself asks: nobody is there
    served.clock.ahead += 15
    assert served.ask("/", Cookie=leo).status == 200  # a screen on a wall
    assert served.ask("/", Cookie=anna).status == 401
    served.clock.ahead += 30
    assert served.ask("/", Cookie=leo).status == 401


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "/\n/x"])
def test_no_log_in_leads_elsewhere(served: Served, back: str) -> None:
    answer = served.ask("/login", form={"token": ANNA, "back": back}, Origin=served.origin)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    spoken = served.ask("/language", token=ANNA, form={"lang": "en", "back": back})
    assert spoken.headers["location"] == "/"
    asked = served.ask(f"/decide?do=sent&id=3&back={back.encode().hex()}", token=ANNA)
    assert "evil" not in asked.text


def test_a_log_in_leads_back_to_what_was_asked_for(served: Served) -> None:
    answer = served.ask(f"/in-doubt?campaign=beijing&token={ANNA}")
    assert (answer.status, answer.headers["location"]) == (303, "/in-doubt?campaign=beijing")


def test_what_is_too_large_is_refused(served: Served) -> None:
    cookie = served.logged_in(ANNA)
    assert served.ask(f"/?x={'x' * 9_000}", Cookie=cookie).status == 414
    assert served.ask("/", Cookie=cookie, X_Long="x" * 17_000).status == 431
    large = {"lang": "x" * 140_000}
    assert served.ask("/language", form=large, Cookie=cookie, Origin=served.origin).status == 413
    kind = {"Content_Type": "application/x-www-form-urlencoded", "Origin": served.origin, "Cookie": cookie}
    many = "&".join(f"a{number}=" for number in range(6_000)).encode()
    assert served.ask("/language", body=many, headers=kind).status == 400
    assert served.ask("/language", body=b"lang=%ff", headers=kind).status == 400
    assert served.ask("/language", body=b"{}", Cookie=cookie, Origin=served.origin).status == 415
    assert served.ask("/", Cookie=cookie).status == 200


def test_a_form_of_unknown_length_is_bounded_too(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        head = (
            f"POST /language HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {ANNA}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        connection.sendall(head.encode())
        for _ in range(3):
            connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_form_that_does_not_come_is_given_up(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful, bounds=Bounds(seconds=0.2))
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        head = (
            f"POST /language HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {ANNA}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nlang="
        )
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")


PART = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize("sent", [b"", PART])
def test_headers_that_do_not_come_are_given_up(serve: Serve, doubtful: CliWorld, sent: bytes) -> None:
    served = serve(doubtful, bounds=Bounds(seconds=0.3))
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(sent)
        assert connection.recv(100) == b""


def test_headers_of_the_next_request_on_a_connection_are_given_up_too(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful, bounds=Bounds(seconds=0.3))
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(PART + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")
        connection.sendall(PART)
        while received := connection.recv(10_000):
            assert b"HTTP/1.1 " not in received


def test_a_forged_header_names_nobody(serve: Serve, doubtful: CliWorld) -> None:
    elsewhere = serve(doubtful, proxy=Proxy.at(["10.1.2.3"], "X-Forwarded-User", ["anna"]))
    forged = {"X_Forwarded_User": "anna", "X_Forwarded_For": "10.1.2.3", "Forwarded": "for=10.1.2.3"}
    assert elsewhere.ask("/", headers=forged).status == 401
    here = serve(doubtful, proxy=Proxy.at(["127.0.0.0/8"], "X-Forwarded-User", ["anna"]))
    assert "anna (may decide)" in here.ask("/", X_Forwarded_User="anna").text
    assert "bo (may look)" in here.ask("/", X_Forwarded_User="bo").text
    for wrong in ("", "a b", "<b>", "x" * 65):
        assert here.ask("/", X_Forwarded_User=wrong).status == 401
    form = {"lang": "zh", "back": "/"}
    assert here.ask("/language", form=form, X_Forwarded_User="anna").status == 403  # no origin
    assert here.ask("/language", form=form, X_Forwarded_User="anna", Origin=here.origin).status == 303
    behind_tls = {"X_Forwarded_User": "anna", "X_Forwarded_Proto": "https"}
    origin = here.origin.replace("http:", "https:")
    assert here.ask("/language", form=form, Origin=origin, headers=behind_tls).status == 303
    assert elsewhere.ask("/language", token=ANNA, form=form, Origin=elsewhere.origin, headers=behind_tls).status == 303
    assert "strict-transport-security" in here.ask("/", headers=behind_tls).headers
    assert "strict-transport-security" not in elsewhere.ask("/", token=ANNA, headers=behind_tls).headers


def test_who_may_only_look_sees_no_texts(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful, hide_texts=True)
    secret = ("北京签约喜报群", "签约 101", "no reply", "csv_file")
    for path in ("/", "/status.json", "/in-doubt", "/in-doubt.json", "/in-doubt.csv"):
        text = served.ask(path, token=LEO).text
        assert [word for word in secret if word in text] == [], path
    assert all(word in served.ask("/in-doubt.json", token=ANNA).text for word in secret)
    (first, *_) = served.ask("/in-doubt.json", token=LEO).data["tasks"]
    assert (first["recipient"], first["text"], first["metadata"], first["reason_code"]) == (
        HIDDEN,
        HIDDEN,
        {},
        "not_proven",
    )
    assert first["attempts"][0]["code"] == "ReadTimeout"


def test_what_is_on_the_wire_is_shown_to_who_sees_no_texts(serve: Serve, doubtful: CliWorld) -> None:
    with doubtful.outbox() as outbox:
        outbox.enqueue([draft(channel="hanging", key="K-1", recipient="somebody")])
        take(outbox, "worker:1:gone", 1, {"hanging": ChannelBounds()}, 120)
        served = serve(doubtful, hide_texts=True)
        answer = served.ask("/", token=LEO)
        assert (answer.status, "somebody" in answer.text) == (200, False)
        assert served.ask("/status.json", token=LEO).status == 200


def test_a_store_for_who_sees_no_texts_refuses_what_is_not_known_to_be_harmless(
    serve: Serve, doubtful: CliWorld
) -> None:
    site = serve(doubtful, hide_texts=True).site
    with pytest.raises(NotImplementedError, match="decide is not for who may not see texts"):
        site.look(lambda _, outbox: outbox.decide, hidden=True)


def test_no_cell_is_a_formula(serve: Serve, doubtful: CliWorld) -> None:
    doubtful.write_rows([["=1+1", "管家", "1", "N", DOUBTFUL], ["@x", "-2+3", "1", "N", DOUBTFUL]])
    doubtful.lived()
    answer = serve(doubtful).ask("/in-doubt.csv?sort=-id", token=ANNA)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment;filename="in-doubt.csv"'
    lines = answer.text.splitlines()
    assert lines[0].startswith("id,campaign,key,message,to,channel,since,reason,text,period,")
    keys = [line.split(",")[2] for line in lines[1:]]
    assert keys[:2] == ["'@x", "'=1+1"]


def tokens(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "tokens"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def test_who_is_taken_out_of_the_file_is_out(serve: Serve, doubtful: CliWorld, tmp_path: Path) -> None:
    file = tokens(tmp_path, f"# on duty\nanna decide {ANNA}\n\nleo look {LEO}\n")
    served = serve(doubtful, tokens=TokenFile(file))
    assert redact(f"a log line with {ANNA}") == "a log line with ***"
    anna, leo = served.logged_in(ANNA), served.logged_in(LEO)
    file.write_text(f"anna look {ANNA}\n", encoding="utf-8")
    assert [served.ask("/", Cookie=cookie).status for cookie in (anna, leo)] == [401, 401]
    assert served.ask("/", token=LEO).status == 401
    assert "anna (may look)" in served.ask("/", token=ANNA).text
    file.write_text("anna look\n", encoding="utf-8")  # half written: what was known stays
    assert served.ask("/", token=ANNA).status == 200


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("anna decide", "tokens:1: has 2 words, not 3; write `NAME look|decide TOKEN`"),
        (f"an/na decide {ANNA}", "tokens:1: 'an/na' is no name of an account"),
        (f"anna rule {ANNA}", "tokens:1: 'rule' is no role; write look or decide"),
        ("anna decide short-token", "tokens:1: the token has 11 characters, not 20 or more"),
        (f"anna look {ANNA}\nleo look {ANNA}", "tokens:2: this token stands on an earlier line, too"),
        ("# nobody", "tokens: names no account"),
    ],
)
def test_what_is_wrong_with_a_token_file_is_told_without_a_token(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        TokenFile(tokens(tmp_path, line))
    assert told in str(raised.value)
    assert ANNA not in str(raised.value)
    assert "short-token" not in str(raised.value)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="nothing is forbidden here")
def test_a_token_file_that_others_may_read_is_refused(doubtful: CliWorld, tmp_path: Path) -> None:
    file = tokens(tmp_path, f"anna decide {ANNA}\n", 0o640)
    done = doubtful.run("serve", "--token-file", str(file))
    assert done.returncode == 4
    assert done.stderr == f"error: {file}: other accounts may read these tokens; run `chmod 600 {file}`\n"


def test_others_reach_it_only_where_it_is_said_who_may_come_in(doubtful: CliWorld, tmp_path: Path) -> None:
    alone = doubtful.run("serve", "--listen", "0.0.0.0:0")
    assert (alone.returncode, alone.stdout) == (1, "")
    assert "0.0.0.0:0 is reached by others than this computer; say who may come in, with --token-file" in alone.stderr
    file = tokens(tmp_path, f"anna decide {ANNA}\n")
    unnamed = doubtful.run("serve", "--listen", "0.0.0.0:0", "--token-file", str(file))
    assert "is every address of this computer; say with --host under which name" in unnamed.stderr


def test_the_token_leaves_the_address_and_is_in_no_log(doubtful: CliWorld) -> None:
    command = [*doubtful.command, "-vv", "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        refused_as_anybody(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=doubtful.in_process,
        cwd=doubtful.folder,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            printed = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?token=([\w-]{43})", url)
            assert printed, url
            port, token = printed.groups()
            served = Client(int(port))
            answer = served.ask(f"/in-doubt?campaign=beijing&token={token}")
            assert (answer.status, answer.headers["location"]) == (303, "/in-doubt?campaign=beijing")
            cookie = answer.headers["set-cookie"].partition(";")[0]
            page = served.ask("/in-doubt?key=somebodys-key", Cookie=cookie)
            assert token not in page.text
        finally:
            process.terminate()
            out, log = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out == ""
    assert re.search(r"INFO notifykit.web.access: 127.0.0.1 \w+ GET /in-doubt: 200 in \d+ ms", log), log
    for word in (token, cookie.partition("=")[2], "somebodys-key"):
        assert word not in log


def test_tls_by_certificate_files(serve: Serve, doubtful: CliWorld, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*make, "-keyout", key, "-out", cert, *subject], check=True, capture_output=True)
    served = serve(doubtful, certificate=Certificate(file=cert, key=key))
    trusting = ssl.create_default_context(cafile=cert)
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=20) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(f"GET /?token={ANNA} HTTP/1.1\r\nHost: localhost:{served.port}\r\n\r\n".encode())
        answer = connection.recv(4_000).decode().lower()
    assert answer.startswith("http/1.1 303 ")
    assert f"set-cookie: __host-notifykit-{served.port}=" in answer
    assert "; secure" in answer
    assert "strict-transport-security: max-age=31536000" in answer


def test_a_certificate_that_cannot_be_used_is_told(doubtful: CliWorld, tmp_path: Path) -> None:
    file = tmp_path / "none.pem"
    missing = doubtful.run("serve", "--listen", "127.0.0.1:0", "--tls-cert", str(file), "--tls-key", str(file))
    assert missing.stderr == f"error: {file}: cannot be read (No such file or directory)\n"
    file.write_text("no certificate", encoding="utf-8")
    wrong = doubtful.run("serve", "--listen", "127.0.0.1:0", "--tls-cert", str(file), "--tls-key", str(file))
    assert wrong.stderr.startswith(f"error: {file}: is no certificate with this key; name a certificate in PEM")
    half = doubtful.run("serve", "--listen", "127.0.0.1:0", "--tls-cert", str(file))
    assert (half.returncode, "--tls-cert and --tls-key go together" in half.stderr) == (2, True)


def test_waiting_for_a_form_does_not_hold_up_others(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as slow:
        slow.sendall(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        began = time.monotonic()
        assert served.ask("/", token=ANNA).status == 200
        assert time.monotonic() - began < 10
