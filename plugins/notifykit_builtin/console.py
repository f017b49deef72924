"""Messages on the screen, for trying things out and for piping into something else."""

from __future__ import annotations

import sys
import threading
import unicodedata
from dataclasses import dataclass
from typing import Literal, TextIO

from notifykit.model import Message, Outcome
from notifykit.roles import Probe, SendContext
from notifykit.wording.translation import gettext
from notifykit_builtin.wording import NO_STREAM, STREAM_FAILED, WORDING

_line_by_line = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Print each message as one line: recipient, a tab, the text."""

    stream: Literal["stdout", "stderr"] = "stdout"
    """A sender's lines are its result, hence stdout; stderr keeps them out of a command's `--json`."""

    def send(self, message: Message, context: SendContext) -> Outcome:  # noqa: ARG002 - part of the role
        """Print and flush. What cannot be shown (line ends, control characters) is shown as an escape."""
        stream = _stream(self.stream)
        if stream is None or stream.closed:
            return Outcome.retry("no_console", NO_STREAM(stream=self.stream).text)
        line = f"{_visible(message.recipient)}\t{_visible(message.text)}\n"
        encoding = stream.encoding or "utf-8"
        with _line_by_line:
            try:
                stream.write(line.encode(encoding, "backslashreplace").decode(encoding))
                stream.flush()
            except OSError as error:
                return Outcome.unknown(type(error).__name__, STREAM_FAILED(stream=self.stream).text)
        return Outcome.accepted()

    def probe(self, timeout: float) -> Probe:  # noqa: ARG002 - part of the role
        """Say that there is nobody to ask, or nothing to show messages on."""
        if (stream := _stream(self.stream)) is None or stream.closed:
            return Probe.bad(WORDING.said(NO_STREAM(stream=self.stream)))
        return Probe.not_asked(gettext("there is no service: messages are shown here"))


def _stream(name: str) -> TextIO | None:
    return sys.stdout if name == "stdout" else sys.stderr


def _visible(text: str) -> str:
    """Escape what would break the line, or what a terminal would take for a command."""
    if text.isprintable():
        return text
    return "".join(char if _harmless(char) else char.encode("unicode_escape").decode() for char in text)


def _harmless(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"
