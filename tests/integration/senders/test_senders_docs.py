"""docs/senders.md is run: its examples work, its tables say what the code says."""

import dataclasses
import importlib.util
import re
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from notifykit_dingtalk.errcodes import ERRCODES as DINGTALK
from notifykit_discord.sender import OF_THE_HOOK as OF_THE_DISCORD_HOOK
from notifykit_feishu.codes import CODES as FEISHU
from notifykit_ntfy.sender import PAUSES
from notifykit_slack.errors import FAILED, OF_THE_TOKEN, WAITS
from notifykit_slack.webhook import OF_THE_HOOK
from notifykit_wecom.app_errcodes import ERRCODES as WECOM_APP
from notifykit_wecom.errcodes import ERRCODES as WECOM_ROBOT

from notifykit.model import Outcome, Verdict
from notifykit.pipeline.project import Project, open_project
from notifykit.plugins import load_plugins
from notifykit.roles import Rate
from notifykit.secrets import Secret
from notifykit.testing import message, send_context

PAGE = (Path(__file__).parents[3] / "docs" / "senders.md").read_text(encoding="utf-8")
Answering = Callable[..., tuple[str, list[bytes]]]
CODES = {"wecom_robot": WECOM_ROBOT, "wecom_app": WECOM_APP, "dingtalk_robot": DINGTALK, "feishu_robot": FEISHU}
Serve = Callable[..., str]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def section(title: str) -> str:
    """Return the part of the page below a heading, up to the next of its rank."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Path]:
    """A folder with the page's Python files in it, each under the name that its first line gives."""
    files = {block.splitlines()[0].removeprefix("# "): block for block in blocks("python")}
    assert set(files) == {"desktop/desktop_sender.py", "notifykit_acme.py", "notifykit_acme_chat.py"}
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    before = sys.path[:]
    sys.modules.pop("desktop_sender", None)
    yield tmp_path
    sys.path[:] = before
    sys.modules.pop("desktop_sender", None)


