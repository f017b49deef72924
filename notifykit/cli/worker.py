"""`notifykit worker`."""

from __future__ import annotations

import click

from notifykit.cli.answering import answering, metrics_option
from notifykit.cli.sections import example
from notifykit.cli.signals import stopping_with
from notifykit.engine import require_libraries
from notifykit.errors import ExitCode
from notifykit.session import Session
from notifykit.terminal.console import info
from notifykit.wording.translation import gettext


@click.command(epilog=example("notifykit worker --queues lanes --concurrency 16"))
@click.option(
    "--queues",
    type=click.Choice(["lanes", "place"]),
    multiple=True,
    help="Only send (`lanes`), or only generate and settle at this place (`place`). Default: both.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=8,
    show_default=True,
    metavar="N",
    help="Channels that this process sends on at once, each with its own `concurrency`.",
)
@metrics_option
@click.pass_obj
def worker(session: Session, queues: tuple[str, ...], concurrency: int, metrics: str | None) -> ExitCode:
    """Do a share of the work, together with others, until told to stop.

    Any number of workers on any number of machines send for one project. Each campaign is generated and settled where
    its file is. Ctrl-C or SIGTERM ends it after what is under way (exit code 0); the second leaves at once.
    """
    require_libraries()
    from notifykit.engine.worker import Worker

    project = session.open_project()
    serving = queues or ("lanes", "place")

    def say(line: str) -> None:
        if line != "started":
            info(gettext("worker: {line}", line=line))
            return
        queues = gettext(" and ").join(serving)
        info(gettext("worker: started ({about}; queues: {queues})", about=project.about, queues=queues))

    working = Worker(project, lanes="lanes" in serving, place="place" in serving, concurrency=concurrency, say=say)
    with answering(metrics) as follow, stopping_with(working.stop):
        follow(project)
        working.run()
    return ExitCode.DONE
