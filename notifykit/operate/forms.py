"""What `--json` prints: plain data with the keys that docs/cli.md lists. Times are ISO 8601 in UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from notifykit.errors import HeldCampaignError, NotifykitError
from notifykit.messages.receipts import Receipt, ReceiptStatus
from notifykit.model import Attempt, Claim, Draft, Problem, Status, Task
from notifykit.terminal.times import iso

if TYPE_CHECKING:
    from notifykit.operate.attention import Attention, Overview
    from notifykit.operate.consequences import ChannelConsequences, Consequences
    from notifykit.operate.evidence import Evidence
    from notifykit.operate.forecast import Forecast
    from notifykit.operate.preview import Rendered
    from notifykit.operate.pruning import Archived
    from notifykit.operate.trace import Step, Trace
    from notifykit.outbox.decided import Decision
    from notifykit.outbox.values import CampaignFigures, Event, Outage, Pause
    from notifykit.pipeline.dispatched import Dispatched
    from notifykit.pipeline.generate import Generated
    from notifykit.pipeline.rerendering import Difference
    from notifykit.pipeline.settle import Settled
    from notifykit.wording import Reason, Wording

Form = dict[str, object]

NO_RECEIPT: Form = {"receipt": None, "receipt_at": None}

NO_REASON: Form = {"reason": None, "reason_code": None, "reason_params": None}


def task_form(task: Task, wording: Wording) -> Form:
    """Describe a task."""
    return {
        "id": task.id,
        "status": task.status.value,
        "campaign": task.campaign or None,
        "key": task.key or None,
        "message": task.name or None,
        "period": task.period or None,
        "round": task.round,
        "recipient": task.recipient,
        "channel": task.channel or None,
        "task_type": task.task_type,
        "text": task.text,
        "options": task.options,
        "tries": task.tries,
        "queued_at": iso(task.queued_at or None),
        "not_before": iso(task.not_before or None),
        "expires_at": iso(task.expires_at),
        "sent_at": iso(task.sent_at),
        "completed_at": iso(task.completed_at),
        **(receipt_form(task.receipt) if task.receipt else NO_RECEIPT),
        **reason_fields(task.reason, wording),
        "metadata": dict(task.metadata),
    }


def evidence_form(found: Evidence, wording: Wording) -> Form:
    """Describe a task with what is known of it."""
    return {
        **task_form(found.task, wording),
        "doubted_at": iso(found.task.doubted_at),
        "attempts": [_attempt_form(attempt) for attempt in found.attempts],
        "events": [{"at": iso(event.at), **_event_form(event)} for event in found.events],
    }


def reason_fields(reason: Reason | None, wording: Wording) -> Form:
    """Describe a reason: its text, its code and its parameters."""
    return wording.known(reason).fields("reason") if reason else NO_REASON


def forecast_form(expected: Forecast, wording: Wording) -> Form:
    """Describe whether a waiting task is due."""
    return {
        "task": task_form(expected.task, wording),
        "turn": expected.turn.value,
        "until": iso(expected.until),
        "behind": expected.behind,
    }


def story_form(story: Trace, wording: Wording) -> Form:
    """Describe a record's story."""
    return {
        "campaign": story.campaign or None,
        "key": story.key,
        "tasks": [task_form(task, wording) for task in story.tasks],
        "receipts": [{"task_id": one.id, **receipt_form(one.receipt)} for one in story.tasks if one.receipt],
        "steps": [_step_form(step) for step in story.steps],
        "digests": [one.facts for one in story.digests],
    }


def receipt_form(receipt: Receipt) -> Form:
    """Describe what a service told of a message since it was sent."""
    return {"receipt": receipt.status.value, "receipt_at": iso(receipt.at)}


def archived_form(gone: Archived, wording: Wording) -> Form:
    """Describe what was moved of a key to an archive."""
    return {
        "archive": gone.place.path,
        "host": gone.place.host,
        "messages": [
            {"campaign": one.campaign, "message": one.name, "period": one.period or None, "rounds": one.rounds}
            for one in gone.messages
        ],
        "stories": [story_form(story, wording) for story in gone.stories],
    }


def _step_form(step: Step) -> Form:
    return {
        "at": iso(step.at or None),
        "what": step.kind.value,
        "task_id": step.task.id,
        "message": step.task.name or None,
        "period": step.task.period or None,
        "round": step.task.round,
        "attempt": step.attempt and _attempt_form(step.attempt),
        "event": step.event and _event_form(step.event),
    }


