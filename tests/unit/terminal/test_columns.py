"""How wide a terminal is."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from notifykit.terminal.stdout import columns


@pytest.mark.parametrize("given", [None, "", "0", "1", "132", "-5", "wide", "7.5"])
def test_it_is_as_wide_as_the_library_finds(monkeypatch: pytest.MonkeyPatch, given: str | None) -> None:
    if given is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", given)
    assert columns() == max(shutil.get_terminal_size().columns, 1)


def test_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("a terminal of its own is made by what POSIX has")
    import fcntl
    import pty
    import struct
    import termios

    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 117, 0, 0))
    kept = os.dup(1)
    try:
        os.dup2(theirs, 1)
        assert columns() == 117
    finally:
        os.dup2(kept, 1)
        for each in (ours, theirs, kept):
            os.close(each)
