"""The page in a real Chromium: what people see and do, and what other pages cannot."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cli_world import DOUBTFUL, CliWorld, contract
from page_browser import REBOUND, Chromium, Watched, needs_chromium
from page_server import ANNA, LEO, Serve, Served
from playwright.sync_api import expect

from notifykit.model import Status
from notifykit.outbox.values import Filter

pytestmark = needs_chromium

STATIC = Path(__file__).parents[3] / "notifykit" / "web" / "static"

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
DARK = {"color_scheme": "dark"}
CHINESE = {"locale": "zh-CN"}
PLAIN = {"java_script_enabled": False}

TWO_FRAMES = "new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))"

MakeWorld = Callable[[Sequence[str]], CliWorld]


@pytest.fixture
def served(serve: Serve, doubtful: CliWorld) -> Served:
    return serve(doubtful)


def statuses(world: CliWorld) -> list[str]:
    with world.outbox() as outbox:
        return [task.status.value for task in outbox.tasks(Filter())]


def doubts(world: CliWorld) -> int:
    with world.outbox() as outbox:
        return len(list(outbox.tasks(Filter(statuses=(Status.IN_DOUBT,)))))


@contextmanager
def stranger(text: str) -> Iterator[tuple[str, list[str]]]:
    """Serve a page of somebody else on another port of this computer; yields its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


# what people do ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, PLAIN, PHONE, DARK], ids=["usual", "without JavaScript", "phone", "dark"])
@pytest.mark.parametrize(
    ("button", "status"), [("It arrived", "sent"), ("Send again", "queued"), ("Cancel", "cancelled")]
)
def test_a_doubt_is_decided(
    browser: Chromium, served: Served, doubtful: CliWorld, how: dict[str, Any], button: str, status: str
) -> None:
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA))
    assert page.url == f"{served.origin}/"
    page.get_by_role("link", name="In doubt").click()
    page.get_by_role("checkbox", name="Choose message 3", exact=True).check()
    page.get_by_role("button", name=button).last.click()
    expect(page.get_by_text("1 message would change:")).to_be_visible()
    page.get_by_label("Why", exact=True).fill("asked the group")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    flag = {"sent": "--sent", "queued": "--resend", "cancelled": "--cancel"}[status]
    command = f"notifykit resolve 3 {flag} --who web:anna --why 'asked the group'"
    expect(page.get_by_text(command)).to_be_visible()
    with doubtful.outbox() as outbox:
        (task,) = outbox.tasks(Filter(ids=(3,)))
        (made,) = outbox.decisions()
    assert (task.status.value, made.who, made.why, made.messages) == (status, "web:anna", "asked the group", 1)
    page.reload()
    assert len(doubtful.json("decisions")["decisions"]) == 1
    watched.require_quiet(served.origin)


def test_all_that_have_something_in_common_are_decided_at_once(
    browser: Chromium, served: Served, doubtful: CliWorld
) -> None:
    watched = Watched.of(browser)
    page = watched.page
    page.goto(served.url(ANNA, "/in-doubt"))
    group = page.get_by_role("region", name="What they have in common")
    expect(group.get_by_role("row").nth(1)).to_contain_text("3beijingReadTimeout no reply")
    group.get_by_role("button", name="It arrived").click()
    expect(page.get_by_role("heading", name="Take 3 messages as sent?")).to_be_visible()
    page.get_by_label("Why", exact=True).fill("they are all there")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    command = page.get_by_text("notifykit resolve --campaign").inner_text()
    assert command == (
        "notifykit resolve --campaign beijing --reason ReadTimeout --status in_doubt --sent --who web:anna "
        "--why 'they are all there' --yes"
    )
    assert doubts(doubtful) == 0
    page.get_by_role("link", name="Go back").click()
    expect(page.get_by_text("Nothing is in doubt.")).to_be_visible()
    watched.require_quiet(served.origin)


def test_who_comes_late_is_told_who_has_decided(browser: Chromium, served: Served, doubtful: CliWorld) -> None:
    first, second = Watched.of(browser), Watched.of(browser)
    for watched in (first, second):
        watched.page.goto(served.url(ANNA, "/in-doubt"))
        watched.page.get_by_role("region", name="What they have in common").get_by_role(
            "button", name="Send again"
        ).click()
        watched.page.get_by_label("Why", exact=True).fill("nobody got them")
    doubtful.invoke("resolve", "3", "--sent", "--who", "bo", "--why", "it is in the group")
    before = statuses(doubtful)
    second.page.get_by_role("button", name="Yes, do it").click()
    expect(second.page.get_by_role("heading", name="Somebody else has decided")).to_be_visible()
    for word in ("bo", "it is in the group", "Nothing was changed."):
        expect(second.page.get_by_text(word, exact=True)).to_be_visible()
    assert statuses(doubtful) == before
    second.page.get_by_role("link", name="Look again").click()
    assert second.page.url == f"{served.origin}/in-doubt"
    # A refused form is a status of 409, which the browser notes on the console: nothing else is there.
    assert [line for line in second.said if "409" not in line] == []