def _attempt_form(attempt: Attempt) -> Form:
    return {
        "number": attempt.number,
        "channel": attempt.channel,
        "worker": attempt.worker,
        "started_at": iso(attempt.started_at),
        "finished_at": iso(attempt.finished_at),
        "call_seconds": attempt.call_seconds,
        "verdict": attempt.verdict and attempt.verdict.value,
        "code": attempt.code,
        "detail": attempt.detail,
        "vendor_id": attempt.vendor_id,
        "undelivered": list(attempt.undelivered),
    }


def _event_form(event: Event) -> Form:
    return {"kind": event.kind, "who": event.who, "detail": event.detail}


def pause_form(pause: Pause, wording: Wording) -> Form:
    """Describe a channel's pause; `until` is null where only a person ends it."""
    return {"channel": pause.channel, "until": iso(pause.until), **reason_fields(pause.reason, wording)}


def figures_form(figures: CampaignFigures, now: float) -> Form:
    """Describe how a campaign stands."""
    oldest = figures.oldest_waiting
    return {
        "campaign": figures.campaign,
        "period": figures.period,
        "by_status": {status.value: figures.by_status.get(status, 0) for status in Status},
        "flags_owed": figures.flags_owed,
        "archived": figures.archived,
        "receipts": {status.value: figures.receipts.get(status, 0) for status in ReceiptStatus},
        "duplicates_prevented": figures.duplicates_prevented,
        "offers_refused": figures.duplicates_prevented,
        "perhaps_twice": figures.perhaps_twice,
        "success_rate": figures.success_rate,
        "queued_to_accepted_seconds": {"p50": figures.queued_to_sent_p50, "p95": figures.queued_to_sent_p95},
        "call_seconds": {"p50": figures.call_p50, "p95": figures.call_p95},
        "oldest_waiting": iso(oldest),
        "oldest_waiting_seconds": None if oldest is None else max(0.0, now - oldest),
        "errors": dict(figures.errors),
    }


def overview_form(found: Overview, wording: Callable[[], Wording]) -> Form:
    """Describe how everything stands. `wording` is asked for only where there are reasons."""
    return {
        "at": iso(found.at),
        "campaigns": [figures_form(item, found.at) for item in found.campaigns],
        "own_messages": [figures_form(item, found.at) for item in found.own],
        "pauses": [pause_form(pause, wording()) for pause in found.pauses],
        "outages": [outage_form(outage, wording()) for outage in found.outages],
        "overdue_calls": [overdue_form(claim, found.at) for claim in found.overdue],
        "lost_calls": [overdue_form(claim, found.at) for claim in found.lost],
        "pending_without_campaign": found.unowned,
        "foreign": found.foreign,
        "queue_nothing": {name: reason.text for name, reason in found.held.items()},
        "queue_nothing_reasons": {name: hold_form(wording().known(reason)) for name, reason in found.held.items()},
        "standing_sources": {
            name: {"since": iso(one.since), "rows": one.rows, "place": one.place}
            for name, one in found.standing.items()
        },
    }


def known(generated: Generated) -> int:
    """Return how many messages were there already, and wait or were sent."""
    return generated.duplicates - generated.cancelled - generated.failed - generated.in_doubt


def generated_form(generated: Generated) -> Form:
    """Describe what was generated for a campaign."""
    return {
        "campaign": generated.campaign,
        "records": generated.records,
        "queued": generated.queued,
        "known": known(generated),
        "cancelled": generated.cancelled,
        "failed": generated.failed,
        "in_doubt": generated.in_doubt,
        "held": [_problem_form(problem) for problem in generated.problems],
        "neither": [_problem_form(problem) for problem in generated.neither],
        "rendered_differently": list(generated.differing),
        "flags_owed_again": list(generated.repaired),
        "archived_not_flagged": list(generated.archived),
        "flagged_but_waiting": list(generated.flagged_but_waiting),
    }


def rendered_form(item: Rendered) -> Form:
    """Describe one record, and what it would send."""
    return {
        "campaign": item.campaign,
        "key": item.key,
        "place": item.place,
        "held": item.held and _problem_form(item.held),
        "messages": [
            {
                "message": message.name,
                "recipient": message.recipient,
                "channel": message.channel,
                "task_type": message.task_type,
                "text": message.text,
                "options": message.options,
            }
            for message in item.messages
        ],
    }


