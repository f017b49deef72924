"""`notifykit source`."""

from __future__ import annotations

import click

from notifykit.cli.deciding import existing_store, who_option, why_option
from notifykit.cli.sections import example
from notifykit.cli.stores import existing
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.operate.machines import keeping_places, move_here
from notifykit.outbox.values import SourcePlace
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json
from notifykit.terminal.tables import Key, print_table
from notifykit.terminal.times import iso, local
from notifykit.wording.translation import gettext, gettext_noop

_EXAMPLE = 'notifykit source move beijing --why "files-01 is retired"'


@click.group(epilog=example(_EXAMPLE))
def source() -> None:
    """Say on which machine the files of campaigns are.

    On a store that several machines use, a campaign is generated and settled at one place: where that was done first.
    """


@source.command(epilog=example(_EXAMPLE))
@click.argument("campaign")
@why_option
@who_option
@json_option
@click.pass_obj
def move(session: Session, campaign: str, why: str, who: str, as_json: bool) -> ExitCode:
    """Say that the files of CAMPAIGN are on this machine now.

    Stop what generates and settles it at its old place, move the file here, then say so: two copies that both are
    written would differ for ever.
    """
    project = session.open_project(secrets=False)
    with existing_store(project) as outbox:
        before, now = move_here(project, outbox, campaign, who=who, why=why)
    if as_json:
        print_json({"campaign": campaign, "before": before and _form(before), "now": _form(now)})
    else:
        told = (
            gettext_noop("the files of campaign {campaign} are on {place} now, and was on {before}")
            if before
            else gettext_noop("the files of campaign {campaign} are on {place} now")
        )
        out(gettext(told, campaign=campaign, place=now.place, before=before and before.place))
    return ExitCode.DONE


@source.command("list", epilog=example("notifykit source list"))
@json_option
@click.pass_obj
@looks
def list_(session: Session, as_json: bool) -> ExitCode:
    """List the campaigns whose place is known, and who moved them there."""
    project = session.open_project(secrets=False)
    places: list[SourcePlace] = []
    with existing(project) as outbox:
        if outbox is not None:
            places = sorted(keeping_places(project, outbox).places().values(), key=lambda one: one.campaign)
    if as_json:
        print_json({"sources": [_form(one) for one in places]})
    elif places:
        print_table(
            [Key("campaign"), "place", "host", "path", "since", "who", "why"],
            [(one.campaign, one.place, one.host, one.path, local(one.since), one.who, one.why) for one in places],
        )
    else:
        out(gettext("nothing was queued yet, so every campaign may be anywhere"))
    return ExitCode.DONE


def _form(one: SourcePlace) -> dict[str, object]:
    return {
        "campaign": one.campaign,
        "place": one.place,
        "host": one.host,
        "path": one.path or None,
        "since": iso(one.since),
        "who": one.who or None,
        "why": one.why or None,
    }
