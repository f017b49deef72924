"""A campaign through each service: its refusals, its limits, its silences, and every message told once at most."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from processes import wait_until

from notifykit.model import Status
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import open_project
from notifykit.pipeline.run import Runner
from notifykit.testing.http import HttpAnswer
from notifykit.testing.services import (
    BROKEN,
    FakeDingtalk,
    FakeFeishu,
    FakeService,
    FakeTeams,
    FakeWecom,
    json_answer,
)

RATE = (5, 0.3)
KEY, SECRET = "0a1b2c3d-key", "0a1b2c3d-secret"
ORDERS = 20
CAMPAIGN = """
name: orders
source: {type: csv, path: orders.csv, key: id}
strategy: {type: once}
retry: {attempts: 9, first: 0.01, factor: 1, jitter: 0}
messages:
  - name: group
    sender: channel
    recipient: '{{ record["who"] }}'
    template: 'order {{ record["id"] }}'
"""


def wecom_app() -> tuple[FakeService, str, HttpAnswer]:
    service = FakeWecom(corpid="ww0a1b", corpsecret=SECRET, agentid=7)
    options = "type: wecom_app, corpid: ww0a1b, corpsecret: {env: CW_SECRET}, agentid: 7, base_url: AT/cgi-bin"
    return service, options, json_answer(200, {"errcode": 81013, "errmsg": "user all invalid"})


def wecom_robot() -> tuple[FakeService, str, HttpAnswer]:
    service = FakeWecom(keys=[KEY], rate=RATE)
    options = "type: wecom_robot, key: {env: CW_KEY}, base_url: AT/cgi-bin/webhook/send, throttle_pause: 0.2s"
    return service, options, json_answer(200, {"errcode": 40058, "errmsg": "invalid"})


def dingtalk_robot() -> tuple[FakeService, str, HttpAnswer]:
    service = FakeDingtalk(tokens=[KEY], secret=SECRET, rate=RATE, blocked_for=0.2)
    options = "type: dingtalk_robot, access_token: {env: CW_KEY}, secret: {env: CW_SECRET}, base_url: AT/robot/send"
    return service, f"{options}, throttle_pause: 0.2s", json_answer(200, {"errcode": 430104, "errmsg": "improper"})


def feishu_robot() -> tuple[FakeService, str, HttpAnswer]:
    service = FakeFeishu(tokens=[KEY], secret=SECRET, rate=RATE)
    options = "type: feishu_robot, token: {env: CW_KEY}, secret: {env: CW_SECRET}, base_url: AT/hook"
    return service, f"{options}, throttle_pause: 0.2s", json_answer(200, {"code": 19024, "msg": "Key Words Not Found"})


def teams_workflow() -> tuple[FakeService, str, HttpAnswer]:
    service = FakeTeams(signature=SECRET)
    refusal = json_answer(400, {"error": {"code": "TriggerInputSchemaMismatch"}})
    return service, "type: teams_workflow, url: {env: CW_TEAMS}", refusal


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what `run` sets."""
    for name in ("CW_KEY", "CW_SECRET", "CW_TEAMS"):
        monkeypatch.setenv(name, "")


Made = Callable[[], tuple[FakeService, str, HttpAnswer]]


def run(
    folder: Path,
    service: FakeService,
    options: str,
    *,
    message: str = "",
    count: int = ORDERS,
    who: str = "member{}",
    left: int = 0,
) -> Counter[Status]:
    """Run a campaign of so many orders until no more than `left` wait, and return how its messages stand."""
    os.environ |= {"CW_KEY": KEY, "CW_SECRET": SECRET, "CW_TEAMS": getattr(service, "workflow_url", service.address)}
    (folder / "notifykit.yaml").write_text(
        f"dispatch: {{workers: 4, timeout: 0.5}}\n"
        f"senders:\n  channel: {{{options.replace('AT', service.address)}, limits: []}}\n",
        encoding="utf-8",
    )
    (folder / "campaigns").mkdir()
    (folder / "campaigns" / "orders.yaml").write_text(CAMPAIGN + message, encoding="utf-8")
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "who"), *((f"K-{n}", who.format(n)) for n in range(count))])
    project = open_project(folder / "notifykit.yaml")
    with closing(project.open_outbox()) as outbox:

        def quiet() -> bool:
            Runner(project, outbox, project.campaigns()).once()
            return len(list(outbox.tasks(Filter(statuses=(Status.QUEUED, Status.SENDING))))) <= left

        wait_until(quiet, every=0.05)
        return Counter(task.status for task in outbox.tasks(Filter()))


