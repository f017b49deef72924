"""A campaign through each single service, by the command: a refusal, a silence, and every message told once at most."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from mail_server import MailServer

from notifykit.cli.app import build_cli
from notifykit.model import Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Filter
from notifykit.testing import HttpAnswer
from notifykit.testing.services import (
    BROKEN,
    FakeDiscord,
    FakeNtfy,
    FakeService,
    FakeSlack,
    FakeTelegram,
    json_answer,
)

ORDERS = 8
SECRETS = {
    "CS_BOT": "123456:0a1b2c3d4e5f6a7b8c9d0e",
    "CS_SLACK": "xoxb-0a1b-2c3d",
    "CS_NTFY": "tk_0a1b2c3d",
    "CS_URL": "",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)


def telegram() -> tuple[FakeService, str, HttpAnswer]:
    refusal = json_answer(403, {"ok": False, "error_code": 403, "description": "Forbidden"})
    return FakeTelegram(SECRETS["CS_BOT"]), "type: telegram, token: {env: CS_BOT}, api_url: AT", refusal


def slack_webhook() -> tuple[FakeService, str, HttpAnswer]:
    service = FakeSlack(hooks={"T0/B0/0a1b2c"})
    os.environ["CS_URL"] = f"{service.address}/services/T0/B0/0a1b2c"
    return service, "type: slack_webhook, url: {env: CS_URL}", HttpAnswer(400, b"invalid_payload")


def slack_api() -> tuple[FakeService, str, HttpAnswer]:
    refusal = json_answer(200, {"ok": False, "error": "is_archived"})
    return FakeSlack(token=SECRETS["CS_SLACK"]), "type: slack_api, token: {env: CS_SLACK}, api_url: AT/api", refusal


def discord_webhook() -> tuple[FakeService, str, HttpAnswer]:
    service = FakeDiscord(token="0a1b2c3d-token")
    os.environ["CS_URL"] = service.hook
    return service, "type: discord_webhook, url: {env: CS_URL}", json_answer(400, {"code": 240000, "message": "no"})


def ntfy() -> tuple[FakeService, str, HttpAnswer]:
    refusal = json_answer(403, {"code": 40301, "http": 403, "error": "forbidden"})
    return FakeNtfy(token=SECRETS["CS_NTFY"]), "type: ntfy, token: {env: CS_NTFY}, url: AT", refusal


def run(folder: Path, sender: str, more: str = "", at: str = "") -> Counter[Status]:
    """Run a campaign once, and return how its messages stand."""
    (folder / "notifykit.yaml").write_text(
        f"dispatch: {{workers: 4, timeout: 2}}\nsenders:\n  channel: {{{sender}}}\n", encoding="utf-8"
    )
    (folder / "campaigns").mkdir()
    (folder / "campaigns" / "orders.yaml").write_text(
        "source: {type: csv, path: orders.csv, key: id}\n"
        "strategy: {type: once}\n"
        "messages:\n"
        "  - name: told\n"
        "    sender: channel\n"
        '    recipient: \'{{ record["who"] }}' + at + "'\n"
        "    template: 'order {{ record[\"id\"] }}'\n" + more,
        encoding="utf-8",
    )
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "who"), *((f"K-{n}", f"who{n}") for n in range(ORDERS))])
    CliRunner().invoke(build_cli(), ["--project", str(folder / "notifykit.yaml"), "run", "--once"])
    with closing(SqliteOutbox.open(folder / "state" / "notifykit.db", create=False)) as outbox:
        return Counter(task.status for task in outbox.tasks(Filter()))


@pytest.mark.parametrize("made", [telegram, slack_webhook, slack_api, discord_webhook, ntfy])
def test_a_refusal_and_a_silence(tmp_path: Path, made: Callable[[], tuple[FakeService, str, HttpAnswer]]) -> None:
    service, sender, refusal = made()
    with service:
        service.fail_next(refusal)
        service.fail_next(BROKEN, takes=True)
        found = run(tmp_path, f"{sender.replace('AT', service.address)}, limits: []")
    assert found == {Status.COMPLETED: ORDERS - 2, Status.FAILED: 1, Status.IN_DOUBT: 1}
    texts = [one.text for one in service.delivered]
    assert len(texts) == len(set(texts)) == ORDERS - 1


def test_mails_over_few_sessions_with_what_their_options_say(tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_text("条款", encoding="utf-8")
    options = (
        "    options:\n"
        "      subject: 'Order {{ record[\"id\"] }}'\n"
        "      html: '<b>{{ record[\"id\"] }}</b>'\n"
        "      cc: [desk@example.com]\n"
        "      attachments: [terms.txt]\n"
    )
    with MailServer(replies={"who3@example.com": "550 5.1.1 no such user"}) as server:
        sender = f"type: smtp, host: 127.0.0.1, port: {server.port}, security: none, from_address: orders@example.com"
        found = run(tmp_path, sender, options, "@example.com")
        assert server.connections <= 4
    assert found == {Status.COMPLETED: ORDERS - 1, Status.FAILED: 1}
    assert len({mail.message["Message-ID"] for mail in server.mails}) == ORDERS - 1
    mail = next(mail for mail in server.mails if "who1@example.com" in mail.recipients)
    assert mail.recipients == ["who1@example.com", "desk@example.com"]
    assert mail.message["Subject"] == "Order K-1"
    assert [part.get_filename() for part in mail.message.iter_attachments()] == ["terms.txt"]
