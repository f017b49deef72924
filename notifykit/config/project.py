"""notifykit.yaml, as far as it is read before plugins are loaded."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from notifykit.config.defects import Defects, Place
from notifykit.config.known_store import KnownStore
from notifykit.config.parse import Files
from notifykit.config.paths import in_folder, unusable
from notifykit.config.tree import Branch, Leaf, Listing, Written
from notifykit.errors import ConfigError, PluginError
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifykit.config.sections import ProjectSection
    from notifykit.outbox.address import StoreAddress
    from notifykit.plugins.find import FoundPlugin
    from notifykit.plugins.registry import Registry

STORE = "state/notifykit.db"
"""The outbox of a project that names none."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://.*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPlugins:
    """What there is to say before plugins are loaded. `config.plugins_section` has the words for people."""

    block: tuple[str, ...] = ()
    strict: bool = False
    requires: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """A project file that is YAML, and says which plugins it wants."""

    file: Path
    """As the person named it."""
    root: Branch
    plugins: WantedPlugins

    @property
    def folder(self) -> Path:
        """Where the file's relative paths start; absolute."""
        return self.file.parent.resolve()

    @property
    def local_plugins(self) -> Iterable[FoundPlugin]:
        """The plugins that the project brings itself. Nothing of them is imported yet."""
        if not self.plugins.path:
            return ()
        from notifykit.plugins.local import local_plugins  # most projects have none

        folders = (in_folder(self.folder, path) for path in self.plugins.path)
        return local_plugins(folders, self.folder, outside=self.plugins.outside)

    @property
    def known_store(self) -> KnownStore:
        """What the project remembers of its store."""
        return KnownStore.of(self.folder / self.file.name)

    def store(self, registry: Registry) -> StoreAddress:
        """Return where the outbox is, whatever else the project says.

        Raises ConfigError where the project file does not name it as it should.
        """
        match self.root.entries.get("store"):
            case None | Leaf(value=None):
                named = str(in_folder(self.folder, STORE))
            case Leaf(value=str(said)) if said and scheme_of(said) is None and unusable(self.folder, said) is None:
                named = str(in_folder(self.folder, said))
            case _:
                named = self.section().store
        defects = Defects()
        address = self.address_of(named, registry, defects)
        defects.raise_if_any()
        assert address is not None  # noqa: S101 - whatever is wrong with it was recorded
        return address

    def address_of(self, named: str, registry: Registry, defects: Defects) -> StoreAddress | None:
        """Return the address of the store that is named: an absolute path, or a URL; None where it was a defect."""
        try:
            return store_address(named, registry)
        except (ConfigError, PluginError) as error:
            defects.add(self.root.entries.get("store", self.root).place, "store", error.what, error.mend)
            return None

    def section(self) -> ProjectSection:
        """Return all that the project file says of the host, validated; sections of plugins are passed over.

        What only work needs may be missing. Raises ConfigError.
        """
        from notifykit.config.sections import ProjectSection
        from notifykit.config.validate import validated
        from notifykit.secrets import Surroundings

        defects = Defects()
        known = ProjectSection.model_fields
        own = {key: node for key, node in self.root.entries.items() if key in known or not isinstance(node, Branch)}
        root = Branch(self.root.place, own)
        section = validated(ProjectSection, root, (), Surroundings(folder=self.folder, secrets_required=False), defects)
        defects.raise_if_any()
        assert section is not None  # noqa: S101 - whatever is wrong with it was recorded
        return section


def read_project(file: Path) -> ProjectFile:
    """Read a project file as far as its `plugins`; `resolve` reads the rest.

    Raises ConfigError where it is missing, no YAML, no mapping, or `plugins` is wrong.
    """
    defects = Defects()
    _require_file(file, defects)
    defects.raise_if_any()
    root = Files(defects).load(file)
    if root is not None and not isinstance(root, Branch):
        defects.add(root.place, "", gettext("must be a mapping with the keys store, senders, campaigns, …"))
    wanted = _wanted(root, file, defects) if isinstance(root, Branch) else None
    defects.raise_if_any()
    assert isinstance(root, Branch)  # noqa: S101 - whatever is not was recorded
    assert wanted is not None  # noqa: S101 - likewise
    return ProjectFile(file=file, root=root, plugins=wanted)


