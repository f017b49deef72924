"""The pages besides status and doubts, in a real Chromium: what people see there, and decide."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cli_world import BROKEN, DOUBTFUL, FINE, REFUSED, CliWorld, contract
from json_tables import Reader
from page_browser import Chromium, Watched, needs_chromium
from page_server import ANNA, LEO, Serve, Served
from playwright.sync_api import Page, expect

from notifykit.model import Status
from notifykit.outbox.values import Filter
from notifykit.web.pages import PAGES

pytestmark = needs_chromium

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
DARK: dict[str, Any] = {"color_scheme": "dark"}
CHINESE: dict[str, Any] = {"locale": "zh-CN"}
PLAIN: dict[str, Any] = {"java_script_enabled": False}
WAYS = pytest.mark.parametrize("how", [{}, PLAIN, {**PHONE, **DARK}], ids=["usual", "plain", "phone"])


@pytest.fixture
def served(serve: Serve, doubtful: CliWorld) -> Served:
    return serve(doubtful)


def decide(page: Page, why: str = "asked") -> None:
    page.get_by_label("Why", exact=True).fill(why)
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()


def status_of(world: CliWorld, number: int) -> str:
    with world.outbox() as outbox:
        (task,) = outbox.tasks(Filter(ids=(number,)))
    return task.status.value


@WAYS
@pytest.mark.parametrize(
    ("button", "status", "command"),
    [
        ("Queue again", "queued", "retry --campaign beijing --reason 40058 --status failed"),
        ("It arrived", "sent", "resolve --campaign beijing --reason 40058 --status failed --sent"),
        ("Cancel", "cancelled", "resolve --campaign beijing --reason 40058 --status failed --cancel"),
    ],
)
def test_all_that_failed_alike_is_decided_at_once(
    browser: Chromium, served: Served, doubtful: CliWorld, how: dict[str, Any], button: str, status: str, command: str
) -> None:
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA))
    page.get_by_role("link", name="Failed", exact=True).click()
    with doubtful.outbox() as outbox:
        (failed,) = outbox.tasks(Filter(statuses=(Status.FAILED,)))
    group = page.get_by_role("region", name="What they have in common").first
    expect(group).to_contain_text("40058 too long")
    group.get_by_role("button", name=button).click()
    decide(page)
    expect(page.get_by_text(f"notifykit {command} --who web:anna --why asked --yes")).to_be_visible()
    assert status_of(doubtful, failed.id) == status
    watched.require_quiet(served.origin)


@WAYS
def test_a_decision_is_undone(browser: Chromium, served: Served, doubtful: CliWorld, how: dict[str, Any]) -> None:
    doubtful.invoke("resolve", "3", "--sent", "--why", "it is there", "--who", "bo")
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA, "/decisions"))
    expect(page.get_by_role("row").nth(1)).to_contain_text("it is there")
    page.get_by_role("button", name="Undo decision 1").click()
    expect(page.get_by_text("decision 1: 1 message resolved by bo")).to_be_visible()
    decide(page, "it was another one")
    expect(page.get_by_text("notifykit undo 1 --who web:anna --why 'it was another one'")).to_be_visible()
    assert status_of(doubtful, 3) == "in_doubt"
    page.get_by_role("link", name="Go back").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("web:anna: it was another one")
    assert page.get_by_role("button", name="Undo decision 1").count() == 0
    watched.require_quiet(served.origin)


def test_who_undoes_late_is_told_who_was_faster(browser: Chromium, served: Served, doubtful: CliWorld) -> None:
    doubtful.invoke("resolve", "3", "--sent", "--why", "it is there")
    page = Watched.of(browser).page
    page.goto(served.url(ANNA, "/undo?decision=1"))
    page.get_by_label("Why", exact=True).fill("x")
    doubtful.invoke("undo", "1", "--why", "mine", "--who", "bo")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_text("decision 1 was undone by bo")).to_be_visible()
    with doubtful.outbox() as outbox:
        assert len(outbox.decisions()) == 1


def test_what_moved_since_an_undoing_was_shown_is_left_alone(
    browser: Chromium, served: Served, doubtful: CliWorld
) -> None:
    doubtful.invoke("resolve", "3", "4", "--sent", "--why", "they are there")
    page = Watched.of(browser).page
    page.goto(served.url(ANNA, "/undo?decision=1"))
    page.get_by_label("Why", exact=True).fill("x")
    with doubtful.outbox() as outbox:
        outbox.complete((3,))  # of the two, the other one could be put back still
    before = [status_of(doubtful, number) for number in (3, 4)]
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_text("Nothing was changed.").or_(page.get_by_text("nothing was changed"))).to_be_visible()
    assert [status_of(doubtful, number) for number in (3, 4)] == before


@pytest.fixture
def paused(serve: Serve, make_world: Any) -> tuple[CliWorld, Served]:
    """A channel is paused until somebody lets it go on; it has a rate."""
    world = make_world((BROKEN, FINE))
    world.lived()
    return world, serve(world)


@WAYS
def test_a_channel_is_let_go_on(browser: Chromium, paused: tuple[CliWorld, Served], how: dict[str, Any]) -> None:
    world, served = paused
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA, "/channels"))
    row = page.get_by_role("row", name="beijing-group")
    expect(row).to_contain_text("until somebody lets it go on")
    page.get_by_role("button", name="Let channel beijing-group go on").click()
    expect(page.get_by_text("channel beijing-group is paused until it is resumed")).to_be_visible()
    decide(page, "the key is mended")
    expect(page.get_by_text("notifykit resume beijing-group --who web:anna --why 'the key is mended'")).to_be_visible()
    with world.outbox() as outbox:
        assert outbox.pauses() == []
    page.get_by_role("link", name="Go back").click()
    expect(row).not_to_contain_text("paused")
    expect(row).to_contain_text("free")
    watched.require_quiet(served.origin)


def test_who_resumes_late_is_told_who_was_faster(browser: Chromium, paused: tuple[CliWorld, Served]) -> None:
    world, served = paused
    page = Watched.of(browser).page
    page.goto(served.url(ANNA, "/resume?channel=beijing-group"))
    world.invoke("resume", "beijing-group", "--who", "bo", "--why", "new key")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_text("the last to decide about it was bo: new key")).to_be_visible()
    with world.outbox() as outbox:
        assert len(outbox.decisions()) == 1


@WAYS
def test_a_story_is_told_and_its_messages_are_decided(
    browser: Chromium, served: Served, doubtful: CliWorld, how: dict[str, Any]
) -> None:
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA, "/trace"))
    page.get_by_label("key").fill(contract(2))
    page.get_by_role("button", name="Tell its story").click()
    expect(page.get_by_role("heading", name=f"{contract(2)} in campaign beijing")).to_be_visible()
    story = page.get_by_role("region", name="What happened to")
    expect(story).to_contain_text("attempt 1: nobody knows ReadTimeout no reply")
    page.get_by_role("button", name="It arrived: message 3").click()
    decide(page)
    page.get_by_role("link", name="Go back").click()
    expect(page.get_by_role("region", name="What happened to")).to_contain_text(
        "resolved · web:anna · in_doubt to sent: asked"
    )
    page.get_by_role("button", name="Send once more: message 3").click()
    decide(page, "lost on the phone")
    expect(
        page.get_by_text(
            f"notifykit resend {contract(2)} --campaign beijing --message group --who web:anna "
            "--why 'lost on the phone' --yes"
        )
    ).to_be_visible()
    with doubtful.outbox() as outbox:
        assert [task.round for task in outbox.tasks(Filter(key=contract(2)))] == [1, 2]
    watched.require_quiet(served.origin)


@WAYS
def test_a_campaign_tells_what_is_wrong_with_it(
    browser: Chromium, served: Served, doubtful: CliWorld, how: dict[str, Any]
) -> None:
    rows = doubtful.rows()
    doubtful.write_rows([[*one.values()] for one in rows] + [["", "x", "1", "N", ""]])
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA))
    page.get_by_role("link", name="Campaigns").click()
    page.get_by_role("link", name="beijing").click()
    messages = page.get_by_role("region", name="Its messages")
    expect(messages.get_by_role("row", name="in doubt")).to_contain_text("3")
    expect(page.get_by_role("region", name="Errors of its latest attempts").first).to_contain_text("ReadTimeout")
    page.get_by_role("link", name="Which of its rows are held now").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("bj.csv:8")
    page.get_by_role("link", name="Go back").click()
    page.get_by_role("link", name="in doubt", exact=True).click()
    assert page.url == f"{served.origin}/in-doubt?campaign=beijing"
    watched.require_quiet(served.origin)


def test_what_a_campaign_queues_nothing_for_is_told(served: Served, doubtful: CliWorld) -> None:
    doubtful.csv.unlink()
    doubtful.run("run", "--once")
    told = served.ask("/campaign.json?name=beijing", token=ANNA).data
    assert told["kind"] == "enabled"
    assert "bj.csv" in told["failing"]
    assert "It queues nothing" in served.ask("/campaign?name=beijing", token=ANNA).text
    assert served.ask("/held?campaign=beijing", token=ANNA).status == 409
    assert served.ask("/campaign?name=other", token=ANNA).status == 404


@WAYS
def test_pictures_tell_what_their_tables_tell(browser: Chromium, served: Served, how: dict[str, Any]) -> None:
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA))
    page.get_by_role("link", name="Pictures").click()
    for name in ("Messages by hour and outcome", "From queued to accepted", "Backlog", "Doubts by age", "Flags owed"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    hours = page.get_by_role("img", name="Messages by hour and outcome")
    expect(hours).to_be_visible()
    told = [one.text_content() for one in hours.locator("rect title").all()]
    shown = Counter[str]()  # the world may have lived in two hours
    for one in filter(None, told):
        name, _, number = one.split(" ", 1)[1].rpartition(": ")
        shown[name] += int(number)
    assert shown == {"accepted": 5, "failed": 1, "in doubt": 3}
    page.get_by_text("As a table: Messages by hour and outcome").click()
    rows = page.get_by_role("region", name="Messages by hour and outcome").locator("tbody tr").all()
    cells = [[int(cell) for cell in row.locator("td").all_inner_texts()] for row in rows]
    assert [sum(column) for column in zip(*cells, strict=True)] == [5, 0, 3, 1]
    page.get_by_text("As a table: Doubts by age").click()
    expect(page.get_by_role("region", name="Doubts by age").locator("tbody tr").first).to_contain_text("3")
    watched.require_quiet(served.origin)


@WAYS
def test_a_message_is_found_by_its_words(browser: Chromium, served: Served, how: dict[str, Any]) -> None:
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA))
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Words in a key, a recipient or a text").fill(contract(2)[-6:])
    page.get_by_label("status").select_option("in_doubt")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("All messages were looked through, down to the first. 1 found")).to_be_visible()
    page.get_by_role("link", name=contract(2)).click()
    expect(page.get_by_role("heading", name=f"{contract(2)} in campaign beijing")).to_be_visible()
    watched.require_quiet(served.origin)


def test_a_search_says_where_it_stopped_and_goes_on(
    served: Served, doubtful: CliWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifykit.web.views.search.READ", 4)
    first = served.ask("/search.json?q=1010", token=ANNA).data
    assert len(first["tasks"]) == 4
    rest = served.ask(f"/search.json?q=1010&before={first['before']}", token=ANNA).data
    text = served.ask("/search?q=1010&campaign=beijing", token=ANNA).text
    assert f"It stopped at message {first['before']}." in text
    assert f'href="/search?q=1010&amp;campaign=beijing&amp;before={first["before"]}"' in text
    ids = [task["id"] for task in first["tasks"] + rest["tasks"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 8
    assert served.ask("/search?q=1&before=x", token=ANNA).status == 400
    assert served.ask("/search?q=1&status=odd", token=ANNA).status == 400


def test_who_sees_no_texts_searches_none(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful, hide_texts=True)
    assert served.ask("/search?q=1010", token=LEO).status == 403
    assert served.ask("/held?campaign=beijing", token=LEO).status == 403
    for path in ("/failed", "/pictures", "/campaign?name=beijing", "/channels", f"/trace?key={contract(2)}"):
        answer = served.ask(path, token=LEO)
        assert (answer.status, "签约" in answer.text, "喜报群" in answer.text) == (200, False, False), path


@WAYS
def test_who_sends_and_what_is_configured_is_shown(
    browser: Chromium, served: Served, doubtful: CliWorld, how: dict[str, Any]
) -> None:
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA))
    page.get_by_role("link", name="Machines").click()
    expect(page.get_by_text("Nothing is being sent.")).to_be_visible()
    page.get_by_role("link", name="Configuration").click()
    expect(page.get_by_role("region", name="Campaigns")).to_contain_text("group → beijing-group")
    expect(page.get_by_role("region", name="Plugins")).to_contain_text("senders: ")
    watched.require_quiet(served.origin)


def test_no_secret_is_on_a_page(serve: Serve, make_world: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = make_world((FINE,))
    world.edit(
        "notifykit.yaml",
        "  award-desk:",
        "  robot: {type: wecom_robot, key: {env: ROBOT_KEY}}\n  award-desk:",
    )
    monkeypatch.setenv("ROBOT_KEY", "7c1e2a90-hidden-key")
    world.lived()
    served = serve(world)
    for page in PAGES:
        text = served.ask(page.path, token=ANNA).text
        assert "hidden-key" not in text, page.path
    assert "robot" in served.ask("/plugins", token=ANNA).text


@WAYS
def test_the_wall_says_in_large_what_needs_a_person(browser: Chromium, served: Served, how: dict[str, Any]) -> None:
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA))
    page.get_by_role("link", name="On a screen for all to see").click()
    expect(page.get_by_role("heading", name="A person is needed.")).to_be_visible()
    figure = page.locator(".figure", has_text="in doubt").locator("dd")
    assert figure.first.inner_text() == "3"
    expect(figure.last).to_contain_text("since")
    assert figure.first.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 64
    expect(page.locator(".needs")).to_contain_text("in doubt")
    watched.require_quiet(served.origin)


@pytest.mark.long
def test_the_wall_is_live(browser: Chromium, served: Served, doubtful: CliWorld) -> None:
    watched = Watched.of(browser)
    watched.page.goto(served.url(ANNA, "/?wall=1"))
    figure = watched.page.locator(".figure", has_text="in doubt").locator("dd").first
    expect(figure).to_have_text("3")
    doubtful.invoke("resolve", "3", "--sent", "--why", "x")
    expect(figure).to_have_text("2")
    watched.require_quiet(served.origin)


def test_a_key_that_is_unknown_is_told(served: Served) -> None:
    answer = served.ask("/trace?key=none", token=ANNA)
    assert (answer.status, "Nothing was ever queued for this key." in answer.text) == (404, True)
    assert served.ask("/trace.json", token=ANNA).status == 400
    assert served.ask("/trace.json?key=none", token=ANNA).data == {"key": "none", "stories": [], "archived": None}


def test_the_keys_of_each_json_are_in_the_manual(served: Served, doubtful: CliWorld) -> None:
    doubtful.invoke("resolve", "3", "--sent", "--why", "it is there")
    manual = (Path(__file__).parents[3] / "docs" / "page.md").read_text(encoding="utf-8")
    reader = Reader("JSON")

    def told(path: str) -> tuple[Any, set[str]]:
        bare = path.partition("?")[0]
        (row,) = [
            line for line in manual.splitlines() if line.startswith("| `/") and f"`{bare}`" in line.split(" | ")[0]
        ]
        return served.ask(path, token=ANNA).data, set(re.findall(r"`(\w+)`", row.split(" | ", 1)[1]))

    data, words = told("/decisions.json")
    assert data.pop("number") == 1
    reader.compare("decisions", data)
    assert "number" in words
    reader.compare("trace", told(f"/trace.json?key={contract(2)}")[0])
    reader.compare("generated", told("/held.json?campaign=beijing")[0])
    data, words = told("/plugins.json")
    assert set(data.pop("configuration")) >= {"channels", "campaigns", "alerts"}
    reader.compare("plugins", data)
    for path, inner in (
        ("/campaigns.json", "campaigns"),
        ("/channels.json", "channels"),
        ("/machines.json", "workers"),
        ("/pictures.json", "hours"),
    ):
        data, words = told(path)
        assert set(data) <= words, path
        for one in data[inner]:
            assert set(one) <= words, path
    data, words = told("/campaign.json?name=beijing")
    assert set(data) <= words
    assert set(told("/search.json?q=1010")[0]) <= told("/search.json?q=1010")[1]


@pytest.mark.long
def test_the_other_pages_are_used_by_keyboard_alone(browser: Chromium, serve: Serve, make_world: Any) -> None:
    world = make_world((REFUSED, DOUBTFUL, BROKEN))
    world.edit("campaigns/beijing.yaml", "strategy:", "order: none\nstrategy:")
    world.edit("notifykit.yaml", "workers: 2", "workers: 1")  # the last one pauses the channel
    world.lived()
    with world.outbox() as outbox:
        (failed,) = outbox.tasks(Filter(statuses=(Status.FAILED,)))
        assert len(outbox.pauses()) == 1
    served = serve(world)
    watched = Watched.of(browser)
    page, press, to = watched.page, watched.page.keyboard.press, watched.tab_to

    def follow(name: str, heading: str) -> None:
        to(name)
        press("Enter")
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()

    def confirm(why: str) -> None:
        to("Why")
        page.keyboard.type(why)
        follow("Yes, do it", "Done")

    page.goto(served.url(ANNA))
    follow("Failed", "Failed")
    to(f"Choose message {failed.id}")
    press("Space")
    follow("Cancel", "Cancel 1 message?")
    confirm("void")
    assert status_of(world, failed.id) == "cancelled"
    follow("Decisions", "Decisions")
    follow("Undo decision 1", "Undo decision 1?")
    confirm("not void")
    assert status_of(world, failed.id) == "failed"
    follow("Channels", "Channels")
    to("waiting")
    press("Enter")
    page.wait_for_url("**/channels?sort=waiting")
    follow("Let channel beijing-group go on", "Let channel beijing-group go on?")
    confirm("mended")
    with world.outbox() as outbox:
        assert outbox.pauses() == []
    follow("Campaigns", "Campaigns")
    follow("beijing", "Campaign beijing")
    follow("Search", "Search")
    to("Words in a key, a recipient or a text")
    page.keyboard.type(failed.key)
    press("Enter")
    page.wait_for_url("**/search?**")
    follow(failed.key, f"{failed.key} in campaign beijing")
    follow(f"It arrived: message {failed.id}", "Take 1 message as sent?")
    confirm("seen")
    assert status_of(world, failed.id) == "sent"
    watched.require_quiet(served.origin)


@pytest.mark.long
def test_what_has_the_focus_keeps_it_while_a_page_is_live(browser: Chromium, paused: tuple[CliWorld, Served]) -> None:
    _, served = paused
    watched = Watched.of(browser)
    page = watched.page
    page.goto(served.url(ANNA, "/channels"))
    for name in ("waiting", "Let channel beijing-group go on"):
        watched.tab_to(name)
        before = page.locator("#live").element_handle()
        page.wait_for_function("one => !one.isConnected", arg=before)
        expect(page.locator(":focus")).to_have_accessible_name(name)
    watched.require_quiet(served.origin)


def test_who_may_only_look_decides_nothing(browser: Chromium, served: Served, doubtful: CliWorld) -> None:
    doubtful.invoke("resolve", "3", "--sent", "--why", "it is there")
    watched = Watched.of(browser)
    watched.page.goto(served.url(LEO))
    for path in ("/failed", "/channels", "/decisions", f"/trace?key={contract(2)}"):
        watched.page.goto(f"{served.origin}{path}")
        forms = watched.page.locator("main form[action='/decide'] button, main form[action='/undo'] button")
        assert forms.count() == 0
        assert watched.page.locator("main form[action='/resume'], main form[action='/resend']").count() == 0
    for path in ("/undo?decision=1", "/resume?channel=beijing-group", "/resend?campaign=beijing&key=1"):
        assert served.ask(path, token=LEO).status == 403


LOOKED_AT = (
    "/failed",
    "/?wall=1",
    "/pictures",
    "/machines",
    "/plugins",
    "/search",
    "/search?q=1010",
    "/pictures?campaign=beijing",
    "/campaigns",
    "/campaign?name=beijing",
    "/held?campaign=beijing",
    "/channels",
    "/decisions",
    "/trace",
    f"/trace?key={contract(2)}",
    "/undo?decision=1",
)


@pytest.mark.long
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({**PHONE, **DARK, **CHINESE}, id="dark, Chinese, phone"),
        pytest.param({}, id="usual", marks=pytest.mark.deep),
        pytest.param({**DARK, **CHINESE}, id="dark, Chinese", marks=pytest.mark.deep),
    ],
)
def test_no_page_has_a_serious_barrier(
    browser: Chromium, served: Served, doubtful: CliWorld, how: dict[str, Any]
) -> None:
    doubtful.invoke("resolve", "3", "--sent", "--why", "it is there")
    watched = Watched.of(browser, **how)
    page = watched.page
    page.goto(served.url(ANNA))
    found = {}
    for path in LOOKED_AT:
        answer = page.goto(f"{served.origin}{path}")
        assert answer is not None
        assert answer.status == 200, path
        found[path] = watched.findings()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} pixels wider than the screen"
    assert {path: findings for path, findings in found.items() if findings} == {}
    watched.require_quiet(served.origin)
