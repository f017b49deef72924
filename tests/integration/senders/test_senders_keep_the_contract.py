"""The senders that come along are the first users of the contract for everybody's senders."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from notifykit_builtin.console import Console
from notifykit_builtin.file import File
from notifykit_builtin.python import Python
from notifykit_webhook.sender import Webhook
from notifykit_wecom.robot import WecomRobot
from ports import nobodys_port

from notifykit.roles import Sender
from notifykit.secrets import Secret
from notifykit.testing import HttpService, SenderContract


def nobody() -> str:
    return f"http://127.0.0.1:{nobodys_port()}/send"


class HttpContract(SenderContract):
    """A sender that posts to a URL."""

    @pytest.fixture(autouse=True)
    def _service(self) -> Iterator[None]:
        with HttpService() as service:
            service.answer(body=b'{"errcode": 0}')
            self.service = service
            yield

    def at(self, url: str) -> Sender:
        raise NotImplementedError

    def make_sender(self, folder: Path) -> Sender:
        return self.at(self.service.url)

    def make_unreachable_sender(self, folder: Path) -> Sender | None:
        return self.at(nobody())

    def make_unanswered_sender(self, folder: Path) -> Sender | None:
        self.service.answer_nothing()
        return self.at(self.service.url)


class TestWebhookContract(HttpContract):
    def at(self, url: str) -> Sender:
        return Webhook(url=Secret(url))


class TestBareTextWebhookContract(HttpContract):
    def at(self, url: str) -> Sender:
        return Webhook(url=Secret(url), body="text", max_bytes=1000)


class TestWecomRobotContract(HttpContract):
    msgtype: Literal["text", "markdown"] = "text"

    def at(self, url: str) -> Sender:
        return WecomRobot(key=Secret("0a1b-contract"), base_url=url, msgtype=self.msgtype)

    def make_http_sender(self, folder: Path, url: str) -> Sender:
        return self.at(url)


class TestWecomMarkdownContract(TestWecomRobotContract):
    msgtype = "markdown"


class TestFileContract(SenderContract):
    def make_sender(self, folder: Path) -> Sender:
        return File(path=folder / "sent.jsonl")

    def make_unreachable_sender(self, folder: Path) -> Sender | None:
        (folder / "no-folder").touch()
        return File(path=folder / "no-folder" / "sent.jsonl")


class TestConsoleContract(SenderContract):
    def make_sender(self, folder: Path) -> Sender:
        return Console()


class TestPythonContract(SenderContract):
    @pytest.fixture(autouse=True)
    def _clean_imports(self) -> Iterator[None]:
        before = sys.path[:]
        yield
        sys.path[:] = before
        sys.modules.pop("contract_desktop", None)

    def of(self, folder: Path, function: str) -> Sender:
        (folder / "contract_desktop.py").write_text(
            "from notifykit_builtin import NotSent\n"
            "def yes(user, text): return True\n"
            "def no_window(user, text): raise NotSent('no_window')\n"
            "def silent(user, text): pass\n"
        )
        return Python(call=f"contract_desktop:{function}", search_path=folder)

    def make_sender(self, folder: Path) -> Sender:
        return self.of(folder, "yes")

    def make_unreachable_sender(self, folder: Path) -> Sender | None:
        return self.of(folder, "no_window")

    def make_unanswered_sender(self, folder: Path) -> Sender | None:
        return self.of(folder, "silent")
