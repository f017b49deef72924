"""What a new campaign does with a file of data: guessed, and each point put to a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from notifykit.errors import CampaignError
from notifykit.nearest import hint
from notifykit.start.drafting import Choice
from notifykit.start.guessing import FIXED, FlagWordsGuess, Guess, flag_of, key_of, recipient_of, words_of
from notifykit.start.model import DataFile

NONE = "none"
"""What a person says where no column is meant."""

NAMED = "you named it"


class Ask(Protocol):
    """Puts a point to a person."""

    def __call__(self, what: str, found: str | None, why: str, check: Callable[[str], object]) -> str:
        """Return what the person says; `found` where nobody is asked. `check` raises CampaignError for bad ones.

        Raises NotifykitError where nobody is asked, and nothing was found.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Chooser:
    data: DataFile
    named: Mapping[str, str]
    """What the person said beforehand, by the name of the option."""
    ask: Ask

    def column(self, what: str, guess: Guess | None, nobody: str, *, optional: bool = True) -> tuple[str | None, str]:
        """Return a column, or None for none, and the reason. `nobody`: what is said where nothing was found."""
        found = guess.column if guess else NONE if optional else None
        why = guess.why if guess else nobody

        def require(said: str) -> None:
            if said not in self.data.columns and not (optional and said == NONE):
                mend = f"name one with --{what}: {', '.join(self.data.columns)}"
                raise CampaignError(f'there is no column "{said}"{hint(said, self.data.columns)}', mend=mend)

        said = self.said(what, found, why, require)
        reason = why if said == found and what not in self.named else NAMED
        return (said, reason) if said in self.data.columns else (None, reason)

    def said(self, what: str, found: str | None, why: str, check: Callable[[str], object]) -> str:
        """Return what was named, or what is answered."""
        if what not in self.named:
            return self.ask(what, found, why, check)
        check(self.named[what])
        return self.named[what]


def choose(data: DataFile, named: Mapping[str, str], ask: Ask) -> Choice:
    """Return what a campaign does with a file. `named`: `key`, `flag`, `unsent`, `sent`, `recipient`, as far as said.

    Raises CampaignError for a column that is not there, and NotifykitError where nobody can tell.
    """
    columns = data.columns
    if not columns:
        raise CampaignError("no column can be told apart by its name", mend="give each column a name of its own")
    chooser = _Chooser(data, named, ask)
    key, key_why = chooser.column("key", key_of(columns), "no column has a text of its own in each row", optional=False)
    assert key is not None  # noqa: S101 - it is not optional
    flag, flag_why = chooser.column(
        "flag", flag_of(columns, {key}), "no column is called so and holds such words: the outbox alone knows"
    )
    unsent = sent = ""
    if flag is not None:
        words = words_of(columns[flag]) or FlagWordsGuess("N", "Y", "the usual word")

        def differs(said: str) -> None:
            if said == unsent:
                raise CampaignError(f'"{said}" says that a message is to be sent', mend="name another word with --sent")

        unsent = chooser.said("unsent", words.unsent, words.why, str)
        sent = chooser.said("sent", words.sent, words.why, differs)
    recipient, recipient_why = chooser.column(
        "recipient",
        recipient_of(columns, {key, flag or key}),
        f'no column holds addresses or is called so: all go to "{FIXED}"',
    )
    return Choice(
        key=key,
        key_why=key_why,
        flag=flag,
        unsent=unsent,
        sent=sent,
        flag_why=flag_why,
        recipient=recipient,
        recipient_why=recipient_why,
    )
