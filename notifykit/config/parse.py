"""YAML text to a tree with places, and what is wrong with the text."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import yaml
from yaml.constructor import SafeConstructor

from notifykit.config.defects import Defects, Place
from notifykit.config.tree import Branch, Leaf, Listing, Node, Written
from notifykit.durable.ordinary import read_ordinary
from notifykit.wording.translation import gettext

_TAG = "tag:yaml.org,2002:"
_TEXTS = {_TAG + name for name in ("str", "timestamp", "value")}
_MOST_NODES = 100_000
"""More than any campaign needs; aliases of aliases can stand for billions."""

_LIBYAML: type[yaml.CSafeLoader] | None = getattr(yaml, "CSafeLoader", None)
"""None where PyYAML was built without it."""

_READ_DIFFERENTLY = re.compile(r"[\t?\ufeff]|(?:^|[\s\[{,])!|[|>][-+0-9]*#|:\s+(?:#[^\n]*\n\s*)*[,\]}]", re.MULTILINE)
"""What one of the two refuses, or puts elsewhere: tabs, `?` (explicit keys, and texts in braces), byte order marks,
tags, a comment right behind the sign of a block, spaces before nothing in braces."""

_MOST_LEVELS = 500
"""Of nesting that libyaml is given: PyYAML before 6.0.4 ends the process where a tree is deeper than its stack."""
_INDENTED = re.compile(r"(?:^|[\r\x85\u2028\u2029])[ -]+", re.MULTILINE)


def composed(text: str) -> yaml.Node | None:
    """Return the root node of a text, by libyaml where it reads the text as PyYAML does: it is some ten times as fast.

    None where the text holds no document. The style of a plain scalar is None, or empty. Raises yaml.YAMLError
    and RecursionError as PyYAML's own parser does: its words and places are what people are told.
    """
    if _LIBYAML is not None and not _READ_DIFFERENTLY.search(text) and _levels(text) <= _MOST_LEVELS:
        with suppress(yaml.YAMLError):
            node = yaml.compose(text, Loader=_LIBYAML)
            if isinstance(node, yaml.CollectionNode):  # of a document without any, the place differs
                return node
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _levels(text: str) -> int:
    """Return how deep a text is nested at most: a list and its first mapping may begin in one column."""
    return 2 * max(map(len, _INDENTED.findall(text)), default=0) + text.count("[") + text.count("{")


class Files:
    """The files of a project: each is read once, its defects recorded once."""

    def __init__(self, defects: Defects) -> None:
        self._defects = defects
        self._read: dict[str, Node | None] = {}

    def load(self, file: Path) -> Node | None:
        """Return what a file says. None where it cannot be read as YAML, which is recorded."""
        name = os.path.normpath(file)
        if name not in self._read:
            self._read[name] = self._parse(name)
        return self._read[name]

    def loaded(self) -> list[Node]:
        """Return all trees read so far."""
        return [tree for tree in self._read.values() if tree is not None]

    def _parse(self, name: str) -> Node | None:
        text = self._text(name)
        if text is None:
            return None
        try:
            node = composed(text)
            if node is not None:
                return _Reader(name, text, self._defects).read(node)
            self._defects.add(
                Place(name),
                "",
                gettext("is empty"),
                mend=gettext("write the keys that `notifykit docs configuration` lists into it"),
            )
        except yaml.MarkedYAMLError as error:
            self._defects.add(_place(name, error), "", *_syntax(error, text))
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self._defects.add(
                Place(name, line),
                "",
                gettext("holds the character U+{code:04X}", code=ord(text[error.position])),
                mend=gettext("remove it"),
            )
        except RecursionError:
            self._defects.add(Place(name), "", gettext("is nested too deeply, or contains itself by an alias"))
        return None

    def _text(self, name: str) -> str | None:
        try:
            data = read_ordinary(Path(name))
            return data.decode("utf-8-sig")
        except OSError as error:
            self._defects.add(
                Place(name),
                "",
                gettext("cannot be read ({why})", why=error.strerror),
                mend=gettext("correct its path or permissions"),
            )
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self._defects.add(Place(name, line), "", gettext("is not UTF-8"), mend=gettext("save the file as UTF-8"))
        return None


_IN_QUOTES, _IN_KEY = "while scanning a quoted scalar", "while scanning a simple key"


def _place(name: str, error: yaml.MarkedYAMLError) -> Place:
    mark = error.problem_mark or error.context_mark
    if error.context in (_IN_QUOTES, _IN_KEY):
        mark = error.context_mark  # where it begins: the end may be far below
    return Place(name, mark.line + 1 if mark else 0)


_UNQUOTED = re.compile(r"""^(?P<before>[^#'"]*?[:-][ \t]+)(?P<value>\{[{%].*?)[ \t]*$""")
"""A line whose value is a template that stands in no quotes."""


_KEY = re.compile(r"\s*(?:-[ \t]+)*[^:{\[]*?:[ \t]+")
"""The key that a line begins with."""


def _unquoted(lines: list[str]) -> tuple[str, str] | None:
    """Return key and value of the line that a template without quotes broke; None where none did."""
    found = next(filter(None, map(_UNQUOTED.match, reversed(lines))), None)
    if found is None:
        return None
    before, value = found["before"], found["value"]
    end = key.end() if (key := _KEY.match(before)) else len(before)
    return before[:end].strip(), before[end:] + value


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _syntax(error: yaml.MarkedYAMLError, text: str) -> tuple[str, str]:
    """Return what is wrong, and the mend."""
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark]
    lines = text.splitlines()[min(marks, default=0) : max(marks, default=0) + 1]
    if found := _unquoted(lines):
        key, value = found
        starts = value.startswith(("{{", "{%"))
        if starts:
            what = gettext("a value that starts with {sign} is text only in quotes", sign=value[:2])
        else:
            what = gettext("a value that holds a colon and a space is text only in quotes")
        right = f"{key} {_quoted(value)}"
        return what, gettext("write {right}", right=right)
    if error.context == _IN_KEY:
        if lines and "：" in lines[0]:
            return gettext("a full-width colon (：) stands where YAML wants an ordinary one"), gettext(
                "write `: ` instead"
            )
        return gettext("is not YAML: no colon follows what begins here"), gettext("write `key: value`")
    return _problem(error), ""


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or gettext("cannot be read")
    if "'\\t'" in problem:
        return gettext("a tab stands where YAML wants spaces; indent with spaces")
    if problem == "mapping values are not allowed here":
        return gettext("is not YAML: a colon stands inside a value; put the value in quotes, or check the indentation")
    if error.context == _IN_QUOTES:
        return gettext("is not YAML: a text in quotes begins here and does not end; close the quote")
    if start := re.fullmatch(r"found character '(.+)' that cannot start any token", problem):
        return gettext("a value that starts with {sign} is text only in quotes; put it in quotes", sign=start[1])
    if error.context == "expected a single document in the stream":
        return gettext("is not YAML: the file has a second document (---); keep one")
    said = f"{problem} ({error.context})" if error.context else problem
    return gettext("is not YAML: {said}; look at this line and the one before", said=said)


class _Reader:
    """Turns one file's nodes into a tree."""

    def __init__(self, name: str, text: str, defects: Defects) -> None:
        self._name = name
        self._whole = text
        self._defects = defects
        self._constructor = SafeConstructor()
        self._nodes = 0

    def read(self, node: yaml.Node) -> Node | None:
        """Return the tree. None where aliases make it too large, which is recorded."""
        try:
            return self._node(node)
        except OverflowError:
            self._defects.add(
                Place(self._name),
                "",
                gettext("stands for more than {most} values", most=_MOST_NODES),
                mend=gettext("use fewer aliases"),
            )
            return None

    def _at(self, node: yaml.Node) -> Place:
        return Place(self._name, node.start_mark.line + 1)

    def _node(self, node: yaml.Node, key: Place | None = None) -> Node:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise OverflowError
        if isinstance(node, yaml.MappingNode):
            if len(node.value) == 1 and isinstance(node.value[0][0], yaml.MappingNode):
                return self._template(node)
            return self._branch(node, key)
        if isinstance(node, yaml.SequenceNode):
            return Listing(key or self._at(node), [self._node(item) for item in node.value])
        return self._leaf(node)

    def _template(self, node: yaml.MappingNode) -> Leaf:
        """Take `{{ … }}` without quotes for the text that was meant; to YAML it is a mapping in a mapping."""
        start = node.start_mark.index
        text = " ".join(self._whole[start : node.end_mark.index].split())
        before = re.split(r"[{\[,]", self._whole[self._whole.rfind("\n", 0, start) + 1 : start])[-1].strip()
        what = gettext("a value that starts with {sign} is text only in quotes", sign="{{")
        right = f"{before} {_quoted(text)}"
        self._defects.add(self._at(node), "", what, gettext("write {right}", right=right))
        return Leaf(self._at(node), text)

    def _branch(self, node: yaml.MappingNode, own_key: Place | None) -> Branch:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        inherited: list[Branch] = []
        for key, value in node.value:
            place = self._at(key)
            if key.tag == _TAG + "merge":
                inherited += self._merged(value)
            elif not isinstance(key, yaml.ScalarNode):
                self._defects.add(place, "", gettext("a key must be text"), mend=gettext("put it in quotes"))
            elif not key.style and key.value[:1].isspace():
                what = gettext(
                    "U+{code:04X} stands before {key} where YAML wants spaces",
                    code=ord(key.value[0]),
                    key=key.value.strip(),
                )
                self._defects.add(place, "", what, gettext("indent with ordinary spaces"))
            elif (name := self._text(key)) in lines:
                what = gettext(
                    'the key "{name}" is there twice, first on line {line}; keep one', name=name, line=lines[name]
                )
                self._defects.add(place, "", what)
            else:
                entries[name] = self._node(value, place)
                lines[name] = place.line
        for branch in inherited:
            entries = {**branch.entries, **entries}
        return Branch(own_key or self._at(node), entries)

    def _merged(self, node: yaml.Node) -> list[Branch]:
        """Read what `<<:` brings in: a mapping, or several."""
        found = self._node(node)
        branches = found.items if isinstance(found, Listing) else [found]
        if not all(isinstance(branch, Branch) for branch in branches):
            self._defects.add(self._at(node), "", gettext("<<: takes an alias of a mapping, such as <<: *base"))
        return [branch for branch in branches if isinstance(branch, Branch)]

    def _text(self, node: yaml.Node) -> str:
        """Return the text of a scalar. JSON spells what is above U+FFFF as two escapes, and YAML keeps both halves."""
        text = str(node.value)
        try:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError as error:
            half = f"\\u{int.from_bytes(error.object[error.start : error.start + 2], 'little'):04x}"
            self._defects.add(
                self._at(node),
                "",
                gettext("holds half of a character ({half})", half=half),
                mend=gettext("write the character itself"),
            )
            return text.encode(errors="replace").decode()

    def _leaf(self, node: yaml.Node) -> Leaf:
        place, text = self._at(node), self._text(node)
        if node.tag == _TAG + "null":
            return Leaf(place, None)
        if node.tag in _TEXTS:
            return Leaf(place, text, block=getattr(node, "style", None) == "|")
        if node.tag in (_TAG + "int", _TAG + "float", _TAG + "bool"):
            return Leaf(place, self._written(node, text))
        tag = node.tag.replace(_TAG, "!!")
        self._defects.add(
            place,
            "",
            gettext("the tag {tag} is not understood", tag=tag),
            mend=gettext("a secret is written {env: NAME}"),
        )
        return Leaf(place, text)

    def _written(self, node: yaml.Node, text: str) -> str:
        if ":" in text:
            return text  # YAML 1.1 takes 12:30 for the number 750
        try:
            return Written(text, self._constructor.construct_object(node))
        except (ValueError, KeyError):
            # An explicit tag that does not fit, such as `!!int x`.
            self._defects.add(
                self._at(node),
                "",
                gettext('"{text}" does not fit its tag', text=text),
                mend=gettext("leave the tag out"),
            )
            return text