def _problem_form(problem: Problem) -> Form:
    reason = problem.reason
    return {
        "place": problem.place,
        "key": problem.key,
        "what": problem.what,
        "mend": problem.mend,
        "code": reason.code if reason else None,
        "params": reason.params_data() if reason else None,
    }


def failures_form(failures: Mapping[str, NotifykitError]) -> Form:
    """Describe what could not go on: as texts, with their parts, and those that are held, with their reasons."""
    held = {name: hold_form(error.reason) for name, error in failures.items() if isinstance(error, HeldCampaignError)}
    return {
        "failures": {name: str(error) for name, error in failures.items()},
        "failure_errors": {name: error.as_data() for name, error in failures.items()},
        "failure_reasons": held,
    }


def hold_form(reason: Reason | str) -> Form:
    """Describe why a campaign queues nothing."""
    return {"code": None, "params": {}, "text": reason} if isinstance(reason, str) else reason.as_data()


def dispatched_form(dispatched: Dispatched) -> Form:
    """Describe what was dispatched."""
    return {
        "sent": dispatched.sent,
        "put_back": dispatched.by_status[Status.QUEUED],
        "failed": dispatched.by_status[Status.FAILED],
        "in_doubt": dispatched.by_status[Status.IN_DOUBT],
        "recovered": dispatched.recovered,
        "late": dispatched.late,
    }


def settled_form(settled: Settled, wording: Wording) -> Form:
    """Describe what was written back for a campaign."""
    return {
        "campaign": settled.campaign,
        "completed": settled.completed,
        "refused": [
            {**reason_fields(reason, wording), "messages": number} for reason, number in settled.refused.items()
        ],
    }


def outage_form(outage: Outage, wording: Wording) -> Form:
    """Describe a channel that cannot be reached, or that asks to wait."""
    return {
        "channel": outage.channel,
        "kind": outage.kind.value,
        "since": iso(outage.since),
        "failures": outage.failures,
        "next_probe": iso(outage.next_probe) if outage.paused else None,
        **reason_fields(outage.told, wording),
    }


def overdue_form(claim: Claim, now: float) -> Form:
    """Describe a call that has been under way for far longer than its timeout."""
    task = claim.task
    return {
        "channel": task.channel,
        "task": task.id,
        "campaign": task.campaign,
        "key": task.key,
        "worker": claim.worker,
        "seconds": now - claim.started_at,
    }


def attention_form(waiting: Attention, wording: Wording) -> Form:
    """Describe what waits for a person."""
    return {
        "failed": waiting.failed.number,
        "in_doubt": waiting.in_doubt.number,
        "foreign": waiting.foreign,
        "paused": [pause_form(pause, wording) for pause in waiting.paused],
        "unreachable": {channel: count.number for channel, count in waiting.unreachable.items()},
        "more": waiting.more,
    }


def consequences_form(found: Consequences, wording: Wording, *, first: int = 10) -> Form:
    """Describe what a decision would do to messages, the `first` of which are told."""
    return {
        "dry_run": True,
        "messages": len(found.moves),
        "by_campaign": [
            {"campaign": campaign, "status": was.value, "to": to.value, "messages": number}
            for (campaign, was, to), number in sorted(found.counted.items())
        ],
        "first": [task_form(move.task, wording) for move in found.moves[:first]],
        "flags": asdict(found.flags),
    }


def channel_form(found: ChannelConsequences, wording: Wording) -> Form:
    """Describe what resuming a channel would do."""
    return {
        "dry_run": True,
        "channel": found.channel,
        "pause": found.pause and pause_form(found.pause, wording),
        "outage": found.outage and outage_form(found.outage, wording),
        "waiting": found.waiting.number,
        "more": found.waiting.more,
    }


def difference_form(found: Difference, wording: Wording) -> Form:
    """Describe a message that waits and would be rendered differently now."""
    first = found.tasks[0]
    return {
        "campaign": first.campaign,
        "key": first.key,
        "message": first.name,
        "tasks": [task.id for task in found.tasks],
        "before": [_said(task) for task in found.tasks],
        "now": [_said(draft) for draft in found.drafts],
        **reason_fields(found.kept, wording),
    }


def _said(one: Task | Draft) -> Form:
    return {"recipient": one.recipient, "text": one.text, "options": one.options}


def decision_form(decision: Decision) -> Form:
    """Describe a decision."""
    return {
        **decision._asdict(),
        "at": iso(decision.at),
        "undone_at": iso(decision.undone_at),
    }
