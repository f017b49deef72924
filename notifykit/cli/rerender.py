"""`notifykit rerender`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from notifykit.cli.deciding import Way, decision_options, existing_store
from notifykit.cli.language import said
from notifykit.cli.report import exit_code, print_failures
from notifykit.cli.sections import example
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.model import Task
from notifykit.operate.forms import difference_form, failures_form, task_form
from notifykit.operate.lines import SHOWN, option_lines
from notifykit.pipeline.places import require_here
from notifykit.pipeline.rerendering import Difference, differences
from notifykit.pipeline.run import Pass, alone
from notifykit.session import Session
from notifykit.terminal.console import count, out, print_json
from notifykit.wording.translation import gettext


@click.command(
    epilog=example("notifykit rerender --dry-run", 'notifykit rerender beijing --why "a typing error" --yes')
)
@click.argument("campaigns", nargs=-1, metavar="[CAMPAIGN]...")
@decision_options()
@click.pass_obj
@looks
def rerender(session: Session, campaigns: tuple[str, ...], way: Way) -> ExitCode:
    """Give messages that wait the texts that they would have now.

    All campaigns, or those named. A message that was queued, and was never tried, is changed in its place: text and
    recipient. What it said before is kept in its story. All others that differ stay as they are, and are told with the
    reason.
    """
    way.require_consent(named=False, what=gettext("this changes all messages that wait and would read differently now"))
    project = session.open_project(secrets=False)
    chosen = project.campaigns(campaigns)
    this_pass = Pass(failures=project.unavailable(campaigns))
    found: list[Difference] = []
    changed: list[Task] = []
    with existing_store(project, look=way.dry_run) as outbox:
        for campaign in chosen:
            with alone(campaign, this_pass):
                require_here(campaign, project.configuration.settings.place, outbox)
                project.start(campaign)
                found += differences(campaign, outbox)
        able = [one for one in found if one.kept is None]
        question = gettext("Change {messages}?", messages=count(len(able), "message"))
        if able and not way.agreed([*_lines(found)], question):
            return ExitCode.DONE
        if able and not way.dry_run:
            changed = outbox.rewrite([one.rewrites for one in able], who=way.who, why=way.why)
    print_failures(this_pass.failures)
    if way.as_json:
        wording = project.plugins.wording
        print_json(
            {
                "dry_run": way.dry_run,
                "differences": [difference_form(one, wording) for one in found],
                "changed": [task_form(task, wording) for task in changed],
                **failures_form(this_pass.failures),
            }
        )
    elif way.dry_run:
        out(*_lines(found))
    else:
        out(gettext("{messages} changed", messages=count(len(changed), "message")), *_kept_lines(found))
    return exit_code(failures=this_pass.failures, held=False)


def _lines(found: Sequence[Difference]) -> Iterator[str]:
    """Say what would be changed, and what would not."""
    able = [one for one in found if one.kept is None]
    yield (
        gettext("{messages} would change:", messages=count(len(able), "message"))
        if able
        else gettext("nothing would change")
    )
    for one in able[:SHOWN]:
        for task, draft in zip(one.tasks, one.drafts, strict=True):
            yield gettext(
                "  task {id}: {campaign} {key} {name}", id=task.id, campaign=task.campaign, key=task.key, name=task.name
            )
            if task.recipient != draft.recipient:
                yield gettext("    - to {recipient}", recipient=task.recipient)
                yield gettext("    + to {recipient}", recipient=draft.recipient)
            if task.text != draft.text:
                yield from (f"    - {line}" for line in task.text.split("\n"))
                yield from (f"    + {line}" for line in draft.text.split("\n"))
            if task.options != draft.options:
                yield from (f"    - {line}" for line in option_lines(task.options))
                yield from (f"    + {line}" for line in option_lines(draft.options))
    if len(able) > SHOWN:
        yield gettext("  … and {number:,} more", number=len(able) - SHOWN)
    yield from _kept_lines(found)


def _kept_lines(found: Sequence[Difference]) -> Iterator[str]:
    for one in found:
        if one.kept is not None:
            task = one.tasks[0]
            yield gettext(
                "stays as it is: task {id} ({campaign} {key} {name}): {kept}",
                id=task.id,
                campaign=task.campaign,
                key=task.key,
                name=task.name,
                kept=said(one.kept),
            )
