"""The catalogues of translations: which texts they must have, where each is, and how it is compiled.

`python tests/support/suite/catalogues.py` brings them up to date: texts that are new get their place, those that are
gone are dropped, and what a translator wrote is compiled. Whatever has no translation then is listed.
"""

from __future__ import annotations

import ast
import importlib
import io
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from notifykit.cli.app import EXIT_CODES, OTHERS, App, build_cli
from notifykit.cli.sections import SECTIONS
from notifykit.cli.translated import translated
from notifykit.plugins import load_plugins
from notifykit.plugins.commands import LazyCommand
from notifykit.plugins.find import OWN_DISTRIBUTION, FoundPlugin, canonical, find_entry_points, identify
from notifykit.wording import translation

HEADING, COUNT, PROGRESS = "heading", "count", "progress"
"""The contexts of what stands above a column, of a noun behind its number, and of a moving line."""
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
WIDTH = 110
TRIMMED = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
"""How the page's templates are read: as they are rendered, and nothing of them is passed over."""
KEYWORDS = {"gettext": None, "gettext_noop": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
CLICKS = {"_": None, "ngettext": (1, 2)}
SINCE = datetime(2026, 11, 29, tzinfo=UTC)
"""The date in a catalogue's head: a catalogue is made of its texts alone."""


class Text(NamedTuple):
    """What a catalogue must have."""

    id: str | tuple[str, ...]
    """English; two where a number decides which."""
    context: str | None = None


def catalogues() -> dict[str, translation.Catalogue]:
    """Return the host's catalogue and those of the plugins that come with it, by the package they belong to."""
    return {one.domain: one for one in (translation.HOST, *load_plugins(entry_points=ours_alone()).catalogues)}


def file(catalogue: translation.Catalogue, ending: str) -> Path:
    """Return the file of a catalogue, in Chinese."""
    return catalogue.folder / translation.LOCALES[translation.CHINESE] / "LC_MESSAGES" / f"{catalogue.domain}.{ending}"


def wanted() -> dict[str, list[Text]]:
    """Return the texts of each package, the host's first; what a plugin has from the host is the host's."""
    cli = whole()
    ours = [command for name, command in cli.commands.items() if package(command) == "notifykit"]
    alone = App(cli.name, params=cli.params, help=cli.help, epilog=cli.epilog, callback=cli.callback)
    titles = [Text(text) for text in (*SECTIONS, OTHERS, *EXIT_CODES.values())]
    found = {"notifykit": [*helps([alone, *ours]), *titles, *in_code("notifykit")]}
    host = {*found["notifykit"], *clicks()}
    with_commands = {package(command) for command in cli.commands.values()}
    for name in sorted({*with_commands, *catalogues()} - {"notifykit"}):
        theirs = [*helps(command for command in cli.commands.values() if package(command) == name), *in_code(name)]
        found[name] = [text for text in dict.fromkeys(theirs) if text not in host]
    return {name: list(dict.fromkeys(texts)) for name, texts in found.items()}


def whole() -> App:
    """Return the command line with all commands of our own distribution, each imported."""
    cli = build_cli()
    load_plugins(entry_points=ours_alone()).add_commands(cli)
    for name, command in cli.commands.items():
        cli.commands[name] = command.load() if isinstance(command, LazyCommand) else command
    return cli


def ours_alone() -> list[FoundPlugin]:
    """Return the plugins that come with notifykit."""
    return [one for one in find_entry_points()[0] if canonical(identify(one).distribution) == OWN_DISTRIBUTION]


def package(command: click.Command) -> str:
    """Return the package that a command is from."""
    return str(getattr(command.callback, "__module__", "")).partition(".")[0]


def helps(commands: Iterable[click.Command]) -> Iterator[Text]:
    """Yield what the help of commands, and of those within them, asks to be translated."""
    asked: list[str] = []

    def ask(text: str) -> str:
        asked.append(text)
        return text

    for command in commands:
        translated(command, ask)
    yield from map(Text, asked)


def in_code(name: str) -> Iterator[Text]:
    """Yield what the code of a package puts through `gettext` and its like, and above the columns of its tables."""
    (folder,) = importlib.import_module(name).__path__
    for _, _, message, _, context in extract_from_dir(folder, [("**.py", "python")], keywords=KEYWORDS):
        yield Text(message, context)
    for path in sorted(Path(folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from (text for text in (*called(tree), *columns(tree)) if text.id)
    for _, _, message, _, context in extract_from_dir(folder, [("**.html", "jinja2")], TRIMMED, KEYWORDS):
        yield Text(message, context)


def called(tree: ast.AST) -> Iterator[Text]:
    """Yield what a module gives to functions that translate it: headings of tables, nouns, moving lines, log lines.

    Also what it collects in a variable first.
    """
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            for argument, context in _translated(call):
                yield from (Text(text, context) for text in _constants(argument, function, set()))


def columns(tree: ast.AST) -> Iterator[Text]:
    """Yield what stands above the columns of listings on the page."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id == "Column":
            headings = (word.value for word in call.keywords if word.arg == "heading")
            yield from (Text(str(one.value), HEADING) for one in headings if isinstance(one, ast.Constant))


def _translated(call: ast.Call) -> Iterator[tuple[ast.expr, str | None]]:
    """Yield the arguments of a call that it translates, each with its context."""
    match call:
        case ast.Call(func=ast.Name("print_table"), args=[titles, *_]):
            yield titles, HEADING
        case ast.Call(func=ast.Name("count"), args=[_, noun]):
            yield noun, COUNT
        case ast.Call(func=ast.Name("progress"), args=[what, unit, *_]):
            yield what, PROGRESS
            yield unit, PROGRESS
        case ast.Call(func=ast.Attribute(value=ast.Name("log"), attr=level), args=[said, *_]) if level in LEVELS:
            yield said, None
        case ast.Call(func=ast.Attribute(value=ast.Name("log"), attr="log"), args=[_, said, *_]):
            yield said, None


def _constants(node: ast.AST, function: ast.FunctionDef, seen: set[str]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from (text for part in (node.body, node.orelse) for text in _constants(part, function, seen))
        case ast.List() | ast.Tuple():
            yield from (text for part in node.elts for text in _constants(part, function, seen))
        case ast.Dict():
            yield from (text for part in node.keys if part for text in _constants(part, function, seen))
        case ast.Starred():
            yield from _constants(node.value, function, seen)
        case ast.Call():
            yield from (text for part in (*node.args, node.func) for text in _constants(part, function, seen))
        case ast.DictComp():
            yield from (text for part in node.generators for text in _constants(part.iter, function, seen))
        case ast.Attribute() | ast.Subscript():
            yield from _constants(node.value, function, seen)
        case ast.Name(id=name) if name not in seen:
            seen.add(name)
            for inner in ast.walk(function):
                yield from _assigned(inner, name, function, seen)


def _assigned(node: ast.AST, name: str, function: ast.FunctionDef, seen: set[str]) -> Iterator[str]:
    """Yield the constants that one statement puts into a variable."""
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=found)], value=value)
            | ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value)
            | ast.AugAssign(target=ast.Name(id=found), value=value)
        ) if found == name:
            yield from _constants(value, function, seen)
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=found), slice=key)]) if found == name:
            yield from _constants(key, function, seen)


def clicks() -> Iterator[Text]:
    """Yield click's own texts, of the version that is installed."""
    (folder,) = click.__path__
    for _, _, message, _, _ in extract_from_dir(folder, [("**.py", "python")], keywords=CLICKS):
        yield Text(message)
    yield Text("required")  # behind an option; click asks for it by a variable


def read(catalogue: translation.Catalogue) -> Catalog:
    """Return what a catalogue has; nothing where there is none yet."""
    path = file(catalogue, "po")
    if not path.is_file():
        return Catalog()
    with path.open("rb") as stream:
        return read_po(stream, "zh_CN", catalogue.domain)


def made(catalogue: translation.Catalogue, texts: Iterable[Text], also: Iterable[Text] = ()) -> Catalog:
    """Return a catalogue with these texts and no other, as far as they are translated. `also`: those of click."""
    known = read(catalogue)
    new = Catalog(
        "zh_CN",
        catalogue.domain,
        f"# {catalogue.domain} in Chinese.\n# `make translations` brings this file up to date, and compiles it.",
        project=catalogue.domain,
        version="0",
        creation_date=SINCE,
        revision_date=SINCE,
        last_translator="maintainers",
        language_team="maintainers",
        msgid_bugs_address="maintainers",
        fuzzy=False,
    )
    for text in texts:
        if text.id:
            new.add(text.id, _known(known, text), context=text.context)
    for text in also:
        if text.id and new.get(text.id, text.context) is None:
            new.add(text.id, _known(known, text), auto_comments=["click"])
    for message in known:  # of another version of click
        if message.id and "click" in message.auto_comments and new.get(message.id) is None:
            new.add(message.id, message.string, auto_comments=["click"])
    return new


def _known(catalogue: Catalog, text: Text) -> str | tuple[str, ...]:
    message = catalogue.get(text.id, text.context)
    string = "" if message is None or message.fuzzy else message.string or ""
    return tuple(string) if isinstance(string, list) else string


def written(catalog: Catalog) -> bytes:
    """Return a catalogue as a translator has it."""
    stream = io.BytesIO()
    write_po(stream, catalog, width=WIDTH, no_location=True)
    return stream.getvalue()


def compiled(catalog: Catalog) -> bytes:
    """Return a catalogue as programs have it."""
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """Return what has no translation."""
    return [str(message.id) for message in catalog if message.id and not (message.string and all(message.string))]


def update() -> int:
    """Write every catalogue anew. Returns how many texts have no translation."""
    missing = 0
    found = catalogues()
    for name, texts in wanted().items():
        catalog = made(found[name], texts, clicks() if name == "notifykit" else ())
        file(found[name], "po").parent.mkdir(parents=True, exist_ok=True)
        file(found[name], "po").write_bytes(written(catalog))
        file(found[name], "mo").write_bytes(compiled(catalog))
        for text in untranslated(catalog):
            missing += 1
            print(f"{name}: not translated: {text}")
    return missing


if __name__ == "__main__":
    sys.exit(update() > 0)
