"""A decision: first what it would do and to how many, then one POST, then what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.errors import NotifykitError, StoreError
from notifykit.model import Status
from notifykit.operate.consequences import of_moves
from notifykit.operate.decisions import (
    AsShown,
    OvertakenError,
    Resolution,
    Selection,
    chosen,
    decide_as_shown,
    newest_decision,
)
from notifykit.operate.lines import lines_of
from notifykit.operate.telling import tell_decided
from notifykit.outbox.address import OpenedOutbox
from notifykit.pipeline.project import Project
from notifykit.terminal.console import count
from notifykit.web.prepared import Done, Prepared
from notifykit.web.visit import Visit, local_address, may_decide
from notifykit.web.words import word
from notifykit.wording.translation import gettext, gettext_noop

__all__ = ["ask", "decide", "decided", "offer"]

MOST = 10_000
"""Messages that are decided about at once on the page, at most."""

QUESTIONS = {
    Resolution.RETRY: gettext_noop("Queue {messages} again?"),
    Resolution.SENT: gettext_noop("Take {messages} as sent?"),
    Resolution.RESEND: gettext_noop("Send {messages}?"),
    Resolution.CANCEL: gettext_noop("Cancel {messages}?"),
}

COMMANDS: dict[Resolution, tuple[str, ...]] = {
    Resolution.RETRY: ("retry",),
    Resolution.SENT: ("resolve", "--sent"),
    Resolution.RESEND: ("resolve", "--resend"),
    Resolution.CANCEL: ("resolve", "--cancel"),
}

FILTERS = ("campaign", "key", "where", "reason")


def ask(visit: Visit) -> Response:
    """Show what a decision about messages would do: `do=`, and `id=`s or filters."""
    may_decide(visit)
    decision = _resolution(visit)
    which = _selection(visit)

    def foresee(project: Project, outbox: OpenedOutbox) -> tuple[AsShown, list[str]]:
        tasks = chosen(outbox, which, decision, wording=project.plugins.wording)
        if len(tasks) > MOST:
            raise NotifykitError(
                gettext(
                    "{number:,} messages are meant, and the page decides about {most:,} at once at most",
                    number=len(tasks),
                    most=MOST,
                ),
                mend=gettext("narrow it down, or use the command line"),
            )
        return AsShown.of(outbox, tasks), lines_of(of_moves(outbox, tasks, decision.to), visit.said)

    shown, lines = visit.look(foresee)
    back = local_address(visit.query.get("back", "/"))
    if not shown.statuses:
        return visit.page("error.html", status=409, lines=lines, back=back)

    def act(outbox: OpenedOutbox, who: str, why: str) -> Done:
        wording = visit.site.project.plugins.wording
        with outbox.transaction():
            changed = decide_as_shown(outbox, shown, decision, who=who, why=why, wording=wording)
            made = newest_decision(outbox, changed)
        tell_decided(visit.site.project, outbox, made)
        return Done(lines=[changed_line(len(changed), changed[0].status)] if changed else [], decision=made)

    question = gettext(QUESTIONS[decision], messages=count(len(shown.statuses), "message"))
    words = [*_words(decision, which)]
    return offer(
        visit,
        Prepared(question=question, lines=lines, words=words, act=act, back=back, confirms=not which.ids),
    )


def offer(visit: Visit, form: Prepared, *, status: int = 200, said: Sequence[str] = (), why: str = "") -> Response:
    """Show a decision with its form, which can be sent once. `said`: what was wrong with the last one; `why`: of it."""
    key = visit.session.keep_form(form)
    command = form.command(visit.account.who, gettext("(your reason)") if form.why_needed else "")
    if visit.as_json:
        return visit.json({"question": form.question, "lines": list(form.lines), "form": key}, status)
    return visit.page("decide.html", status=status, form=form, key=key, command=command, problems=said, why=why)


def decide(visit: Visit) -> Response:
    """Make a decision that was shown."""
    may_decide(visit)
    key, why = visit.field("form"), visit.field("why")
    form = visit.session.take_form(key)
    if form is None:
        lines = [
            gettext("This form was used already, or is too old; nothing was changed."),
            gettext("Look again how things stand, and decide from there."),
        ]
        return visit.page("error.html", status=409, lines=lines, back="/")
    if form.why_needed and not why:
        return offer(visit, form, status=422, said=[gettext("Say why: it is what people read later.")])
    try:
        done = visit.site.decide(form, visit.account.who, why)
    except OvertakenError as error:
        return visit.page("overtaken.html", status=409, error=error, form=form)
    except NotifykitError as error:
        if isinstance(error, StoreError) and error.passing:
            return offer(visit, form, status=503, said=error.lines, why=why)
        return visit.page("error.html", status=409, lines=error.lines, back=form.back)
    command = form.command(visit.account.who, why)
    visit.session.tell(key, Done(lines=done.lines, decision=done.decision, command=command, back=form.back))
    return visit.redirect(f"/decided?form={key}")


def decided(visit: Visit) -> Response:
    """Show what came of a decision."""
    done = visit.session.told.get(visit.query.get("form", ""))
    if done is None:
        raise HTTPException(404, gettext("Nothing is known of this form any more."))
    return visit.page("decided.html", done=done)


def changed_line(number: int, status: Status) -> str:
    """Say what came of messages."""
    return gettext("{messages} changed: now {status}", messages=count(number, "message"), status=word(status.value))


def _resolution(visit: Visit) -> Resolution:
    wanted = visit.query.get("do", "").upper()
    if wanted not in Resolution.__members__:
        raise HTTPException(400, gettext("No decision is called {name!r}.", name=visit.query.get("do", "")))
    return Resolution[wanted]


def _selection(visit: Visit) -> Selection:
    ids = visit.query.getlist("id")
    if any(not (one.isdecimal() and len(one) < 20) or int(one) > 2**63 - 1 for one in ids):
        raise HTTPException(400, gettext("An id is a whole number."))
    filters = {name: value for name in FILTERS if (value := visit.query.get(name))}
    said = visit.query.getlist("status")
    if any(one not in list(Status) for one in said):
        raise HTTPException(400, gettext("There is no such status."))
    statuses = tuple(map(Status, said))
    if bool(ids) == bool(filters or statuses):
        raise HTTPException(400, gettext("Say which messages: choose some of them, or a group."))
    return Selection(ids=tuple(map(int, ids)), statuses=() if ids else statuses, **filters)


def _words(decision: Resolution, which: Selection) -> Sequence[str]:
    """Return the command that makes this decision."""
    name, *flags = COMMANDS[decision]
    words = [name, *map(str, which.ids)]
    for option in FILTERS:
        if (value := getattr(which, option)) is not None:
            words += [f"--{option}", value]
    for status in which.statuses:
        words += ["--status", status.value]
    return [*words, *flags]
