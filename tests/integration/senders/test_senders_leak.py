"""A key is in no log record and in no outcome, whatever goes wrong, with everything logged."""

import contextlib
import logging
import socket
from collections.abc import Callable, Iterator

import pytest
from notifykit_apprise.sender import Apprise
from notifykit_dingtalk.robot import DingtalkRobot
from notifykit_discord.sender import DiscordWebhook
from notifykit_feishu.robot import FeishuRobot
from notifykit_ntfy.sender import Ntfy
from notifykit_slack.api import SlackApi
from notifykit_slack.webhook import SlackWebhook
from notifykit_teams.workflow import TeamsWorkflow
from notifykit_telegram.sender import Telegram
from notifykit_webhook.accept import Accept
from notifykit_webhook.sender import Webhook
from notifykit_wecom.app import WecomApp
from notifykit_wecom.robot import WecomRobot
from ports import nobodys_port

from notifykit.model import Message, Outcome
from notifykit.roles import SendContext, Sender
from notifykit.secrets import Secret
from notifykit.terminal.logs import RedactingFilter
from notifykit.testing import message, send_context

KEY = "7d3c-leak-9f00"
HEADER = "Bearer-5b1e-leak"

Serve = Callable[..., str]
Reset = Callable[[socket.socket], None]


class _Everything(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def logged() -> Iterator[_Everything]:
    """Every record of every logger, the transport's included, at DEBUG."""
    handler = _Everything()
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("httpx2", "httpcore2", "notifykit"))]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


def senders(url: str) -> list[Sender]:
    return [
        WecomRobot(key=Secret(KEY), base_url=url),
        WecomApp(corpid="ww0a1b", corpsecret=Secret(KEY), agentid=1, base_url=url),
        DingtalkRobot(access_token=Secret(KEY), secret=Secret(f"SEC{KEY}"), base_url=url),
        FeishuRobot(token=Secret(KEY), secret=Secret(f"SEC{KEY}"), base_url=url),
        TeamsWorkflow(url=Secret(f"{url}/invoke?sig={KEY}")),
        Webhook(url=Secret(f"{url}/hook/{KEY}?key={KEY}"), headers={"Authorization": Secret(HEADER)}),
        Telegram(token=Secret(f"123456:{KEY}-0a1b2c3d4e5f"), api_url=url),
        SlackWebhook(url=Secret(f"{url}/services/{KEY}")),
        SlackApi(token=Secret(f"xoxb-{KEY}"), api_url=url),
        DiscordWebhook(url=Secret(f"{url}/api/webhooks/1/{KEY}")),
        Ntfy(url=url, token=Secret(f"tk_{KEY}"), topic=Secret(f"topic-{KEY}")),
        Apprise(url=Secret(f"{url.replace('http', 'json', 1)}/{KEY}")),
        Webhook(url=Secret(f"{url}?key={KEY}"), accept=Accept(path="code", equals="0")),
    ]


def send_all(url: str) -> list[Outcome]:
    context = send_context(timeout=0.5)
    assert isinstance(context, SendContext)
    said: Message = message()
    return [sender.send(said, context) for sender in senders(url)]


def faults(serve: Serve, reset: Reset) -> dict[str, str]:
    answer: Callable[[bytes], str] = lambda reply: serve(lambda connection, _: connection.sendall(reply))  # noqa: E731
    return {
        "refused": f"http://127.0.0.1:{nobodys_port()}",
        "unresolved": "http://robot.invalid",
        "no tls": serve(lambda c, _: c.sendall(b"no tls\r\n"), read=False).replace("http:", "https:"),
        "reset early": serve(lambda connection, _: reset(connection), read=False),
        "reset late": serve(lambda connection, _: reset(connection)),
        "closed": answer(b""),
        "garbage": answer(b"what?\r\n\r\n"),
        "refusal": answer(b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"errcode":93000}'),
        "accepted": answer(b'HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{"errcode":0, "code": 0}'),
        "server error": answer(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
    }


def test_nothing_of_ours_logs_or_stores_the_key(serve: Serve, reset: Reset, logged: _Everything) -> None:
    for name, url in faults(serve, reset).items():
        for outcome in send_all(url):
            assert "leak" not in repr(outcome), name
    assert any("httpcore2" in line for line in logged.lines)
    assert [line for line in logged.lines if "leak" in line] == []


def test_a_server_that_gives_the_key_back(serve: Serve, logged: _Everything) -> None:
    """The transport logs what it receives: the log filter that the command line sets up removes it."""
    logged.addFilter(RedactingFilter())

    def echo(connection: socket.socket, request: bytes) -> None:
        target = request.split(b" ")[1]
        body = b'{"errcode": "%b", "code": "%b", "errmsg": "%b"}' % (target, KEY.encode(), target)
        with contextlib.suppress(OSError):
            connection.sendall(
                b"HTTP/1.1 200 %b\r\nLocation: http://127.0.0.1%b\r\nRetry-After: %b\r\nContent-Length: %d\r\n\r\n%b"
                % (target, target, target, len(body), body)
            )

    for outcome in send_all(serve(echo)):
        assert "leak" not in repr(outcome)
    assert any("Location" in line for line in logged.lines)
    assert [line for line in logged.lines if "leak" in line] == []


def test_options_do_not_show_the_key() -> None:
    assert "leak" not in "".join(map(repr, senders("http://127.0.0.1:1")))
