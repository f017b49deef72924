"""`notifykit shim`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from notifykit_migration.legacy.settings import settings_of

from notifykit.errors import ExitCode
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json
from notifykit.terminal.paths import PathType
from notifykit.terminal.tables import print_table
from notifykit.wording.translation import gettext
from notifykit_compat import explaining, running, starting
from notifykit_compat.contract_files import FileMap
from notifykit_compat.installing import begin, remember

_EPILOG = """\b
Examples:
  notifykit shim --explain -- main.py
  notifykit shim --strict -- main.py --once
"""


@click.command(
    epilog=_EPILOG, context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]}
)
@click.option("--explain", is_flag=True, help="Say what would be replaced, and run nothing of the program's main file.")
@click.option("--strict", is_flag=True, help="Refuse to run past what cannot be replaced safely.")
@json_option
@click.argument("script", type=PathType(), required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def shim(
    session: Session, explain: bool, strict: bool, as_json: bool, script: Path | None, arguments: tuple[str, ...]
) -> ExitCode:
    """Run an old program, unmodified, on the outbox.

    SCRIPT runs as it would under Python, with the working directory as it is; the rest is its own arguments. Its
    messages are queued, deduplicated and sent by notifykit, and flags are written when messages were sent. What
    cannot be replaced safely is told once, with file and line.
    """
    if explain:
        return _explain(session, script, as_json=as_json)
    if script is None:
        raise click.UsageError(gettext("name the program's main file: notifykit shim -- main.py"))
    if as_json:
        raise click.UsageError(gettext("--json goes with --explain"))
    running.prepare(script)
    remember(begin(session.file, strict=strict, plugins=session.plugins))
    running.run(script, arguments)
    return ExitCode.DONE


def _explain(session: Session, script: Path | None, *, as_json: bool) -> ExitCode:
    if script is not None:
        running.prepare(script)
    project = session.open_project(secrets=False)
    modules = settings_of(project.configuration).modules.by_part()
    folder = Path() if script is None else script.parent
    functions = list(explaining.functions(folder, modules))
    files = list(explaining.files(FileMap.of(project)))
    processes = list(starting.processes(folder))
    if as_json:
        print_json(
            {
                "functions": [asdict(one) for one in functions],
                "files": [asdict(one) for one in files],
                "processes": [asdict(one) for one in processes],
            }
        )
        return ExitCode.DONE
    replaced = sum(one.replaced for one in functions)
    out(
        gettext(
            "{functions} replaced; {files} of campaigns",
            functions=count(replaced, "function"),
            files=count(len(files), "file"),
        )
    )
    print_table(
        ["module", "function", "what becomes of it", "where"],
        [(one.module, one.name, one.becomes, one.place or "") for one in functions],
    )
    print_table(["campaign", "file", "what becomes of it"], [(one.campaign, one.file, one.becomes) for one in files])
    if processes:
        print_table(["starts a process", "where", "which"], [(one.call, one.place, one.becomes) for one in processes])
    return ExitCode.DONE
