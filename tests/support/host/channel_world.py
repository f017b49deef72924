"""A project whose records are told over six channels at once, each to a service that answers as its vendor does."""

from __future__ import annotations

import csv
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from processes import wait_until

from notifykit.model import Status, Task
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import open_project
from notifykit.pipeline.run import Runner
from notifykit.testing import HttpRequest
from notifykit.testing.http import HttpAnswer
from notifykit.testing.services import (
    Delivered,
    FakeDingtalk,
    FakeFeishu,
    FakeService,
    FakeSlack,
    FakeWecom,
    json_answer,
    json_body,
)

NOTIFYKIT = str(Path(sys.executable).with_name("notifykit"))
LEASE = 60.0
"""Seconds: nobody's claim ends by it. Those of the killed are given up at once, since their locks died with them."""
LATENCY = 0.02
"""Seconds that a service takes over a request."""
RATE = (25, 1.0)
"""Messages, and seconds: a quick version of what the vendors allow."""
KEY, SECRET = "0a1b2c3d-key", "0a1b2c3d-secret"
CHANNELS = ("robot", "app", "ding", "feishu", "slack", "hook")
HOLDING = ("robot", "ding", "feishu", "slack", "hook")
"""Those whose doubts wait for a person. The other can be repeated."""

PROJECT = """
store: state/outbox.db
dispatch: {{workers: {workers}, lease: {lease}, timeout: 5}}
senders:
  robot:
    type: wecom_robot
    key: {{env: CW_KEY}}
    base_url: {wecom}/cgi-bin/webhook/send
    throttle_pause: 0.3s
    limits: []
  app: {{type: wecom_app, corpid: ww0a1b, corpsecret: {{env: CW_SECRET}}, agentid: 7, base_url: {wecom}/cgi-bin}}
  ding:
    type: dingtalk_robot
    access_token: {{env: CW_KEY}}
    secret: {{env: CW_SECRET}}
    base_url: {ding}/robot/send
    throttle_pause: 0.3s
    limits: []
  feishu:
    type: feishu_robot
    token: {{env: CW_KEY}}
    secret: {{env: CW_SECRET}}
    base_url: {feishu}/hook
    throttle_pause: 0.3s
    limits: []
  slack: {{type: slack_webhook, url: {{env: CW_SLACK}}, limits: []}}
  hook: {{type: webhook, url: {{env: CW_HOOK}}}}
"""
CAMPAIGN = """
name: orders
source: {type: csv, path: orders.csv, key: id}
strategy: {type: once}
retry: {attempts: 50, first: 0.05, factor: 1, jitter: 0}
messages:
"""
MESSAGE = """
  - {{name: {name}, sender: {name}, recipient: '{{{{ record["who"] }}}}', template: 'order {{{{ record["id"] }}}}'}}
"""

if TYPE_CHECKING:
    Service = FakeService
else:
    Service = object


