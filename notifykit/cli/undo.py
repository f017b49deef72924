"""`notifykit undo` and `notifykit decisions`."""

from __future__ import annotations

import click

from notifykit.cli.deciding import Way, decision_options, existing_store
from notifykit.cli.language import said
from notifykit.cli.sections import example
from notifykit.cli.stores import existing
from notifykit.cli.tasks import limit_option, print_tasks
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.operate.consequences import Consequences, of_undoing
from notifykit.operate.forms import consequences_form, decision_form, pause_form, reason_fields, task_form
from notifykit.operate.lines import lines_of
from notifykit.operate.telling import tell_decided
from notifykit.operate.undoing import about, undo_lines, undoable
from notifykit.operate.undoing import undo as take_back
from notifykit.outbox.decided import Decision, Undoing
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json
from notifykit.terminal.tables import Right, print_table
from notifykit.terminal.times import local
from notifykit.wording import Wording
from notifykit.wording.translation import gettext

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
    way.require_consent(
        named=decision is not None, what=gettext("this takes the latest decision back, whoever made it")
    )
    project = session.open_project(secrets=False)
    wording = project.plugins.wording
    with existing_store(project, look=way.dry_run) as outbox:
        found = undoable(outbox, decision)
        shown = of_undoing(outbox, found)
        if not way.agreed(_lines(found, shown), gettext("Undo decision {id}?", id=found.decision.id)):
            return ExitCode.DONE
        if not way.dry_run:
            found = take_back(outbox, found.decision.id, who=way.who, why=way.why)
            tell_decided(project, outbox, found.decision.id)
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
        out(
            gettext(
                "decision {id} is undone: {messages} put back",
                id=found.decision.id,
                messages=count(len(changed), "message"),
            )
        )
        if changed:
            print_tasks(changed, now)
        out(*undo_lines(found, said))
    return ExitCode.DONE


def _lines(found: Undoing, shown: Consequences) -> list[str]:
    """Say what undoing a decision would do."""
    moves = lines_of(shown, said) if shown.moves else []
    return [about(found.decision), *moves, *undo_lines(found, said)]


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
        out(gettext("no decisions"))
    else:
        print_table(
            [Right("id"), "at", "who", "what", Right("messages"), "why", "undone"],
            [
                (
                    str(one.id),
                    local(one.at),
                    one.who,
                    f"{gettext(one.kind)} {one.channel}" if one.channel else gettext(one.kind),
                    f"{one.messages:,}",
                    one.why,
                    "" if one.undone_at is None else gettext("by {who}: {why}", who=one.undone_by, why=one.undone_why),
                )
                for one in found
            ],
        )
        if more:
            out(gettext("… there are more; --limit {number} lists more of them, --json all", number=len(found) * 10))
    return ExitCode.DONE
