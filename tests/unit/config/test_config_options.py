"""`options` of a message: from YAML to what is stored, and from there to what a sender is given."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from notifykit.campaign.message_options import MessageOptions, StoredOptionsError, message_options
from notifykit.config.resolve import Configuration
from notifykit.errors import PluginError, RenderError
from notifykit.messages.attachments import Attachment
from notifykit.messages.escaping import escape_html
from notifykit.model import Message, Outcome, Record, Table
from notifykit.options import OptionError
from notifykit.plugins.registry import Offer, Registry
from notifykit.plugins.report import PluginId
from notifykit.roles import SendContext

Load = Callable[..., Configuration]
Complaints = Callable[..., list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    label: str = field(metadata={"escapes": {"html": escape_html}})
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOptions:
    """Of a mail."""

    subject: str
    """What stands above it."""
    format: Literal["plain", "html"] = "plain"
    priority: int = 3
    silent: bool = False
    cc: list[str] = field(default_factory=list, metadata={"escape": lambda text: text.replace("@", "(at)")})
    buttons: list[Button] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list, metadata={"max_bytes": 20})
    logo: Attachment | None = field(default=None, metadata={"media_types": ("image/png",)})
    free: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "\n" in self.subject:
            raise OptionError("subject", "has a line end")


@dataclass
class Mail:
    message_options: ClassVar[type] = MailOptions
    escapes: ClassVar[Mapping[str, Any]] = {"html": escape_html}
    max_bytes_in: ClassVar[Mapping[str, Any]] = {"html": 50}
    max_bytes: ClassVar[int] = 10

    def send(self, message: Message, context: SendContext) -> Outcome:
        return Outcome.accepted()


@pytest.fixture
def registry(registry: Registry) -> Registry:
    by = PluginId(name="fake", distribution="notifykit-fake", version="1.0")
    mail = Offer(role="senders", name="mail", offered=Mail, by=by)
    return registry._replace(senders={**registry.senders, "mail": mail})


PROJECT = "senders: {mail: {type: mail}, note: {type: quiet}}\n"
ALL = """\
subject: '单 {{ record["n"] }}'
format: html
priority: '{{ record["p"] }}'
silent: yes
cc: [ops@example.com, '{{ record["n"] }}']
buttons:
  - {label: '<b>{{ record["n"] }}</b>', url: 'https://x.example/{{ record["n"]|urlencode }}'}
attachments:
  - files/{{ record["f"] }}.txt
  - {file: files/a.txt, name: '{{ record["p"] }}.csv', media_type: text/csv}
free: {a: [1, no, '{{ record["p"] }}'], b: 0x10}
"""


def campaign(options: str, sender: str = "mail", more: str = "") -> str:
    lines = "".join(f"      {line}\n" for line in options.splitlines())
    return f"""\
