"""What is drafted of a campaign, and what could not be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from notifykit_inventory.model import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that the code does not tell, for a person."""

    file: str
    """Relative to the code's folder, in POSIX form."""
    line: int
    what: str


Test = str | Mark
"""A Jinja expression, or a test that could not be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDraft:
    """One message of a record."""

    name: str
    task_type: str | None
    sender: str
    recipient: str
    """A template."""
    template: str
    when: str | None
    """A Jinja expression; None for always."""
    marks: dict[str, tuple[Mark, ...]]
    """Key of the message to what could not be told of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDraft:
    """One campaign: the messages of the records of one source, and where it is kept which were notified."""

    name: str
    owner: Owner
    """CONTRACT or TECHNICIAN."""
    file: str
    line: int
    """Of the loop over the records."""
    function: str
    source: str | None
    """The file that the records come from, as the code says it, in POSIX form."""
    status_file: str | None
    key: str | None
    """The column that holds the business key."""
    columns: tuple[str, ...]
    """Names of the positions of a positional row; empty where columns have names."""
    flag: str | None
    unsent: str | None
    sent: str | None
    """The flag column and its words, where there is one."""
    word: str | None
    """What is written under a key of the status file."""
    exact: bool
    """Whether only that word blocks; otherwise any value does."""
    number: str | None
    """The column by which old rows are found; None for the usual one."""
    messages: tuple[MessageDraft, ...]
    marks: dict[str, tuple[Mark, ...]] = field(default_factory=dict)
    """Key, such as `source.key`, to what could not be told of it."""

    @property
    def marked(self) -> list[Mark]:
        """Everything that could not be told."""
        own = [mark for marks in self.marks.values() for mark in marks]
        return own + [mark for one in self.messages for marks in one.marks.values() for mark in marks]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undrafted:
    """A function that makes messages of which no campaign is drafted."""

    file: str
    line: int
    function: str
    why: str
