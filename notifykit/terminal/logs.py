"""Logging for the command line: to stderr, without credentials, and without what data could forge."""

from __future__ import annotations

import logging
import sys

from notifykit.secrets import redact
from notifykit.terminal.console import visible, visible_lines

_TALKATIVE = ("httpx", "httpcore", "httpx2", "httpcore2", "urllib3", "apprise")
"""They log whole addresses, keys included, at INFO or DEBUG."""

_NAME = "notifykit-stderr"


class RedactingFilter(logging.Filter):
    """Removes registered credentials from a record: message, exception and stack.

    A message is one line: line ends and commands to a terminal, which may come from a business key, are escaped.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; it always passes."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # A call whose arguments do not fit its format. Logging would print them raw.
            text = f"{record.msg!s} {record.args!r}"
        record.msg, record.args = visible(redact(text)), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text, record.exc_info = visible_lines(redact(record.exc_text)), None
        if record.stack_info:
            record.stack_info = visible_lines(redact(record.stack_info))
        return True


def configure(verbosity: int) -> None:
    """Send log records to stderr. 0 shows warnings, 1 information, 2 everything, -1 only errors.

    May be called again: the latest call counts.
    """
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if handler.get_name() == _NAME]:
        root.removeHandler(old)
        old.close()
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name(_NAME)
    handler.addFilter(RedactingFilter())
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    levels = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}
    root.setLevel(levels.get(max(verbosity, -1), logging.DEBUG))
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
