"""What the page shows of a project: as it is now, on every store, and as programs read it."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cli_world import DOUBTFUL, FINE, CliWorld, contract, make_world
from json_tables import Reader
from page_server import ANNA, LEO, Serve, Served, serving
from postgres_server import shared_server
from postgres_store import postgres_address

from notifykit.web import serving as serving_module
from notifykit.web.listing import MOST
from notifykit.web.site import LOOK
from notifykit.web.static_files import FOLDER, FOR_EVER

__all__ = ["make_world"]

MakeWorld = Callable[[Sequence[str]], CliWorld]

DOCS = Path(__file__).parents[3] / "docs"


def later(served: Served) -> None:
    """Let the time pass after which files are looked at again, and what was looked up is no longer fresh."""
    served.clock.ahead += LOOK + 100


def test_before_anything_is_queued_the_pages_say_so(serve: Serve, make_world: MakeWorld) -> None:
    world = make_world((FINE,))
    served = serve(world)
    text = served.ask("/", token=ANNA).text
    assert "All is well: nothing waits for a person." in text
    assert "No campaign has queued anything yet." in text
    assert "Nothing is in doubt." in served.ask("/in-doubt", token=ANNA).text
    assert served.ask("/in-doubt.json", token=ANNA).data["tasks"] == []
    assert not world.store.exists()


def test_status_says_what_the_command_says(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful)
    told, said = served.ask("/status.json", token=LEO).data, doubtful.json("status")

    def bare(found: Any) -> Any:
        found["at"] = ""
        for one in found["campaigns"]:
            one["oldest_waiting_seconds"] = None
        return found

    assert bare(told) == bare(said)
    text = served.ask("/", token=LEO).text
    for word in ("A person is needed.", "3 in doubt", "1 failed", "beijing", "ReadTimeout (3)", "40058 (1)"):
        assert word in text, word


def test_every_key_of_the_json_is_on_the_page(serve: Serve, doubtful: CliWorld) -> None:
    reader = Reader("JSON")
    served = serve(doubtful)
    reader.compare("status", served.ask("/status.json", token=ANNA).data)
    data = served.ask("/in-doubt.json", token=ANNA).data
    page = (DOCS / "page.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `/in-doubt.json` \| (.*) \|$", page, re.MULTILINE)
    said = set(re.findall(r"`(\w+)`", row))
    assert set(data) <= said
    assert set(data["groups"][0]) <= said
    for one in data["tasks"]:
        own = {"doubted_at", "attempts", "events"}
        assert own < said
        reader.compare("task", {name: value for name, value in one.items() if name not in own})
        for attempt in one["attempts"]:
            reader.compare("attempt", attempt)


def test_a_monitor_with_a_token_reads_the_figures(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful, hide_texts=True)
    answer = served.ask("/metrics", token=LEO)
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'notifykit_tasks{campaign="beijing",status="in_doubt"} 3.0' in answer.text
    assert served.ask("/metrics").status == 401


def test_a_list_is_filtered_by_its_address(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful)

    def keys(query: str) -> list[str]:
        return [one["key"] for one in served.ask(f"/in-doubt.json?{query}", token=ANNA).data["tasks"]]

    every = [contract(2), contract(4), contract(6)]
    assert keys("") == every
    assert keys("sort=-key") == every[::-1]
    assert keys(f"key={contract(4)}") == [contract(4)]
    assert keys("campaign=beijing&channel=beijing-group&reason=ReadTimeout") == every
    assert keys("reason=93000") == []
    assert keys("campaign=other") == []
    for wrong in ("sort=text", "page=0", "page=x"):
        assert served.ask(f"/in-doubt?{wrong}", token=ANNA).status == 400


@pytest.mark.parametrize(
    "query",
    [
        "",
        "do=sent",
        "do=burn&id=1",
        "do=sent&id=x",
        "do=sent&id=99999999999999999999",
        "do=sent&id=1&campaign=beijing",
        "do=sent&status=odd",
    ],
)
def test_a_decision_that_cannot_be_meant_is_refused_in_words(serve: Serve, doubtful: CliWorld, query: str) -> None:
    answer = serve(doubtful).ask(f"/decide?{query}", token=ANNA)
    assert answer.status == 400
    assert "This was not done" in answer.text or answer.data["error"]


def test_what_the_command_line_refuses_the_page_refuses_with_its_words(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful)
    cookie = served.logged_in(ANNA)
    answer = served.ask("/decide?do=sent&id=99", Cookie=cookie)
    assert (answer.status, "there is no task 99" in answer.text) == (409, True)
    answer = served.ask("/decide?do=sent&status=in_doubt&campaign=other", Cookie=cookie)
    assert (answer.status, "nothing is in that state; nothing would change" in answer.text) == (409, True)


def test_a_configuration_that_changes_is_read_anew_and_a_broken_one_is_told(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful)
    served.ask("/", token=ANNA)
    good = doubtful.project.read_text(encoding="utf-8")
    doubtful.project.write_text(f"{good}\nnonsense: 1\n", encoding="utf-8")
    later(served)
    text = served.ask("/", token=ANNA).text
    assert "The configuration as it is now cannot be used; the page goes on with the one before" in text
    assert "nonsense" in text
    doubtful.project.write_text(f"{good}\n# mended\n", encoding="utf-8")
    later(served)
    answer = served.ask("/", token=ANNA)
    assert "cannot be used" not in answer.text


def test_a_store_that_is_gone_is_told_in_words(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful)
    for file in doubtful.store.parent.glob("notifykit.db*"):
        file.unlink()
    answer = served.ask("/in-doubt", token=ANNA)
    assert (answer.status, "Traceback" in answer.text, "notifykit.db" in answer.text) == (503, False, True)
    assert "error" in served.ask("/in-doubt.json", token=ANNA).data


def test_a_list_that_is_longer_than_what_is_read_says_where_it_stopped(serve: Serve, make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL,) * (MOST + 1))
    world.edit("campaigns/beijing.yaml", "strategy:", "order: none\nstrategy:")
    world.lived()
    served = serve(world)
    data = served.ask("/in-doubt.json?page=20", token=ANNA).data
    assert (data["number"], data["more"], len(data["tasks"])) == (MOST, True, 49)
    assert sum(group["number"] for group in data["groups"]) == MOST
    text = served.ask("/in-doubt?page=2", token=ANNA).text
    assert "The first 999 were read, and there are more" in text
    assert 'rel="next" href="/in-doubt?page=3"' in text
    assert len(served.ask("/in-doubt.csv?page=2", token=ANNA).text.splitlines()) == MOST + 2


def test_the_language_is_that_of_the_browser_and_of_the_one_who_asks(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful)
    assert "Log in" in served.ask("/login").text
    assert "您的令牌" in served.ask("/login", Accept_Language="zh-CN,zh;q=0.9").text
    assert "您的令牌" in served.ask("/login?lang=zh").text
    cookie = served.logged_in(ANNA)
    chinese = served.ask("/", Cookie=cookie, Accept_Language="zh-CN").text
    assert "需要人处理。" in chinese
    assert "3 条存疑" in chinese
    assert "A person is needed." in served.ask("/", Cookie=cookie, Accept_Language="en").text
    refused = served.ask("/in-doubt?page=x", Cookie=cookie, Accept_Language="zh")
    assert "不是页码" in refused.text
    assert served.ask("/in-doubt.json?page=x", Cookie=cookie, Accept_Language="zh").data == {
        "error": "'x' is no number of a page."
    }


def test_the_zone_of_the_times_is_said(serve: Serve, doubtful: CliWorld) -> None:
    offset = time.strftime("%z")
    assert f"UTC{offset}" in serve(doubtful).ask("/", token=ANNA).text


def test_the_page_works_on_a_server(serve: Serve, tmp_path: Path) -> None:
    with shared_server():
        world = CliWorld(tmp_path / "server", (DOUBTFUL, FINE))
        world.edit("notifykit.yaml", "state/notifykit.db", str(postgres_address(tmp_path)))
        world.lived()
        served = serve(world)
        task, *_ = served.ask("/in-doubt.json", token=ANNA).data["tasks"]
        cookie = served.logged_in(ANNA)
        form = re.findall(
            r'name="form" value="([^"]+)"', served.ask(f"/decide?do=sent&id={task['id']}", Cookie=cookie).text
        )
        sent = {"form": form[0], "why": "asked"}
        assert served.ask("/decide", form=sent, Cookie=cookie, Origin=served.origin).status == 303
        assert task not in served.ask("/in-doubt.json", token=ANNA).data["tasks"]
        assert served.ask("/", token=ANNA).status == 200
        (made,) = world.json("decisions")["decisions"]
        assert (made["who"], made["why"]) == ("web:anna", "asked")


_WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("starlette", "uvicorn", "anyio", "h11"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
sys.argv = ["notifykit", *sys.argv[1:]]
from notifykit.cli import main
main()
"""


