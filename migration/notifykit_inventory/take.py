"""Takes the inventory of a folder: reads each file, then decides about the uses of all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from notifykit.wording.translation import gettext
from notifykit_inventory.around import around
from notifykit_inventory.facts import FileFacts
from notifykit_inventory.model import Inventory, UnreadPath
from notifykit_inventory.ownership import Ownership
from notifykit_inventory.resolution.bindings import bindings_of
from notifykit_inventory.resolution.modules import Modules
from notifykit_inventory.scan import scan_file
from notifykit_inventory.source import Code, UnreadableError, parse, read_code
from notifykit_inventory.tree import python_files, within
from notifykit_inventory.words import FUNCTIONS, MARKERS, SUSPECT, StatusFiles


class TreeScan:
    """Looks through a folder, and keeps what a patch needs beyond the inventory itself."""

    def __init__(self, root: Path, files: StatusFiles | None = None) -> None:
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 - links stay as they are named
        self.files = files or StatusFiles()
        self.modules = Modules(self.root)
        self.read: list[Path] = []
        """Every file that could be read."""
        self.lines = 0
        self.unread: list[UnreadPath] = []
        self._facts: dict[Path, FileFacts] = {}
        self._count = 0

    def run(self, told: Callable[[int], None] = lambda _: None) -> Ownership:
        """Look through everything; `told` is called with 1 for each file.

        Raises NotifykitError where there is nothing at the path.
        """
        for found in python_files(self.root):
            if isinstance(found, UnreadPath):
                self.unread.append(found)
                continue
            self._count += 1
            self._look(found, MARKERS)
            told(1)
        self._follow_other_names()
        return Ownership(self._facts.values(), self.files)

    def inventory(self, ownership: Ownership) -> Inventory:
        """Return the inventory that follows from these facts, with what is around the uses."""
        return replace(self._inventory(ownership), around=tuple(around(ownership, self.modules, self.read)))

    def _inventory(self, ownership: Ownership) -> Inventory:
        return Inventory(
            root=str(self.root),
            files=self._count,
            lines=self.lines,
            uses=tuple(ownership.uses()),
            hazards=tuple(
                sorted(
                    (item for facts in self._facts.values() for item in facts.hazards),
                    key=lambda item: (item.place.file, item.place.line),
                )
            ),
            unread=tuple(sorted(self.unread, key=lambda item: item.file)),
        )

    def replaced(self, codes: Mapping[Path, Code]) -> Inventory:
        """Return the inventory as it would be with other code in these files, without what is around the uses."""
        trees = {path: parse(code) for path, code in codes.items()}
        homes = {path: bindings_of(path, tree) for path, tree in trees.items()}
        for path, home in homes.items():
            self.modules.replace(path, home)
        for path, code in codes.items():
            file = within(self.root, path)
            self._facts[path] = scan_file(file, code, trees[path], homes[path], self.modules, self.files)
        return self._inventory(Ownership(self._facts.values(), self.files))

    def _look(self, path: Path, markers: tuple[str, ...], *, again: bool = False) -> None:
        text = ""
        try:
            code = read_code(path)
            text = code.text
            if again and not any(marker in text for marker in markers):
                return
            tree = parse(code)
            if not again:
                self.read.append(path)
                self.lines += code.lines
            folded = text if again else text.lower()
            if any(marker in folded for marker in markers):
                file = within(self.root, path)
                home = bindings_of(path, tree)
                facts = scan_file(file, code, tree, home, self.modules, self.files)
                # Functions are kept only of files that use something: no status file goes through the others.
                self._facts[path] = facts if facts.uses or facts.calls or facts.hazards else FileFacts()
        except UnreadableError as error:
            reason, suspect = error.reason, error.suspect
        except RecursionError:
            reason, suspect = gettext("its expressions are nested too deeply"), bool(SUSPECT.search(text))
        else:
            return
        if not again:
            self.unread.append(UnreadPath(file=within(self.root, path), reason=reason, suspect=suspect))

    def _follow_other_names(self) -> None:
        """Look into files that know a function or a constant only by a name that another file gave it."""
        followed: set[str] = set()
        while True:
            names = {name for facts in self._facts.values() for name in facts.other_names}
            names |= {key[1].rpartition(".")[2] for key, _ in Ownership(self._facts.values(), self.files).carried}
            new = {
                name
                for name in names - followed - FUNCTIONS.keys()
                if name and not any(marker in name.lower() for marker in MARKERS)
            }
            if not new:
                return
            followed |= new
            for path in self.read:
                if path not in self._facts:
                    self._look(path, tuple(new), again=True)


def take_inventory(
    root: Path, files: StatusFiles | None = None, told: Callable[[int], None] = lambda _: None
) -> Inventory:
    """Return every use of send status in the Python code at a path. Nothing is executed.

    `files` are the status files that a project names; `told` is called with 1 for each file.
    Raises NotifykitError where there is nothing at the path.
    """
    scan = TreeScan(root, files)
    return scan.inventory(scan.run(told))
