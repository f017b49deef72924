"""Our own commands, as `--help` lists them, and how the help of each ends. Each is imported when it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from notifykit.plugins.commands import LazyCommand
from notifykit.plugins.named import import_place
from notifykit.wording.translation import gettext_noop


def example(*lines: str) -> str:
    r"""Return the epilog of a command's help, which a test runs. `\b` keeps click from joining the lines."""
    title = "Example:" if len(lines) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])


def _command(name: str, place: str, line: str) -> LazyCommand:
    """Take the command at `place` in this package; `line` is the first of its help, which a test compares."""

    def load() -> click.Command:
        found = import_place(f"notifykit.cli.{place}")
        assert isinstance(found, click.Command)  # noqa: S101 - ours
        return found

    return LazyCommand(name, line, load)


JOB, STANDING, DECISIONS = gettext_noop("The job"), gettext_noop("How things stand"), gettext_noop("Decisions")

SECTIONS: Mapping[str, Sequence[LazyCommand]] = {
    gettext_noop("Start here"): (
        _command("demo", "demo:demo", "Build a small world in DIR and walk through the whole story."),
        _command("init", "init:init", "Make a project that works at once, from a CSV file."),
        _command("check", "check:check", "Look for all that is wrong before it matters."),
        _command("send", "send:send", "Send one test message through a real channel."),
        _command("preview", "preview:preview", "Show the messages of records before anything is queued."),
        _command("new-plugin", "new_plugin:new_plugin", "Make a folder with a plugin that works."),
    ),
    JOB: (
        _command("generate", "generate:generate", "Queue messages for records that need notifying."),
        _command("dispatch", "dispatch:dispatch", "Send what is queued, until nothing waits any more."),
        _command("settle", "settle:settle", "Write the results where people look."),
        _command("run", "run:run", "Generate, dispatch, settle, and again."),
        _command("worker", "worker:worker", "Do a share of the work, together with others, until told to stop."),
        _command("receipt", "receipt:receipt", "Keep what a service told later of a message."),
    ),
    STANDING: (
        _command("status", "status:status", "Show how each campaign stands."),
        _command(
            "report",
            "activity:report",
            "Show what was sent, waited, failed and was in doubt, by campaign and day, and how long it took.",
        ),
        _command("health", "health:health", "Tell a monitor in one line whether all is well."),
        _command("metrics", "metrics:metrics", "Tell Prometheus how things stand."),
        _command("alerts", "alerts:alerts", "List what is to be told, what holds now, and since when."),
        _command("tasks", "tasks:tasks", "List messages and where each stands."),
        _command("trace", "trace:trace", "Tell one record's whole story."),
        _command("decisions", "undo:decisions", "List what people decided, the latest first."),
        _command(
            "serve", "serve:serve", "Show the page in a browser: how things stand, what is in doubt, and decisions."
        ),
        _command(
            "machines", "machines:machines", "List who works: the processes of `worker` and `run` on all machines."
        ),
    ),
    DECISIONS: (
        _command("retry", "decide:retry", "Try failed messages again, and queue cancelled ones again."),
        _command("resolve", "decide:resolve", "Decide about messages in doubt."),
        _command("cancel", "decide:cancel_", "Drop messages that should not be sent."),
        _command("rerender", "rerender:rerender", "Give messages that wait the texts that they would have now."),
        _command("resend", "decide:resend", "Send again what was sent, in a new round."),
        _command("resume", "decide:resume", "End the pause of a channel."),
        _command("undo", "undo:undo", "Take a decision back, as far as that can be done."),
        _command("keys", "keys:keys", "Decide about keys that read as the same."),
        _command("campaign", "campaign:campaign", "Change what the store knows of a campaign."),
        _command("source", "source:source", "Say on which machine the files of campaigns are."),
        _command("store", "store:store", "Look after the outbox."),
    ),
    "Reference": (
        _command("docs", "docs:docs", "Show a page of the manual; without PAGE, list them."),
        _command("plugins", "plugins:plugins", "List the plugins, and what each offers."),
        _command("schema", "schema:schema", "Print the JSON Schema of a configuration file, for editors."),
    ),
}