source: {{type: rows, path: data/a.csv}}
strategy: {{type: flag}}
messages:
  - name: hello
    recipient: me
    template: 'Hello {{{{ record["n"] }}}}'
    sender: {sender}
{more}    options:
{lines}"""


def files(options: str, **also: str) -> dict[str, str]:
    return {"notifykit.yaml": PROJECT, "campaigns/a.yaml": campaign(options, **also)}


def rec(**cells: object) -> Record:
    return Record("k1", list(cells.values()), Table("a.csv", {name: at for at, name in enumerate(cells)}), 2)


ROW = rec(n="a@b<c>", p="1", f="a", h="\ud800")


def plan_of(configuration: Configuration) -> Any:
    return configuration.campaigns[0].messages[0]


def test_what_is_rendered_is_stored_and_given_back_as_an_object(load: Load, project: Path) -> None:
    (project / "files").mkdir()
    (project / "files/a.txt").write_bytes(b"bytes \xff")
    plan = plan_of(load(files(ALL)))
    assert (plan.options.carries, plan.options.columns) == (True, {"n", "p", "f"})
    rendered = plan.options(ROW)
    a = Attachment.of("a.txt", b"bytes \xff")
    named = Attachment.of("1.csv", b"bytes \xff", "text/csv")
    assert rendered.attachments == (a, named)
    assert rendered.stored == {
        "subject": "单 a@b<c>",
        "format": "html",
        "priority": 1,
        "silent": True,
        "cc": ["ops@example.com", "a(at)b<c>"],
        "buttons": [{"label": "<b>a@b&lt;c&gt;</b>", "url": "https://x.example/a%40b%3Cc%3E"}],
        "attachments": [a.as_data(), named.as_data()],
        "logo": None,
        "free": {"a": [1, False, "1"], "b": 16},
    }
    (project / "files/a.txt").write_bytes(b"other")
    given = plan.channel.options.restored(rendered.stored, "", {a.sha256: b"bytes \xff"}.__getitem__)
    assert isinstance(given, MailOptions)
    assert given.buttons == [Button(label="<b>a@b&lt;c&gt;</b>", url="https://x.example/a%40b%3Cc%3E")]
    assert [one.read() for one in (*given.attachments, *rendered.attachments)] == [b"bytes \xff"] * 4
    assert given.attachments == [a, named]


def test_the_text_is_escaped_and_bounded_as_the_format_says(load: Load) -> None:
    html = plan_of(load(files("subject: x\nformat: html")))
    assert (html.text(ROW), html.channel.max_bytes) == ("Hello a@b&lt;c&gt;", 50)
    plain = plan_of(load(files("subject: x")))
    assert (plain.text(ROW), plain.channel.max_bytes) == ("Hello a@b<c>", 10)


def test_a_message_without_options_has_none(load: Load) -> None:
    assert plan_of(load()).options is None


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            "subjet: x\nsubject: x",
            'a.yaml:9: messages[0].options.subjet: there is no such key; did you mean "subject"?',
        ),
        ("format: html", "a.yaml:8: messages[0].options.subject: is missing"),
        ("subject: x\npriority: high", 'messages[0].options.priority: must be a whole number, not "high"'),
        (
            "subject: x\nformat: htm",
            "messages[0].options.format: is \"htm\", which is not 'plain' or 'html'; did you mean",
        ),
        ("subject: x\ncc: '{{ record.key }}'", "messages[0].options.cc: must be a list"),
        (
            "subject: x\nbuttons: [{label: x, link: y}]",
            "a.yaml:10: messages[0].options.buttons[0].link: there is no such key",
        ),
        ("subject: '{{ recrd }}'", 'a.yaml:9: messages[0].options.subject: there is nothing called "recrd"'),
        ("subject: x\nformat: '{{ record.key }}'", "messages[0].options.format: must be written out: it says how"),
        ("subject: x\nattachments: [{name: x}]", "messages[0].options.attachments[0]: needs the key file"),
        ("subject: x\nattachments: [~/x]", 'messages[0].options.attachments[0]: "~" is not expanded'),
        ('subject: "a\\nb"', "a.yaml:9: messages[0].options.subject: has a line end"),
        ("[subject]", "messages[0].options: must be a mapping"),
    ],
)
def test_what_will_not_do_is_told_before_any_record_is_there(
    complaints: Complaints, options: str, complaint: str
) -> None:
    (found,) = complaints(files(options))
    assert complaint in found


def test_a_channel_without_options_takes_none(complaints: Complaints) -> None:
    (found,) = complaints(files("subject: x", sender="note"))
    assert found.endswith("messages[0].options: channel `note` takes no options with its messages; take them out")


def test_what_a_channel_needs_is_missed(complaints: Complaints) -> None:
    without = campaign("subject: x").partition("    options:")[0]
    (found,) = complaints({"notifykit.yaml": PROJECT, "campaigns/a.yaml": without})
    assert found == "campaigns/a.yaml:4: messages[0].options: is missing; channel `mail` needs subject"


def test_a_message_that_carries_files_is_not_cut(complaints: Complaints) -> None:
    (found,) = complaints(files("subject: x\nattachments: [a.txt]", more="    split: lines\n"))
    assert "messages[0].split: a message that carries files is not cut" in found


def test_an_heir_changes_one_option(load: Load) -> None:
    heir = "extends: a.yaml\nname: b\nmessages: [{name: hello, options: {priority: 5}}]\n"
    both = {**files("subject: x\npriority: 1"), "campaigns/b.yaml": heir}
    configuration = load(both)
    found = {
        one.name: one.messages[0].options(ROW).stored for one in configuration.campaigns if one.messages[0].options
    }
    assert [(found[name]["subject"], found[name]["priority"]) for name in "ab"] == [("x", 1), ("x", 5)]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("priority: '{{ record[\"n\"] }}'", 'messages[0].options.priority: must be a whole number, not "a@b<c>"'),
        ("silent: '{{ record[\"n\"] }}'", "messages[0].options.silent: must be true or false"),
        ("cc: ['{{ record[\"gone\"] }}']", "messages[0].options.cc[0], line 1: no column 'gone' in a.csv"),
        ("attachments: ['{{ record[\"f\"] }}.txt']", "messages[0].options.attachments[0]: no file "),
        ("attachments: ['{{ record[\"f\"] }}/']", "messages[0].options.attachments[0]: "),
        ("attachments: [big.txt]", "big.txt has 21 bytes, and at most 20 are taken"),
        ("logo: small.txt", "messages[0].options.logo: small.txt is text/plain, and image/png is taken"),
        (
            "attachments: [{file: small.txt, name: '../{{ record[\"f\"] }}'}]",
            "attachments[0]: its name '../a' is no name",
        ),
        ("subject: \"a{{ '\\n' }}b\"", "messages[0].options.subject: has a line end"),
        ("subject: \"a{{ '\\x00' }}b\"", "messages[0].options.subject: has a NUL character"),
        ("subject: '{{ record[\"h\"] }}'", "messages[0].options.subject: has half of a character"),
    ],
)
def test_what_will_not_do_for_a_record_holds_it(load: Load, project: Path, options: str, complaint: str) -> None:
    (project / "big.txt").write_bytes(b"x" * 21)
    (project / "small.txt").write_bytes(b"x" * 20)
    (project / "a").mkdir()
    said = options if "subject" in options else f"subject: x\n{options}"
    plan = plan_of(load(files(said)))
    with pytest.raises(RenderError) as caught:
        plan.options(ROW)
    assert complaint in str(caught.value)
    assert str(caught.value).startswith("campaigns/a.yaml:")
    assert str(caught.value).endswith("(record 'k1' at a.csv:2)")


@pytest.mark.parametrize(
    ("stored", "field"),
    [
        ({"subject": "x", "colour": "red"}, "colour"),
        ({"priority": 1}, "subject"),
        ({"subject": "x", "priority": "high"}, "priority"),
        ({"subject": "x", "buttons": [{"label": "x", "link": "y"}]}, "buttons.0.link"),
        ({"subject": "a\nb"}, "subject"),
        ({"subject": "x", "logo": "a.png"}, "logo"),
        (None, "subject"),
    ],
)
def test_what_fits_the_dataclass_no_more_names_the_field(stored: dict[str, Any] | None, field: str) -> None:
    with pytest.raises(StoredOptionsError) as caught:
        message_options(MailOptions).restored(stored, "", dict[str, bytes]().__getitem__)
    assert caught.value.field.startswith(field)


@pytest.mark.parametrize(
    ("written", "cell", "told"),
    [
        ("files/{{ record['f'] }}", "../secret", "leads out of the folder"),
        ("files/{{ record['f'] }}", "/etc/hostname", "no file "),
        ("{{ record['f'] }}", "/etc/hostname", "leads out of the folder"),
        ("files/a{{ record['f'] }}", "/../../secret", "leads out of the folder"),
        ("{{ record['f'] }}", "../outside", "leads out of the folder"),
        ("{{ record['f'] }}", "secret", None),
        ("files/{{ record['f'] }}", "below/x", None),
        ("files/../{{ record['f'] }}", "secret", None),
    ],
)
@pytest.mark.parametrize("form", ["['{}']", "[{{file: '{}'}}]"])
def test_a_cell_leads_to_no_file_elsewhere(
    load: Load, project: Path, form: str, written: str, cell: str, told: str | None
) -> None:
    (project / "files/below").mkdir(parents=True)
    for name in ("secret", "files/below/x", "../outside"):
        (project / name).write_bytes(b"x")
    attachments = form.format(written.replace("'", '"'))
    plan = plan_of(load(files(f"subject: x\nattachments: {attachments}")))
    if told is None:
        assert len(plan.options(rec(n="1", f=cell)).attachments) == 1
        return
    with pytest.raises(RenderError, match=told):
        plan.options(rec(n="1", f=cell))


@pytest.mark.skipif(sys.platform == "win32", reason="not every account may make links on Windows")
@pytest.mark.parametrize(
    ("to", "told"), [("../../outside", "leads out of"), ("there", None), ("link", r"cannot be read|no file")]
)
def test_a_link_leads_to_no_file_outside_of_the_folder(load: Load, project: Path, to: str, told: str | None) -> None:
    (project / "files").mkdir()
    for name in ("files/there", "../outside"):
        (project / name).write_bytes(b"x")
    (project / "files/link").symlink_to(to)
    plan = plan_of(load(files("subject: x\nattachments: ['files/{{ record[\"f\"] }}']")))
    if told is None:
        assert len(plan.options(rec(n="1", f="link")).attachments) == 1
        return
    with pytest.raises(RenderError, match=told):
        plan.options(rec(n="1", f="link"))


def test_a_message_that_is_only_a_text_has_what_the_class_makes_of_it() -> None:
    @dataclass(frozen=True)
    class Titled:
        title: str
        loud: bool = False

        @classmethod
        def for_text(cls, text: str) -> Titled:
            return cls(title=text.split("\n")[0])

    options = MessageOptions(Titled)
    assert (options.takes_text, options.plain("one\ntwo")) == (True, {"title": "one", "loud": False})
    assert options.restored(None, "one\ntwo", dict[str, bytes]().__getitem__) == Titled("one")
    assert options.restored({"title": "x"}, "one", dict[str, bytes]().__getitem__) == Titled("x")
    assert not MessageOptions(MailOptions).takes_text
    with pytest.raises(PluginError, match="its messages need subject"):
        MessageOptions(MailOptions).plain("one")


def test_a_file_that_many_messages_carry_is_read_once(load: Load, project: Path) -> None:
    file = project / "a.txt"
    file.write_bytes(b"x")
    os.utime(file, (1.0, 1.0))
    plan = plan_of(load(files("subject: x\nattachments: [a.txt]")))
    one, other = plan.options(ROW), plan.options(ROW)
    assert one.attachments[0].read() is other.attachments[0].read()
    file.write_bytes(b"y")
    assert plan.options(ROW).attachments[0].read() == b"y"


def test_a_file_that_was_just_written_is_read_anew(load: Load, project: Path) -> None:
    file = project / "a.txt"
    file.write_bytes(b"several bytes")
    os.utime(file, (4e9, 4e9))  # after any time of a test
    plan = plan_of(load(files("subject: x\nattachments: [a.txt]")))
    one, other = plan.options(ROW), plan.options(ROW)
    assert one.attachments[0].read() is not other.attachments[0].read()
