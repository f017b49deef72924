"""`notifykit new-plugin`: a plugin of one's own to start from, which works as it is written."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import shlex
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from urllib.parse import urlsplit
from urllib.request import url2pathname

from notifykit.errors import NotifykitError
from notifykit.wording.translation import gettext, gettext_noop

PREFIX = "notifykit-"

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_LONGEST = 40

KINDS: Mapping[str, str] = {
    "sender": gettext_noop("sender type"),
    "source": gettext_noop("source type"),
    "strategy": gettext_noop("strategy type"),
    "observer": gettext_noop("observer"),
    "command": gettext_noop("command"),
}
"""What a plugin may be, and what it then offers."""

FILES: Mapping[str, str] = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "LICENSE": "LICENSE",
    ".gitignore": "gitignore",
    ".github/workflows/test.yml": "test.yml",
    "src/${package}/__init__.py": "plugin_${kind}.py",
    "src/${package}/${kind}.py": "${kind}.py",
    "src/${package}/py.typed": "",
    "tests/test_${type}.py": "test_${kind}.py",
}
"""What is written, and from which template; an empty file has none."""

_TEMPLATES = resources.files("notifykit.plugins") / "scaffold_files"

STEPS = (
    "python -m venv .venv",
    ".venv/bin/python -m pip install --upgrade pip",
    ".venv/bin/python -m pip install ${host}--editable . --group dev",
    ".venv/bin/python -m pytest",
)
"""How its author sets it up and tries it, in its folder. The pip that Python 3.11 brings knows no `--group`."""


@dataclass(frozen=True, slots=True)
class PluginNames:
    """What one name becomes in each place."""

    name: str
    """`acme-sms`, as people write it."""

    @property
    def distribution(self) -> str:
        """What pip installs: `notifykit-acme-sms`."""
        return PREFIX + self.name

    @property
    def type(self) -> str:
        """What YAML says under `type:`: `acme_sms`."""
        return self.name.replace("-", "_")

    @property
    def package(self) -> str:
        """What Python imports: `notifykit_acme_sms`. The entry point is called so, too."""
        return f"notifykit_{self.type}"

    @property
    def cls(self) -> str:
        """The class: `AcmeSms`."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @classmethod
    def of(cls, name: str) -> PluginNames:
        """Raise NotifykitError where the name will not do."""
        bare = name.removeprefix(PREFIX)
        if not _NAME.fullmatch(bare) or len(bare) > _LONGEST:
            better = re.sub(r"[^a-z0-9]+", "-", bare.lower(), flags=re.ASCII).strip("-0123456789")[:_LONGEST].strip("-")
            raise NotifykitError(
                gettext("a plugin cannot be called {name!r}", name=name),
                mend=(
                    gettext(
                        "use up to {longest} lower-case letters, digits and single hyphens, a letter first, such "
                        "as {such!r}",
                        longest=_LONGEST,
                        such=better or "acme-sms",
                    )
                ),
            )
        return cls(bare)


def create_plugin(name: str, folder: Path, *, kind: str = "sender", taken: Collection[str] = ()) -> list[Path]:
    """Write a plugin of one of the `KINDS` into `folder`/notifykit-NAME, with packaging and tests; return its files.

    `taken` is what other plugins offer of its kind, by name. Raises NotifykitError, and writes nothing, where the name
    will not do or is taken, and where the folder is there already or cannot be written.
    """
    names = PluginNames.of(name)
    offered = names.name if kind == "command" else names.type
    if offered in taken:
        raise NotifykitError(
            gettext("a plugin offers the {what} {offered!r} already", what=gettext(KINDS[kind]), offered=offered),
            mend=gettext("choose another name"),
        )
    if importlib.util.find_spec(names.package) is not None:
        raise NotifykitError(
            gettext("a package called {package} is installed already", package=names.package),
            mend=gettext("choose another name"),
        )
    home = folder / names.distribution
    try:
        home.mkdir()
    except FileExistsError as error:
        raise NotifykitError(
            gettext("is there already"), mend=gettext("choose another name, or move it away"), where=home
        ) from error
    except OSError as error:
        raise NotifykitError(
            gettext("cannot be made ({why})", why=error.strerror),
            mend=gettext("check the folder it is to stand in"),
            where=home,
        ) from error
    try:
        values = _values(names, kind)
        written = (_write(home, path, template, values) for path, template in FILES.items())
        return [file for file in written if file is not None]
    except BaseException as error:
        shutil.rmtree(home, ignore_errors=True)
        if isinstance(error, OSError):
            raise NotifykitError(
                gettext("cannot be written ({why}); nothing was left there", why=error.strerror), where=home
            ) from error
        raise


def next_steps(folder: Path) -> list[str]:
    """Return the commands that set up and try a plugin that was written into `folder`, on this machine."""
    values = {"host": _host_requirement()}
    return [f"cd {shlex.quote(str(folder))}", *(Template(step).substitute(values) for step in STEPS)]


def _host_requirement() -> str:
    """Return arguments for pip: where this notifykit came from, if that was a file or a folder and no index."""
    told = importlib.metadata.distribution("notifykit-outbox").read_text("direct_url.json")
    origin = json.loads(told) if told else {}
    parts = urlsplit(origin.get("url", ""))
    if parts.scheme != "file":
        return ""
    editable = "--editable " if origin.get("dir_info", {}).get("editable") else ""
    return f"{editable}{shlex.quote(url2pathname(parts.path))} "


def _values(names: PluginNames, kind: str) -> dict[str, str]:
    """Return what the templates are filled with."""
    values = {
        "kind": kind,
        "name": names.name,
        "distribution": names.distribution,
        "package": names.package,
        "type": names.type,
        "cls": names.cls,
        "variable": f"{names.type.upper()}_URL",
        "steps": Template("\n".join(STEPS)).substitute(host=""),
        "version": importlib.metadata.version("notifykit-outbox"),
    }
    return values | {"usage": _template(f"usage_{kind}.md").substitute(values)}


def _template(name: str) -> Template:
    return Template((_TEMPLATES / f"{name}.tmpl").read_text(encoding="utf-8"))


def _write(home: Path, path: str, template: str, values: Mapping[str, str]) -> Path | None:
    file, name = home / Template(path).substitute(values), Template(template).substitute(values)
    if name == "observer.py":  # an observer is the plugin itself
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_template(name).substitute(values) if name else "", encoding="utf-8", newline="\n")
    return file
