"""`notifykit run`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, nullcontext
from functools import partial

import click

from notifykit.cli.answering import answering, metrics_option
from notifykit.cli.dispatch import print_forecast, workers_option
from notifykit.cli.generate import generate_pass
from notifykit.cli.names import campaigns_option, channels_option, selected, tell
from notifykit.cli.report import (
    exit_code,
    print_alerts,
    print_attention,
    print_dispatched,
    print_failures,
    print_generated,
    print_settled,
)
from notifykit.cli.sections import example
from notifykit.cli.settle import find_orphans, print_orphans
from notifykit.cli.signals import stopping_with
from notifykit.cli.stores import rehearsal
from notifykit.cli.watching import LiveView
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode, NotifykitError
from notifykit.operate.alert_forms import change_form
from notifykit.operate.attention import Attention, attention
from notifykit.operate.forecast import forecast
from notifykit.operate.forms import (
    attention_form,
    dispatched_form,
    failures_form,
    forecast_form,
    generated_form,
    settled_form,
)
from notifykit.operate.known_trouble import is_new
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.project import Project
from notifykit.pipeline.run import LONGEST_WAIT, Pass, Runner
from notifykit.pipeline.selection import Selection
from notifykit.pipeline.service import Service, Told
from notifykit.session import Session
from notifykit.terminal.console import info, json_option, out, print_json, warn, warn_of
from notifykit.terminal.durations import DurationType
from notifykit.terminal.stdout import OutputError
from notifykit.terminal.systemd import Notifier
from notifykit.terminal.times import iso, local
from notifykit.wording import Wording
from notifykit.wording.translation import gettext


@click.command(epilog=example("notifykit run --once", "notifykit run --once --dry-run"))
@click.option("--once", is_flag=True, help="One pass: generate, send what is due now, settle.")
@click.option(
    "--interval",
    type=DurationType(),
    metavar="DURATION",
    help="Time between two passes, instead of the configured one: seconds, or as 30s, 10m, 2h.",
)
@click.option("--dry-run", is_flag=True, help="Say what one pass would do, and change nothing.")
@metrics_option
@campaigns_option
@channels_option
@workers_option
@json_option
@click.pass_obj
@looks
def run(
    session: Session,
    once: bool,
    interval: float | None,
    dry_run: bool,
    metrics: str | None,
    campaigns: tuple[str, ...],
    channels: tuple[str, ...],
    workers: int | None,
    as_json: bool,
) -> ExitCode:
    """Generate, dispatch, settle, and again.

    Records are looked for every `--interval`; in between, retries are sent when they fall due. Ctrl-C or
    SIGTERM ends it after what is under way (exit code 0; with `--once` 130). SIGHUP, or a change of a file of the
    configuration, has everything read anew between two passes, or, where anything is wrong, nothing. With `--json`,
    each pass is one line. On a terminal, lines that move show of each channel what waits, for what, and how many
    attempts ended within a minute.

    The exit code of `--once` tells of each trouble once: where all that is wrong was known after the latest pass, or is
    silenced, it is 0. `notifykit health` tells how it is.

    With `--campaign` and `--channel`, only what is named is generated, sent and written back. Of a campaign that has a
    message on a channel that is named all messages are queued, and those on that channel are sent.
    """
    only = selected(campaigns, channels)
    if metrics is not None and (once or dry_run):
        raise click.UsageError(
            gettext("`--metrics` is for a run that goes on; `notifykit metrics --textfile` for one pass")
        )
    if once or dry_run:
        project = _read(session, only, secrets=not dry_run)
        tell("run", only)
        return _rehearse(project, only, as_json=as_json) if dry_run else _once(project, only, workers, as_json=as_json)
    with answering(metrics) as follow:
        _forever(session, only, interval, workers, follow, as_json=as_json)
    return ExitCode.DONE


def _read(session: Session, only: Selection, *, secrets: bool = True, closes: bool = True) -> Project:
    """Read the project. Raises NotifykitError where it cannot be used, or has not what is named."""
    project = session.open_project(secrets=secrets, closes=closes)
    project.require_campaigns()
    project.selected(only)
    return project


def _once(project: Project, only: Selection, workers: int | None, *, as_json: bool) -> ExitCode:
    with closing(project.open_outbox()) as outbox:
        runner = Runner(project, outbox, project.selected(only), workers=workers, only=only)
        with stopping_with(runner.stop) as interruption:
            code = _report(project, outbox, runner.once(), only, once=True, as_json=as_json)
    return ExitCode.INTERRUPTED if interruption.asked else code


def _forever(
    session: Session,
    only: Selection,
    interval: float | None,
    workers: int | None,
    follow: Callable[[Project], None],
    *,
    as_json: bool,
) -> None:
    systemd = Notifier()
    live = LiveView(session.say)

    def started(project: Project) -> None:
        about = gettext("{about}; {only}", about=project.about, only=only) if only else project.about
        info(gettext("run: {about}", about=about))
        live.follow(project)
        follow(project)
        systemd.ready(about)

    def passed(project: Project, outbox: Outbox, this_pass: Pass) -> None:
        try:
            _report(project, outbox, this_pass, only, once=False, as_json=as_json)
        except (OSError, OutputError) as error:  # nobody reads it any more, or the disk is full; it is in the store
            warn(gettext("warning: {trouble}", trouble=error))

    def reading() -> None:
        info(gettext("run: reading the configuration anew"))
        systemd.reloading()

    def refused(error: NotifykitError) -> None:
        warn_of(gettext("error"), error)
        warn(gettext("run: it goes on with the configuration that it had"))
        systemd.ready(gettext("the configuration as it is now cannot be used"))

    told = Told(
        started=started,
        passed=passed,
        reading=reading,
        refused=refused,
        alive=systemd.alive,
        ended=live.told,
        longest_silence=systemd.every or LONGEST_WAIT,
    )
    service = Service(partial(_read, session, only, closes=False), told, interval=interval, workers=workers, only=only)

    def stop() -> None:
        systemd.stopping()
        service.stop()

    with stopping_with(stop, service.reload), live.shown() if session.verbosity >= 0 else nullcontext():
        service.run()


def _report(
    project: Project, outbox: Outbox, this_pass: Pass, only: Selection, *, once: bool, as_json: bool
) -> ExitCode:
    # Between two passes, only retries are sent: to look through a long queue each time would be most of the work.
    between = not (this_pass.generated or this_pass.failures)
    waiting = None if between and not once else attention(outbox, project.configuration.channels)
    orphans = {} if waiting is None or only else find_orphans(project, outbox)
    this_pass.failures |= project.unavailable(only.campaigns)
    new = None
    if once and waiting is not None:
        new = is_new(outbox, project.configuration.alerts, this_pass, waiting, orphans)
    now = project.clock.now()
    print_failures(this_pass.failures)
    if as_json:
        print_json(
            {"at": iso(now), **_form(this_pass, waiting, orphans, project.plugins.wording), "new_trouble": new},
            one_line=True,
        )
    else:
        out(local(now))
        if idle := project.idle:
            out(idle)
        print_generated(this_pass.generated)
        print_dispatched(this_pass.dispatched)
        print_settled(this_pass.settled)
        print_alerts(this_pass.alerts)
        print_orphans(orphans)
        if waiting is not None:
            print_attention(waiting)
    held = (
        waiting
        or orphans
        or any(item.problems for item in this_pass.generated)
        or any(item.refused for item in this_pass.settled)
    )
    code = exit_code(failures=this_pass.failures, held=held or new)
    if new is False and code is not ExitCode.DONE:
        info(gettext("run: all of this was known after the latest pass, or is silenced: the exit code is 0"))
        return ExitCode.DONE
    return code


def _form(this_pass: Pass, waiting: Attention | None, orphans: dict[str, int], wording: Wording) -> dict[str, object]:
    return {
        "generated": [generated_form(item) for item in this_pass.generated],
        "dispatched": dispatched_form(this_pass.dispatched),
        "settled": [settled_form(item, wording) for item in this_pass.settled],
        **failures_form(this_pass.failures),
        "undescribed": orphans,
        "alerts": [change_form(item, wording) for item in this_pass.alerts],
        "waiting_for_you": None if waiting is None else attention_form(waiting, wording),
    }


def _rehearse(project: Project, only: Selection, *, as_json: bool) -> ExitCode:
    this_pass = generate_pass(project, only, dry_run=True)
    settling = {campaign.name for campaign in project.described_of(only)}
    with rehearsal(project) as outbox:
        expected = forecast(outbox, project.configuration.channels, only)
        owed = {
            item.campaign: item.flags_owed
            for item in outbox.figures()
            if item.flags_owed and (not only or item.campaign in settling)
        }
    print_failures(this_pass.failures)
    if as_json:
        print_json(
            {
                "dry_run": True,
                "generated": [generated_form(item) for item in this_pass.generated],
                **failures_form(this_pass.failures),
                "waiting": [forecast_form(item, project.plugins.wording) for item in expected],
                "flags_owed": owed,
            }
        )
    else:
        if idle := project.idle:
            out(idle)
        print_generated(this_pass.generated, dry_run=True)
        print_forecast(expected)
        out(gettext("{owed:,} flags owed", owed=sum(owed.values())))
    return exit_code(failures=this_pass.failures, held=any(item.problems for item in this_pass.generated))
