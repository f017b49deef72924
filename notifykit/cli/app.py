"""The command `notifykit`: its global options, its commands and those of plugins, its exit codes."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click import formatting

from notifykit.cli.sections import DECISIONS, JOB, SECTIONS, STANDING, example
from notifykit.durable.ordinary import is_there
from notifykit.errors import ConfigError, ExitCode, NotifykitError
from notifykit.plugins import load_plugins
from notifykit.plugins.commands import LazyCommand
from notifykit.plugins.find import own_version
from notifykit.session import PROJECT_FILE, Session
from notifykit.terminal import logs
from notifykit.terminal.console import warn, warn_of
from notifykit.terminal.paths import PathType
from notifykit.terminal.stdout import columns, emit, forget_the_rest, kept, printing
from notifykit.wording.translation import CHINESE, ENGLISH, gettext, gettext_noop, language_of, speak

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from notifykit.config.project import ProjectFile

EXIT_CODES: Mapping[ExitCode, str] = {
    ExitCode.DONE: gettext_noop("done, or nothing to do"),
    ExitCode.ERROR: gettext_noop("error"),
    ExitCode.USAGE: gettext_noop("wrong usage"),
    ExitCode.HELD: gettext_noop("done, with items held for a person"),
    ExitCode.PREFLIGHT_FAILED: gettext_noop("preflight failed: the configuration, or what it names, is wrong"),
    ExitCode.WORLD_CHANGED: gettext_noop("the world changed since the plan"),
    ExitCode.LOCKED: gettext_noop("somebody else holds the lock"),
    ExitCode.VERIFICATION_FAILED: gettext_noop("verification failed"),
    ExitCode.INTERRUPTED: gettext_noop("interrupted"),
}

WIDEST_HELP = 100
"""Columns."""

OTHERS = gettext_noop("From plugins")
"""The title above the commands of plugins."""

_KEEPING = frozenset(
    {
        "check",
        "preview",
        "send",
        *(command.name for title in (JOB, STANDING, DECISIONS) for command in SECTIONS[title]),
    }
)
"""Commands that run what plugins and senders bring along."""


class App(click.Group):
    """The group of all commands. Each call of it loads the plugins anew."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002 - it is always alone
        **extra: Any,
    ) -> Any:
        """Run a command line, say what went wrong, and exit with a documented code."""
        for stream in (sys.stdout, sys.stderr):
            if reconfigure := getattr(stream, "reconfigure", None):
                reconfigure(errors="backslashreplace")  # a character that the encoding lacks is escaped
        try:
            code = self._called(sys.argv[1:] if args is None else list(args), prog_name, complete_var, **extra)
        except click.ClickException as error:
            told = self._placed(error) if isinstance(error, click.NoSuchOption) else error
            with suppress(OSError):  # there is nobody to tell
                told.show()
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            warn(gettext("interrupted"))
            code = ExitCode.INTERRUPTED
        except NotifykitError as error:
            warn_of(gettext("error"), error)
            code = error.exit_code
        try:
            sys.stderr.flush()
        except OSError:  # there is nobody to tell
            forget_the_rest(sys.stderr)
        sys.exit(code if isinstance(code, int) else ExitCode.DONE)

    def _called(self, args: list[str], prog_name: str | None, complete_var: str | None, **extra: Any) -> Any:
        """Run a command line. Options of notifykit itself may stand behind the command, too."""
        without_plugins = dict(self.commands)
        try:
            return super().main(list(args), prog_name, complete_var, standalone_mode=False, **extra)
        except click.NoSuchOption as error:
            if (moved := self._moved(args, error)) is None:
                raise
            self.commands = without_plugins
            return self._called(moved, prog_name, complete_var, **extra)

    def _moved(self, args: list[str], error: click.NoSuchOption) -> list[str] | None:
        """Return the arguments with an option before the command, which lacks it; None where it is not notifykit's.

        A command that lacks it has done nothing yet.
        """
        own = next((param for param in self.params if error.option_name in param.opts), None)
        if not isinstance(own, click.Option):
            return None
        alone = own.is_flag or own.count
        letters = {option[1] for option in own.opts if len(option) == 2}
        _, behind, _ = self.make_parser(click.Context(self)).parse_args(list(args))
        command = len(args) - len(behind)
        ours = args[: args.index("--")] if "--" in args else args
        for at in range(len(ours) - 1, command, -1):
            name, given, _ = ours[at].partition("=")
            if name in own.opts or (alone and name[:1] == "-" and name[1:] and set(name[1:]) <= letters):
                end = at + (1 if alone or given else 2)
                moved = [*args[:command], *args[at:end], *args[command:at], *args[end:]]
                return moved if end <= len(ours) else None
        return None

    def _named(self, args: Sequence[str]) -> str | None:
        """Return the command that is named, if any."""
        _, behind, _ = self.make_parser(click.Context(self, resilient_parsing=True)).parse_args(list(args))
        return behind[0] if behind else None

    def _placed(self, error: click.NoSuchOption) -> click.ClickException:
        """Return what to say of an option that a command lacks: where it belongs, if it is one of notifykit itself."""
        own = next((param for param in self.params if error.option_name in param.opts), None)
        if not isinstance(own, click.Option) or error.ctx is None:
            return error
        _, _, command = error.ctx.command_path.partition(" ")
        value = "" if own.is_flag or own.count else f" {own.make_metavar(error.ctx)}"
        said = gettext(
            "{option} goes before the command: notifykit {option}{value} {command}",
            option=error.option_name,
            value=value,
            command=command,
        )
        return click.UsageError(said, error.ctx)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Load the plugins, which may add commands, before the command line is parsed for good: until then errors in it
        are not reported."""
        _check_arguments(args)
        peek = super().make_context(info_name, list(args), parent, **{**extra, "resilient_parsing": True})
        options = peek.params
        language = options["lang"] or language_of(os.environ)
        spoken = (
            ENGLISH if "--json" in args else language
        )  # what a program reads; also what is said before it is parsed
        speak(spoken)
        if options["version"] and not extra.get("resilient_parsing"):
            emit(gettext("notifykit, version {version}", version=own_version()))
            peek.exit()
        verbosity = (options["verbose"] or 0) - (options["quiet"] or 0)
        file = Path(options["project"] or PROJECT_FILE)
        if not extra.get("resilient_parsing"):
            log_file = options["log_file"]
            logs.configure(
                verbosity, as_json=options["log_format"] == "json", file=Path(log_file) if log_file else None
            )
        strict = bool(options["strict_plugins"])
        before = dict(self.commands)
        named = self._named(args)
        shows_help = bool(extra.get("resilient_parsing")) or named is None or _asks_for_help(args)
        session = _session(file, strict=strict, verbosity=verbosity, local=not shows_help)
        session.plugins.add_commands(self)
        if shows_help and session.read and session.read.plugins.path and named not in (None, *self.commands):
            self.commands = before
            session = _session(file, strict=strict, verbosity=verbosity, local=True)
            session.plugins.add_commands(self)
        session = replace(session, language=language)
        shown = self
        if spoken != ENGLISH:
            from notifykit.cli.translated import translated  # English is what the commands are written in

            speak(spoken, session.plugins.catalogues)
            shown = translated(self)
        if not extra.get("resilient_parsing") and verbosity >= 0:
            for trouble in (*session.plugins.failed, *session.plugins.warnings):
                warn(gettext("warning: {trouble}", trouble=trouble))
        with printing():
            return click.Group.make_context(
                shown, info_name, args, parent, terminal_width=_width_of_help(), **{**extra, "obj": session}
            )

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command that was named, as it is in the language that is spoken."""
        assert isinstance(ctx.command, App)  # noqa: S101 - `make_context` made it
        with printing():
            return click.Group.invoke(ctx.command, ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command that can be called: what is imported late is imported now."""
        command = super().get_command(ctx, cmd_name)
        return command.load() if isinstance(command, LazyCommand) else command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called; one of ours that works on a project keeps stdout for itself."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in _KEEPING and command is not None and (work := command.callback) is not None:
            command = copy.copy(command)
            command.callback = kept()(work)
        return name, command, rest

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands without importing them, then the options."""
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=self.commands[name].get_short_help_str())
            for name in self.list_commands(ctx)
            if name.startswith(incomplete) and not self.commands[name].hidden
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """List our commands in the order in which they are met, then those of plugins."""
        ours = {command.name for commands in SECTIONS.values() for command in commands}
        others = [command for name, command in self.commands.items() if name not in ours and not command.hidden]
        limit = formatter.width - 6 - max(map(len, self.commands))
        for title, commands in {**SECTIONS, OTHERS: others}.items():
            names = [str(command.name) for command in commands]
            if rows := [(name, self.commands[name].get_short_help_str(limit)) for name in names]:
                with formatter.section(gettext(title)):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the exit codes, and then the example."""
        codes = [f"  {code:<4} {gettext(meaning)}" for code, meaning in EXIT_CODES.items()]
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text("\n".join(["\b", gettext("Exit codes:"), *codes]))
        super().format_epilog(ctx, formatter)


def _check_arguments(args: Sequence[str]) -> None:
    """Raise UsageError for an argument that is no text in this terminal's encoding, unless it names a file."""
    for argument in args:
        try:
            argument.encode()
        except UnicodeEncodeError:
            if not os.path.lexists(argument.partition("=")[2] or argument):
                shown = argument.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
                encoding = sys.getfilesystemencoding()
                raise click.UsageError(
                    gettext(
                        "{shown} is not written in {encoding}; set the terminal, and LANG, to UTF-8",
                        shown=shown,
                        encoding=encoding,
                    )
                ) from None


