"""`notifykit alerts`."""

from __future__ import annotations

import click

from notifykit.alerts import notes
from notifykit.alerts.conditions import Condition
from notifykit.alerts.facts import Facts
from notifykit.alerts.notes import Silence
from notifykit.alerts.standing import Standing, standing
from notifykit.cli.deciding import existing_store, who_option, why_option
from notifykit.cli.language import said
from notifykit.cli.sections import example
from notifykit.cli.stores import existing
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.operate.alert_forms import standing_form
from notifykit.operate.forms import Form
from notifykit.operate.silencing import silence as keep_silence
from notifykit.operate.silencing import unsilence as end_silence
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json
from notifykit.terminal.durations import DurationType
from notifykit.terminal.tables import print_table
from notifykit.terminal.times import iso, local
from notifykit.wording.translation import gettext

_SILENCE = 'notifykit alerts silence in_doubt --for 2h --why "the desk looks into it"'


@click.group(
    invoke_without_command=True,
    subcommand_metavar="[COMMAND] [ARGS]...",  # as versions of click since 8.2 say by themselves
    epilog=example("notifykit alerts", _SILENCE, "notifykit alerts unsilence in_doubt"),
)
@json_option
@click.pass_context
def alerts(context: click.Context, as_json: bool) -> ExitCode | None:
    """List what is to be told, what holds now, and since when.

    `alerts:` in notifykit.yaml says which conditions are told, and to whom; `run` and `worker` send messages when one
    begins and when it is over.
    """
    if context.invoked_subcommand is not None:
        return None
    return _list(context.obj, as_json=as_json)


@looks
def _list(session: Session, *, as_json: bool) -> ExitCode:
    project = session.open_project(secrets=False)
    known = project.configuration
    found: list[Standing] = []
    silences: dict[str, Silence] = {}
    with existing(project) as outbox:
        if outbox is not None:
            found = standing(
                outbox, known.alerts.conditions, Facts(outbox, known.channels, known.expected, project.troubles)
            )
            silences = dict(notes.silences(outbox))
    if as_json:
        print_json(
            {
                "conditions": [_form(one, silences.get(one.name)) for one in known.alerts.conditions],
                "holding": [standing_form(one, project.plugins.wording) for one in found],
            }
        )
    else:
        print_table(
            ["condition", "about", "told to", "state", "since", "what"],
            [row for one in known.alerts.conditions for row in _rows(one, found, silences.get(one.name))],
        )
        for silence in silences.values():
            out(
                gettext(
                    "{condition}: silenced until {until} by {who}: {why}",
                    condition=silence.condition,
                    until=local(silence.until),
                    who=silence.who,
                    why=silence.why,
                )
            )
    return ExitCode.DONE


@alerts.command(epilog=example(_SILENCE))
@click.argument("condition")
@click.option(
    "--for", "seconds", type=DurationType(), required=True, metavar="DURATION", help="For how long; 30m, 2h or 7d."
)
@why_option
@who_option
@json_option
@click.pass_obj
def silence(session: Session, condition: str, seconds: float, why: str, who: str, as_json: bool) -> ExitCode:
    """Tell nobody of a condition for a time.

    `health` and `run --once` do not count it meanwhile, either. What was told before is told once more when it is
    over. What still holds when the time is over is told then.
    """
    project = session.open_project(secrets=False)
    with existing_store(project) as outbox:
        made = keep_silence(outbox, project.configuration.alerts, condition, seconds, who=who, why=why)
    if as_json:
        print_json(_silence_form(made))
    else:
        out(gettext("{condition} is silenced until {until}", condition=condition, until=local(made.until)))
    return ExitCode.DONE


@alerts.command(epilog=example("notifykit alerts unsilence in_doubt"))
@click.argument("condition")
@json_option
@click.pass_obj
def unsilence(session: Session, condition: str, as_json: bool) -> ExitCode:
    """End a silence before its time."""
    project = session.open_project(secrets=False)
    with existing_store(project) as outbox:
        ended = end_silence(outbox, project.configuration.alerts, condition)
    if as_json:
        print_json({"condition": condition, "ended": ended})
    else:
        out(
            gettext("{condition} is told again", condition=condition)
            if ended
            else gettext("{condition} is not silenced", condition=condition)
        )
    return ExitCode.DONE


def _rows(condition: Condition, found: list[Standing], silence: Silence | None) -> list[tuple[str, ...]]:
    route = condition.route
    by = gettext("{recipient} by {channel}", recipient=route.recipient, channel=route.channel) if route else None
    head = (condition.name, condition.kind.value, by or gettext("nobody"))
    holding = [one for one in found if one.finding.condition == condition]
    if not holding:
        return [(*head, gettext("silenced") if silence else gettext("well"), "", "")]
    return [
        (*head, _state(one), local(one.state.since) if one.state else "", said(one.finding.said)) for one in holding
    ]


def _state(one: Standing) -> str:
    if one.silence is not None:
        return gettext("silenced")
    if one.state is not None and one.state.is_on:
        return gettext("told")
    return gettext("holds") if one.counts else gettext("beginning")


def _form(condition: Condition, silence: Silence | None) -> Form:
    route = condition.route
    return {
        "condition": condition.name,
        "kind": condition.kind.value,
        "threshold": condition.threshold,
        "window_seconds": condition.window,
        "campaigns": sorted(condition.campaigns),
        "channel": route and route.channel,
        "recipient": route and route.recipient,
        "silence": silence and _silence_form(silence),
    }


def _silence_form(silence: Silence) -> Form:
    return {
        "condition": silence.condition,
        "at": iso(silence.at),
        "until": iso(silence.until),
        "who": silence.who,
        "why": silence.why,
    }
