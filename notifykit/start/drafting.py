"""The texts of a project over one file of data: notifykit.yaml and a campaign, with comments that say why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from notifykit.config.project import STORE
from notifykit.start.guessing import FIXED
from notifykit.start.model import DataFile
from notifykit.wording.translation import gettext

PROJECT_NAME = "notifykit.yaml"
CHANNEL, SENT = "outbox-file", "sent.jsonl"
"""The channel, and the file into which it writes."""
SHOWN = 3
"""Columns that the first text shows, beside the key."""

EXAMPLE_NAME = "orders.csv"
EXAMPLE = """\
order_id,customer,email,total,notified
A-1,Ann,ann@shop.example,1250.5,0
A-2,Bob,bob@shop.example,80,0
A-3,Eve,eve@shop.example,99000,1
"""
"""Invented data for a project that has none yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person confirmed of a file of data, each with the reason for the comment."""

    key: str
    key_why: str
    flag: str | None
    """None: nothing is written into the file."""
    unsent: str
    sent: str
    flag_why: str
    recipient: str | None
    """A column; None: all messages go to one fixed recipient."""
    recipient_why: str


def campaign_file(data: DataFile, path: str, choice: Choice) -> str:
    """Return the text of a campaign over a file, which notifykit.yaml's folder has at `path`."""
    return "".join(f"{line}\n" for line in _campaign(data, path, choice))


def project_file() -> str:
    """Return the text of a project file whose only channel writes into a file."""
    return "".join(f"{line}\n" for line in (*_head(), *_senders()))


def _head() -> Iterator[str]:
    yield gettext(
        "# Made by `notifykit init`. Paths are relative to this file; `notifykit docs configuration` has every key."
    )
    yield ""
    yield gettext("# The outbox: every message, and where it stands. It is made with the first `notifykit generate`.")
    yield f"store: {STORE}"
    yield gettext("# A file each; a campaign is known by its file's name.")
    yield "campaigns: campaigns/*.yaml"
    yield ""


def _senders() -> Iterator[str]:
    yield gettext(
        "# By which channels messages leave. This one appends them to a file, so that nothing leaves by accident."
    )
    yield "senders:"
    yield f"  {CHANNEL}: {{type: file, path: {SENT}}}"
    yield gettext(
        "  # One that reaches people, for `sender:` of a message (`notifykit docs senders` has all); try it with\n"
        "  # `notifykit check --online` and `notifykit send`:"
    )
    yield "  # my-group: {type: wecom_robot, key: {env: MY_GROUP_KEY}}"
    yield "  # my-service: {type: webhook, url: {env: MY_SERVICE_URL}}"


def _campaign(data: DataFile, path: str, choice: Choice) -> Iterator[str]:
    yield gettext("# Drafted by `notifykit init` of {path}.", path=" ".join(path.split()))
    yield ""
    yield gettext("# Where the records come from: each row is one.")
    yield "source:"
    yield f"  type: {data.source}"
    yield f"  path: {scalar(path)}"
    yield gettext("  # What tells records apart, for ever: {why}.", why=choice.key_why)
    yield f"  key: {scalar(choice.key)}"
    yield from (f"  {name}: {scalar(value)}" for name, value in data.options.items())
    yield ""
    if choice.flag is None:
        yield gettext("# Each record once: the outbox knows who was told. Nothing is written into the file.")
        yield "strategy: {type: once}"
    else:
        yield gettext("# Who is to be told, and who was, is said by a column of the file.")
        yield gettext(
            "# Where it says `unsent` the messages are queued; when all of a record were accepted, `sent` is written."
        )
        yield "strategy:"
        yield f"  type: {data.strategy}"
        why = choice.flag_why[:1].upper() + choice.flag_why[1:]
        yield gettext("  # {why}.", why=why)
        yield f"  flag: {scalar(choice.flag)}"
        yield f"  unsent: {scalar(choice.unsent)}"
        yield f"  sent: {scalar(choice.sent)}"
    yield ""
    yield gettext("# What is sent for a record. Templates are Jinja; a value that starts with {{ stands in quotes.")
    yield "messages:"
    yield "  - name: message"
    yield gettext("    # Whom the channel is to reach: {why}.", why=choice.recipient_why)
    yield f"    recipient: {scalar(value_of(choice.recipient) if choice.recipient else FIXED)}"
    yield f"    sender: {CHANNEL}"
    yield gettext("    # Say it in your words; `notifykit docs configuration` has the filters, such as `| thousands`.")
    yield from _template(_text(data, choice))


def _text(data: DataFile, choice: Choice) -> Sequence[str]:
    """Return the first text: the columns as they are, for a person to write it anew."""
    taken = {choice.key, choice.flag, choice.recipient}
    shown = [choice.key, *[name for name in data.columns if name not in taken][:SHOWN]]
    return [f"{_plain(name)}{value_of(name)}" for name in shown]


def _plain(name: str) -> str:
    """Return a column's name as the label of its value; nothing where Jinja or YAML would read more into it."""
    return f"{name.strip()}: " if name.isprintable() and not {"{", "}"}.intersection(name) else ""


def value_of(column: str) -> str:
    """Return the template of a column's value."""
    return f'{{{{ record["{"".join(map(_quoted, column))}"] }}}}'


def _quoted(letter: str) -> str:
    if letter in ('"', "\\"):
        return f"\\{letter}"
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()


def _template(lines: Sequence[str]) -> Iterator[str]:
    yield "    template: |-"
    yield from (f"      {line}" for line in lines)


def scalar(value: str) -> str:
    """Return a text in one line of YAML, which reads it as this very text."""
    style = None if value.isprintable() else '"'
    said: str = yaml.safe_dump(value, allow_unicode=True, default_style=style, width=10**9)
    return said.removesuffix("\n").removesuffix("\n...")
