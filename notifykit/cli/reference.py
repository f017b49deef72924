"""The part of docs/cli.md that is the help of every command.

`python -m notifykit.cli.reference docs/cli.md` brings it up to date; a test tells when it is not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from notifykit.cli.app import SECTIONS, build_cli

BEGIN = "<!-- The rest is generated: python -m notifykit.cli.reference docs/cli.md -->"
WIDTH = 92


def reference() -> str:
    """Return the help of every command of ours, as Markdown."""
    return "\n".join(_parts())


def _parts() -> Iterator[str]:
    cli = build_cli()
    context = click.Context(cli, info_name="notifykit", **{**cli.context_settings, "terminal_width": WIDTH})
    yield f"{BEGIN}\n\n## All commands\n\n{_fenced(cli.get_help(context))}"
    for command in (command for commands in SECTIONS.values() for command in commands):
        own = click.Context(command, info_name=command.name, parent=context, terminal_width=WIDTH)
        yield f"## notifykit {command.name}\n\n{_fenced(command.get_help(own))}"


def _fenced(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"


def main(file: Path) -> None:
    """Replace the generated part of a page."""
    page = file.read_text(encoding="utf-8")
    file.write_text(page.partition(BEGIN)[0] + reference(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
