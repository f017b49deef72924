"""For every test: the same surroundings everywhere, and nothing that another test left in this process."""

from __future__ import annotations

import gc
import logging
import os
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import coarse_clock
import pytest
import surroundings
from hypothesis import HealthCheck, settings
from shuffled import pytest_collection_modifyitems, pytest_report_header  # noqa: F401 - hooks
from system import may_be_skipped

# Before anything of notifykit is imported: what it takes from `time` must be the clock that ticks.
coarse_clock.from_environment()

from notifykit import redaction  # noqa: E402 - see above
from notifykit.wording import translation  # noqa: E402

surroundings.settle()

# Processes that tests start find their modules; what is installed goes before what is in the checkout.
sys.path.append(str(Path(__file__).parents[1]))

CI = bool(os.environ.get("CI"))

settings.register_profile(
    "notifykit",
    deadline=None,  # how long an example takes says something of the machine only
    max_examples=int(os.environ.get("NOTIFYKIT_TEST_EXAMPLES", "30")),
    print_blob=CI,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("notifykit")

OLD_PROGRAM = {"modules", "task_manager", "task_scheduler", "jobs"}
"""Top-level names of old programs, each from a folder of its own test."""


@contextmanager
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, path, credentials = list(root.handlers), root.level, list(sys.path), dict(redaction._known)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.path[:] = path
    translation.speak(translation.ENGLISH)
    if redaction._known.keys() != credentials.keys():
        redaction._known, redaction._forms = credentials, redaction._Forms(credentials)
    if not OLD_PROGRAM.isdisjoint(sys.modules):
        for name in [name for name in sys.modules if name.partition(".")[0] in OLD_PROGRAM]:
            del sys.modules[name]


@pytest.fixture(autouse=True, scope="module")
def _module_as_before() -> Iterator[None]:
    with as_before():
        yield


@pytest.fixture(autouse=True)
def _test_as_before() -> Iterator[None]:
    with as_before():
        yield


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """In CI, what is about kills is on a disk: there an fsync is more than nothing."""
    if not CI or request.node.get_closest_marker("crash") is None:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/var/tmp", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Path]:
    """A folder on another filesystem, where there is one."""
    beside = [place for place in map(Path, ("/var/tmp", "/dev/shm")) if os.access(place, os.W_OK)]
    other = [place for place in beside if place.stat().st_dev != tmp_path.stat().st_dev]
    with tempfile.TemporaryDirectory(dir=other[0] if other else None) as name:
        yield Path(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, what is skipped for want of something has failed."""
    report = yield
    if CI and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if not may_be_skipped(reason):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI: {reason}; .ci/run installs what tests need"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector look at what a test leaves, not at thousands of tests and modules, in every round."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, of eight at most: tests wait for processes, servers and locks."""
    cores = os.cpu_count() or 1
    if sys.platform == "linux":
        cores = len(os.sched_getaffinity(0))
    return min(cores, 8) + 1
