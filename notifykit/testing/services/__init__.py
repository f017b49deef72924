"""Services on loopback that answer as their vendors document: refusals, limits, and silences where a test wants them.

For tests of senders and of whole projects. Each keeps what it took in `delivered`.
"""

from notifykit.testing.services.dingtalk import FakeDingtalk
from notifykit.testing.services.discord import FakeDiscord
from notifykit.testing.services.feishu import FakeFeishu
from notifykit.testing.services.ntfy import FakeNtfy
from notifykit.testing.services.service import BROKEN, Delivered, FakeService, json_answer, json_body
from notifykit.testing.services.slack import FakeSlack
from notifykit.testing.services.teams import FakeTeams
from notifykit.testing.services.telegram import FakeTelegram
from notifykit.testing.services.wecom import FakeWecom

__all__ = [
    "BROKEN",
    "Delivered",
    "FakeDingtalk",
    "FakeDiscord",
    "FakeFeishu",
    "FakeNtfy",
    "FakeService",
    "FakeSlack",
    "FakeTeams",
    "FakeTelegram",
    "FakeWecom",
    "json_answer",
    "json_body",
]
