"""What a message says beside its text, from YAML to the service: the same for every attempt."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_world import NOTIFYKIT, CliWorld, contract

from notifykit.campaign.campaign import Channel
from notifykit.model import Outcome, Task
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.call import call
from notifykit.testing import HttpService, draft, send_context
from notifykit.testing.outbox.steps import claim_one, queue_drafts

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))

PROJECT = """
store: state/notifykit.db
senders:
  robot: {{type: wecom_robot, key: {{env: ROBOT_KEY}}, base_url: "{url}", limits: []}}
alerts: {{channel: robot, recipient: duty}}
dispatch: {{workers: 2, lease: 5, timeout: 5}}
"""

CAMPAIGN = """
source: {type: contract_csv, path: data/bj.csv, key: 合同ID(_id)}
strategy: {type: contract}
messages:
  - name: picture
    recipient: 北京签约喜报群
    sender: robot
    template: '签约 {{ record["合同ID(_id)"] }}'
    retry: {attempts: 3, first: 0, jitter: 0}
    options:
      image: pictures/{{ record["备注"] }}.png
  - name: news
    recipient: 北京签约喜报群
    sender: robot
    template: 喜报
    options:
      articles: [{title: '{{ record["管家(serviceHousekeeper)"] }}', url: 'https://x.example/'}]
