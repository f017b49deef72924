from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.demo.request_log import RequestLog
from notifykit.demo.service import Service
from notifykit.demo.world import HOOK, ROBOTS
from notifykit.testing.clock import FakeClock


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "requests.jsonl"


@pytest.fixture
def request_log(log_file: Path) -> RequestLog:
    return RequestLog(log_file)


@pytest.fixture
def service(request_log: RequestLog) -> Iterator[Service]:
    service = Service(ROBOTS, (HOOK,), request_log, FakeClock())
    with service.running():
        yield service
