"""`notifykit run`."""

from __future__ import annotations

from contextlib import closing

import click

from notifykit.cli.dispatch import print_forecast, workers_option
from notifykit.cli.examples import example
from notifykit.cli.forms import attention_form, dispatched_form, forecast_form, generated_form, settled_form
from notifykit.cli.generate import generate_cycle
from notifykit.cli.report import (
    exit_code,
    print_attention,
    print_dispatched,
    print_failures,
    print_generated,
    print_settled,
)
from notifykit.cli.settle import find_orphans, print_orphans
from notifykit.cli.signals import stopping_with
from notifykit.cli.stores import rehearsal
from notifykit.cli.times import iso, local
from notifykit.errors import ExitCode
from notifykit.operate.attention import Attention, attention
from notifykit.operate.forecast import forecast
from notifykit.outbox import Outbox
from notifykit.pipeline.project import Host
from notifykit.pipeline.run import Cycle, Runner
from notifykit.session import Session
from notifykit.terminal.console import json_option, print_json, result


@click.command(epilog=example("notifykit run --once", "notifykit run --once --dry-run"))
@click.option("--once", is_flag=True, help="One pass: generate, send what is due now, settle.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time between two passes, instead of the configured one.",
)
@click.option("--dry-run", is_flag=True, help="Say what one pass would do, and change nothing.")
@workers_option
@json_option
@click.pass_obj
def run(
    session: Session, once: bool, interval: float | None, dry_run: bool, workers: int | None, as_json: bool
) -> ExitCode:
    """Generate, dispatch, settle, and again.

    Records are looked for every `--interval` seconds; in between, retries are sent when they fall due. Ctrl-C or
    SIGTERM stops it well (exit code 130). With `--json`, each pass is one line.
    """
    host = session.open_host(secrets=not dry_run)
    if dry_run:
        return _rehearse(host, as_json=as_json)
    with closing(host.open_outbox()) as outbox:
        runner = Runner(host, outbox, host.campaigns(), workers=workers)
        code = ExitCode.DONE

        def report(cycle: Cycle) -> None:
            nonlocal code
            code = _report(host, outbox, cycle, once=once, as_json=as_json)

        with stopping_with(runner.stop) as interruption:
            if once:
                report(runner.once())
            else:
                runner.forever(interval or host.configuration.settings.interval, report)
    return ExitCode.INTERRUPTED if interruption.asked else code


def _report(host: Host, outbox: Outbox, cycle: Cycle, *, once: bool, as_json: bool) -> ExitCode:
    # Between two passes, only retries are sent: to look through a long queue each time would be most of the work.
    between = not (cycle.generated or cycle.failures)
    waiting = None if between and not once else attention(outbox, host.configuration.channels)
    orphans = {} if waiting is None else find_orphans(host, outbox)
    cycle.failures |= host.unavailable()
    now = host.clock.now()
    print_failures(cycle.failures)
    if as_json:
        print_json({"at": iso(now), **_form(cycle, waiting, orphans)}, one_line=True)
    else:
        result(local(now))
        print_generated(cycle.generated)
        print_dispatched(cycle.dispatched)
        print_settled(cycle.settled)
        print_orphans(orphans)
        if waiting is not None:
            print_attention(waiting)
    held = (
        waiting
        or orphans
        or any(item.problems for item in cycle.generated)
        or any(item.refused for item in cycle.settled)
    )
    return exit_code(failures=cycle.failures, held=held)


def _form(cycle: Cycle, waiting: Attention | None, orphans: dict[str, int]) -> dict[str, object]:
    return {
        "generated": [generated_form(item) for item in cycle.generated],
        "dispatched": dispatched_form(cycle.dispatched),
        "settled": [settled_form(item) for item in cycle.settled],
        "failures": cycle.failures,
        "undescribed": orphans,
        "waiting_for_you": None if waiting is None else attention_form(waiting),
    }


def _rehearse(host: Host, *, as_json: bool) -> ExitCode:
    cycle = generate_cycle(host, (), dry_run=True)
    with rehearsal(host) as outbox:
        expected = forecast(outbox, host.configuration.channels, host.clock.now())
        owed = {item.campaign: item.flags_owed for item in outbox.figures() if item.flags_owed}
    print_failures(cycle.failures)
    if as_json:
        print_json(
            {
                "dry_run": True,
                "generated": [generated_form(item) for item in cycle.generated],
                "failures": cycle.failures,
                "waiting": [forecast_form(item) for item in expected],
                "flags_owed": owed,
            }
        )
    else:
        print_generated(cycle.generated, dry_run=True)
        print_forecast(expected)
        result(f"{sum(owed.values()):,} flags owed")
    return exit_code(failures=cycle.failures, held=any(item.problems for item in cycle.generated))