def test_a_reason_is_required(browser: Chromium, served: Served, doubtful: CliWorld) -> None:
    page = Watched.of(browser, **PLAIN).page
    page.goto(served.url(ANNA, "/decide?do=cancel&id=3&back=/in-doubt"))
    page.get_by_label("Why", exact=True).fill("   ")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why: it is what people read later.")
    page.get_by_label("Why", exact=True).fill("void")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    assert doubts(doubtful) == 2


def test_all_of_it_is_done_by_keyboard(browser: Chromium, served: Served, doubtful: CliWorld) -> None:
    watched = Watched.of(browser)
    page = watched.page
    to = watched.tab_to
    page.goto(served.url(ANNA))
    to("In doubt")
    page.keyboard.press("Enter")
    page.wait_for_url("**/in-doubt")
    to("Skip to the content")
    page.keyboard.press("Enter")
    to("Choose message 3")
    page.keyboard.press("Space")
    to("It arrived")
    page.keyboard.press("Enter")
    page.wait_for_url("**/decide?**")
    to("Why")
    page.keyboard.type("asked")
    to("Yes, do it")
    page.keyboard.press("Enter")
    page.wait_for_url("**/decided?**")
    assert doubts(doubtful) == 2
    watched.require_quiet(served.origin)


@pytest.mark.long
def test_the_status_is_live(browser: Chromium, served: Served, doubtful: CliWorld) -> None:
    watched = Watched.of(browser)
    page = watched.page
    page.goto(served.url(ANNA))
    row = page.get_by_role("region", name="What is open").get_by_role("row").nth(1)
    expect(row).to_contain_text("beijing")
    assert row.get_by_role("cell").nth(2).inner_text() == "3"
    doubtful.invoke("resolve", "3", "--sent", "--why", "x")
    expect(row.get_by_role("cell").nth(2)).to_have_text("2")
    watched.require_quiet(served.origin)


@pytest.mark.long
def test_what_is_no_longer_live_says_so(browser: Chromium, served: Served) -> None:
    page = Watched.of(browser).page
    page.goto(served.url(ANNA))
    stale = page.get_by_text("This page is no longer live")
    expect(stale).to_be_hidden()
    page.context.clear_cookies()
    expect(stale).to_be_visible()


def test_the_language_is_switched_for_one_who_asks(browser: Chromium, served: Served) -> None:
    here, there = Watched.of(browser), Watched.of(browser)
    for watched in (here, there):
        watched.page.goto(served.url(ANNA, "/in-doubt"))
    here.page.get_by_role("button", name="中文").click()
    expect(here.page.get_by_role("heading", name="存疑", exact=True)).to_be_visible()
    assert here.page.url == f"{served.origin}/in-doubt"
    there.page.reload()
    expect(there.page.get_by_role("heading", name="In doubt", exact=True)).to_be_visible()
    here.page.get_by_role("button", name="English").click()
    expect(here.page.get_by_role("heading", name="In doubt", exact=True)).to_be_visible()
    here.require_quiet(served.origin)


def test_who_logs_in_sees_the_page_that_was_asked_for(browser: Chromium, served: Served) -> None:
    page = Watched.of(browser).page
    page.goto(f"{served.origin}/in-doubt")
    page.get_by_label("Your token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Nobody has this token.")
    page.goto(f"{served.origin}/in-doubt")
    page.get_by_label("Your token").fill(LEO)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="In doubt", exact=True)).to_be_visible()
    assert page.url == f"{served.origin}/in-doubt"
    assert page.get_by_role("button", name="It arrived").count() == 0
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{served.origin}/in-doubt")
    expect(page.get_by_label("Your token")).to_be_visible()


PAGES = ("/", "/in-doubt", "/in-doubt?key=none", "/decide?do=sent&id=3", "/decide?do=sent&id=1", "/nothing")


@pytest.mark.long
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({}, id="usual"),
        pytest.param({**DARK, **CHINESE}, id="dark, Chinese", marks=pytest.mark.deep),
        pytest.param(PHONE, id="phone", marks=pytest.mark.deep),
    ],
)
def test_no_page_has_a_serious_barrier(browser: Chromium, served: Served, how: dict[str, Any]) -> None:
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(f"{served.origin}/login")
    found = {"/login": watched.findings()}
    page.goto(served.url(ANNA))
    for path in PAGES:
        page.goto(f"{served.origin}{path}")
        found[path] = watched.findings()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} pixels wider than the screen"
    assert {path: findings for path, findings in found.items() if findings} == {}
    assert page.evaluate("document.documentElement.lang") == ("zh-CN" if "locale" in how else "en")


def test_nothing_is_asked_of_anybody_else(browser: Chromium, served: Served) -> None:
    watched = Watched.of(browser)
    watched.page.goto(served.url(ANNA))
    for path in ("/", "/in-doubt", "/decide?do=sent&id=3"):
        watched.page.goto(f"{served.origin}{path}")
    watched.page.wait_for_timeout(300)
    watched.require_quiet(served.origin)
    assert any("/htmx.min.js?" in url for url in watched.asked)


