"""`notifykit health`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from notifykit.cli.language import said
from notifykit.cli.sections import example
from notifykit.cli.stores import existing
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode, NotifykitError
from notifykit.operate.alert_forms import standing_form
from notifykit.operate.forms import attention_form, outage_form
from notifykit.operate.health import Health, Verdict
from notifykit.operate.health import health as look
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json
from notifykit.terminal.times import iso, relative
from notifykit.wording.translation import gettext, gettext_noop

_CODES = {
    Verdict.WELL: ExitCode.DONE,
    Verdict.NEEDS_A_PERSON: ExitCode.HELD,
    Verdict.BROKEN: ExitCode.ERROR,
}

_WORDS = {
    Verdict.WELL: gettext_noop("well"),
    Verdict.NEEDS_A_PERSON: gettext_noop("a person is needed"),
    Verdict.BROKEN: gettext_noop("broken"),
}


@click.command(epilog=example("notifykit health", "notifykit health --json"))
@json_option
@click.pass_obj
def health(session: Session, as_json: bool) -> ExitCode:
    """Tell a monitor in one line whether all is well.

    Exit code 0: well, also where messages wait or a channel is away for now. 3: a person is needed (messages in doubt
    or failed, a channel that is paused until somebody resumes it, a campaign that cannot go on, a condition of
    `alerts:`), unless it is silenced (`notifykit alerts silence`). 1: broken, because the configuration is wrong or the
    store cannot be read.
    """
    try:
        return _tell(session, as_json=as_json)
    except NotifykitError as error:
        if as_json:
            print_json({"health": Verdict.BROKEN.value, "error": str(error)})
        else:
            out(_line(Verdict.BROKEN, [line.strip() for line in str(error).splitlines()]))
        return _CODES[Verdict.BROKEN]


@looks
def _tell(session: Session, *, as_json: bool) -> ExitCode:
    project = session.open_project(secrets=False)
    with existing(project) as outbox:
        found = None if outbox is None else look(project, outbox)
    verdict = Verdict.WELL if found is None else found.verdict
    if as_json:
        wording = project.plugins.wording
        print_json(
            {
                "health": verdict.value,
                "error": None,
                "waiting": found.waiting.number if found else 0,
                "flags_owed": found.flags_owed.number if found else 0,
                "oldest_queued": iso(found.oldest_queued) if found else None,
                "outages": [outage_form(outage, wording) for outage in found.outages] if found else [],
                "conditions": [standing_form(one, wording) for one in found.conditions] if found else [],
                "waiting_for_you": attention_form(found.waiting_for_you, wording) if found else None,
            }
        )
    else:
        out(_line(verdict, _words(found) if found else [gettext("nothing has been queued yet")]))
    return _CODES[verdict]


def _line(verdict: Verdict, words: Iterable[str]) -> str:
    return gettext("{verdict}: {words}", verdict=gettext(_WORDS[verdict]), words=gettext("; ").join(words))


def _words(found: Health) -> Iterator[str]:
    """Say what a person is needed for, then the rest."""
    for one in found.conditions:
        if one.counts:
            yield said(one.finding.said)
    for outage in found.outages:
        yield gettext("channel {channel}: {told}", channel=outage.channel, told=said(outage.told))
    yield gettext("{waiting} waiting{since}", waiting=found.waiting, since=_since(found))
    yield gettext("{flags_owed} sent and not written back", flags_owed=found.flags_owed)
    if silenced := sum(one.silence is not None for one in found.conditions):
        yield gettext("{number} silenced", number=silenced)


def _since(found: Health) -> str:
    return (
        ""
        if found.oldest_queued is None
        else gettext(", the oldest queued {when}", when=relative(found.oldest_queued, found.pulse.at))
    )
