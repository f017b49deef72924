"""`notifykit campaign`."""

from __future__ import annotations

import click

from notifykit.cli.deciding import existing_store, who_option, why_option
from notifykit.cli.sections import example
from notifykit.errors import ExitCode
from notifykit.operate.renaming import rename as rename_campaign
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json
from notifykit.wording.translation import gettext


@click.group(epilog=example('notifykit campaign rename beijing beijing-2025 --why "one file a year"'))
def campaign() -> None:
    """Change what the store knows of a campaign.

    A campaign is known by its name, which is that of its file unless the file says `name:`.
    """


@campaign.command(epilog=example('notifykit campaign rename beijing beijing-2025 --why "one file a year"'))
@click.argument("old")
@click.argument("new")
@why_option
@who_option
@json_option
@click.pass_obj
def rename(session: Session, old: str, new: str, why: str, who: str, as_json: bool) -> ExitCode:
    """Follow a campaign whose file was renamed.

    All messages of OLD, with what is known of them, become those of NEW. Rename the file first. It is one step: killed
    at any moment, it has happened or it has not. Refused, with the keys, where both have the same messages, and while
    one of them is being sent.
    """
    project = session.open_project(secrets=False)
    with existing_store(project) as outbox:
        number = rename_campaign(project, outbox, old, new, who=who, why=why)
    if as_json:
        print_json({"old": old, "new": new, "messages": number})
    else:
        out(
            gettext("campaign {old} is {new} now, with {messages}", old=old, new=new, messages=count(number, "message"))
        )
    return ExitCode.DONE