def _require_file(file: Path, defects: Defects) -> None:
    """Record a project file that is not there, or is a folder. What else is wrong with it is said when it is read."""
    mend = gettext("run this in the folder of a project, or name its file before the command: notifykit --project FILE")
    try:
        if stat.S_ISDIR(file.stat().st_mode):
            defects.add(Place(str(file)), "", gettext("is a folder"), mend=gettext("name the project's file in it"))
    except FileNotFoundError:
        defects.add(Place(str(file)), "", gettext("there is no such file"), mend=mend)
    except OSError:
        return


def _wanted(root: Branch, file: Path, defects: Defects) -> WantedPlugins | None:
    section = root.entries.get("plugins")
    if section is None or (isinstance(section, Leaf) and section.value is None):
        return WantedPlugins()
    if not isinstance(section, Branch):
        defects.add(
            section.place, "plugins", gettext("must be a mapping with the keys block, strict, requires, path, outside")
        )
        return None
    wanted = _plain(section) or _validated(section, file, defects)
    if wanted is not None:
        _require_folders(wanted, section, file, defects)
    return wanted


def _require_folders(wanted: WantedPlugins, section: Branch, file: Path, defects: Defects) -> None:
    """Record every folder of plugins that is none, or is not in the project's, where that is not said."""
    home = file.parent.resolve()
    for path in wanted.path:
        folder = in_folder(home, path)
        if (wrong := unusable(home, path)) is not None:
            mend = ""
        elif (why := _unreadable(folder)) is not None:
            wrong = gettext("the folder {folder} cannot be read ({why})", folder=folder, why=why)
            mend = gettext("name one that holds plugins")
        elif not wanted.outside and not folder.resolve().is_relative_to(home):
            wrong = gettext("{folder} is outside of the project's folder", folder=folder)
            mend = gettext("set `outside: true` beside `path` where its code is to be run")
        else:
            continue
        defects.add(section.entries["path"].place, "plugins.path", wrong, mend)


def _unreadable(folder: Path) -> str | None:
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


def _plain(section: Branch) -> WantedPlugins | None:
    """Return what a section says that is written as the manual shows it; None for any other, right or wrong.

    Every command reads this section, and validating it takes longer than all else that most of them do.
    """
    said = {"strict": False, "outside": False}
    names: dict[str, tuple[str, ...]] = {"block": (), "requires": (), "path": ()}
    for key, node in section.entries.items():
        match key, node:
            case "strict" | "outside", Leaf(value=Written(natural=bool(yes))):
                said[key] = yes
            case "path", Leaf(value=str(path)):
                names[key] = (str(path),)
            case "block" | "requires" | "path", Listing(items=items):
                texts = [item.value for item in items if isinstance(item, Leaf) and item.value is not None]
                if len(texts) < len(items):
                    return None
                names[key] = tuple(map(str, texts))
            case _:
                return None
    return WantedPlugins(strict=said["strict"], outside=said["outside"], **names)


def _validated(section: Branch, file: Path, defects: Defects) -> WantedPlugins | None:
    from notifykit.config.plugins_section import PluginsSection
    from notifykit.config.validate import validated
    from notifykit.secrets import Surroundings

    found = validated(PluginsSection, section, ("plugins",), Surroundings(folder=file.parent), defects)
    if found is None:
        return None
    return WantedPlugins(
        block=tuple(found.block),
        strict=found.strict,
        requires=tuple(found.requires),
        path=tuple(found.path),
        outside=found.outside,
    )


def scheme_of(store: str) -> str | None:
    """Return which kind of store a text names, in small letters; None where it is the path of a file."""
    found = _URL.fullmatch(store)
    return None if found is None else found[1].lower()


def store_address(named: str, registry: Registry) -> StoreAddress:
    """Return the address of the store that is named: an absolute path, or a URL.

    Raises ConfigError, without a place, where no plugin offers its scheme, or the URL will not do; and PluginError.
    """
    scheme = scheme_of(named)
    if scheme is None:
        from notifykit.outbox.sqlite.store import SqliteAddress  # most commands ask for a store, and some for none

        return SqliteAddress(Path(named))
    from notifykit.options import OptionError  # likewise

    offer = registry.stores.get(scheme)
    if offer is None:
        from notifykit.wording.nearest import hint  # only where something is wrong

        near = hint(scheme, registry.stores)
        raise ConfigError(
            gettext('no plugin offers stores of the scheme "{scheme}"{near}', scheme=scheme, near=near),
            mend=gettext("correct `store:`, or install such a plugin"),
        )
    try:
        address: StoreAddress = offer.load()(url=named)
    except OptionError as error:
        raise ConfigError(error.what, mend=error.mend) from error
    return address
