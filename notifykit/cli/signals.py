"""SIGINT and SIGTERM: the first ends the work after what is under way, the second ends the process. SIGHUP: read the
configuration anew."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from notifykit.errors import ExitCode
from notifykit.terminal.console import warn
from notifykit.wording.translation import gettext, gettext_noop

_ASKED = b"!"
_ANEW = b"r"
_OVER = b"."
_CURSOR = b"\x1b[?25h\n"
"""Has a terminal show its cursor again, which lines that move hide."""
_MESSAGE = gettext_noop("notifykit: stopping; what is on the wire is finished first (once more: leave at once)")


class Interruption:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.asked = False


@contextmanager
def stopping_with(
    stop: Callable[[], None], reload: Callable[[], None] | None = None, left: Callable[[], str] = str
) -> Iterator[Interruption]:
    """Call `stop`, from a thread of its own, at the first signal. At the second the process is gone: exit code 130.

    `left` says what is left behind then, empty for nothing. It is called while any lock may be held, and takes none.

    `reload` is called likewise at each SIGHUP; without it, SIGHUP does what it did before.

    A signal that the process was started to ignore (`nohup`) stays ignored.
    """
    interruption = Interruption()
    reader, writer = os.pipe()

    def heard(_number: int, _frame: FrameType | None) -> None:
        if interruption.asked:
            with suppress(OSError):
                if os.isatty(2):
                    os.write(2, _CURSOR)
                if told := left():
                    os.write(2, f"notifykit: {told}\n".encode(sys.stderr.encoding or "utf-8", "backslashreplace"))
            os._exit(ExitCode.INTERRUPTED)
        interruption.asked = True
        # A handler may run while the main thread holds any lock: it takes none, and writes to no buffered stream.
        os.write(writer, _ASKED)

    def heard_reload(_number: int, _frame: FrameType | None) -> None:
        os.write(writer, _ANEW)

    def listen() -> None:
        while (told := os.read(reader, 1)) != _OVER:
            if told == _ANEW and reload is not None:
                reload()
            elif told == _ASKED:
                stop()
                warn("", gettext(_MESSAGE))  # behind the ^C that a terminal shows

    listener = threading.Thread(target=listen, name="signals", daemon=True)
    listener.start()
    handlers = {signal.SIGINT: heard, signal.SIGTERM: heard}
    if reload is not None and (hang_up := getattr(signal, "SIGHUP", None)):  # Windows has none
        handlers[hang_up] = heard_reload
    before = {
        number: signal.signal(number, handler)
        for number, handler in handlers.items()
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        os.write(writer, _OVER)
        listener.join()
        os.close(reader)
        os.close(writer)