class Slow(Service):
    """A service that takes its time, and keeps which calls came and which it answered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.came: list[str] = []
        """The channel and the order of each call, such as `robot K-00001`."""
        self.answered: list[str] = []

    def respond(self, request: HttpRequest) -> HttpAnswer | None:
        order = re.search(rb"order (K-\d+)", request.body)
        if order is None:  # a token, say
            return super().respond(request)
        call = f"{self.channel(request)} {order[1].decode()}"
        self.came.append(call)
        time.sleep(LATENCY)
        answer = super().respond(request)
        self.answered.append(call)
        return answer

    def channel(self, request: HttpRequest) -> str:
        return type(self).__name__.removeprefix("Slow").lower()


class SlowWecom(Slow, FakeWecom):
    def channel(self, request: HttpRequest) -> str:
        return "robot" if "/webhook/" in request.path else "app"


class SlowDingtalk(Slow, FakeDingtalk):
    def channel(self, request: HttpRequest) -> str:
        return "ding"


class SlowFeishu(Slow, FakeFeishu): ...


class SlowSlack(Slow, FakeSlack): ...


class SlowHook(Slow, FakeService):
    """Takes what `webhook` sends."""

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        body = json_body(request)
        return Delivered("hook", str(body["text"]), body) if "text" in body else json_answer(400, {})

    def accept(self, message: Delivered, number: int) -> HttpAnswer:
        return json_answer(200, {})


@dataclass
class ChannelWorld:
    """`count` orders, each told once over every channel."""

    folder: Path
    wecom: SlowWecom
    ding: SlowDingtalk
    feishu: SlowFeishu
    slack: SlowSlack
    hook: SlowHook
    count: int
    workers: int
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        secrets = {
            "CW_KEY": KEY,
            "CW_SECRET": SECRET,
            "CW_SLACK": f"{self.slack.address}/services/{KEY}",
            "CW_HOOK": self.hook.url,
        }
        self.environment = {**os.environ, **secrets}
        os.environ.update(secrets)
        (self.folder / "campaigns").mkdir(parents=True)
        (self.folder / "state").mkdir()
        at = {name: getattr(self, name).address for name in ("wecom", "ding", "feishu")}
        project = PROJECT.format(workers=self.workers, lease=LEASE, **at)
        (self.folder / "notifykit.yaml").write_text(project, encoding="utf-8")
        campaign = CAMPAIGN + "".join(MESSAGE.strip("\n").format(name=name) + "\n" for name in CHANNELS)
        (self.folder / "campaigns" / "orders.yaml").write_text(campaign, encoding="utf-8")
        with self.csv.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "who"), *map(_order, range(self.count))])

    @property
    def csv(self) -> Path:
        return self.folder / "orders.csv"

    @property
    def command(self) -> list[str]:
        return [NOTIFYKIT, "--project", str(self.folder / "notifykit.yaml"), "run", "--interval", "0.3"]

    def append(self) -> None:
        """One more order at the end of the file, beside whoever reads it."""
        with self.csv.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(_order(self.count))
        self.count += 1

    def delivered(self) -> Counter[str]:
        """How often each message was shown to somebody, by its idempotency key."""
        taken = {
            "robot": [one for one in self.wecom.delivered if one.to == KEY],
            "app": [one for one in self.wecom.delivered if one.to != KEY],
            "ding": self.ding.delivered,
            "feishu": self.feishu.delivered,
            "slack": self.slack.delivered,
            "hook": self.hook.delivered,
        }
        return Counter(
            f"orders/{one.text.removeprefix('order ')}/{name}/1" for name, all_of in taken.items() for one in all_of
        )

    @property
    def store(self) -> Path:
        return self.folder / "state" / "outbox.db"

    @property
    def services(self) -> list[Slow]:
        return [self.wecom, self.ding, self.feishu, self.slack, self.hook]

    def came(self, task: Task) -> int:
        """How many calls of a message came to its service."""
        return sum(service.came.count(f"{task.channel} {task.key}") for service in self.services)

    def answered(self, task: Task) -> int:
        """How many of them it answered."""
        return sum(service.answered.count(f"{task.channel} {task.key}") for service in self.services)

    def recover(self) -> set[int]:
        """What the next start does, and a person about what is in doubt. Returns which were."""
        project = open_project(self.folder / "notifykit.yaml")
        doubts: set[int] = set()
        with closing(project.open_outbox()) as outbox:

            def quiet() -> bool:
                Runner(project, outbox, project.campaigns()).once()
                arrived = self.delivered()
                for task in list(outbox.tasks(Filter(statuses=(Status.IN_DOUBT,)))):
                    doubts.add(task.id)
                    decision = Status.SENT if arrived[task.idempotency_key] else Status.QUEUED
                    outbox.decide([task.id], decision, who="test", why="the service says so", of=[Status.IN_DOUBT])
                return {task.status for task in outbox.tasks(Filter())} == {Status.COMPLETED}

            wait_until(quiet)
        return doubts

    def problems(self) -> list[str]:
        """What is not as it must be at rest: lost or doubled messages."""
        arrived = self.delivered()
        due = {f"orders/{_order(number)[0]}/{name}/1" for number in range(self.count) for name in CHANNELS}
        found = [f"lost {key}" for key in sorted(due - arrived.keys())]
        found += [f"{times} x {key}" for key, times in arrived.items() if times > 1]
        return found + [f"not due {key}" for key in arrived.keys() - due]


def _order(number: int) -> tuple[str, str]:
    return f"K-{number:05d}", f"member{number}"


@contextmanager
def channel_world(folder: Path, *, count: int, workers: int) -> Iterator[ChannelWorld]:
    """Start the services, and make the project."""
    login: dict[str, Any] = {"corpid": "ww0a1b", "corpsecret": SECRET, "agentid": 7}
    with ExitStack() as stack:
        yield ChannelWorld(
            folder=folder,
            wecom=stack.enter_context(SlowWecom(keys=[KEY], rate=RATE, **login)),
            ding=stack.enter_context(SlowDingtalk(tokens=[KEY], secret=SECRET, rate=RATE, blocked_for=0.3)),
            feishu=stack.enter_context(SlowFeishu(tokens=[KEY], secret=SECRET, rate=RATE)),
            slack=stack.enter_context(SlowSlack(hooks=[KEY])),
            hook=stack.enter_context(SlowHook()),
            count=count,
            workers=workers,
        )
