"""`notifykit check`."""

from __future__ import annotations

import click

from notifykit.cli.language import in_words
from notifykit.cli.sections import example
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode, HeldCampaignError
from notifykit.operate.check import Level
from notifykit.operate.check import check as check_project
from notifykit.operate.forms import hold_form
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json
from notifykit.wording.translation import gettext, gettext_noop

_LEVELS = {Level.ERROR: gettext_noop("error"), Level.HELD: gettext_noop("held"), Level.NOTE: gettext_noop("note")}


@click.command(epilog=example("notifykit check", "notifykit check --online"))
@click.option("--online", is_flag=True, help="Ask each channel's service whether it would take a message, without one.")
@json_option
@click.pass_obj
@looks
def check(session: Session, online: bool, as_json: bool) -> ExitCode:
    """Look for all that is wrong before it matters.

    Configuration, plugins, secrets, paths, the store; and the messages of each campaign's first records are rendered.
    All of it is listed at once (exit code 4), and what `generate` would hold for you (exit code 3). Nothing is queued,
    sent or written. With `--online` each channel is asked whether it is reachable and the credential good, where its
    service can say so without a message, and so is every source, strategy and secret that can be asked.
    """
    checked = check_project(session.file, session.plugins, online=online)
    if as_json:
        print_json(
            {
                "ok": not checked.failed,
                "campaigns": list(checked.campaigns),
                "findings": [
                    {
                        "level": finding.level.value,
                        "about": finding.about,
                        "what": finding.what,
                        "error": error and error.as_data(),
                        "reason": hold_form(error.reason) if isinstance(error, HeldCampaignError) else None,
                    }
                    for finding in checked.findings
                    for error in [finding.error]
                ],
            }
        )
    else:
        for finding in checked.findings:
            error = finding.error
            what = in_words(error) if isinstance(error, HeldCampaignError) else finding.what
            level = gettext(_LEVELS[finding.level])
            out(gettext("{level}: {about}: {what}", level=level, about=finding.about, what=what))
        tried = count(len(checked.campaigns), "campaign")
        out(
            gettext("{campaigns} tried; mend the errors", campaigns=tried)
            if checked.failed
            else gettext("{campaigns} tried; nothing must be mended", campaigns=tried)
        )
    if checked.failed:
        return ExitCode.PREFLIGHT_FAILED
    return ExitCode.HELD if checked.held else ExitCode.DONE