@pytest.fixture
def project(written: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with every sender of the page's YAML."""
    senders = "".join(block.removeprefix("senders:\n") for block in blocks("yaml"))
    (written / "notifykit.yaml").write_text(f"senders:\n{senders}", encoding="utf-8")
    monkeypatch.setenv("BEIJING_ROBOT_KEY", "0a1b-beijing")
    for name in ("STAFF_APP_SECRET", "DING_TOKEN", "DING_SECRET", "FEISHU_TOKEN", "FEISHU_SECRET"):
        monkeypatch.setenv(name, f"0a1b-{name.lower()}")
    monkeypatch.setenv("TEAMS_WORKFLOW_URL", "http://127.0.0.1:1/workflow-0a1b2c")
    monkeypatch.setenv("SHOP_WEBHOOK_URL", "http://127.0.0.1:1/shop-0a1b2c")
    monkeypatch.setenv("SHOP_TOKEN", "Bearer 0a1b-shop")
    for name in ("MAIL_PASSWORD", "SLACK_TOKEN", "NTFY_TOKEN"):
        monkeypatch.setenv(name, f"0a1b-{name.lower()}")
    for name in ("SLACK_WEBHOOK_URL", "DISCORD_WEBHOOK_URL"):
        monkeypatch.setenv(name, f"http://127.0.0.1:1/{name.lower()}-0a1b2c")
    monkeypatch.setenv("BOT_TOKEN", "123456:0a1b2c3d4e5f6a7b8c9d0e")
    monkeypatch.setenv("MATRIX_URL", "json://127.0.0.1:1/matrix-0a1b2c")
    (written / "secrets").mkdir()
    (written / "secrets" / "award-desk").write_text("0a1b-award\n")
    return open_project(written / "notifykit.yaml")


def test_the_yaml_examples_load(project: Project) -> None:
    assert project.configuration.unavailable == ()
    assert {name: channel.type for name, channel in project.configuration.channels.items()} == {
        "beijing-group": "wecom_robot",
        "award-desk": "wecom_robot",
        "staff": "wecom_app",
        "ding-group": "dingtalk_robot",
        "feishu-group": "feishu_robot",
        "teams-sales": "teams_workflow",
        "shop": "webhook",
        "mail": "smtp",
        "bot": "telegram",
        "slack-desk": "slack_webhook",
        "slack-app": "slack_api",
        "discord-desk": "discord_webhook",
        "phones": "ntfy",
        "matrix": "apprise",
        "desktop": "python",
        "archive": "file",
        "screen": "console",
    }


def test_the_overview_says_what_the_channels_declare(project: Project) -> None:
    channels = {channel.type: channel for channel in project.configuration.channels.values()}
    rows = re.findall(r"^\| \[`(\w+)`\].*\| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    assert {name for name, _, _ in rows} == channels.keys()
    for name, repeatable, limits in rows:
        assert channels[name].repeatable is (repeatable != "no")
        of_all = ", ".join(map(words, channels[name].limits))
        of_each = ", ".join(map(words, channels[name].key_limits))
        declared = [of_all, f"{of_each} for each recipient" if of_each else ""]
        assert limits == "; ".join(filter(None, declared)) or limits in ("none", "one call at a time")
        assert any(declared) == (limits not in ("none", "one call at a time"))


def words(rate: Rate) -> str:
    return f"{rate.count} in {rate.seconds:g} s"


def test_every_option_is_documented_with_its_default() -> None:
    senders = load_plugins().registry.senders
    for name in re.findall(r"^\| \[`(\w+)`\]", PAGE, re.MULTILINE):
        tables = section(name).split("| option | default | |\n|---|---|---|\n")[1:]
        cls = senders[name].load()
        assert isinstance(cls, type)
        classes = [cls, *filter(None, [getattr(cls, "message_options", None)])]
        assert len(tables) == len(classes), name
        for table, of in zip(tables, classes, strict=True):
            documents(table, of)


@pytest.mark.parametrize(
    ("name", "outcome", "codes"),
    [
        ("slack_webhook", "rejected, and the channel is paused", set(OF_THE_HOOK)),
        ("slack_api", "rejected, and the channel is paused", set(OF_THE_TOKEN)),
        ("slack_api", "unknown: Slack says", set(FAILED)),
        ("slack_api", "retry", set(WAITS)),
        ("discord_webhook", "rejected, and the channel is paused", set(map(str, OF_THE_DISCORD_HOOK))),
        ("ntfy", "retry after", set(map(str, PAUSES))),
    ],
)
def test_what_a_service_says_is_documented(name: str, outcome: str, codes: set[str]) -> None:
    table = section(name).split("| answer | outcome |\n|---|---|\n")[1].split("\n\n")[0]
    rows = [line.split(" | ") for line in table.splitlines()]
    told = "\n".join(cell for cell, said in rows if said.startswith(outcome))
    assert set(re.findall(r"[a-z]+_[a-z_]+|\d{5}|ratelimited|accesslimited", told)) == codes


def documents(table: str, cls: type) -> None:
    documented = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table.split("\n\n")[0], re.MULTILINE))
    assert dataclasses.is_dataclass(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    assert list(documented) == list(fields), cls
    for option, field in fields.items():
        required = field.default is field.default_factory is dataclasses.MISSING
        shown = documented[option].strip("`")
        if required or field.default is None or field.default == "":
            assert shown == "–", option
        elif isinstance(field.default, str):
            assert shown == field.default, option
        elif isinstance(field.default, bool):
            assert shown == str(field.default).lower(), option
        elif isinstance(field.default, float):
            assert shown == f"{field.default:g}s", option
        else:
            assert shown.startswith(("[", "{")), option


@pytest.mark.parametrize(("name", "word"), [(name, "code" if name == "feishu_robot" else "errcode") for name in CODES])
def test_every_errcode_is_documented(name: str, word: str) -> None:
    table = section(name).split(f"| {word} | outcome |\n|---|---|\n")[1].split("\n\n")[0]
    documented: dict[int, str] = {}
    for codes, outcome in re.findall(r"^\| ([-\d, ]+) \| (\w+)", table, re.MULTILINE):
        documented.update({int(code): outcome for code in codes.split(",")})
    assert documented == {code: str(outcome.verdict) for code, outcome in CODES[name].items()}


def load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_desktop_sender(project: Project) -> None:
    desktop = project.configuration.channels["desktop"].sender
    assert desktop.send(message(recipient="测试管家甲"), send_context()).verdict is Verdict.UNKNOWN
    missing = desktop.send(message(recipient="nobody"), send_context())
    assert (missing.verdict, missing.code, missing.after) == (Verdict.RETRY, "window_not_found", 30)


@pytest.mark.parametrize(
    ("reply", "verdict", "code"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Verdict.ACCEPTED, ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", Verdict.UNKNOWN, "not_ok"),
        (b"HTTP/1.1 500 OK\r\nContent-Length: 2\r\n\r\nok", Verdict.UNKNOWN, "HTTP 500"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 10\r\n\r\nno_service", Verdict.REJECTED, "HTTP 404"),
        (b"HTTP/1.1 429 No\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n", Verdict.RETRY, "HTTP 429"),
        (b"", Verdict.UNKNOWN, "RemoteProtocolError"),
    ],
)
def test_a_sender_in_twenty_lines(
    written: Path, answering: Answering, reply: bytes, verdict: Verdict, code: str
) -> None:
    file = written / "notifykit_acme_chat.py"
    lines = [line for line in file.read_text().splitlines()[1:] if line and not re.match(r"from|import", line)]
    assert len(lines) <= 20
    module = load(file)
    offered: dict[str, type] = {}
    module.register_senders(offered.__setitem__)
    url, requests = answering(reply)
    sender = offered["acme_chat"](url=Secret(f"{url}/chat/0a1b2c"))
    assert sender.limits == (Rate(1, 1.0),)
    assert [field.name for field in dataclasses.fields(sender)] == ["url"]
    assert sender.escape("<!channel> & co") == "&lt;!channel&gt; &amp; co"
    outcome: Outcome = sender.send(message(text="工单"), send_context())
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert requests[0].endswith('{"text":"工单"}'.encode())


def test_a_sender_with_a_token(written: Path, serve: Serve) -> None:
    good = 1

    def service(connection: socket.socket, request: bytes) -> None:
        nonlocal good
        asked.append(request.split()[1])
        if asked[-1] == b"/token":
            body = b'{"token":"fake-token-%d","expires_in":7200}' % good
        elif b"Bearer fake-token-%d\r\n" % good in request:
            body = b'{"ok":true}'
        else:
            connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    asked: list[bytes] = []
    sender = load(written / "notifykit_acme.py").Acme(url=serve(service), key=Secret("0a1b-acme"))
    for _ in range(2):
        assert sender.send(message(), send_context()).verdict is Verdict.ACCEPTED
    assert asked == [b"/token", b"/send", b"/send"]
    good = 2
    assert sender.send(message(), send_context()).verdict is Verdict.ACCEPTED
    assert asked[3:] == [b"/send", b"/token", b"/send"]