def test_without_the_extra_serve_says_what_to_install_and_nothing_else_changes(doubtful: CliWorld) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", _WITHOUT, "--project", str(doubtful.project), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=doubtful.in_process)

    done = run("serve")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: the page needs Starlette and uvicorn (No module named 'starlette'); "
        'pip install "notifykit-outbox[web]"\n'
    )
    assert run("status").returncode == 0
    assert "serve" in run("--help").stdout


def test_an_address_that_is_taken_is_told(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful)
    done = doubtful.run("serve", "--listen", f"127.0.0.1:{served.port}")
    assert done.returncode == 1
    assert f"nothing can listen on 127.0.0.1:{served.port} (Address already in use); stop what listens" in done.stderr


def test_an_option_that_cannot_be_meant_is_wrong_usage(doubtful: CliWorld) -> None:
    for arguments, told in (
        (("--listen", "here"), "'here' is no address such as 127.0.0.1:8765"),
        (("--behind-proxy", "there"), "'there' does not appear to be an IPv4 or IPv6 network"),
        (("--decides", "anna"), "--decides is about accounts of --behind-proxy"),
        (("--tls-key", "key.pem"), "--tls-cert and --tls-key go together"),
        (("--session", "30d"), "is longer than can be: 7d at most"),
    ):
        done = doubtful.invoke("serve", *arguments)
        assert (done.exit_code, told in done.stderr) == (2, True), done.stderr


