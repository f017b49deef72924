"""`notifykit receipt`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from notifykit.cli.deciding import existing_store, who_option
from notifykit.cli.sections import example
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.messages.receipts import ReceiptStatus
from notifykit.operate.archives import archive_path
from notifykit.operate.forms import receipt_form
from notifykit.operate.receiving import receipt as keep
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json
from notifykit.terminal.times import local
from notifykit.wording.translation import gettext


def _moment(_context: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(gettext("{value!r} is no time such as 2026-01-31T09:30:00Z", value=value)) from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


@click.command(
    epilog=example(
        "notifykit receipt delivered 1 --at 2026-01-31T09:30:00Z",
        'notifykit receipt bounced --vendor-id msg-4711 --detail "mailbox full"',
    )
)
@click.argument("status", type=click.Choice([one.value for one in ReceiptStatus]))
@click.argument("task", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option("--vendor-id", metavar="ID", help="The service's own id of the message, instead of TASK.")
@click.option("--channel", metavar="CHANNEL", help="The channel that it went by, where several know such an id.")
@click.option(
    "--at", metavar="TIME", callback=_moment, help="Since when, in ISO 8601; UTC without a zone. [default: now]"
)
@click.option("--detail", metavar="TEXT", default="", help="Why, in the service's words.")
@who_option
@json_option
@click.pass_obj
@looks
def receipt(
    session: Session,
    status: str,
    task: int | None,
    vendor_id: str | None,
    channel: str | None,
    at: float | None,
    detail: str,
    who: str,
    as_json: bool,
) -> ExitCode:
    """Keep what a service told later of a message.

    STATUS is `delivered` or `bounced`, TASK the id of the message. It stands beside `sent`, which it never changes. Of
    two that contradict each other the one with the later time counts.
    """
    if (task is None) == (vendor_id is None):
        raise click.UsageError(gettext("say which message: TASK, or --vendor-id"))
    if channel is not None and vendor_id is None:
        raise click.UsageError(gettext("--channel goes with --vendor-id"))
    project = session.open_project(secrets=False)
    with existing_store(project) as outbox:
        done = keep(
            outbox,
            status,
            task=task,
            vendor_id=vendor_id,
            channel=channel,
            at=at,
            detail=detail,
            who=who,
            observers=project.observers,
            archive=archive_path(project.configuration.settings.store, project.file.file.absolute()),
        )
    if as_json:
        form = {"id": done.task.id, "status": done.task.status.value}
        print_json({**form, **receipt_form(done.receipt), "changed": done.changed, "archived": done.archived})
        return ExitCode.DONE
    if done.archived:
        out(gettext("task {id} is in an archive, and what was told is kept there", id=done.task.id))
    told = {"id": done.task.id, "key": done.task.key, "status": done.receipt.status.value, "at": local(done.receipt.at)}
    if done.changed:
        out(gettext("task {id} ({key}): {status} at {at}", **told))
    else:
        out(gettext("task {id} ({key}): it is known that it was {status} at {at}; nothing was changed", **told))
    return ExitCode.DONE
