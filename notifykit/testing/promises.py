"""Promises that were not tested, because the test class says too little: told at the end of the run."""

from __future__ import annotations

from typing import NoReturn

import pytest

_MARK = "promise not tested: "
_NAME = "notifykit-promises"


def untested(promise: str, maker: str) -> NoReturn:
    """Skip a test of a contract, for want of what `maker` would return."""
    pytest.skip(f"{_MARK}{promise}; say {maker}()")


class TellsPromises:
    """The base of the contracts."""

    @pytest.fixture(autouse=True)
    def _tell_promises(self, request: pytest.FixtureRequest) -> None:
        plugins = request.config.pluginmanager
        if not plugins.has_plugin(_NAME):
            plugins.register(_Summary(), _NAME)


class _Summary:
    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List them, each with its class."""
        lines = []
        for report in terminalreporter.stats.get("skipped", ()):
            _, _, reason = report.longrepr if isinstance(report.longrepr, tuple) else ("", "", "")
            if (text := reason.removeprefix("Skipped: ")).startswith(_MARK):
                lines.append(f"{report.nodeid.rpartition('::')[0]}: {text.removeprefix(_MARK)}")
        if lines:
            terminalreporter.section("promises that were not tested", sep="-")
            for line in dict.fromkeys(lines):
                terminalreporter.write_line(line)
