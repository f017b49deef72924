"""`options` of a message: templates for the fields of the sender's `message_options`, as YAML says them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from notifykit.campaign.campaign import Channel, RenderedOptions
from notifykit.campaign.message_options import Facts, MessageOptions, Spot, leaves, stored
from notifykit.campaign.render import Template
from notifykit.campaign.times import PassTime
from notifykit.config.defects import Defects, Place
from notifykit.config.explain import explain
from notifykit.config.shapes import refused
from notifykit.config.templates import Compiler
from notifykit.config.tree import Branch, KeyPath, Leaf, Listing, Node, dotted, locate, plain
from notifykit.config.tree import found as found_at
from notifykit.errors import ConfigError, NotifykitError, RenderError
from notifykit.messages.attachments import LARGEST, Attachment, FilesOfMessages, PathWithin
from notifykit.model import Record, Table
from notifykit.secrets import Surroundings
from notifykit.wording.translation import gettext, joined

_MARKS = ("{{", "{%", "{#")
_NEVER_A_TEXT = frozenset({"missing", "dataclass_type", "dict_type", "list_type", "tuple_type", "set_type"})
"""Kinds of errors that whatever a template gives would make, too."""


@dataclass(frozen=True, slots=True)
class _Path:
    """A template that gives the path of a file."""

    template: Template
    written: str


Part = Template | _Path | str | None | Mapping[str, "Part"] | Sequence["Part"]
"""What a value is made of: templates, and what is written as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsTemplate:
    """The options of a message, to be rendered for each record. See `notifykit.campaign.campaign.OptionsTemplate`."""

    options: MessageOptions
    section: Branch
    prefix: KeyPath
    parts: Part
    files: FilesOfMessages
    columns: frozenset[str]
    """Names of the columns that its templates take from a record."""
    uses_time: bool
    """Whether one of them differs from pass to pass for one and the same record."""
    carries: bool
    """Whether a message carries files."""

    def __call__(self, record: Record) -> RenderedOptions:
        """Render for one record. Raises RenderError, which names the option, its place and the record."""
        defects = Defects()
        rendered = self.rendered(record, defects)
        if rendered is not None:
            return rendered
        raise RenderError(
            gettext(
                "{defects} (record {key!r} at {place})",
                defects=joined("; ", [str(one) for one in defects]),
                key=record.key,
                place=record.place,
            )
        )

    def rendered(self, record: Record, defects: Defects) -> RenderedOptions | None:
        """Render for one record; None where an option will not do, which is recorded. Raises RenderError."""
        values = _rendered(self.parts, record)
        try:
            made = self.options.made(values, self.files)
        except ValidationError as error:
            explain(error, self.section, self.prefix, self.options.schema, defects)
        except (ValueError, NotifykitError) as error:
            refused(error, self.section, self.prefix, defects)
        else:
            attachments = tuple(self._checked(made, defects))
            if not defects:
                return RenderedOptions(stored=stored(made), attachments=attachments)
        return None

    def _checked(self, made: object, defects: Defects) -> Iterator[Attachment]:
        """Yield the attachments; record what cannot be stored, and files that an option does not take."""
        for steps, facts, leaf in leaves(made):
            wrong = _not_storable(leaf) if isinstance(leaf, str) else _not_taken(leaf, facts)
            if wrong is not None:
                place, path = locate(self.section, steps)
                defects.add(place, dotted((*self.prefix, *path)), wrong)
            elif isinstance(leaf, Attachment):
                yield leaf


