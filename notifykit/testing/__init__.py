"""Tools for testing plugins: a fake clock, sample values, and a contract test class for each kind of plugin.

Needs pytest. The host never imports it.
"""

import pytest

pytest.register_assert_rewrite(
    *(
        f"{__name__}.{part}"
        for part in ("message_options", "options", "source", "strategy", "sender", "observer", "command")
    ),
)

from notifykit.testing.clock import FakeClock  # noqa: E402
from notifykit.testing.command import CommandContract  # noqa: E402
from notifykit.testing.http import HttpAnswer, HttpRequest, HttpService  # noqa: E402
from notifykit.testing.observer import ObserverContract  # noqa: E402
from notifykit.testing.outbox import ConcurrencyContract, ConnectionsContract, OutboxContract  # noqa: E402
from notifykit.testing.project_runner import ProjectRunner, Ran, project_runner  # noqa: E402
from notifykit.testing.samples import FakeLedger, draft, message, records, send_context, sent_task  # noqa: E402
from notifykit.testing.sender import SenderContract  # noqa: E402
from notifykit.testing.source import SourceContract  # noqa: E402
from notifykit.testing.strategy import StrategyContract  # noqa: E402

__all__ = [
    "CommandContract",
    "ConcurrencyContract",
    "ConnectionsContract",
    "FakeClock",
    "FakeLedger",
    "HttpAnswer",
    "HttpRequest",
    "HttpService",
    "ObserverContract",
    "OutboxContract",
    "ProjectRunner",
    "Ran",
    "SenderContract",
    "SourceContract",
    "StrategyContract",
    "draft",
    "message",
    "project_runner",
    "records",
    "send_context",
    "sent_task",
]
