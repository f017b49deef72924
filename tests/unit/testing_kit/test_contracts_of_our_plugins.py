"""Our own plugins are the first users of the contracts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from notifykit_builtin.console import Console
from notifykit_builtin.file import File
from notifykit_builtin.python import Python
from notifykit_contract.source import CsvSource
from notifykit_contract.strategy import CsvFlag
from notifykit_webhook.accept import Accept
from notifykit_webhook.sender import Webhook
from notifykit_wecom.robot import WecomRobot

from notifykit.options import Secret
from notifykit.roles import Sender, Source, Strategy
from notifykit.testing import HttpService, SenderContract, SourceContract, StrategyContract

CSV = '工单编号,管家,是否发送通知\r\nC-1,测试管家甲,N\r\nC-2,"乙\r\n二",N\r\n'


class OverHttp(SenderContract):
    """A sender that posts to `service`."""

    service: HttpService
    answer = b"{}"

    @pytest.fixture(autouse=True)
    def _service(self) -> Iterator[None]:
        with HttpService() as self.service:
            self.service.answer(200, self.answer)
            yield

    def at(self, url: str) -> Sender:
        raise NotImplementedError

    def make_sender(self, folder: Path) -> Sender:
        return self.at(self.service.url)

    def make_http_sender(self, folder: Path, url: str) -> Sender:
        return self.at(url)


class TestWebhook(OverHttp):
    def at(self, url: str) -> Sender:
        return Webhook(url=Secret(url))

    def make_http_sender(self, folder: Path, url: str) -> Sender:
        return Webhook(url=Secret(url), accept=Accept(path="ok", equals="true"))


class TestWecomRobot(OverHttp):
    answer = b'{"errcode": 0, "errmsg": "ok"}'

    def at(self, url: str) -> Sender:
        return WecomRobot(key=Secret("6d0a7b9e-1111-4222-8333-444455556666"), base_url=url)


class TestConsole(SenderContract):
    def make_sender(self, folder: Path) -> Sender:
        return Console()


class TestFile(SenderContract):
    def make_sender(self, folder: Path) -> Sender:
        return File(path=folder / "sent" / "messages.jsonl")

    def make_unreachable_sender(self, folder: Path) -> Sender:
        (folder / "plain").write_text("a file where a folder is needed")
        return File(path=folder / "plain" / "messages.jsonl")


class TestPython(SenderContract):
    @pytest.fixture(autouse=True)
    def _forget(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(sys, "path", sys.path.copy())
        yield
        sys.modules.pop("desktop_for_contract", None)

    def make_sender(self, folder: Path) -> Sender:
        (folder / "desktop_for_contract.py").write_text("def send(recipient, text):\n    return True\n")
        return Python(call="desktop_for_contract:send", search_path=folder)


class TestCsvSource(SourceContract):
    def make_source(self, folder: Path) -> Source:
        (folder / "contracts.csv").write_text(CSV + ",nobody,N\r\n", encoding="utf-8", newline="")
        return CsvSource(path=folder / "contracts.csv", key="工单编号")

    def make_broken_source(self, folder: Path) -> Source:
        return CsvSource(path=folder / "missing.csv", key="工单编号")


class TestCsvFlag(StrategyContract):
    def make_source(self, folder: Path) -> Source:
        (folder / "contracts.csv").write_text(CSV, encoding="utf-8", newline="")
        return CsvSource(path=folder / "contracts.csv", key="工单编号")

    def make_strategy(self, folder: Path) -> Strategy:
        return CsvFlag()
