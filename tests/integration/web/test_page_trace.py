"""The story of a key on the page: periods, options, files, receipts, digests; command line and CSV say the same."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from page_server import ANNA, LEO, Serve

from notifykit.cli.app import build_cli
from notifykit.messages.receipts import Receipt, ReceiptStatus
from notifykit.model import Batch, Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Transition
from notifykit.testing.outbox.steps import finish, queue_drafts, take
from notifykit.testing.samples import draft

PROJECT = """
store: outbox.db
senders:
  desk: {type: file, path: sent.jsonl}
"""
CAMPAIGN = """
source: {type: csv, path: orders.csv, key: id}
strategy: {type: once, every: day}
messages:
  - {name: order, recipient: '{{ record["to"] }}', template: 'order {{ record.key }}', sender: desk}
"""
OPTIONS = {
    "subject": "Bestellung eins",
    "file": {"name": "offer.pdf", "media_type": "application/pdf", "size": 5120, "sha256": "0" * 64},
}
DAY = "2026-11-29"
CHINESE = {"Accept-Language": "zh-CN"}


@dataclass(frozen=True)
class World:
    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / "notifykit.yaml"

    def run(self, *arguments: str) -> str:
        runner = CliRunner(env={"NOTIFYKIT_PROJECT": None, "COLUMNS": "240", "NO_COLOR": "1"})
        found = runner.invoke(build_cli(), ["--project", str(self.project), *arguments], prog_name="notifykit")
        assert found.exit_code == 0, found.output
        return found.stdout


@pytest.fixture
def told(tmp_path: Path) -> World:
    """A digest of two messages, accepted without one recipient, one of which came back; and one that waits."""
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "notifykit.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "campaigns" / "orders.yaml").write_text(CAMPAIGN, encoding="utf-8")
    (tmp_path / "orders.csv").write_text("id,to\n", encoding="utf-8")
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        for batch, keys in ((Batch(wait=3600.0, most=2), ("A", "B")), (Batch(wait=3600.0, most=50), ("C",))):
            queue_drafts(
                outbox,
                [
                    draft(
                        campaign="orders",
                        name="order",
                        key=key,
                        channel="desk",
                        recipient="secret-person",
                        text=f"secret text {key}",
                        period=DAY,
                        options=OPTIONS,
                        batch=batch,
                    )
                    for key in keys
                ],
            )
            if "A" in keys:
                (one,) = take(outbox, "w", 9, {"desk": ChannelBounds()}, 60.0)
                fixed = outbox.fix(one, [task.id for task in outbox.members(one.task.id)], "secret text of both")
                assert fixed is not None
                outcome = Outcome.accepted(vendor_id="v-1", undelivered=("secret-colleague",))
                finish(outbox, fixed, outcome, Transition(status=Status.SENT))
                outbox.keep_receipt(1, Receipt(ReceiptStatus.BOUNCED, outbox.now(), "secret mailbox"), who="desk")
    return World(tmp_path)


def test_the_story_has_all_that_the_json_has_in_both_languages(serve: Serve, told: World) -> None:
    served = serve(told)
    address = "/trace?key=A&campaign=orders"
    (story,) = served.ask("/trace.json?key=A&campaign=orders", token=ANNA).data["stories"]
    assert (story["tasks"][0]["receipt"], story["digests"][0]["period"]) == ("bounced", DAY)
    cookie = {"Cookie": served.logged_in(LEO)}
    for language, words in (
        ({}, ("period", "bounced at", "not delivered to secret-colleague", "2 messages in it", "sent", "digest")),
        (CHINESE, ("周期", "被退回", "未送达：secret-colleague", "含 2 条消息", "摘要")),
    ):
        text = served.ask(address, headers={**cookie, **language}).text
        missing = [word for word in (*words, DAY, "subject: Bestellung eins", "offer.pdf") if word not in text]
        assert missing == [], text
        assert "5,120" in text, "bytes of the file"
        assert '<a href="/trace?key=digest-3&amp;campaign=notifykit%3Adigest%3Aorders">digest-3</a>' in text
    waiting = served.ask("/trace?key=C&campaign=orders", headers=cookie).text
    assert "gathers others" in waiting


def test_the_story_of_a_digest_lists_its_members_with_links(serve: Serve, told: World) -> None:
    served = serve(told)
    text = served.ask("/trace?key=digest-3", headers={"Cookie": served.logged_in(ANNA)}).text
    for key in ("A", "B"):
        assert f'<a href="/trace?key={key}&amp;campaign=orders">{key}</a>' in text
    assert 'key=C&amp;campaign=orders"' not in text


def test_the_story_hides_texts_options_files_and_whom_a_service_left_out(serve: Serve, told: World) -> None:
    served = serve(told, hide_texts=True)
    for path in ("/trace?key=A", "/trace.json?key=A", "/trace?key=digest-3", "/trace.json?key=digest-3"):
        text = served.ask(path, token=LEO).text
        assert [word for word in ("secret", "Bestellung", "offer.pdf") if word in text] == [], path
        assert ("digest-3" in text, "bounced" in text or "digest-3" in path) == (True, True), path


def test_status_campaign_and_csv_say_the_same_of_periods_and_receipts(serve: Serve, told: World) -> None:
    served = serve(told)
    (figures,) = served.ask("/status.json", token=ANNA).data["campaigns"]
    assert (figures["period"], figures["receipts"]) == (DAY, {"delivered": 0, "bounced": 1})
    cookie = {"Cookie": served.logged_in(ANNA)}
    status = served.ask("/", headers=cookie).text
    assert (f"<td>{DAY}</td>" in status, '<th scope="col" class="number">bounced</th>' in status) == (True, True)
    campaign = served.ask("/campaign?name=orders", headers=cookie).text
    assert f"<dt>last period</dt><dd>{DAY}</dd>" in campaign
    assert '<th scope="row">bounced</th><td class="number">1</td>' in campaign
    (row,) = csv.DictReader(io.StringIO(served.ask("/campaigns.csv", token=ANNA).text))
    assert (row["period"], row["delivered"], row["bounced"]) == (DAY, "0", "1")
    rows = list(csv.DictReader(io.StringIO(served.ask("/search.csv?q=secret&campaign=orders", token=ANNA).text)))
    tasks = {task["id"]: task for task in json.loads(told.run("tasks", "--json"))["tasks"]}
    assert {int(one["id"]) for one in rows} == {1, 2, 4}
    for one in rows:
        task = tasks[int(one["id"])]
        for name in ("period", "text", "channel", "key"):
            assert one[name] == task[name]
        for name in ("sent_at", "receipt", "receipt_at"):
            assert one[name] == (task[name] or ""), "times are those of the JSON"
        assert json.loads(one["options"]) == task["options"]
    assert rows[-1]["receipt_at"].endswith("Z")


def test_the_command_line_says_the_same(told: World) -> None:
    story = told.run("trace", "A", "--campaign", "orders")
    assert f"order {DAY}" in story
    assert "; not delivered to secret-colleague" in story
    assert "; bounced at " in story
    assert "digest: A order 2026-11-29 is one of 2 in digest 3 (digest-3): sent" in story
    assert "file: offer.pdf (application/pdf, 5,120 bytes)" in story
    members = told.run("trace", "digest-3")
    assert [f"digest: {key} order {DAY}" in members for key in "ABC"] == [True, True, False]
    listed = told.run("tasks", "--campaign", "orders")
    assert listed.splitlines()[0].split()[:3] == ["id", "status", "receipt"]
    assert "bounced" in listed.splitlines()[1]
    counts = told.run("status").splitlines()
    assert (counts[0].split()[:2], counts[1].split()[:2]) == (["campaign", "period"], ["orders", DAY])
