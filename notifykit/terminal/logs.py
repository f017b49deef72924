"""Logging for the command line: to stderr or a file, without credentials, and without what data could forge."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from notifykit.errors import NotifykitError
from notifykit.redaction import redact
from notifykit.terminal.console import visible, visible_lines
from notifykit.wording.translation import gettext

_TALKATIVE = ("httpx", "httpcore", "httpx2", "httpcore2", "urllib3", "apprise")
"""They log whole addresses, keys included, at INFO or DEBUG."""

_NAME = "notifykit"

FILE_SIZE = 10 * 1024**2
"""Bytes after which a log file is put aside."""

FILES_KEPT = 5
"""Files that were put aside: FILE.1 is the latest."""

ABOUT = ("code", "campaign", "channel", "task")
"""What a record may say apart from its message: which kind of thing happened, to what."""


class RedactingFilter(logging.Filter):
    """Removes registered credentials from a record: message, exception and stack.

    A message is one line: line ends and commands to a terminal, which may come from a business key, are escaped. It is
    said in the language that is spoken, unless it is for programs.
    """

    def __init__(self, *, for_programs: bool = False) -> None:
        super().__init__()
        self._for_programs = for_programs

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; it always passes."""
        if not self._for_programs and isinstance(record.msg, str):
            record.msg = gettext(record.msg)
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


class LineFormatter(logging.Formatter):
    """`TIME LEVEL LOGGER [CAMPAIGN]: MESSAGE`, the time with the offset of this machine's zone."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without what was raised."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="seconds")
        campaign = getattr(record, "campaign", None)
        about = f" [{visible(campaign)}]" if campaign else ""
        return f"{at} {record.levelname} {record.name}{about}: {record.message}"


class JsonFormatter(logging.Formatter):
    """One object a line: `at` (UTC), `level`, `logger`, `message`; `code`, `campaign`, `channel`, `task` and
    `exception` where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON."""
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name in ABOUT if (value := getattr(record, name, None)) is not None},
        }
        if raised := "\n".join(filter(None, (record.exc_text, record.stack_info))):
            said["exception"] = raised
        import json  # for whoever wants it

        return json.dumps(said, ensure_ascii=False)


class _ToStderr(logging.Handler):
    """Writes where stderr goes just now: above what moves on a terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line."""
        with suppress(OSError):  # stderr is closed or full: there is nobody to tell
            click.echo(self.format(record), file=sys.stderr)


def configure(verbosity: int, *, as_json: bool = False, file: Path | None = None) -> None:
    """Send log records to stderr, or to a file. 0 shows warnings, 1 information, 2 everything, -1 only errors.

    A file is put aside as FILE.1, FILE.2 and so on when it has `FILE_SIZE`. May be called again: the latest call
    counts. Raises NotifykitError where the file cannot be written.
    """
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if handler.get_name() == _NAME]:
        root.removeHandler(old)
        old.close()
    handler = _ToStderr() if file is None else _to_file(file)
    handler.set_name(_NAME)
    handler.addFilter(RedactingFilter(for_programs=as_json))
    handler.setFormatter(JsonFormatter() if as_json else LineFormatter())
    root.addHandler(handler)
    levels = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}
    root.setLevel(levels.get(max(verbosity, -1), logging.DEBUG))
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _to_file(file: Path) -> logging.Handler:
    from logging.handlers import RotatingFileHandler  # for whoever wants it

    try:
        return RotatingFileHandler(file, maxBytes=FILE_SIZE, backupCount=FILES_KEPT, encoding="utf-8")
    except OSError as error:
        mend = gettext("name a file in a folder that this account may write to")
        raise NotifykitError(
            gettext("the log cannot be written ({strerror})", strerror=error.strerror), where=file, mend=mend
        ) from error
