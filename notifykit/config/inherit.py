"""`extends`: next month's campaign is the lines that differ."""

from __future__ import annotations

import os
from pathlib import Path

from notifykit.config.defects import Defects, Place
from notifykit.config.parse import Files
from notifykit.config.paths import unusable
from notifykit.config.tree import Branch, Leaf, Listing, Node
from notifykit.durable.ordinary import is_there
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext

_OWN = ("name", "enabled", "extends")
"""What a file says of itself only."""

_TYPED = {"source": "type", "strategy": "type", "legacy": "kind"}
_ALTERNATIVES = ("template", "template_file")


class Inheritance:
    """Reads campaigns together with what they extend."""

    def __init__(self, files: Files, defects: Defects) -> None:
        self._files = files
        self._defects = defects

    def read(self, file: Path) -> Branch | None:
        """Return a campaign with all it inherits. None where a file is missing or defective, which is recorded."""
        return self._read(file, ())

    def _read(self, file: Path, heirs: tuple[str, ...]) -> Branch | None:
        root = self._files.load(file)
        if root is None:
            return None
        if not isinstance(root, Branch):
            self._defects.add(root.place, "", gettext("must be a mapping with the keys source, strategy and messages"))
            return None
        self._check_messages(root)
        extends = root.entries.get("extends")
        if not isinstance(extends, Leaf) or not extends.value:
            return root
        if (wrong := unusable(file.parent, extends.value)) is not None:
            self._defects.add(extends.place, "extends", wrong)
            return None
        target = Path(os.path.normpath(file.parent / extends.value))
        base = self._base(target, extends.place, (*heirs, os.path.normpath(file)))
        return None if base is None else _extended(base, root)

    def _base(self, target: Path, named_at: Place, heirs: tuple[str, ...]) -> Branch | None:
        if str(target) in heirs:
            round_trip = (*heirs[heirs.index(str(target)) :], str(target))
            circle = " → ".join(Path(name).name for name in round_trip)
            self._defects.add(
                named_at,
                "extends",
                gettext("goes round in a circle: {circle}", circle=circle),
                mend=gettext("end it somewhere"),
            )
            return None
        if not is_there(target):
            beside = sorted(found.name for found in target.parent.glob("*.y*ml"))
            near = hint(target.name, beside)
            mend = "" if near else gettext("correct the path")
            self._defects.add(
                named_at, "extends", gettext("no file {target}{near}", target=target, near=near), mend=mend
            )
            return None
        return self._read(target, heirs)

    def _check_messages(self, root: Branch) -> None:
        first: dict[str, int] = {}
        messages = root.entries.get("messages")
        for at, item in enumerate(messages.items if isinstance(messages, Listing) else ()):
            name = _name(item)
            if name in first:
                self._defects.add(
                    item.place,
                    f"messages[{at}].name",
                    gettext('"{name}" is also the name of messages[{number}]', name=name, number=first[name]),
                    mend=gettext("give each message its own"),
                )
            elif name is not None:
                first[name] = at


def _extended(base: Branch, heir: Branch) -> Branch:
    kept = {key: node for key, node in base.entries.items() if key not in _OWN}
    return _merge(Branch(base.place, kept), heir)


def _merge(base: Branch, heir: Branch) -> Branch:
    entries = dict(base.entries)
    for key, node in heir.entries.items():
        if isinstance(node, Leaf) and node.value is None and key in entries:
            del entries[key]
        else:
            entries[key] = _merged(key, entries.get(key), node)
    return Branch(heir.place, entries)


def _merged(key: str, base: Node | None, heir: Node) -> Node:
    if isinstance(base, Branch) and isinstance(heir, Branch):
        if key in _TYPED and _other_type(base, heir, _TYPED[key]):
            return heir
        return _merge(base, heir)
    if key == "messages" and isinstance(base, Listing) and isinstance(heir, Listing):
        return _merge_messages(base, heir)
    return heir


def _other_type(base: Branch, heir: Branch, named: str) -> bool:
    """Whether a section names another type: the options of the old one mean nothing to it."""
    old, new = base.entries.get(named), heir.entries.get(named)
    return isinstance(old, Leaf) and isinstance(new, Leaf) and old.value != new.value


def _merge_messages(base: Listing, heir: Listing) -> Listing:
    items = list(base.items)
    known = {_name(item): at for at, item in enumerate(items)}
    for item in heir.items:
        at = known.get(_name(item)) if _name(item) is not None else None
        inherited = items[at] if at is not None else None
        if at is None or not isinstance(inherited, Branch) or not isinstance(item, Branch):
            items.append(item)
            continue
        if any(key in item.entries for key in _ALTERNATIVES):
            kept = {key: node for key, node in inherited.entries.items() if key not in _ALTERNATIVES}
            inherited = Branch(inherited.place, kept)
        items[at] = _merge(inherited, item)
    return Listing(heir.place, items)


def _name(item: Node) -> str | None:
    name = item.entries.get("name") if isinstance(item, Branch) else None
    return name.value if isinstance(name, Leaf) else None
