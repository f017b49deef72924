"""The part of docs/cli.md that is the help of every command: of ours, and of the plugins that come with us.

`python -m notifykit.cli.reference docs/cli.md` brings it up to date, and docs/cli.zh-CN.md beside it; a test tells when
it is not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from notifykit.cli.app import App, build_cli
from notifykit.cli.manual import CHINESE, Language
from notifykit.cli.sections import SECTIONS
from notifykit.cli.translated import translated
from notifykit.plugins import load_plugins
from notifykit.plugins.commands import LazyCommand
from notifykit.plugins.find import OWN_DISTRIBUTION, canonical, find_entry_points, identify
from notifykit.wording.translation import Catalogue, speak

BEGIN = "<!-- The rest is generated: python -m notifykit.cli.reference docs/cli.md -->"
PLUGINS = "<!-- Commands of the plugins that come with notifykit. Where one is not installed, its part stays. -->"
WIDTH = 92

_SECTION = re.compile(r"^## notifykit (\S+)\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


TITLES: Mapping[Language, str] = {"en": "All commands", "zh": "全部命令"}


def reference(language: Language = "en") -> str:
    """Return the help of every command of ours, as Markdown."""
    cli = _spoken(build_cli(), language)
    ours = _sections(cli, (cli.commands[str(command.name)] for commands in SECTIONS.values() for command in commands))
    whole = f"{BEGIN}\n\n## {TITLES[language]}\n\n{_fenced(cli.get_help(_context(cli)))}"
    return "\n".join([whole, *ours.values()])


def plugin_sections(language: Language = "en") -> dict[str, str]:
    """Return the help of each command that the plugins of our own distribution add, as Markdown, by its name."""
    entry_points = [one for one in find_entry_points()[0] if canonical(identify(one).distribution) == OWN_DISTRIBUTION]
    plugins = load_plugins(entry_points=entry_points)
    cli = build_cli()
    ours = set(cli.commands)
    plugins.add_commands(cli)
    cli = _spoken(cli, language, plugins.catalogues)
    return _sections(cli, (command for name, command in cli.commands.items() if name not in ours))


def _spoken(cli: App, language: Language, catalogues: Sequence[Catalogue] = ()) -> App:
    speak(language, catalogues)
    return cli if language == "en" else translated(cli)


def _sections(cli: click.Group, commands: Iterable[click.Command]) -> dict[str, str]:
    found = {}
    for command in commands:
        helps = "\n".join(_helps(command, _context(cli)))
        found[str(command.name)] = f"## notifykit {command.name}\n\n{helps}"
    return found


def _helps(command: click.Command, parent: click.Context) -> Iterator[str]:
    """Yield the help of a command, then those of the commands within it."""
    whole = command.load() if isinstance(command, LazyCommand) else command
    context = whole.context_class(whole, info_name=command.name, parent=parent, terminal_width=WIDTH)
    yield _fenced(whole.get_help(context))
    if isinstance(whole, click.Group):
        for inner in whole.commands.values():
            yield from _helps(inner, context)


def _context(cli: click.Group) -> click.Context:
    return cli.context_class(cli, info_name="notifykit", **{**cli.context_settings, "terminal_width": WIDTH})


def _fenced(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"


def _written(page: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of plugins that a page has, each with its part."""
    for found in _SECTION.finditer(page.partition(PLUGINS)[2]):
        yield found[1], found[0].strip() + "\n"


def main(file: Path) -> None:
    """Replace the generated part of a page, and of its Chinese twin where that lies beside it.

    What a page says of a command that is not installed here stays.
    """
    _write(file, "en")
    twin = file.with_name(f"{file.stem}{CHINESE}.md")
    if twin.is_file():
        _write(twin, "zh")


def _write(file: Path, language: Language) -> None:
    page = file.read_text(encoding="utf-8")
    plugins = plugin_sections(language)
    kept = {name: text for name, text in _written(page) if name not in plugins}
    parts = [page.partition(BEGIN)[0] + reference(language), f"{PLUGINS}\n", *plugins.values(), *kept.values()]
    file.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