def _not_storable(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return gettext("has half of a character (half of a surrogate pair)")
    return gettext("has a NUL character (U+0000)") if "\0" in text else None


def _not_taken(one: Attachment, facts: Facts) -> str | None:
    """Say why a field does not take a file: by its facts `max_bytes` and `media_types`."""
    most = facts.get("max_bytes", LARGEST)
    if one.size > most:
        return gettext(
            "{name} has {size:,} bytes, and at most {most:,} are taken", name=one.name, size=one.size, most=most
        )
    kinds = facts.get("media_types", ())
    if kinds and one.media_type not in kinds:
        return gettext(
            "{name} is {kind}, and {kinds} is taken",
            name=one.name,
            kind=one.media_type,
            kinds=joined(gettext(" or "), kinds),
        )
    return None


def _rendered(part: Part, record: Record) -> object:
    match part:
        case Template():
            return part(record)
        case _Path():
            return PathWithin(part.template(record), part.written)
        case Mapping():
            return {key: _rendered(one, record) for key, one in part.items()}
        case str() | None:
            return part
        case _:
            return [_rendered(one, record) for one in part]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsReader:
    """Reads the options of one message, and says how its text is escaped."""

    channel: Channel
    message: Branch
    prefix: KeyPath
    """Of the message."""
    compiler: Compiler
    around: Surroundings

    @property
    def _defects(self) -> Defects:
        return self.compiler.defects

    @property
    def _section(self) -> Node | None:
        node = self.message.entries.get("options")
        return None if isinstance(node, Leaf) and node.value is None else node

    @property
    def _format(self) -> str | None:
        """The format of the message: as its options say, or the default of these."""
        options, section = self.channel.options, self._section
        leaf = section.entries.get("format") if isinstance(section, Branch) else None
        if isinstance(leaf, Leaf) and leaf.value is not None:
            return leaf.value
        return options.format if options else None

    @property
    def channel_of_format(self) -> Channel:
        """The channel, with what it takes of a text in the message's format."""
        return self.channel.in_format(self._format)

    def read(self) -> OptionsTemplate | None:
        """Return what renders them; None where the message has none, or they are defective, which is recorded."""
        options, section = self.channel.options, self._section
        prefix = (*self.prefix, "options")
        if section is None:
            if options is not None and options.required:
                what = gettext(
                    "is missing; channel `{channel}` needs {fields}",
                    channel=self.channel.name,
                    fields=joined(gettext(", "), options.required),
                )
                self._defects.add(self.message.place, dotted(prefix), what)
            return None
        if options is None:
            what = gettext("channel `{channel}` takes no options with its messages", channel=self.channel.name)
            self._defects.add(section.place, dotted(prefix), what, mend=gettext("take them out"))
            return None
        if not isinstance(section, Branch):
            return None  # whoever validates the message records it
        self._check_format(options, section, prefix)
        templates: list[Template] = []
        carried: list[Node] = []
        parts = self._part(section, options.spot, prefix, templates, carried)
        self._check(options, section, prefix, whole=not templates)
        return OptionsTemplate(
            options=options,
            section=section,
            prefix=prefix,
            parts=parts,
            files=FilesOfMessages(self.around.folder),
            columns=frozenset().union(*(template.columns for template in templates)),
            uses_time=any(template.uses_time for template in templates),
            carries=bool(carried),
        )

    def _check_format(self, options: MessageOptions, section: Branch, prefix: KeyPath) -> None:
        """Require that the format is written out where it says how record data is escaped."""
        leaf = section.entries.get("format")
        if isinstance(leaf, Leaf) and _is_template(leaf) and (options.by_format or self.channel.escapes):
            what = gettext("must be written out: it says how record data is escaped")
            mend = gettext("make a message of each format, with a `when`")
            self._defects.add(leaf.place, dotted((*prefix, "format")), what, mend=mend)

    def _part(self, node: Node, spot: Spot, path: KeyPath, templates: list[Template], carried: list[Node]) -> Part:
        is_file = Attachment in spot.types
        if is_file:
            carried.append(node)
        match node:
            case Branch():
                found = {
                    key: self._part(child, spot.below(key), (*path, key), templates, carried)
                    for key, child in node.entries.items()
                    if not (isinstance(child, Leaf) and child.value is None)
                }
                if is_file and "file" in found:
                    found["file"] = _path(found["file"], node.entries["file"])
                return found
            case Listing():
                return [
                    self._part(child, spot.below(at), (*path, at), templates, carried)
                    for at, child in enumerate(node.items)
                ]
            case Leaf() if _is_template(node):
                made = self.compiler.template(node, dotted(path), spot.escape(self._format))
                if made is not None:
                    templates.append(made)
                return _path(made, node) if is_file else made
            case Leaf():
                return node.value

    def _check(self, options: MessageOptions, section: Branch, prefix: KeyPath, *, whole: bool) -> None:
        """Record what is wrong before any record is there. `whole`: no template is among them, so all is known."""

        def of_template(detail: ErrorDetails) -> bool:
            node = found_at(section, detail["loc"])
            return detail["type"] not in _NEVER_A_TEXT and isinstance(node, Leaf) and _is_template(node)

        values = _without_empty(plain(section))
        try:
            options.adapter.validate_python(values, context=self.around)
            if whole:
                options.made(values, self.around)
        except ValidationError as error:
            explain(error, section, prefix, options.schema, self._defects, but=of_template)
        except (ValueError, NotifykitError) as error:
            refused(error, section, prefix, self._defects)


def _path(part: Part, node: Node) -> Part:
    return _Path(part, node.value) if isinstance(part, Template) and isinstance(node, Leaf) and node.value else part


def _without_empty(value: object) -> object:
    """Drop the keys that have no value: they count as not written."""
    match value:
        case dict():
            return {key: _without_empty(one) for key, one in value.items() if one is not None}
        case list():
            return [_without_empty(one) for one in value]
        case _:
            return value


def _is_template(leaf: Leaf) -> bool:
    return leaf.value is not None and any(mark in leaf.value for mark in _MARKS)


_GIVEN = Place("--option")
_NO_RECORD = Record("test", (), Table("--option", {}), 0)


def options_of_test_message(channel: Channel, given: Sequence[str], text: str, folder: Path) -> RenderedOptions | None:
    """Return the options of a message that no record is behind: those of a mere text, and what a command was given.

    `given`: texts such as `subject=A test`, whose values are YAML; paths are relative to `folder`. None where the
    channel's messages have none. Raises ConfigError.
    """
    options, defects = channel.options, Defects()
    values = {name: value for name, _, value in (one.partition("=") for one in given)}
    base = options.plain(text) if options is not None and (options.takes_text or not given) else None
    if not values:
        return None if base is None else RenderedOptions(stored=base)
    try:
        said = {name: yaml.safe_load(value) for name, value in values.items()}
    except yaml.YAMLError:
        raise ConfigError(gettext("holds what is no YAML"), mend=gettext("put it in quotes"), where=_GIVEN) from None
    compiler = Compiler(campaign="", folder=folder, defects=defects, time=PassTime())
    message = Branch(_GIVEN, {"options": _node({**(base or {}), **said})})
    around = Surroundings(folder=folder)
    template = OptionsReader(channel=channel, message=message, prefix=(), compiler=compiler, around=around).read()
    rendered = None if template is None or defects else template.rendered(_NO_RECORD, defects)
    defects.raise_if_any()
    return rendered


def _node(value: object) -> Node:
    match value:
        case dict():
            return Branch(_GIVEN, {str(key): _node(one) for key, one in value.items()})
        case list():
            return Listing(_GIVEN, [_node(one) for one in value])
        case None:
            return Leaf(_GIVEN, None)
        case _:
            return Leaf(_GIVEN, str(value))
