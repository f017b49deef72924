"""What a new campaign does with a file of data: guessed, and each point put to a person."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from notifykit.errors import CampaignError
from notifykit.start.drafting import Choice
from notifykit.start.guessing import (
    FIXED,
    Columns,
    FlagWordsGuess,
    Guess,
    called_flag,
    called_key,
    called_recipient,
    fault_as_key,
    flag_of,
    held,
    key_of,
    likely_words,
    passed_over,
    recipient_of,
    undecided,
)
from notifykit.start.model import DataFile
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext, gettext_noop

NONE = "none"
"""What a person says where no column is meant."""

NAMED = gettext_noop("you named it")


_NOT_WRITTEN = gettext_noop("save it as CSV; or say --flag {none}, and each record is sent once")


class Ask(Protocol):
    """Puts a point to a person."""

    def __call__(
        self, what: str, found: str | None, why: str, check: Callable[[str], object], *, sure: bool, mend: str
    ) -> str:
        """Return what the person says; `found` where nobody is asked. `check` raises CampaignError for bad ones.

        Raises NotifykitError, with `mend`, where nobody is asked and nothing was found, or it is not `sure`.
        """
        ...

    def say(self, *lines: str) -> None:
        """Tell the person."""
        ...


@dataclass(frozen=True, slots=True)
class _Chooser:
    data: DataFile
    named: Mapping[str, str]
    """What the person said beforehand, by the name of the option."""
    ask: Ask

    def column(
        self, what: str, guess: Guess | None, nobody: str, *, doubt: str = "", mend: str = "", optional: bool = True
    ) -> tuple[str | None, str]:
        """Return a column, or None for none, and the reason. `nobody`: what is said where nothing was found.

        `doubt`: why no guess is taken unasked, whatever was found; `mend`: how to name the column beforehand.
        """
        found = guess.column if guess else NONE if optional else None
        why = guess.why if guess else nobody
        if guess and guess.doubt:
            found = None
        elif doubt:
            otherwise = gettext("{doubt}; else it would be {found}: {why}", doubt=doubt, found=found, why=why)
            found, why = None, otherwise if guess else doubt

        def require(said: str) -> None:
            if said not in self.data.columns and not (optional and said == NONE):
                mend = gettext("name one with --{what}: {columns}", what=what, columns=", ".join(self.data.columns))
                fault = gettext('there is no column "{name}"{hint}', name=said, hint=hint(said, self.data.columns))
                if said in self.data.repeated:
                    fault = gettext('several columns are called "{name}"', name=said)
                    mend = gettext("rename all but one")
                raise CampaignError(fault, mend=mend)

        said = self.said(what, found, why, require, mend=mend)
        reason = why if said == found and what not in self.named else gettext(NAMED)
        return (said, reason) if said in self.data.columns else (None, reason)

    def said(
        self,
        what: str,
        found: str | None,
        why: str,
        check: Callable[[str], object],
        *,
        sure: bool = True,
        mend: str = "",
    ) -> str:
        """Return what was named, or what is answered."""
        if what not in self.named:
            mend = mend or gettext("name it with --{what}", what=what)
            return self.ask(what, found, why, check, sure=sure, mend=mend)
        check(self.named[what])
        return self.named[what]

    def words(self, flag: str) -> tuple[str, str]:
        """Return what a flag says of a record that is to be told, and of one that was."""
        words = likely_words(self.data.columns[flag])
        sure = not (words.doubt or self.data.unread)
        mend = gettext("name them with {options}", options=_words_named(words))
        others = gettext("{unread}; of the others, {why}", unread=self.data.unread, why=words.why)
        why = words.why if words.doubt or sure else others

        def differs(said: str) -> None:
            if said == unsent:
                raise CampaignError(
                    gettext('"{word}" says that a message is to be sent', word=said),
                    mend=gettext("name another word with --sent"),
                )

        unsent = self.said("unsent", words.unsent, why, str, sure=sure, mend=mend)
        return unsent, self.said("sent", words.sent, why, differs, sure=sure, mend=mend)


def choose(data: DataFile, named: Mapping[str, str], ask: Ask) -> Choice:
    """Return what a campaign does with a file. `named`: `key`, `flag`, `unsent`, `sent`, `recipient`, as far as said.

    Raises CampaignError for a column that is not there, and NotifykitError where nobody can tell, or what was found is
    not sure enough to be taken unasked.
    """
    columns = data.columns
    if not columns:
        raise CampaignError(
            gettext("no column can be told apart by its name"), mend=gettext("give each column a name of its own")
        )
    chooser = _Chooser(data, named, ask)
    key, key_why = chooser.column(
        "key",
        key_of(columns),
        passed_over(columns) or gettext("no column has a text of its own in each row"),
        doubt=data.unread or _repeated(data, called_key),
        optional=False,
    )
    assert key is not None  # noqa: S101 - it is not optional
    if key_why == gettext(NAMED) and (fault := fault_as_key(columns[key])):
        ask.say(gettext("{key} is not a key for each row: {fault}", key=key, fault=fault))
    guess = flag_of(columns, {key})
    others = undecided(columns, {key})
    flag, flag_why = chooser.column(
        "flag",
        guess,
        gettext("no column is called so; {others}: the outbox alone knows", others=others)
        if others
        else gettext("no column is called so: the outbox alone knows"),
        doubt=data.unread or _repeated(data, called_flag) or _unwritten(data, guess),
        mend=_naming(columns, guess) if data.strategy else gettext(_NOT_WRITTEN, none=NONE),
    )
    if flag is not None and not data.strategy:
        raise CampaignError(gettext("nothing is written into such a file"), mend=gettext(_NOT_WRITTEN, none=NONE))
    unsent = sent = ""
    if flag is not None:
        unsent, sent = chooser.words(flag)
        if neither := [cell for cell in columns[flag] if cell not in (unsent, sent)]:
            ask.say(
                gettext(
                    "{flag}: {words} says neither sent nor not sent; nothing is queued before it is set right",
                    flag=flag,
                    words=held(neither),
                )
            )
    recipient, recipient_why = chooser.column(
        "recipient",
        recipient_of(columns, {key, flag or key}),
        gettext('no column holds addresses or is called so: all go to "{recipient}"', recipient=FIXED),
        doubt=_repeated(data, called_recipient),
        mend=gettext("name it with --recipient, or say --recipient {none}", none=NONE),
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


def _repeated(data: DataFile, called: Callable[[str], bool]) -> str:
    """Say that several columns have one name, which is called so; empty where none is."""
    name = next(filter(called, data.repeated), None)
    if name is None:
        return ""
    return gettext('several columns are called "{name}", and none of them is used', name=name)


def _unwritten(data: DataFile, guess: Guess | None) -> str:
    """Say that a column tells who was told and cannot be kept; empty where none does, or it can."""
    if data.strategy or guess is None:
        return ""
    return gettext(
        "{column} says who was told, and nothing is written into such a file: each record would be sent",
        column=guess.column,
    )


def _naming(columns: Columns, guess: Guess | None) -> str:
    """Return how to name a flag beforehand."""
    if guess is None:
        return gettext("name it with --flag, or say --flag {none}", none=NONE)
    words = _words_named(likely_words(columns[guess.column]))
    flag = shlex.quote(guess.column)
    return gettext("name them with --flag {flag} {words}, or say --flag {none}", flag=flag, words=words, none=NONE)


def _words_named(words: FlagWordsGuess) -> str:
    unsent, sent = ("WORD" if word is None else shlex.quote(word) for word in (words.unsent, words.sent))
    return f"--unsent {unsent} --sent {sent}"
