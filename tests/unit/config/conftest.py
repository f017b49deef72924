"""A project in a folder, and small plugins for it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from annotated_types import Ge, Le

from notifykit.config.defects import InvalidConfigurationError
from notifykit.config.project import read_project
from notifykit.config.resolve import Configuration, resolve
from notifykit.legacy import Disposal, LegacyState
from notifykit.model import Message, Outcome, Problem, Record
from notifykit.options import ChannelName, OptionError, ProjectPath, Seconds, Secret
from notifykit.plugins.registry import Offer, Registry
from notifykit.plugins.report import PluginId
from notifykit.roles import Decision, Ledger, Rate, SendContext, Strategy

Files = Mapping[str, str]
Load = Callable[..., Configuration]
Complaints = Callable[..., list[str]]


@dataclass(frozen=True)
class Rule:
    column: str
    equals: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of a file."""

    path: ProjectPath
    """The file with the rows."""
    unsent: str = "N"
    sent: Literal["Y", "1", "yes"] = "Y"
    every: Seconds = 60.0
    log: ProjectPath = Path("state/log.txt")
    rules: list[Rule] = field(default_factory=list)
    free: Any = None
    first: Annotated[int, Ge(0)] = 0
    token: Secret | str | None = None
    opened: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.unsent == self.sent:
            raise OptionError("unsent", f"must differ from sent ({self.sent})")
        if self.first == 13:
            raise OptionError("thirteen", "brings bad luck")

    def read(self) -> Iterable[Record | Problem]:
        return []


@dataclass
class Lines:
    """Another source, with fewer options."""

    path: ProjectPath

    def read(self) -> Iterable[Record | Problem]:
        return []


@dataclass
class Flag(Strategy):
    column: str = "sent"

    def decide(self, record: Record, outbox: Ledger) -> Decision:
        return Decision.SKIP


@dataclass
class Robot:
    """A group robot."""

    key: Secret
    mentions: dict[str, bool] = field(default_factory=dict)
    revealed: bool = False
    limits: ClassVar[tuple[Rate, ...]] = (Rate(20, 60.0),)
    max_bytes: ClassVar[int] = 2048

    def __post_init__(self) -> None:
        if self.revealed:
            self.key.reveal()

    def escape(self, text: str) -> str:
        return text.replace("<@", "(@")

    def send(self, message: Message, context: SendContext) -> Outcome:
        return Outcome.accepted()


@dataclass
class Quiet:
    repeatable: ClassVar[bool] = True

    def send(self, message: Message, context: SendContext) -> Outcome:
        return Outcome.accepted()


@dataclass
class Broken(Quiet):
    """Its author did not foresee the number 0."""

    share: int = 0

    def __post_init__(self) -> None:
        self.each = 1 // self.share


@dataclass
class Greedy(Quiet):
    type: str = "mine"


@dataclass
class Strange(Quiet):
    made_by: Callable[[], object] = dict
    lock: "Unheard" = None  # type: ignore[name-defined]  # noqa: F821, UP037


@dataclass
class Odd(Quiet):
    """Has options that JSON Schema cannot describe, or whose members are several."""

    hook: Callable[[], object] = dict
    rules: list[Rule | str] = field(default_factory=list)
    share: float = 0.5


@dataclass
class Sloppy(Quiet):
    share: int = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Job:
    """An old job's state."""

    status_file: Path
    keep: bool = False
    word: str = "sent"

    def __post_init__(self) -> None:
        if not self.word:
            raise OptionError("word", "is empty")

    def state(self, campaign: str) -> LegacyState:
        disposal = Disposal.KEEP if self.keep else Disposal.RETIRE
        return LegacyState(campaign=campaign, status_file=self.status_file, sent_word=self.word, disposal=disposal)


@dataclass(frozen=True)
class Bare:
    """A kind without options."""

    def state(self, campaign: str) -> LegacyState:
        return LegacyState(campaign=campaign, status_file=Path("bare"), sent_word="", disposal=Disposal.KEEP)


@dataclass(frozen=True)
class Raising:
    """A kind whose method fails."""

    def state(self, campaign: str) -> LegacyState:
        raise SystemExit(f"no {campaign}")


@dataclass(frozen=True)
class Answering:
    """A kind that answers with something else."""

    def state(self, campaign: str) -> str:
        return "retired"


@dataclass(frozen=True)
class Desk:
    """A section of a plugin."""

    channels: dict[str, ChannelName] = field(default_factory=dict)
    """Who sends what."""
    share: Annotated[float, Ge(0), Le(1)] = 0.5
    urls: list[str] = field(default_factory=list)


class Plain:
    """No dataclass."""


FAKE = PluginId(name="fake", distribution="notifykit-fake", version="1.0")


def offers(role: str, **types: type) -> dict[str, Offer]:
    return {name: Offer(role=role, name=name, offered=cls, by=FAKE) for name, cls in types.items()}


@pytest.fixture
def registry() -> Registry:
    return Registry(
        sources=offers("sources", rows=Rows, lines=Lines),
        strategies=offers("strategies", flag=Flag),
        senders=offers(
            "senders",
            robot=Robot,
            quiet=Quiet,
            broken=Broken,
            greedy=Greedy,
            strange=Strange,
            plain=Plain,
            odd=Odd,
            sloppy=Sloppy,
        ),
        legacy=offers("legacy", job=Job, bare=Bare, raising=Raising, answering=Answering),
        sections=offers("sections", desk=Desk),
        stores={},
    )


PROJECT = """\
senders:
  group:
    type: robot
    key: {env: GROUP_KEY}
  note: {type: quiet}
"""

CAMPAIGN = """\
source: {type: rows, path: data/a.csv}
strategy: {type: flag}
messages:
  - name: hello
    recipient: "{{ record.key }}"
    template: Hello
    sender: note
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which is the project's, with a secret set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUP_KEY", "key-of-the-group")
    return tmp_path


@pytest.fixture
def load(project: Path, registry: Registry) -> Load:
    """Write a project with one campaign, and these files over it; an empty text leaves the file out."""

    def loaded(files: Files | None = None, /, *, secrets: bool = True, file: str = "notifykit.yaml") -> Configuration:
        everything = {"notifykit.yaml": PROJECT, "campaigns/a.yaml": CAMPAIGN, **(files or {})}
        for name, text in everything.items():
            if text:
                target = project / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(textwrap.dedent(text), encoding="utf-8")
        return resolve(read_project(Path(file)), registry, secrets=secrets)

    return loaded


@pytest.fixture
def complaints(load: Load) -> Complaints:
    """Load likewise, and return the lines of what is wrong."""

    def lines(files: Files | None = None, /, **how: Any) -> list[str]:
        with pytest.raises(InvalidConfigurationError) as caught:
            load(files, **how)
        text = str(caught.value)
        assert [*map(str, caught.value.defects), *caught.value.lacking] == text.splitlines()
        return text.splitlines()

    return lines
