"""`notifykit send`."""

from __future__ import annotations

import sys
from contextlib import closing

import click

from notifykit.campaign.campaign import Channel
from notifykit.campaign.lengths import exceeded
from notifykit.cli.language import said
from notifykit.cli.sections import example
from notifykit.cli.signals import stopping_with
from notifykit.config.message_options import options_of_test_message
from notifykit.errors import ExitCode, NotifykitError
from notifykit.model import Status, Verdict
from notifykit.operate.lines import option_lines
from notifykit.pipeline.one_message import Attempted, send_one, take_lost, test_draft
from notifykit.pipeline.project import Project
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json, warn
from notifykit.terminal.times import duration
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext, gettext_noop

TEXT = gettext_noop("A test message of notifykit by the channel {channel}. Nothing needs to be done.")

_CODES = {Status.SENT: ExitCode.DONE, Status.IN_DOUBT: ExitCode.HELD, Status.FAILED: ExitCode.ERROR}


@click.command(epilog=example('notifykit send --channel award-desk --to "Test desk" --yes'))
@click.option("--channel", "name", metavar="CHANNEL", required=True, help="The channel, as `senders` calls it.")
@click.option("--to", "recipient", metavar="RECIPIENT", required=True, help="Whom the channel is to reach.")
@click.option("--text", metavar="TEXT", help="What it says. [default: that it is a test of this channel]")
@click.option(
    "--option",
    "given",
    metavar="NAME=VALUE",
    multiple=True,
    help="What it says beside its text, such as a subject, as `options` of a message; VALUE as in YAML; repeatable.",
)
@click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@json_option
@click.pass_obj
def send(
    session: Session, name: str, recipient: str, text: str | None, given: tuple[str, ...], yes: bool, as_json: bool
) -> ExitCode:
    """Send one test message through a real channel.

    It leaves at once, also where other messages wait or the channel is paused, and is tried once. It is recorded as a
    test: it counts for the channel's rates, and for no campaign. A kill during the call leaves it in doubt. Exit code 0
    where the service accepted it, 1 where it did not, 3 where nobody knows. The first Ctrl-C waits for the call, the
    second leaves at once.
    """
    project = session.open_project()
    channel = _channel(project, name)
    said_text = gettext(TEXT, channel=name) if text is None else text
    options = options_of_test_message(channel, given, said_text, project.file.folder)
    taking = channel if options is None else channel.in_format(options.stored.get("format"))
    _require_sendable(taking, recipient, said_text)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(gettext("a real message would leave; confirm it with --yes"))
        whom = gettext("to {recipient} by {channel} ({type}):", recipient=recipient, channel=name, type=channel.type)
        lines = (*said_text.split("\n"), *option_lines(options.stored if options else None))
        warn(whom, *(f"    {line}" for line in lines))
        if not click.confirm(gettext("Send it?"), err=True):
            warn(gettext("nothing was sent"))
            return ExitCode.DONE
    with closing(project.open_outbox()) as outbox:
        draft = test_draft(name, recipient, said_text, outbox.now(), options)
        configured = project.configuration
        for lost in take_lost(outbox, project.clock):
            told = gettext(
                "task {id}, a test by {channel}, was being sent when its worker went away, and is in doubt; "
                "`notifykit resolve {id}` decides",
                id=lost.id,
                channel=lost.channel,
            )
            warn(told)
        begun: list[int] = []

        def left() -> str:
            if not begun:
                return ""
            return gettext(
                "task {id} is in doubt: nobody knows whether it was accepted; `notifykit resolve {id}` decides",
                id=begun[0],
            )

        with stopping_with(lambda: None, left=left) as interruption:
            settings = configured.settings.dispatch
            done = send_one(outbox, configured.channels, draft, settings, project.clock, begun.append)
            begun.clear()
    if as_json:
        print_json(
            {
                "id": done.task_id,
                "campaign": draft.campaign,
                "key": draft.key,
                "status": (Status.COMPLETED if done.then.status is Status.SENT else done.then.status).value,
                "verdict": done.outcome.verdict.value,
                "code": done.outcome.code or None,
                "detail": done.outcome.detail or None,
                "vendor_id": done.outcome.vendor_id,
                "seconds": done.seconds,
            }
        )
    else:
        out(
            gettext(
                "{told}; recorded as task {id} (notifykit trace {key})",
                told=_told(done, name),
                id=done.task_id,
                key=draft.key,
            )
        )
    return ExitCode.INTERRUPTED if interruption.asked else _CODES[done.then.status]


def _channel(project: Project, name: str) -> Channel:
    channels = project.configuration.channels
    if name in channels:
        return channels[name]
    for item in project.configuration.unavailable:
        if item.kind == "channel" and item.name == name:
            raise item.failure
    raise NotifykitError(
        gettext('no channel is called "{name}"{hint}', name=name, hint=hint(name, sorted(channels))),
        mend=gettext("`senders` of the project file has them"),
    )


def _require_sendable(channel: Channel, recipient: str, text: str) -> None:
    for option, value in (("--to", recipient), ("--text", text)):
        if not value.strip():
            raise click.UsageError(gettext("{option} is empty", option=option))
    if (bound := exceeded(channel.bounds, text)) is not None:
        raise click.UsageError(
            gettext(
                "--text has {size} {unit}, and channel {channel} takes {most}",
                size=bound.of(text),
                unit=bound.name,
                channel=channel.name,
                most=bound.most,
            )
        )


def _told(done: Attempted, channel: str) -> str:
    took = duration(done.seconds)
    if done.then.status is Status.IN_DOUBT and done.outcome.verdict is not Verdict.ACCEPTED:
        return gettext(
            "in doubt after {duration}: {answer}; `notifykit resolve {id}` decides",
            duration=took,
            answer=said(done.outcome.said) if done.outcome.said.text else gettext("no answer"),
            id=done.task_id,
        )
    if done.outcome.verdict is not Verdict.ACCEPTED:
        told = gettext("not sent after {duration}", duration=took)
    elif done.outcome.vendor_id:
        told = gettext(
            "{channel} accepted it after {duration}, as {id}",
            channel=channel,
            duration=took,
            id=done.outcome.vendor_id,
        )
    else:
        told = gettext("{channel} accepted it after {duration}", channel=channel, duration=took)
    return gettext("{told}: {why}", told=told, why=said(done.then.reason)) if done.then.reason else told
