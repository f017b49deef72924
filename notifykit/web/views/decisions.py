"""What people decided, the latest first, and taking a decision back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.operate.consequences import of_undoing
from notifykit.operate.decisions import AsShown
from notifykit.operate.forms import decision_form
from notifykit.operate.lines import lines_of
from notifykit.operate.telling import tell_decided
from notifykit.operate.undoing import about, undo_as_shown, undo_lines, undoable
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.decided import Decision
from notifykit.pipeline.project import Project
from notifykit.terminal.console import count
from notifykit.web.listing import EXPORTED, MOST, Cell, Column, Kind, Listed, asked, csv_response, filtered, listed
from notifykit.web.prepared import Done, Prepared
from notifykit.web.views.decide import offer
from notifykit.web.visit import Visit, may_decide
from notifykit.wording.translation import gettext

__all__ = ["decisions", "undo"]

FILTERS: Mapping[str, Callable[[Decision], Cell]] = {
    "who": lambda one: one.who,
    "kind": lambda one: one.kind,
    "channel": lambda one: one.channel,
}

COLUMNS: tuple[Column[Decision], ...] = (
    Column(name="id", heading="id", value=lambda one: one.id, kind=Kind.NUMBER),
    Column(name="at", heading="at", value=lambda one: one.at, kind=Kind.TIME),
    Column(name="who", heading="who", value=lambda one: one.who),
    Column(name="kind", heading="what", value=lambda one: one.kind),
    Column(name="channel", heading="channel", value=lambda one: one.channel),
    Column(name="messages", heading="messages", value=lambda one: one.messages, kind=Kind.NUMBER),
    Column(name="why", heading="why", value=lambda one: one.why, sorts=False),
    Column(name="undone_by", heading="undone", value=lambda one: one.undone_by),
)


def decisions(visit: Visit) -> Response:
    """List what was decided."""
    wanted = asked(visit.path, visit.query, tuple(FILTERS), COLUMNS)
    most = (EXPORTED if visit.as_csv else MOST) + 1

    def look(_: Project, outbox: OpenedOutbox) -> Listed[Decision]:
        found = outbox.decisions(None if wanted.filters else most)
        return listed(filtered(found, wanted, FILTERS), wanted, COLUMNS, whole=visit.as_csv)

    shown = visit.look(look)
    if visit.as_csv:
        return csv_response("decisions", shown)
    if visit.as_json:
        return visit.json(
            {"decisions": [decision_form(one) for one in shown.rows], "number": shown.number, "more": shown.more}
        )
    return visit.page("decisions.html", listed=shown)


def undo(visit: Visit) -> Response:
    """Show what taking a decision back would do."""
    may_decide(visit)
    number = visit.query.get("decision", "")
    if not number.isdecimal() or len(number) > 18:
        raise HTTPException(400, gettext("A decision has a whole number."))

    def foresee(_: Project, outbox: OpenedOutbox) -> tuple[AsShown, list[str]]:
        found = undoable(outbox, int(number))
        shown = of_undoing(outbox, found)
        moves = lines_of(shown, visit.said) if shown.moves else []
        lines = [about(found.decision), *moves, *undo_lines(found, visit.said)]
        return AsShown.of(outbox, [move.task for move in shown.moves]), lines

    shown, lines = visit.look(foresee)

    def act(outbox: OpenedOutbox, who: str, why: str) -> Done:
        done = undo_as_shown(outbox, int(number), shown, who=who, why=why)
        tell_decided(visit.site.project, outbox, int(number))
        back = sum(one.kept is None for one in done.messages)
        line = gettext(
            "Decision {number} is undone: {messages} put back.", number=number, messages=count(back, "message")
        )
        return Done(lines=[line, *undo_lines(done, visit.said)])

    question = gettext("Undo decision {number}?", number=number)
    return offer(visit, Prepared(question=question, lines=lines, words=["undo", number], act=act, back="/decisions"))
