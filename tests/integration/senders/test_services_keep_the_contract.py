"""The senders of single services keep the contract, each against the service that answers like its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mail_server import SILENCE, MailServer
from notifykit_apprise.sender import Apprise
from notifykit_discord.sender import DiscordWebhook
from notifykit_ntfy.sender import Ntfy
from notifykit_slack.api import SlackApi
from notifykit_slack.webhook import SlackWebhook
from notifykit_smtp.sender import Smtp
from notifykit_telegram.sender import Telegram
from ports import nobodys_port

from notifykit.roles import Sender
from notifykit.secrets import Secret
from notifykit.testing import HttpService, SenderContract
from notifykit.testing.services import FakeDiscord, FakeNtfy, FakeSlack, FakeTelegram

TOKEN = "123456:0a1b2c3d4e5f6a7b8c9d0e"


class ServiceContract(SenderContract):
    """A sender to a service that listens at an address."""

    def service(self) -> HttpService:
        raise NotImplementedError

    def at(self, address: str) -> Sender:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _listening(self) -> Iterator[None]:
        with self.service() as self.listening:
            yield

    def make_sender(self, folder: Path) -> Sender:
        return self.at(self.listening.address)

    def make_http_sender(self, folder: Path, url: str) -> Sender | None:
        return self.at(url)

    def make_unreachable_sender(self, folder: Path) -> Sender:
        return self.at(f"http://127.0.0.1:{nobodys_port()}")

    def make_unanswered_sender(self, folder: Path) -> Sender:
        self.listening.answer_nothing()
        return self.at(self.listening.address)


class TestTelegram(ServiceContract):
    def service(self) -> HttpService:
        return FakeTelegram(TOKEN)

    def at(self, address: str) -> Sender:
        return Telegram(token=Secret(TOKEN), api_url=address, format="markdown_v2")


class TestSlackWebhook(ServiceContract):
    def service(self) -> HttpService:
        return FakeSlack(hooks={"T0/B0/0a1b2c"})

    def at(self, address: str) -> Sender:
        return SlackWebhook(url=Secret(f"{address}/services/T0/B0/0a1b2c"))


class TestSlackApi(ServiceContract):
    def service(self) -> HttpService:
        return FakeSlack(token="xoxb-0a1b-2c3d")

    def at(self, address: str) -> Sender:
        return SlackApi(token=Secret("xoxb-0a1b-2c3d"), api_url=f"{address}/api")


class TestDiscordWebhook(ServiceContract):
    def service(self) -> HttpService:
        return FakeDiscord(token="0a1b2c3d-token")

    def at(self, address: str) -> Sender:
        return DiscordWebhook(url=Secret(f"{address}/api/webhooks/100000000000000001/0a1b2c3d-token"))


class TestNtfy(ServiceContract):
    recipient = "orders"

    def service(self) -> HttpService:
        return FakeNtfy(token="tk_0a1b2c3d")

    def at(self, address: str) -> Sender:
        return Ntfy(url=address, token=Secret("tk_0a1b2c3d"))


class TestApprise(ServiceContract):
    def service(self) -> HttpService:
        return HttpService()

    def make_http_sender(self, folder: Path, url: str) -> Sender | None:
        return None  # what a service of `json://` answers is nobody's but Apprise's to judge: any 2xx

    def at(self, address: str) -> Sender:
        return Apprise(url=Secret(f"json://{address.removeprefix('http://')}/0a1b2c3d"))


class TestSmtp(SenderContract):
    recipient = "li@example.com"

    @pytest.fixture(autouse=True)
    def _listening(self) -> Iterator[None]:
        with MailServer() as self.listening:
            yield

    def at(self, port: int) -> Smtp:
        return Smtp(
            host="127.0.0.1", port=port, security="none", from_address="orders@example.com", hello="here.example"
        )

    def make_sender(self, folder: Path) -> Sender:
        return self.at(self.listening.port)

    def make_unreachable_sender(self, folder: Path) -> Sender:
        return self.at(nobodys_port())

    def make_unanswered_sender(self, folder: Path) -> Sender:
        self.listening.replies["END"] = SILENCE
        return self.at(self.listening.port)


class TestSmtpOverKeptSessions(TestSmtp):
    @pytest.fixture(autouse=True)
    def _kept(self, _listening: None) -> Iterator[None]:
        self.made: list[Smtp] = []
        yield
        for sender in self.made:
            sender.close()

    def at(self, port: int) -> Smtp:
        sender = super().at(port)
        sender.open()
        self.made.append(sender)
        return sender
