"""`notifykit init`."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from notifykit.cli.sections import example
from notifykit.errors import CampaignError, ExitCode, NotifykitError
from notifykit.plugins import Plugins
from notifykit.session import PROJECT_FILE, Session
from notifykit.start import DataFile, ProjectDraft
from notifykit.start.choosing import choose
from notifykit.start.drafting import EXAMPLE, EXAMPLE_NAME, PROJECT_NAME, SENT, campaign_file, project_file
from notifykit.start.making import make_files, require_room
from notifykit.terminal.console import count, info, json_option, out, print_json
from notifykit.terminal.paths import PathType
from notifykit.wording.translation import gettext, gettext_noop

MOST = 100_000
"""Rows that are looked at: more do not change what a column is."""

_Command = Callable[..., ExitCode]


def _named_options(command: _Command) -> _Command:
    """Give a command the options that name what would be guessed."""
    for name, what in {
        "recipient": gettext_noop("The column with the recipient; `none` for a fixed one."),
        "sent": gettext_noop("What the flag says where a message was sent."),
        "unsent": gettext_noop("What the flag says where a message is to be sent."),
        "flag": gettext_noop("The column that says who was told; `none` for none."),
        "key": gettext_noop("The column that tells records apart."),
    }.items():
        command = click.option(f"--{name}", metavar="WORD" if name.endswith("sent") else "COLUMN", help=what)(command)
    return command


@click.command(
    epilog=example(
        "notifykit init", "notifykit init members.csv --yes --flag told", "notifykit init --from-program ../old-program"
    )
)
@click.argument("data", metavar="[CSV]", required=False, type=PathType(exists=True, dir_okay=False))
@click.option(
    "--from-program",
    "program",
    type=PathType(exists=True),
    metavar="PATH",
    help="Draft the campaigns from an old program's code instead, which is read and never run.",
)
@click.option(
    "--yes", is_flag=True, help="Do not ask: take what was found, or end with an error where it is not certain."
)
@_named_options
@click.option(
    "--encoding", default="auto", metavar="NAME", help="The encoding of the CSV file, where nothing in it proves one."
)
@json_option
@click.pass_obj
def init(
    session: Session,
    /,
    *,
    data: Path | None,
    program: Path | None,
    yes: bool,
    encoding: str,
    as_json: bool,
    **named: str | None,
) -> ExitCode:
    """Make a project that works at once, from a CSV file.

    Looks at the file (encoding, columns, which is the key, the flag, the recipient), says why, and asks. Then it writes
    notifykit.yaml and a campaign, with comments, whose messages go into a file: nothing leaves by accident. Without CSV
    it makes a small example of its own. What is there already is never overwritten.
    """
    if data is not None and program is not None:
        raise click.UsageError(gettext("CSV and --from-program exclude each other: name one of them"))
    said = {name: value for name, value in named.items() if value is not None}
    if data is None and said:
        raise click.UsageError(gettext("--{option} is about a CSV file: name it", option=next(iter(said))))
    folder = session.file.parent
    require_room([session.file])
    if data is not None and not (yes or sys.stdin.isatty()):
        raise click.UsageError(gettext("nobody can be asked here; take what is found with --yes"))
    say = info if as_json else out
    if program is not None:
        draft, found = _of_program(session.plugins, program), dict[str, str | None]()
    else:
        draft, found = _of_data(
            session.plugins, data, folder, encoding, _Asking(say, asks=not yes and data is not None), said
        )
    files = make_files(
        {session.file if name == PROJECT_NAME else folder / name: text for name, text in draft.files.items()}
    )
    steps = _steps(session.file, program is not None, found)
    if as_json:
        print_json(
            {"files": [str(file) for file in files], "found": found or None, "told": list(draft.told), "next": steps}
        )
    else:
        out(*draft.told)
        out(*(gettext("made {file}", file=file) for file in files))
        info(gettext("what to type next:"), *(f"  {step}" for step in steps))
    return ExitCode.DONE


class _Asking:
    """Tells what was found, with the reason, and asks for each point where somebody is to be asked."""

    def __init__(self, say: Callable[..., None], *, asks: bool) -> None:
        self.say = say
        self._asks = asks

    def __call__(
        self, what: str, found: str | None, why: str, check: Callable[[str], object], *, sure: bool, mend: str
    ) -> str:
        if not self._asks and (found is None or not sure):
            raise NotifykitError(gettext("the {what} cannot be told: {why}", what=what, why=why), mend=mend)
        told = "?" if found is None else found or gettext("(empty)")
        self.say(gettext("{what}: {found} ({why})", what=what, found=told, why=why))
        if not self._asks and found is not None:
            return found

        def checked(said: str) -> str:
            try:
                check(said)
            except CampaignError as error:
                raise click.UsageError(error.what) from error
            return said

        said: str = click.prompt(what, default=found, err=True, show_default=bool(found), value_proc=checked)
        return said


def _of_data(
    plugins: Plugins, file: Path | None, folder: Path, encoding: str, ask: _Asking, said: Mapping[str, str]
) -> tuple[ProjectDraft, dict[str, str | None]]:
    """Draft a project over a file of data; over a small example where there is none. With it, what was found."""
    files: dict[str, str] = {}
    if file is None:
        path, stem = EXAMPLE_NAME, Path(EXAMPLE_NAME).stem
        require_room([folder / EXAMPLE_NAME])
        files[EXAMPLE_NAME] = EXAMPLE
        with tempfile.TemporaryDirectory() as there:
            (Path(there) / EXAMPLE_NAME).write_text(EXAMPLE, encoding="utf-8", newline="\n")
            data = _examined(plugins, Path(there) / EXAMPLE_NAME, encoding)
    else:
        path, stem = _seen_from(folder, file), file.stem
        data = _examined(plugins, file, encoding)
    campaign = f"campaigns/{_plain(stem)}.yaml"
    require_room([folder / campaign])
    rows = len(next(iter(data.columns.values()), ()))
    told = (
        gettext_noop("{path}: {rows} or more; columns: {columns}")
        if rows == MOST
        else gettext_noop("{path}: {rows} that can be read; columns: {columns}")
        if data.unread
        else gettext_noop("{path}: {rows}; columns: {columns}")
    )
    columns = ", ".join(data.columns)
    ask.say(gettext(told, path=path, rows=count(rows, "row"), columns=columns), *data.facts)
    choice = choose(data, said, ask)
    files |= {PROJECT_NAME: project_file(), campaign: campaign_file(data, path, choice)}
    found = {"key": choice.key, "flag": choice.flag, "unsent": choice.unsent, "sent": choice.sent}
    if choice.flag is None:
        found |= {"unsent": None, "sent": None}
    return ProjectDraft(files=files), {**found, "recipient": choice.recipient}


def _examined(plugins: Plugins, file: Path, encoding: str) -> DataFile:
    for found in plugins.hook.examine_data(file=file, encoding=encoding, most=MOST):
        assert isinstance(found, DataFile)  # noqa: S101 - what the hook returns
        return found
    raise NotifykitError(
        gettext("no plugin reads such a file"), mend=gettext("`notifykit plugins` lists what there is"), where=file
    )


def _of_program(plugins: Plugins, program: Path) -> ProjectDraft:
    for found in plugins.hook.draft_project(program=program):
        assert isinstance(found, ProjectDraft)  # noqa: S101 - what the hook returns
        return found
    raise NotifykitError(
        gettext("--from-program needs a plugin that reads old programs, and none is loaded"),
        mend=gettext("`notifykit plugins` lists what there is, what is blocked, and what is broken"),
    )


def _seen_from(folder: Path, file: Path) -> str:
    """Return a file's path as notifykit.yaml names it: relative to its folder, where there is a way."""
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # on another drive
        return file.resolve().as_posix()


def _plain(stem: str) -> str:
    """Return a file's name as the name of a campaign: a file that starts with `_` would be a base, with `.` unseen."""
    return "".join(letter if letter.isprintable() else "-" for letter in stem).strip().lstrip("._") or "campaign"


def _steps(project: Path, of_program: bool, found: Mapping[str, str | None]) -> list[str]:
    """Return what to type next."""
    command = "notifykit" if project == PROJECT_FILE else f"notifykit --project {shlex.quote(str(project))}"
    if of_program:
        return [
            gettext("{command} check  # lists each # TODO that is left", command=command),
            gettext("notifykit docs migration  # the runbook"),
        ]
    settle = (
        gettext(
            "{command} settle  # sets {flag} to {sent} where all was sent",
            command=command,
            flag=found["flag"],
            sent=found["sent"],
        )
        if found.get("flag")
        else f"{command} settle"
    )
    return [
        f"{command} check",
        gettext("{command} preview  # the messages of the first records", command=command),
        gettext("{command} generate  # queues them; nothing is sent", command=command),
        gettext(
            "{command} dispatch  # writes them into {file}; nothing leaves this machine", command=command, file=SENT
        ),
        settle,
    ]
