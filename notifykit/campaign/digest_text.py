"""The template of a digest, which is one text for several messages.

It sees `messages`, `count` (how many they are) and `campaign` (its name). Each message has the text that its own
template made, which is not escaped again, and what is kept beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2.environment import Template as JinjaTemplate
from jinja2.runtime import Context

from notifykit.campaign.campaign import Escape
from notifykit.campaign.compiling import compile_text, escaped
from notifykit.campaign.render import (
    USERS_MISTAKES,
    line_of,
    text_of,
    what_of,
)
from notifykit.campaign.times import PassTime
from notifykit.errors import RenderError
from notifykit.model import Task
from notifykit.wording.translation import gettext

NAMES = ("messages", "count", "campaign")
"""What the template of a digest sees."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A message, as a template sees it."""

    text: str
    """As its own template made it."""
    key: str
    recipient: str
    name: str
    round: int
    metadata: Mapping[str, Any]
    """What the strategy keeps with it."""

    def __str__(self) -> str:
        """Raise ValueError: nobody means all of it."""
        raise ValueError(gettext("this gives a whole message, not its text; write message.text"))


@dataclass(frozen=True, slots=True)
class DigestTemplate:
    """A compiled template. Call it with messages; safe to call from several threads."""

    compiled: JinjaTemplate
    where: str
    """Its place in the configuration, for messages."""
    campaign: str
    escape: Escape | None

    def __call__(self, messages: Sequence[Task]) -> str:
        """Return the text for these messages. Raises RenderError, which names the template and the place."""
        compiled = self.compiled
        try:
            gathered = [self._gathered(task) for task in messages]
            names = {**compiled.globals, "campaign": self.campaign, "messages": gathered, "count": len(gathered)}
            context = Context(compiled.environment, names, compiled.name, compiled.blocks)
            return text_of(compiled.root_render_func(context))
        except USERS_MISTAKES as error:
            line = line_of(compiled, error.__traceback__)
            told = gettext("{where}, line {line}: {what}", where=self.where, line=line, what=what_of(error))
            raise RenderError(told) from error

    def _gathered(self, task: Task) -> Gathered:
        return Gathered(
            text=task.text,
            key=self._defused(task.key),
            recipient=self._defused(task.recipient),
            name=task.name,
            round=task.round,
            metadata=self._defused(task.metadata),
        )

    def _defused(self, value: Any) -> Any:
        """Return a value with its texts escaped."""
        if self.escape is None:
            return value
        if isinstance(value, str):
            return escaped(self.escape, value)
        if isinstance(value, Mapping):
            return {name: self._defused(one) for name, one in value.items()}
        return [self._defused(one) for one in value] if isinstance(value, list) else value


def compile_digest(
    text: str, *, where: str, escape: Escape | None = None, campaign: str = "", time: PassTime | None = None
) -> DigestTemplate:
    """Compile the template of a digest. `escape` is applied to what comes from a record.

    `where` is the template's place in the configuration, for messages; `time`: of the campaign's pass. Raises
    TemplateInvalidError.
    """
    compiled, _ = compile_text(text, where, time or PassTime(), names=NAMES)
    return DigestTemplate(compiled, where, campaign, escape)
