"""The examples of docs/plugins.md about limits, opening, cursors, outcomes, observers and receipts work."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from types import ModuleType
from typing import Any, ClassVar

import click
import pytest
from cli_world import CliWorld, make_world, world
from click.testing import CliRunner

from notifykit.campaign.campaign import Channel
from notifykit.campaign.limit_keys import counted_as, keyed
from notifykit.model import Outcome, Record
from notifykit.options import Secret
from notifykit.outbox.decided import Decision
from notifykit.plugins import load_plugins
from notifykit.roles import ObserverContext, Sender, Source, Strategy
from notifykit.session import Session
from notifykit.testing import FakeClock, SenderContract, SourceContract, StrategyContract, draft, records, sent_task

__all__ = ["make_world", "world"]

TEXT = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text(encoding="utf-8")
COUNT = itertools.count()


def example(marker: str) -> ModuleType:
    """Return the one block with this text, as a module."""
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) if marker in block]
    made = ModuleType(f"host_docs_{next(COUNT)}")
    sys.modules[made.__name__] = made  # dataclasses look their module up
    try:
        exec(compile(code, "plugins.md", "exec", dont_inherit=True), made.__dict__)
    finally:
        del sys.modules[made.__name__]
    return made


class Mail(StreamRequestHandler):
    """As much of an SMTP server as takes everything."""

    connections: ClassVar[list[object]] = []

    def handle(self) -> None:
        self.connections.append(self)
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
            if word == b"QUIT":
                return


@pytest.fixture(scope="class")
def mail(request: pytest.FixtureRequest) -> Iterator[None]:
    with ThreadingTCPServer(("127.0.0.1", 0), Mail) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        request.cls.port = server.server_address[1]
        yield
        server.shutdown()


@pytest.mark.usefixtures("mail")
class TestChatMail(SenderContract):
    port: int
    recipient = "room-1@example.com"

    def make_sender(self, folder: Path) -> Sender:
        made: Sender = example("class ChatMail").ChatMail(host="127.0.0.1", port=self.port, password=Secret("geheim"))
        return made

    def test_one_connection_serves_all_messages(self, tmp_path: Path) -> None:
        Mail.connections.clear()
        sender = self.opened(self.make_sender(tmp_path))
        for number in range(3):
            sender.send(self.message(number=number), self.context())
        assert len(Mail.connections) == 1

    def test_rooms_are_counted_and_one_credential_is_shared(self, tmp_path: Path) -> None:
        one, other = (Channel.of(name, "chat_mail", self.make_sender(tmp_path)) for name in ("one", "other"))
        assert keyed(draft(recipient="room-1"), one).limit_key == "room-1"
        assert counted_as(one) == counted_as(other)
        assert "geheim" not in str(counted_as(one))
        assert [(bound.most, bound.unit) for bound in one.bounds] == [(4096, "utf16")]

    def context(self) -> Any:
        from notifykit.testing import send_context

        return send_context()


class TestOrderLog(SourceContract):
    def make_source(self, folder: Path) -> Source:
        (folder / "orders.jsonl").write_text('{"id": 1}\n{"id": 2}\n')
        made: Source = example("class OrderLog").OrderLog(path=folder / "orders.jsonl")
        return made


class Rows:
    def read(self) -> Any:
        return records({"id": "A"}, {"id": "B"})


class TestSentLog(StrategyContract):
    def make_source(self, folder: Path) -> Source:
        return Rows()

    def make_strategy(self, folder: Path) -> Strategy:
        made: Strategy = example("class SentLog").SentLog(path=folder / "sent.txt")
        return made

    def test_it_writes_whom_the_service_left_out(self, tmp_path: Path) -> None:
        world = self.world(tmp_path)
        world.strategy.write_back(world.tasks())
        assert (tmp_path / "sent.txt").read_text().splitlines()[0] == "A group: v-1, left out: x"


def test_the_diary_is_started_and_stopped(tmp_path: Path) -> None:
    diary = example("class Diary").Diary(path=tmp_path / "diary.txt")
    diary.open(ObserverContext(clock=FakeClock(100.0)))
    record: Record = records({"id": "A"})[0]
    diary.task_in_doubt(sent_task(record, {}), Outcome.unknown("ReadTimeout"))
    made = Decision(1, 0.0, "cancelled", "lin", "old", 1, None, None, None, None)
    diary.decided(made)
    diary.close()
    lines = (tmp_path / "diary.txt").read_text().splitlines()
    assert lines == ["100 started", "sample/A: ReadTimeout", "lin cancelled: old", "stopped"]


def test_a_callback_keeps_what_the_service_tells(world: CliWorld) -> None:
    world.lived()
    with world.outbox() as outbox:
        outbox.db.execute("UPDATE attempts SET vendor_id = 'acme-1' WHERE task_id = 1")
    cli = click.Group()
    example("def acme_callback").register_commands(cli)
    body = json.dumps({"ok": False, "ref": "acme-1", "at": 1_700_000_000.0})
    session = Session(plugins=load_plugins(), file=world.project)
    done = CliRunner().invoke(cli, ["acme-callback", body], obj=session, catch_exceptions=False)
    assert done.stdout.endswith(": bounced\n")
    assert world.json("status")["campaigns"][0]["receipts"]["bounced"] == 1