"""


@pytest.fixture
def service() -> Iterator[HttpService]:
    with HttpService() as service:
        service.answer(body=b'{"errcode": 0}')
        yield service


@pytest.fixture
def pictures(make_world: Callable[..., CliWorld], service: HttpService) -> CliWorld:
    """Two contracts, and a picture that both share."""
    world = make_world(["a", "a"])
    world.environment["ROBOT_KEY"] = "0a1b2c3d-key"
    world.project.write_text(PROJECT.format(url=service.url), encoding="utf-8")
    world.write_campaign("beijing", CAMPAIGN)
    (world.folder / "pictures").mkdir()
    (world.folder / "pictures/a.png").write_bytes(PNG)
    return world


def images(service: HttpService) -> list[bytes]:
    bodies = [json.loads(request.body) for request in service.requests]
    return [base64.b64decode(body["image"]["base64"]) for body in bodies if body["msgtype"] == "image"]


def tasks_of(world: CliWorld, name: str = "picture") -> list[Task]:
    with world.outbox() as outbox:
        return [task for task in outbox.tasks(Filter()) if task.name == name]


def contents_of(world: CliWorld) -> int:
    with world.outbox() as outbox:
        return int(outbox.db.one("SELECT count(*) FROM contents")[0])


def test_a_retry_and_a_resend_send_the_same_bytes_whatever_became_of_the_file(
    pictures: CliWorld, service: HttpService
) -> None:
    assert pictures.invoke("generate").exit_code == 0
    (pictures.folder / "pictures/a.png").unlink()
    service.answer(body=b'{"errcode": 45033}')
    pictures.invoke("dispatch", "--once")
    refused = len(images(service))
    assert refused >= 1
    service.answer(body=b'{"errcode": 0}')
    with pictures.outbox() as outbox:
        outbox.db.execute("UPDATE tasks SET not_before = 0.0, due_at = 0.0 WHERE status = 'queued'")
    for command in ("dispatch --once", "settle"):
        assert pictures.invoke(*command.split()).exit_code == 0
    assert pictures.flags() == ["Y", "Y"]
    again = pictures.invoke(
        *("resend", contract(1), "--campaign", "beijing", "--message", "picture", "--why", "lost", "--yes")
    )
    assert again.exit_code == 0, again.output
    assert pictures.invoke("dispatch", "--once").exit_code == 0
    assert images(service) == [PNG] * (refused + 3)
    assert contents_of(pictures) == 1


def test_a_file_that_is_missing_holds_its_record_and_no_other(pictures: CliWorld, service: HttpService) -> None:
    pictures.write_rows([[contract(1), "甲", "0", "N", "gone"], [contract(2), "乙", "0", "N", "a"]])
    done = pictures.invoke("generate")
    assert done.exit_code == 3
    assert "campaigns/beijing.yaml:11: messages[0].options.image: no file " in done.output
    assert [task.key for task in tasks_of(pictures)] == [contract(2)]


def test_trace_and_preview_and_rerender_tell_the_options(pictures: CliWorld) -> None:
    line = f"image: a.png (image/png, {len(PNG)} bytes)"
    assert line in pictures.invoke("preview").stdout
    pictures.invoke("generate")
    told = pictures.invoke("trace", contract(1)).stdout
    assert line in told
    assert 'articles: {"title": "测试管家1", "url": "https://x.example/"' in told
    (story,) = pictures.json("trace", contract(1))["stories"]
    assert story["tasks"][0]["options"]["image"]["media_type"] == "image/png"
    assert pictures.json("rerender", "--dry-run")["differences"] == []
    (pictures.folder / "pictures/a.png").write_bytes(PNG + b"more")
    shown = pictures.invoke("rerender", "--dry-run").stdout
    assert f"    - {line}" in shown
    assert f"    + image: a.png (image/png, {len(PNG) + 4} bytes)" in shown
    changed = pictures.json("rerender", "--why", "a better picture", "--yes")["changed"]
    assert [task["options"]["image"]["size"] for task in changed] == [len(PNG) + 4] * 2
    assert contents_of(pictures) == 1, "nobody carries the old one any more"


def test_what_is_pruned_takes_its_files_along_and_gives_them_back(pictures: CliWorld) -> None:
    pictures.lived()
    with pictures.outbox() as outbox:
        outbox.db.execute("UPDATE tasks SET completed_at = 1.0 WHERE status = 'completed'")
    assert pictures.invoke("store", "prune").exit_code == 0
    assert (contents_of(pictures), tasks_of(pictures)) == (0, [])
    assert f"image: a.png (image/png, {len(PNG)} bytes)" in pictures.invoke("trace", contract(1)).stdout


def test_an_alert_and_a_test_message_are_a_text(pictures: CliWorld, service: HttpService) -> None:
    assert pictures.invoke("send", "--channel", "robot", "--to", "me", "--text", "hello", "--yes").exit_code == 0
    picture = ["--option", "image=pictures/a.png"]
    done = pictures.invoke("send", "--channel", "robot", "--to", "me", *picture, "--yes")
    assert done.exit_code == 0, done.output
    assert [json.loads(request.body)["msgtype"] for request in service.requests] == ["text", "image"]
    assert images(service) == [PNG]
    for given, told in (
        ("image=gone.png", "--option: options.image: no file "),
        ("picture=a.png", "--option: options.picture: there is no such key"),
        ("card={", "--option: holds what is no YAML"),
    ):
        refused = pictures.invoke("send", "--channel", "robot", "--to", "me", "--option", given, "--yes")
        assert (refused.exit_code, told in refused.output) == (4, True), refused.output
    assert len(service.requests) == 2


@pytest.mark.long
def test_killed_while_it_queues_what_is_there_is_whole(pictures: CliWorld) -> None:
    """The text, the options and the file of a message are in the store together, or nothing of it is."""
    pictures.write_rows([[contract(at), "甲", "0", "N", f"p{at}"] for at in range(120)])
    for at in range(120):
        (pictures.folder / f"pictures/p{at}.png").write_bytes(PNG + str(at).encode() + bytes(200_000))
    command = [NOTIFYKIT, "--project", str(pictures.project), "generate"]
    log = pictures.store.with_name("notifykit.db-wal")
    with subprocess.Popen(command, env=pictures.in_process, stdout=subprocess.DEVNULL) as process:
        patience = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < patience:
            if log.exists() and log.stat().st_size > 1_000_000:
                process.kill()
                break
            time.sleep(0.001)
    with pictures.outbox() as outbox:
        queued = [task for task in outbox.tasks(Filter()) if task.name == "picture"]
        for task in queued:
            assert task.options is not None
            assert len(outbox.contents(task.options["image"]["sha256"])) == task.options["image"]["size"]
        assert outbox.db.one("SELECT count(*) FROM contents")[0] == len(queued)
    assert pictures.invoke("generate").exit_code == 0
    assert (len(tasks_of(pictures)), contents_of(pictures)) == (120, 120)


# what is stored and fits no more --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ({"colour": "red"}, "options", "its option colour does not fit the sender"),
        ({"format": "fax"}, "options", "its option format does not fit the sender"),
        ({"image": {"name": "a.png", "media_type": "image/png", "size": 1, "sha256": "0" * 64}}, "contents", "0000"),
    ],
)
def test_what_cannot_be_made_of_what_is_stored_is_rejected_and_nothing_is_sent(
    pictures: CliWorld, service: HttpService, options: dict[str, Any], code: str, told: str
) -> None:
    pictures.invoke("generate")
    with pictures.outbox() as outbox:
        outbox.db.execute("UPDATE tasks SET options = ? WHERE message_name = 'picture'", (json.dumps(options),))
    pictures.invoke("dispatch", "--once")
    assert images(service) == []
    with pictures.outbox() as outbox:
        for task in tasks_of(pictures):
            (attempt,) = outbox.attempts(task.id)
            assert (attempt.verdict, attempt.code, told in (attempt.detail or "")) == ("rejected", code, True)
    assert len(service.requests) == 2, "the other messages go on"


def test_a_sender_without_options_is_not_called_with_some(tmp_path: Path) -> None:
    class Plain:
        def send(self, *_: object) -> Outcome:
            raise AssertionError

    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        queue_drafts(outbox, [draft(options={"subject": "x"})])
        (result,) = call(Channel.of("robot", "plain", Plain()), [claim_one(outbox)], [send_context()], outbox.contents)
    assert (result.outcome.verdict, "subject" in result.outcome.detail) == ("rejected", True)