def _width_of_help() -> int:
    """Return what click would find by shutil."""
    return formatting.FORCED_WIDTH or max(min(columns(), WIDEST_HELP) - 2, 50)


def _asks_for_help(args: Sequence[str]) -> bool:
    ours = args[: args.index("--")] if "--" in args else args
    return not {"-h", "--help"}.isdisjoint(ours)


def _session(file: Path, *, strict: bool, verbosity: int, local: bool) -> Session:
    """Load the plugins that a project wants, or all that are installed where there is no project that can be read.

    Without `local`, none of those that lie in its folder: nothing of a project is run to show help.
    """
    project = _read(file)
    if project is None:
        return Session(file=file, plugins=load_plugins(strict=strict), verbosity=verbosity)
    loaded = load_plugins(
        block=project.plugins.block,
        strict=strict or project.plugins.strict,
        local=project.local_plugins if local else (),
    )
    return Session(file=file, plugins=loaded, read=project, verbosity=verbosity)


def _read(file: Path) -> ProjectFile | None:
    if not is_there(file):
        return None
    from notifykit.config.project import read_project

    try:
        return read_project(file)
    except ConfigError:
        return None  # every command that needs the project says so itself


def build_cli() -> App:
    """Return the command line without plugins: they come when it is called."""

    @click.group(
        "notifykit",
        cls=App,
        epilog=example("notifykit --project notifykit.yaml status"),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST_HELP},
    )
    @click.option(
        "--project",
        type=PathType(readable=False),  # whoever reads the file reports a better error
        metavar="FILE",
        default=PROJECT_FILE,
        show_default=True,
        envvar="NOTIFYKIT_PROJECT",
        show_envvar=True,
        help="The project file.",
    )
    @click.option(
        "--lang",
        type=click.Choice([ENGLISH, CHINESE]),
        envvar="NOTIFYKIT_LANG",
        show_envvar=True,
        help="The language of what is printed for people, and of `docs`. [default: the locale's]",
    )
    @click.option("--strict-plugins", is_flag=True, help="Do nothing where a plugin is broken.")
    @click.option("-v", "--verbose", count=True, help="Say more of what goes on; -vv says everything.")
    @click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        envvar="NOTIFYKIT_LOG_FORMAT",
        show_envvar=True,
        help="How log lines are written.",
    )
    @click.option(
        "--log-file",
        type=PathType(dir_okay=False),
        metavar="FILE",
        envvar="NOTIFYKIT_LOG_FILE",
        show_envvar=True,
        help="Where log lines go instead of stderr; put aside at 10 MB, five are kept.",
    )
    @click.option("-q", "--quiet", is_flag=True, help="Say nothing but results and errors.")
    @click.option("--version", is_flag=True, help="Show the version and exit.")
    def notifykit(**_: object) -> None:
        """Run notification campaigns on one durable truth.

        Each message is sent once. Where nobody knows whether one was sent, it is listed as in doubt.
        """

    assert isinstance(notifykit, App)  # noqa: S101 - the decorator makes what `cls` says
    for commands in SECTIONS.values():
        for command in commands:
            notifykit.add_command(command)
    return notifykit


def main() -> None:
    """Entry point of the console script."""
    build_cli().main(prog_name="notifykit")
