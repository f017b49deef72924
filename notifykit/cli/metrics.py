"""`notifykit metrics`."""

from __future__ import annotations

from pathlib import Path

import click

from notifykit.cli.sections import example
from notifykit.errors import ExitCode
from notifykit.session import Session
from notifykit.terminal.console import info, out
from notifykit.terminal.paths import OutputType, PathType
from notifykit.wording.translation import gettext

TEXTFILE = OutputType(("# HELP notifykit_", "# TYPE notifykit_"))


@click.command(
    epilog=example(
        "notifykit metrics",
        "notifykit metrics --textfile /var/lib/node_exporter/notifykit.prom",
        "notifykit metrics --example monitoring",
    )
)
@click.option(
    "--textfile",
    type=TEXTFILE,
    metavar="FILE",
    help="Put them into FILE in one step, for the textfile collector of node_exporter.",
)
@click.option(
    "--example",
    "folder",
    type=PathType(file_okay=False),
    metavar="DIR",
    help="Write rules, their tests, an Alertmanager configuration, a dashboard and a timer into DIR instead.",
)
@click.pass_obj
def metrics(session: Session, textfile: Path | None, folder: Path | None) -> ExitCode:
    """Tell Prometheus how things stand.

    The figures come from the store, whoever works on it. Attempts are counted by `run`, `worker` and `dispatch`, every
    minute and when they end. `run --metrics` and `worker --metrics` answer scrapes themselves; from cron, `--textfile`
    leaves a file that node_exporter reads.
    """
    if textfile is not None and folder is not None:
        raise click.UsageError(gettext("`--textfile` and `--example` do not go together"))
    if folder is not None:
        from notifykit.metrics.examples import write_examples

        for file in write_examples(folder, session.plugins):
            out(str(file))
        info(gettext("what each is for: `notifykit docs metrics`"))
        return ExitCode.DONE
    from notifykit.metrics.exposition import exposition, require_library, write_textfile

    require_library()
    text = exposition(session.open_project(secrets=False)).text
    if textfile is None:
        out(*text.decode().rstrip("\n").split("\n"))
    else:
        write_textfile(textfile, text)
        info(gettext("written: {file}", file=textfile))
    return ExitCode.DONE
