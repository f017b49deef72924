"""`notifykit keys`."""

from __future__ import annotations

from contextlib import closing

import click

from notifykit.cli.deciding import who_option, why_option
from notifykit.cli.names import check_campaign
from notifykit.cli.sections import example
from notifykit.cli.stores import existing
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.keys.shown import shown, unshown
from notifykit.operate.distinct import keep_distinct
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json
from notifykit.terminal.tables import Key, print_table
from notifykit.terminal.times import iso, local
from notifykit.wording.translation import gettext, gettext_noop

_EXAMPLE = 'notifykit keys distinct --campaign beijing --why "two houses" 00123 123'


@click.group(epilog=example(_EXAMPLE))
def keys() -> None:
    """Decide about keys that read as the same.

    A new key that a person would read as another one is held: 00123 and 123, or one with a letter that cannot be seen.
    """


@keys.command(epilog=example(_EXAMPLE))
@click.argument("one")
@click.argument("other")
@click.option("--campaign", required=True, metavar="CAMPAIGN", help="The campaign of the keys.")
@why_option
@who_option
@json_option
@click.pass_obj
def distinct(session: Session, one: str, other: str, campaign: str, why: str, who: str, as_json: bool) -> ExitCode:
    """Say that two keys are different.

    Neither holds the other from now on; `notifykit generate` queues what was held. Write the keys as `generate` shows
    them, with what cannot be seen as \\u200b.
    """
    one, other = unshown(one), unshown(other)
    project = session.open_project(secrets=False)
    with closing(project.open_outbox()) as outbox:
        check_campaign(project, outbox, campaign)
        new = keep_distinct(outbox, campaign, one, other, who=who, why=why)
    if as_json:
        print_json({"campaign": campaign, "one": one, "other": other, "new": new})
    else:
        told = (
            gettext_noop('"{one}" and "{other}" are two keys of campaign {campaign} from now on')
            if new
            else gettext_noop('"{one}" and "{other}" are two keys of campaign {campaign} as was said before')
        )
        out(gettext(told, one=shown(one), other=shown(other), campaign=campaign))
    return ExitCode.DONE


@keys.command("list", epilog=example("notifykit keys list"))
@json_option
@click.pass_obj
@looks
def list_(session: Session, as_json: bool) -> ExitCode:
    """List the keys that are different, and who said so."""
    project = session.open_project(secrets=False)
    pairs = []
    with existing(project) as outbox:
        if outbox is not None:
            names = sorted(campaign.name for campaign in project.described)
            pairs = [(name, pair) for name in names for pair in outbox.distinct_keys(name)]
    if as_json:
        print_json(
            {
                "pairs": [
                    {
                        "campaign": name,
                        "one": pair.one,
                        "other": pair.other,
                        "at": iso(pair.at),
                        "who": pair.who,
                        "why": pair.why,
                    }
                    for name, pair in pairs
                ]
            }
        )
    elif pairs:
        print_table(
            ["campaign", Key("one"), Key("other"), "since", "who", "why"],
            [(name, shown(pair.one), shown(pair.other), local(pair.at), pair.who, pair.why) for name, pair in pairs],
        )
    else:
        out(gettext("nobody said of any keys that they are different"))
    return ExitCode.DONE
