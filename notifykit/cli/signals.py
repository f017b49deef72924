"""SIGINT and SIGTERM: the first ends the work after what is under way, the second ends the process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from notifykit.errors import ExitCode

_ASKED = b"!"
_OVER = b"."
_MESSAGE = b"\nnotifykit: stopping; what is on the wire is finished first (once more: leave at once)\n"


class Interruption:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.asked = False


@contextmanager
def stopping_with(stop: Callable[[], None]) -> Iterator[Interruption]:
    """Call `stop`, from a thread of its own, at the first signal. At the second the process is gone: exit code 130.

    A signal that the process was started to ignore (`nohup`) stays ignored.
    """
    interruption = Interruption()
    reader, writer = os.pipe()

    def heard(_number: int, _frame: FrameType | None) -> None:
        if interruption.asked:
            os._exit(ExitCode.INTERRUPTED)
        interruption.asked = True
        # A handler may run while the main thread holds any lock: it takes none, and writes to no buffered stream.
        os.write(writer, _ASKED)

    def listen() -> None:
        if os.read(reader, 1) == _ASKED:
            stop()
            with suppress(OSError):  # stderr may be closed
                os.write(2, _MESSAGE)

    listener = threading.Thread(target=listen, name="signals", daemon=True)
    listener.start()
    before = {
        number: signal.signal(number, heard)
        for number in (signal.SIGINT, signal.SIGTERM)
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