def test_what_is_served_is_closed(serve: Serve, doubtful: CliWorld) -> None:
    """A look leaves no connection to the store: another program may take it away."""
    served = serve(doubtful)
    for path in ("/", "/in-doubt", "/status.json"):
        served.ask(path, token=ANNA)
    with closing(served.site.project.open_outbox(create=False)) as outbox:
        assert outbox.figures()


def test_it_ends_as_soon_as_it_is_told_to(doubtful: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not look now and then whether it shall, as uvicorn does."""
    monkeypatch.setattr(serving_module, "TICK", 3600.0)
    with serving() as serve:
        served = serve(doubtful)
        with closing(HTTPConnection("127.0.0.1", served.port)) as idle:
            idle.request("GET", "/static/page.js")
            assert idle.getresponse().read()
            served.stop()
            assert idle.sock.recv(1) == b"", "it is closed"


def test_nobody_is_waited_for_where_nobody_is(doubtful: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn.Server, "shutdown", lambda *_: pytest.fail("it waits a tenth of a second"))
    with serving() as serve:
        serve(doubtful)


def test_browsers_keep_what_is_the_same_for_everyone(serve: Serve, doubtful: CliWorld) -> None:
    """By addresses that name what is in a file; by any other one it is asked for anew."""
    served = serve(doubtful)
    found = re.findall(r'"(/static/[^"]+)"', served.ask("/", token=ANNA).text)
    names = [path.partition("?")[0].rpartition("/")[2] for path in found]
    assert sorted(names) == ["htmx.min.js", "icon.svg", "page.css", "page.js"]
    for path, name in zip(found, names, strict=True):
        digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
        assert path == f"/static/{name}?{digest[:16]}"
        kept = served.ask(path)
        assert (kept.status, kept.headers["cache-control"]) == (200, FOR_EVER)
        for other in (f"/static/{name}", f"/static/{name}?{digest[1:17]}"):
            assert served.ask(other).headers["cache-control"] == "no-store"
    assert served.ask("/static/none?x").status == 404
