"""`notifykit undo` and `notifykit decisions`."""

from __future__ import annotations

import click

from notifykit.cli.deciding import Way, decision_options, existing_store
from notifykit.cli.examples import example
from notifykit.cli.language import said
from notifykit.cli.stores import existing
from notifykit.cli.tasks import limit_option, print_tasks
from notifykit.errors import ExitCode
from notifykit.operate.consequences import Consequences, of_undoing
from notifykit.operate.forms import consequences_form, decision_form, pause_form, reason_fields, task_form
from notifykit.operate.lines import lines_of, until
from notifykit.operate.looking import looks
from notifykit.operate.undoing import kept, undoable
from notifykit.operate.undoing import undo as take_back
from notifykit.outbox.decided import Decision, Undoing
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json
from notifykit.terminal.tables import Right, print_table
from notifykit.terminal.times import local
from notifykit.wording import Wording

SHOWN = 20


@click.command(
    epilog=example(
        'notifykit undo 1 --why "the wrong campaign"',
        "notifykit undo --dry-run",
    )
)
@click.argument("decision", type=click.IntRange(1, 2**63 - 1), required=False)
@decision_options()
@click.pass_obj
@looks
def undo(session: Session, decision: int | None, way: Way) -> ExitCode:
    """Take a decision back, as far as that can be done.

    DECISION is its number: `notifykit decisions` lists them. [default: the latest one that stands] Each message is
    what it was before, unless something happened to it since; what stays is told, with the reason.
    """
    way.require_consent(named=decision is not None, what="this takes the latest decision back, whoever made it")
    project = session.open_project(secrets=False)
    wording = project.plugins.wording
    with existing_store(project, look=way.dry_run) as outbox:
        found = undoable(outbox, decision)
        shown = of_undoing(outbox, found)
        if not way.agreed(_lines(found, shown), f"Undo decision {found.decision.id}?"):
            return ExitCode.DONE
        if not way.dry_run:
            found = take_back(outbox, found.decision.id, who=way.who, why=way.why)
        now = outbox.now()
    if way.as_json:
        told = {"decision": decision_form(found.decision), **_kept_form(found, wording)}
        if way.dry_run:
            print_json({**consequences_form(shown, wording), **told})
        else:
            print_json(
                {"changed": [task_form(one.task, wording) for one in found.messages if one.kept is None], **told}
            )
    elif way.dry_run:
        out(*_lines(found, shown))
    else:
        changed = [one.task for one in found.messages if one.kept is None]
        out(f"decision {found.decision.id} is undone: {count(len(changed), 'message')} put back")
        if changed:
            print_tasks(changed, now)
        out(*_other_lines(found))
    return ExitCode.DONE


def _lines(found: Undoing, shown: Consequences) -> list[str]:
    """Say what undoing a decision would do."""
    moves = lines_of(shown, said) if shown.moves else []
    return [_about(found.decision), *moves, *_other_lines(found)]


def _about(decision: Decision) -> str:
    about = f"channel {decision.channel}" if decision.channel else count(decision.messages, "message")
    why = f": {decision.why}" if decision.why else ""
    return f"decision {decision.id}: {about} {decision.kind} by {decision.who}, {local(decision.at)}{why}"


def _other_lines(found: Undoing) -> list[str]:
    """Say what pause is in force again, and what stays as it is."""
    lines = [f"stays as it is: {line}" for line in kept(found, said)]
    if found.pause is not None:
        lines.append(f"channel {found.pause.channel} is paused again {until(found.pause)}: {said(found.pause.reason)}")
    return lines


def _kept_form(found: Undoing, wording: Wording) -> dict[str, object]:
    messages = [
        {"task": one.task.id, "status": one.task.status.value, **reason_fields(one.kept, wording)}
        for one in found.messages
        if one.kept is not None
    ]
    channel = [{"task": None, "status": None, **reason_fields(found.kept, wording)}] if found.kept is not None else []
    return {"kept": messages + channel, "pause": found.pause and pause_form(found.pause, wording)}


@click.command(epilog=example("notifykit decisions", "notifykit decisions --json"))
@limit_option(SHOWN)
@json_option
@click.pass_obj
@looks
def decisions(session: Session, limit: int | None, as_json: bool) -> ExitCode:
    """List what people decided, the latest first.

    `notifykit undo` takes a decision back. Whoever decided and why is also in the story of each message (`trace`).
    """
    project = session.open_project(secrets=False)
    at_most = limit if limit or as_json else SHOWN
    found: list[Decision] = []
    with existing(project) as outbox:
        if outbox is not None:
            found = outbox.decisions(at_most and at_most + 1)
    more = at_most is not None and len(found) > at_most
    found = found[:at_most]
    if as_json:
        print_json({"decisions": [decision_form(one) for one in found], "more": more})
    elif not found:
        out("no decisions")
    else:
        print_table(
            [Right("id"), "at", "who", "what", Right("messages"), "why", "undone"],
            [
                (
                    str(one.id),
                    local(one.at),
                    one.who,
                    f"{one.kind} {one.channel}" if one.channel else one.kind,
                    f"{one.messages:,}",
                    one.why,
                    "" if one.undone_at is None else f"by {one.undone_by}: {one.undone_why}",
                )
                for one in found
            ],
        )
        if more:
            out(f"… there are more; --limit {len(found) * 10} lists more of them, --json all")
    return ExitCode.DONE
