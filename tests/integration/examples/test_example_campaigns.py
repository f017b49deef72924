"""Every example of config/ is run: what is sent, what is flagged, and which bytes stay."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest

from notifykit.model import Status, Task, Verdict
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project, open_project
from notifykit.pipeline.run import Pass, Runner


class Received(Protocol):
    @property
    def body(self) -> dict[str, object]: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def text(self) -> object: ...


class Service(Protocol):
    @property
    def received(self) -> list[Received]: ...
    def of(self, path: str, key: str = "") -> list[Received]: ...
    def robot(self, key: str) -> list[object]: ...


class Example:
    """The project, and what one pass over some campaigns of it did."""

    def __init__(self, file: Path) -> None:
        self.folder = file.parent
        self.project: Project = open_project(file)
        self.outbox: Outbox = self.project.open_outbox()

    def run(self, *names: str) -> Pass:
        this_pass = Runner(self.project, self.outbox, self.project.campaigns(names)).once()
        assert this_pass.failures == {}
        assert [item.refused for item in this_pass.settled if item.refused] == []
        return this_pass

    def data(self, name: str) -> bytes:
        return (self.folder / "data" / name).read_bytes()

    def tasks(self) -> list[Task]:
        return list(self.outbox.tasks(Filter()))


@pytest.fixture
def example(project: Path) -> Iterator[Example]:
    example = Example(project)
    with closing(example.outbox):
        yield example


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_all_can_be_used_as_they_are(example: Example) -> None:
    assert [campaign.name for campaign in example.project.campaigns()] == [
        "beijing-2025-09",
        "beijing",
        "orders",
        "shanghai",
        "technicians",
    ]
    assert example.project.unavailable() == {}
    assert example.project.configuration.disabled == ()


def test_beijing(example: Example, service: Service) -> None:
    before = example.data("PerformanceData-BJ-Aug.csv")
    this_pass = example.run("beijing")
    assert [(item.records, item.queued, item.problems) for item in this_pass.generated] == [(8, 8, ())]

    told = service.robot("test-key-beijing")
    assert [f"YHWX-BJ-SDHY-202508{nth:04d}" in str(text) for nth, text in zip(range(2, 9), told, strict=True)] == [
        True
    ] * 7
    assert told[0] == (
        "🎉 签约喜报 🎉\n"
        "恭喜 测试管家乙 签约合同 YHWX-BJ-SDHY-2025080002，并完成线上收款！\n"
        "\n"
        "🌻 合同金额 108,043.00 元，已支付 64,825.00 元\n"
        "🌻 本单为活动期间第 2 单，个人累计第 1 单\n"
        "🌻 个人累计签约 108,043 元，转化率 27.9%"
    )
    assert str(told[1]).endswith("%\n👊 距离下一级奖励还需 18,532 元")
    (award,) = service.robot("test-key-award")
    assert award == (
        "🏆 奖励通知\n"
        "管家 测试管家乙，合同 YHWX-BJ-SDHY-2025080006\n"
        "奖励类型：幸运数字\n"
        "奖励名称：接好运\n"
        "奖金池：310.89 元"
    )

    assert example.data("PerformanceData-BJ-Aug.csv") == before.replace(b",N,", b",Y,")
    assert before.count(b",N,") == 7
    tasks = example.tasks()
    assert {task.status for task in tasks} == {Status.COMPLETED}
    assert {(task.name, task.task_type, task.recipient) for task in tasks} == {
        ("group", "send_wecom_message", "北京签约喜报群"),
        ("award", "send_wechat_message", "测试管家乙"),
    }
    assert dict(tasks[0].metadata)["contract_id"] == "1120250800000000002"
    assert dict(tasks[0].metadata)["csv_file"] == "data/PerformanceData-BJ-Aug.csv"
    assert dict(tasks[0].metadata)["created_by"] == "contract_notification"

    again = example.run("beijing")
    assert [(item.queued, item.duplicates) for item in again.generated] == [(0, 0)]
    assert len(service.received) == 8


def test_the_next_month_is_another_campaign_over_another_file(example: Example, service: Service) -> None:
    august = example.data("PerformanceData-BJ-Aug.csv")
    example.run("beijing-2025-09")
    assert len(service.robot("test-key-beijing")) == 3
    assert all("YHWX-BJ-SDHY-202509000" in str(text) for text in service.robot("test-key-beijing"))
    assert {row["是否发送通知"] for row in rows(example.data("PerformanceData-BJ-Sep.csv"))} == {"Y"}
    assert example.data("PerformanceData-BJ-Aug.csv") == august
    assert {task.recipient for task in example.tasks()} == {"北京签约喜报群"}


def test_shanghai_has_a_group_and_an_award_text_of_its_own(example: Example, service: Service) -> None:
    before = example.data("PerformanceData-SH-Aug.csv")
    example.run("shanghai")
    assert len(service.robot("test-key-shanghai")) == 6
    assert service.robot("test-key-beijing") == []
    (award,) = service.robot("test-key-award")
    housekeeper = rows(before)[5]["管家(serviceHousekeeper)"]
    assert award == (
        f"【上海】{housekeeper}，合同 YHWX-SH-SDHY-2025080006 的奖励已激活：\n"
        "幸运数字 · 接好运\n"
        "请在本月内联系上海运营领取。"
    )
    assert example.data("PerformanceData-SH-Aug.csv") == before.replace(b",N,", b",Y,")


def test_technicians(example: Example, service: Service) -> None:
    changes = example.data("technician-changes.json")
    example.run("technicians")
    told = [item.body for item in service.of("/technicians")]
    assert sorted(told, key=lambda body: str(body["change"])) == [
        {
            "text": "您好，贵司 测试师傅一 师傅已下线（2025-08-01 18:05）。\n请安排其他师傅接单。",
            "company": "测试防水服务部",
            "change": "TC-0002",
        },
        {
            "text": "您好，贵司 测试师傅二 师傅已上线（2025-08-02 09:00）。",
            "company": "演示修缮服务部",
            "change": "TC-0003",
        },
        {
            "text": "您好，贵司 测试师傅三 师傅已上线（2025-08-02 09:10）。",
            "company": "测试防水服务部",
            "change": "TC-0004",
        },
    ]
    # The very bytes that the old program writes: indent 4, not escaped, in order, without a final newline.
    assert (
        example.data("technician_status_record.json")
        == (
            '{\n    "TC-0001": "通知成功",\n    "TC-0002": "通知成功",\n    "TC-0003": "通知成功",\n'
            '    "TC-0004": "通知成功"\n}'
        ).encode()
    )
    assert example.data("technician-changes.json") == changes
    typed = (example.folder / "state" / "desktop.txt").read_text("utf-8").split("\n\n")[:-1]
    assert Counter(typed) == Counter(f"{body['company']}\n{body['text']}" for body in told)
    # A desktop sender never says that it worked: the attempt stays on record as what it was.
    verdicts = {
        (task.name, attempt.verdict, attempt.code)
        for task in example.tasks()
        for attempt in example.outbox.attempts(task.id)
    }
    assert verdicts == {("person", Verdict.UNKNOWN, "returned_none"), ("webhook", Verdict.ACCEPTED, None)}
    assert {task.status for task in example.tasks()} == {Status.COMPLETED}
    assert [(item.queued, item.duplicates) for item in example.run("technicians").generated] == [(0, 0)]


def test_orders(example: Example, service: Service) -> None:
    before = example.data("orders.csv")
    example.run("orders")
    received = service.of("/shop")
    kinds = Counter((item.body["order"], item.body["kind"]) for item in received)
    assert kinds == Counter(
        {("SO-10002", "shipped"): 1, ("SO-10003", "shipped"): 1, ("SO-10004", "shipped"): 1, ("SO-10005", "shipped"): 1}
        | {("SO-10002", "voucher"): 1, ("SO-10005", "voucher"): 1}
    )
    bodies = {(item.body["order"], item.body["kind"]): item for item in received}
    shipped, voucher = bodies["SO-10002", "shipped"], bodies["SO-10002", "voucher"]
    assert shipped.body["to"] == "orders@bo.example"
    assert shipped.body["body"] == (
        "Hello Bo Example, Ltd., your order SO-10002 left our warehouse on 2025-08-04.\n"
        "12 items, 1,284.50 EUR.\n"
        "Track it: Parcel Example PX0002"
    )
    assert voucher.body["body"] == "Thank you, Bo Example, Ltd.! Your next order is 7.5% cheaper."
    assert "1 item, 19.00 EUR." in str(bodies["SO-10003", "shipped"].body["body"])
    assert shipped.headers["Idempotency-Key"] == "orders/SO-10002/shipped/1"
    assert example.data("orders.csv") == before.replace(b",0\n", b",1\n")
    assert before.count(b",0\n") == 4


def test_all_at_once(example: Example, service: Service) -> None:
    this_pass = example.run()
    assert sum(item.queued for item in this_pass.generated) == 8 + 3 + 7 + 6 + 6
    assert this_pass.dispatched.sent == 30
    assert {task.status for task in example.tasks()} == {Status.COMPLETED}
    assert len(service.received) == 30 - 3  # the desktop's are not HTTP
    assert example.run().dispatched.sent == 0
    json.dumps([dict(task.metadata) for task in example.tasks()])
