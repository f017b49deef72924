"""`notifykit preview`."""

from __future__ import annotations

import click

from notifykit.cli.report import exit_code, print_failures
from notifykit.cli.sections import example
from notifykit.errors import ExitCode, NotifykitError
from notifykit.operate.forms import failures_form, rendered_form
from notifykit.operate.lines import option_lines
from notifykit.operate.preview import Rendered
from notifykit.operate.preview import preview as render
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json
from notifykit.wording.translation import gettext

LIMIT = 10
"""Records of each campaign that are shown where no key is given."""


@click.command(epilog=example("notifykit preview", "notifykit preview 1010000000000000001 --json"))
@click.argument("key", required=False)
@click.option("--campaign", "campaigns", metavar="CAMPAIGN", multiple=True, help="Only in this campaign; repeatable.")
@click.option(
    "--limit",
    type=click.IntRange(1, 2**63 - 1),
    default=LIMIT,
    show_default=True,
    metavar="N",
    help="Records of each campaign.",
)
@json_option
@click.pass_obj
def preview(session: Session, key: str | None, campaigns: tuple[str, ...], limit: int, as_json: bool) -> ExitCode:
    """Show the messages of records before anything is queued.

    Recipient, channel and text of the record with KEY, or of each campaign's first records, from the sources as they
    are, also of what was sent already. Needs no store and makes none; nothing is queued, sent or written. What
    `generate` would hold is told with the reason (exit code 3); a campaign that cannot be read does not stop the others
    (exit code 1).
    """
    project = session.open_project(secrets=False)
    project.require_campaigns()
    chosen = project.campaigns(campaigns)
    found = render(project, chosen, key=key, limit=limit)
    failures = {**project.unavailable(campaigns), **found.failures}
    if key is not None and not found.records and not failures:
        raise NotifykitError(
            gettext('no record has the key "{key}"', key=key), mend=gettext("see the `key` column of the source")
        )
    print_failures(failures)
    if as_json:
        print_json({"records": [rendered_form(item) for item in found.records], **failures_form(failures)})
    else:
        for item in found.records:
            _print(item)
        if not found.records and not failures:
            out(project.idle or gettext("there is no record yet"))
    return exit_code(failures=failures, held=any(item.held for item in found.records))


def _print(item: Rendered) -> None:
    if item.held is not None:
        out(gettext("held: {campaign}: {problem}", campaign=item.campaign, problem=item.held))
        return
    if not item.messages:
        out(
            gettext(
                "{campaign} {key} ({place}): needs no message", campaign=item.campaign, key=item.key, place=item.place
            )
        )
    for message in item.messages:
        out(
            gettext(
                "{campaign} {key} {name} to {recipient} by {channel} ({place}):",
                campaign=item.campaign,
                key=item.key,
                name=message.name,
                recipient=message.recipient,
                channel=message.channel,
                place=item.place,
            )
        )
        for line in (*message.text.split("\n"), *option_lines(message.options)):
            out(f"    {line}")