@pytest.mark.parametrize("made", [wecom_app, wecom_robot, dingtalk_robot, feishu_robot, teams_workflow])
def test_refusals_limits_and_silences(made: Made, tmp_path: Path) -> None:
    service, options, refusal = made()
    with service:
        service.fail_next(refusal)
        service.fail_next(BROKEN, takes=True)
        service.fail_next(None)
        found = run(tmp_path, service, options)
    told = Counter(one.text for one in service.delivered)
    assert max(told.values()) == 1
    # Where the service drops repeats, what was in doubt was sent again, and both arrived once.
    doubts = 0 if made is wecom_app else 2
    assert found[Status.COMPLETED] == ORDERS - 1 - doubts
    assert (found[Status.FAILED], found[Status.IN_DOUBT]) == (1, doubts)
    assert len(told) == ORDERS - 1 - (1 if doubts else 0)


LINK = 'https://a.example/{{ record["id"] }}'


@pytest.mark.parametrize(
    ("made", "options", "body"),
    [
        (
            wecom_app,
            f"{{format: textcard, title: '单 {{{{ record[\"id\"] }}}}', url: '{LINK}'}}",
            {"textcard": {"title": "单 K-0", "description": "order K-0", "url": "https://a.example/K-0"}},
        ),
        (
            dingtalk_robot,
            f"{{format: actionCard, buttons: [{{title: 看, action_url: '{LINK}'}}]}}",
            {
                "actionCard": {
                    "title": "order K-0",
                    "text": "order K-0",
                    "btnOrientation": "0",
                    "btns": [{"title": "看", "actionURL": "https://a.example/K-0"}],
                }
            },
        ),
        (
            feishu_robot,
            "{format: post, title: '单 {{ record[\"id\"] }}', at_all: true}",
            {
                "content": {
                    "post": {
                        "zh_cn": {
                            "title": "单 K-0",
                            "content": [
                                [{"tag": "text", "text": "order K-0"}],
                                [{"tag": "at", "user_id": "all"}],
                            ],
                        }
                    }
                }
            },
        ),
        (
            teams_workflow,
            "{title: '单 {{ record[\"id\"] }}', facts: [{title: 人, value: '{{ record[\"who\"] }}'}]}",
            {},
        ),
    ],
)
def test_what_a_message_says_beside_its_text(made: Made, options: str, body: dict[str, object], tmp_path: Path) -> None:
    service, channel, _ = made()
    with service:
        assert run(tmp_path, service, channel, message=f"    options: {options}\n", count=1) == {Status.COMPLETED: 1}
    (taken,) = service.delivered
    assert taken.body.items() >= body.items()
    if made is teams_workflow:
        assert "单 K-0" in taken.text
        assert '"facts": [{"title": "人", "value": "member0"}]' in json.dumps(taken.body, ensure_ascii=False)


def test_no_member_is_sent_more_than_the_service_shows_him(tmp_path: Path) -> None:
    """It accepts what is beyond, and drops it."""
    service, options, _ = wecom_app()
    with service:
        found = run(tmp_path, service, options, count=32, who="li.si", left=2)
    assert found == {Status.COMPLETED: 30, Status.QUEUED: 2}
    assert isinstance(service, FakeWecom)
    assert (len(service.delivered), service.dropped) == (30, [])