def test_htmx_is_what_was_published() -> None:
    """Its digest, and that of its licence, as npm has them in htmx.org 2.0.11."""
    digests = {
        "htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
        "htmx.LICENSE": "d3d2456f76414f2456104660ebd65aff1c04cd7966b942bdabd63f3cdb316a38",
    }
    for name, digest in digests.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest


# what other pages cannot ---------------------------------------------------------------------------------------


def test_a_hostile_page_on_another_port_changes_nothing(browser: Chromium, served: Served, doubtful: CliWorld) -> None:
    """The cookie is sent, for SameSite does not tell ports apart; the request is refused all the same."""
    watched = Watched.of(browser)
    page = watched.page
    page.goto(served.url(ANNA, "/decide?do=sent&id=3"))
    key = page.locator("input[name=form]").get_attribute("value")
    before = statuses(doubtful)
    hostile = f"""<!doctype html><form method="post" action="{served.origin}/decide">
        <input name="form" value="{key}"><input name="why" value="mine"></form>
        <script>
        const form = new URLSearchParams({{form: "{key}", why: "mine"}});
        fetch("{served.origin}/decide", {{method: "POST", mode: "no-cors", credentials: "include", body: form}})
          .catch(() => 0).finally(() => document.forms[0].submit());
        </script>"""
    with stranger(hostile) as (origin, _):
        with page.expect_response(
            lambda answer: answer.url == f"{served.origin}/decide" and answer.request.is_navigation_request()
        ) as answered:
            page.goto(origin)
        assert answered.value.status == 403
        assert "notifykit-" in answered.value.request.all_headers().get("cookie", "")
        page.wait_for_url(f"{served.origin}/decide")  # the answer has come; that it is shown is later
    assert statuses(doubtful) == before
    # The form is as good as it was, for the page that showed it.
    page.goto(f"{served.origin}/decide?do=sent&id=3")
    page.get_by_label("Why", exact=True).fill("asked")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()


def test_another_page_reads_nothing(browser: Chromium, served: Served) -> None:
    page = Watched.of(browser).page
    page.goto(served.url(ANNA))
    spy = f"""<!doctype html><script>
        const said = [];
        const ask = (path, how) => fetch("{served.origin}" + path, how).then((a) => a.text()).catch(() => "refused");
        Promise.all([
          ask("/in-doubt.json", {{credentials: "include"}}),
          ask("/in-doubt.json", {{credentials: "include", mode: "no-cors"}}),
          new Promise((told) => {{
            const image = new Image();
            image.onload = () => told("seen"); image.onerror = () => told("refused");
            image.src = "{served.origin}/static/icon.svg";
          }}),
        ]).then((all) => {{ document.title = all.map((one) => one || "refused").join(); }});
        </script>"""
    with stranger(spy) as (origin, _):
        page.goto(origin)
        page.wait_for_function("document.title !== ''")
        assert page.title() == "refused,refused,refused"


def test_no_page_shows_ours_in_a_frame(browser: Chromium, served: Served) -> None:
    page = Watched.of(browser).page
    page.goto(served.url(ANNA))
    with stranger(f'<!doctype html><iframe src="{served.origin}/in-doubt"></iframe>') as (origin, _):
        with page.expect_response(f"{served.origin}/in-doubt") as answered:
            page.goto(origin)
        assert answered.value.status == 403
        assert contract(2) not in "".join(frame.content() for frame in page.frames)


def test_a_name_that_was_rebound_is_refused(browser: Chromium, served: Served) -> None:
    """The hostile page's name leads to this computer, port and all: to the browser that is one origin."""
    page = Watched.of(browser).page
    for path in (f"/?token={ANNA}", "/static/page.css"):
        answer = page.goto(f"http://{REBOUND}:{served.port}{path}")
        assert answer is not None
        assert answer.status == 421
        assert page.context.cookies() == []


def test_what_data_hold_is_shown_and_never_run(browser: Chromium, serve: Serve, make_world: MakeWorld) -> None:
    world = make_world(())
    nasty = """<script>document.title='run'</script><img src=x onerror="document.title='run'">"""
    attribute = """" onfocus="document.title='run'" autofocus x=\""""
    world.write_rows([[f"1 {nasty}", attribute, "1", "N", f"{nasty}{DOUBTFUL}"], ["2{{7*7}}", "y", "1", "N", DOUBTFUL]])
    world.edit("campaigns/beijing.yaml", "strategy:", "order: none\nstrategy:")
    world.lived()
    served = serve(world)
    watched = Watched.of(browser)
    page = watched.page
    page.goto(served.url(ANNA))
    for path in ("/in-doubt", f"/in-doubt?key={attribute}", f"/in-doubt?key=</script>{nasty}", "/decide?do=sent&id=1"):
        page.goto(f"{served.origin}{path}")
        page.evaluate(TWO_FRAMES)  # what an image or the focus runs has run by then
        assert page.title() != "run"
        assert page.locator("script:not([src]), main img, [onfocus], [onerror]").count() == 0
    page.goto(f"{served.origin}/in-doubt")
    expect(page.get_by_role("cell", name=f"1 {nasty}", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="2{{7*7}}", exact=True)).to_be_visible()
    watched.require_quiet(served.origin)
