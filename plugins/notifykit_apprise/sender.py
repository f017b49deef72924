"""The services of Apprise (github.com/caronc/apprise), for which there is no sender of their own.

What Apprise says of a delivery is not believed: see `notifykit_apprise.watching`.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from notifykit.errors import PluginError
from notifykit.messages.escaping import escape_commonmark, escape_html
from notifykit.model import Message, Outcome
from notifykit.options import Secret
from notifykit.roles import Probe, SendContext
from notifykit.secrets import SecretMissingError
from notifykit.wording.translation import gettext
from notifykit_apprise import wording

EXTRA = 'pip install "notifykit-outbox[apprise]"'


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseOptions:
    """What a message may say beside its text."""

    title: str = ""
    kind: Literal["info", "success", "warning", "failure"] = "info"
    """What services show by a colour or a picture."""
    format: Literal["text", "markdown", "html"] = "text"
    """What the text is written in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apprise:
    """Send by a URL of Apprise. It names the target; a task's recipient is only a label."""

    repeatable: ClassVar[bool] = False
    length_unit: ClassVar[str] = "characters"
    message_options: ClassVar[type] = AppriseOptions
    escapes: ClassVar[Mapping[str, Callable[[str], str] | None]] = {
        "text": None,
        "markdown": escape_commonmark,
        "html": escape_html,
    }

    url: Secret
    """Such as `tgram://…`: it holds the credentials."""
    max_length: int | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_length", None)
        if importlib.util.find_spec("apprise") is None:
            raise PluginError(gettext("the type `apprise` needs apprise, which is not installed"), mend=EXTRA)
        from notifykit_apprise import service

        _be_quiet()
        try:
            url = self.url.reveal()
        except SecretMissingError:
            return
        object.__setattr__(self, "max_length", service.make(url).body_maxlen)

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Send once, and judge by what was asked by HTTP."""
        from notifykit_apprise import service, watching

        if not message.text.strip():
            return Outcome.rejected("empty", wording.EMPTY().text)
        try:
            message.text.encode()
        except UnicodeEncodeError:
            return Outcome.rejected("UnicodeEncodeError", wording.NOT_UNICODE().text)
        if self.max_length is not None and (size := len(message.text)) > self.max_length:
            return Outcome.rejected("too_long", wording.TOO_LONG(size=size, most=self.max_length).text)
        said = message.options if isinstance(message.options, AppriseOptions) else AppriseOptions()
        one = service.make(self.url.reveal(), context.timeout)
        with watching.watched() as exchanges:
            believed = one.notify(body=message.text, title=said.title, notify_type=said.kind, body_format=said.format)
        return watching.judge(exchanges, said=bool(believed), now=context.clock.now())

    def probe(self, timeout: float) -> Probe:  # noqa: ARG002 - nothing is asked
        """Say that nobody can be asked."""
        return Probe.not_asked(gettext("Apprise can only send"))


def _be_quiet() -> None:
    """Below warnings, Apprise and its transport log whole addresses, with keys."""
    for name in ("apprise", "urllib3"):
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < logging.WARNING or logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
