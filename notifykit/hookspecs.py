"""Every hook of notifykit: when it is called, with what, and since which version.

A plugin is a module (or object) named by an entry point of the group `notifykit`, with functions marked
`@notifykit.hookimpl`. It may leave out any hook, and any argument it does not need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from notifykit.demo import Acts
    from notifykit.errors import NotifykitError
    from notifykit.legacy import LegacyState
    from notifykit.metrics.metric import Metric
    from notifykit.operate.activity import Baseline
    from notifykit.operate.plugin_pages import PluginPage
    from notifykit.outbox.address import StoreAddress
    from notifykit.outbox.protocol import Outbox
    from notifykit.pipeline.project import Project
    from notifykit.start import DataFile, ProjectDraft
    from notifykit.wording import Reason, Sentence
    from notifykit.wording.translation import Catalogue

__all__ = ["Register", "RegisterCommand", "RegisterReasons"]

PROJECT = "notifykit"
"""Name of the pluggy project and of the entry point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Register(Protocol):
    """Offers a type: the name that YAML uses, and a dataclass whose fields are its options.

    Instead of the class, its place will do (`"notifykit_acme.sms:AcmeSms"`): imported once a configuration names it.
    """

    def __call__(self, name: str, cls: Callable[..., Any] | str) -> None:
        """Raise PluginClash where another plugin holds the name."""


class RegisterCommand(Protocol):
    """Offers a command by its place, such as `"notifykit_acme.report:report"`. It is imported once it is called."""

    def __call__(self, name: str, place: str, line: str) -> None:
        """Take `line` for the list in `--help`: the first line of the command's own help. Raises PluginError."""


@hookspec
def register_sources(register: Register) -> None:
    """Offer source types (see `notifykit.roles.Source`).

    Called once, when a host is built. `register(name, cls)` takes the name that YAML uses under `type:`, and a
    dataclass with a method `read`, or its place (`"module:Class"`), from where it is imported once a configuration
    names the type. It raises PluginClash where the name is taken, and PluginError where the class will not do.

    .. versionadded:: 0.1
    """


@hookspec
def register_strategies(register: Register) -> None:
    """Offer dedup strategies (see `notifykit.roles.Strategy`).

    Called once, when a host is built. `register(name, cls)` takes the name that YAML uses under `type:`, and a
    dataclass with a method `decide`, or its place (`"module:Class"`), from where it is imported once a configuration
    names the type. It raises PluginClash where the name is taken, and PluginError where the class will not do.

    .. versionadded:: 0.1
    """


@hookspec
def register_senders(register: Register) -> None:
    """Offer sender types (see `notifykit.roles.Sender`).

    Called once, when a host is built. `register(name, cls)` takes the name that YAML uses under `type:`, and a
    dataclass with a method `send`, or its place (`"module:Class"`), from where it is imported once a configuration
    names the type. It raises PluginClash where the name is taken, and PluginError where the class will not do.

    .. versionadded:: 0.1
    """


@hookspec
def register_observers(register: Register) -> None:
    """Offer observer types, which a project configures under `observers:`.

    Called once, when a host is built. `register(name, cls)` takes the name that YAML uses under `type:`, and a
    dataclass with a method for each hook that it hears, by the name of the hook and with its arguments, or its place
    (`"module:Class"`), from where it is imported once a configuration names the type. With `open(context)`
    (`notifykit.roles.ObserverContext`) it is started before it first hears anything in a process, with `close()` it is
    stopped at the end. It raises PluginClash where the name is taken, and PluginError where the class will not do.

    .. versionadded:: 0.1
    """


@hookspec
def register_legacy(register: Register) -> None:
    """Offer kinds of old state that a campaign may own (see `notifykit.legacy.OldState`).

    Called once, when a host is built. `register(name, cls)` takes the name that YAML uses under `legacy: kind:`, and a
    dataclass with a method `state`, or its place (`"module:Class"`), from where it is imported once a configuration
    names the kind. It raises PluginClash where the name is taken, and PluginError where the class will not do.

    .. versionadded:: 0.1
    """


@hookspec
def register_sections(register: Register) -> None:
    """Offer sections of notifykit.yaml beside the host's own.

    Called once, when a host is built. `register(name, cls)` takes the key, and a dataclass whose fields are the
    section's keys, or its place (`"module:Class"`), from where it is imported once a project file has the section. What
    a file says is then in `project.configuration.sections[name]`, an object of that class. It raises PluginClash where
    the name is taken, and PluginError where the class will not do.

    .. versionadded:: 0.1
    """


@hookspec
def register_stores(register: Register) -> None:
    """Offer kinds of store beside SQLite's file (see `notifykit.outbox.address.StoreAddress`).

    Called once, when a host is built. `register(name, cls)` takes the scheme of a URL, in small letters: with
    `acme`, `store: acme://...` is a store of this kind; and a dataclass with the field `url` and the members of
    `StoreAddress`, or its place (`"module:Class"`), from where it is imported once a project names such a store. What
    it opens passes `notifykit.testing.OutboxContract`. It raises PluginClash where the scheme is taken, and PluginError
    where the class will not do. Raise `notifykit.options.OptionError` in `__post_init__` where a URL will not do.

    .. versionadded:: 0.1
    """


@hookspec
def register_secrets(register: Register) -> None:
    """Offer kinds of secret beside `env` and `file` (see `notifykit.roles.SecretKind`).

    Called once, when a host is built. `register(name, cls)` takes the kind: with `acme`, `key: {acme: ...}` is a secret
    of this kind; and a dataclass with a method `read`, or its place (`"module:Class"`). It raises PluginClash where the
    kind is taken, and PluginError where the class will not do.

    .. versionadded:: 0.1
    """


@hookspec
def register_lazy_commands(register: RegisterCommand) -> None:
    """Offer commands by their place: nothing of them is imported for `--help`, nor for any other command.

    Called once, when the command line starts and before it parses its arguments, before `register_commands` of
    the same plugin. `register(name, place, line)` takes the command's name, `module:function` of a function that
    `@click.command()` decorates, and its line in `--help`. A command that cannot be imported is an error of that
    command; `notifykit plugins` and `--strict-plugins` import all and report it. Names are as in
    `register_commands`.

    .. versionadded:: 0.1
    """


class RegisterReasons(Protocol):
    """Offers the sentence of a reason."""

    def __call__(self, sentence: Sentence) -> None:
        """Take one sentence. Its code must be neither notifykit's nor another plugin's."""


@hookspec
def register_reasons(register: RegisterReasons) -> None:
    """Offer the sentences of the reasons that this plugin gives (see `notifykit.wording`).

    Called once, when something is first shown or chosen by its reason. `register(sentence)` takes a `Sentence`;
    a plugin one of whose codes is taken offers none. A reason whose plugin is not there is shown as the English text
    that was stored with it.

    .. versionadded:: 0.1
    """


@hookspec
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer translations of the texts that this plugin prints (see `notifykit.wording.translation`).

    Called once, where the command line speaks another language than English. `register(catalogue)` takes a
    `Catalogue`: a domain, and the folder with `zh_CN/LC_MESSAGES/DOMAIN.mo`. By it the help of the plugin's commands
    is translated (each paragraph on one line, each option's help), the headings of its tables (in the context
    `heading`), and what it puts through `gettext` itself. A text without a translation stays English. A plugin whose
    catalogue cannot be read, or has the domain of another, has none.

    .. versionadded:: 0.1
    """


@hookspec
def register_commands(cli: click.Group) -> None:
    """Add commands to the command line: `cli.add_command(...)` or `@cli.command()`.

    Called once, when the command line starts and before it parses its arguments. `cli` has all our commands
    and those of plugins that came before; none of them may be replaced or removed. A command gets a
    `notifykit.session.Session` by `@click.pass_obj`.

    .. versionadded:: 0.1
    """


@hookspec
def register_demo_acts(register: Callable[[Acts], None]) -> None:
    """Add acts to the story that `notifykit demo` tells (see `notifykit.demo.Acts`).

    Called once, when the demonstration begins. `register(acts)` may be called several times. The acts are played after
    those of the host, in the order of the plugins. A plugin whose acts have a folder that the demonstration or another
    plugin has adds none, and is reported.

    .. versionadded:: 0.1
    """


@hookspec
def register_pages(register: Callable[[PluginPage], None]) -> None:
    """Offer pages of `notifykit serve` (see `notifykit.operate.plugin_pages`).

    Called once, when the page starts. `register(page)` may be called several times. A page says what it shows as data,
    which the host draws, in the navigation after its own, and gives to programs as `.json`. A plugin whose page has an
    address that the host or another plugin has adds none, and is reported.

    .. versionadded:: 0.1
    """


@hookspec
def examine_data(file: Path, encoding: str, most: int) -> DataFile | None:
    """Read the columns of a file of data of which nothing is known yet; None for a file that is not yours.

    Called by `notifykit init`, which guesses key, flag and recipient from what you return, and drafts a campaign with
    your source and strategy. `encoding` is `auto`, or what the person named; at most `most` rows are wanted. Raise
    `notifykit.errors.CampaignError` where the file is yours and cannot be used, with the mend.

    .. versionadded:: 0.1
    """


@hookspec
def draft_project(program: Path) -> ProjectDraft | None:
    """Draft a project from an old program's code; None where there is nothing of yours.

    Called by `notifykit init --from-program`. `program` is the folder or the file that the person named. What the code
    does not tell stands below a comment `# TODO`, which `notifykit check` reports. Read only; nothing of it is run.

    .. versionadded:: 0.1
    """


@hookspec
def refusals(project: Project) -> Iterable[NotifykitError] | None:
    """Say what is wrong with a project that your commands would refuse; nothing where nothing is.

    Called by `notifykit check`, which lists it with all else that is wrong. `project` is what
    `Session.open_project` returns. Look only, and change nothing.

    .. versionadded:: 0.1
    """


@hookspec
def may_generate(
    campaign: str, legacy: LegacyState | None, store: StoreAddress, folder: Path, project: Project
) -> Reason | str | None:
    """Say why a campaign must not queue messages now; None where nothing speaks against it.

    Called before each pass of a campaign, dry runs included, so keep it quick. `legacy` is what its kind of old state
    says of it (`register_legacy`), None where it names none; `store` is where the outbox is (open already, except
    in a dry run without one), `folder` the project's, `project` what `Session.open_project` returns. The answer says
    what is wrong and how to mend it, best as a reason with a code (`register_reasons`); the campaign fails with it,
    alone.

    .. versionadded:: 0.1
    """


@hookspec
def after_pass(project: Project) -> None:
    """Do what is due beside the work. Called by `run` after each pass over the campaigns, with `--once` too.

    Keep it quick, for the next pass waits: what takes longer is for a thread or a process of yours, and `run` ends
    when the threads do that are no daemons. `project` is what `Session.open_project` returns.

    .. versionadded:: 0.1
    """


@hookspec
def troubles(project: Project) -> Mapping[str, Reason | str] | None:
    """Say what is wrong that a person must see to, each under a name that stays; nothing where nothing is.

    Called by `notifykit health`, and at each look of `alerts:`, whose condition `reported` begins and ends with it.
    `project` is what `Session.open_project` returns. Best a reason with a code (`register_reasons`). Look only, and
    keep it quick.

    .. versionadded:: 0.1
    """


@hookspec
def metrics(project: Project) -> Iterable[Metric] | None:
    """Tell monitors more; nothing where there is nothing to tell (see `notifykit.metrics.metric.Metric`).

    Called whenever figures are told: by `notifykit metrics`, and with each scrape. A metric whose name another one has
    is left out and reported, and so is all that a plugin tells which is no Metric. `project` is what
    `Session.open_project` returns. Look only, and keep it quick.

    .. versionadded:: 0.1
    """


@hookspec
def metrics_files() -> Path | None:
    """Return a folder with rules and other files about your metrics.

    Called by `notifykit metrics --example`, which copies its files beside those of notifykit. Their names must be other
    ones.

    .. versionadded:: 0.1
    """


@hookspec
def alert_advice(kind: str, campaigns: frozenset[str], project: Project) -> Reason | str | None:
    """Say what else people are to know when a condition of `alerts:` begins to hold; None where that is nothing.

    Called once for each alert that is told, before its message is queued. `kind` is what it is about, such as
    `perhaps_twice` or `failing`; `campaigns` the names of those that it is about; `project` what
    `Session.open_project` returns. The answer is a line of the message, best a reason with a code
    (`register_reasons`). Look only, and keep it quick.

    .. versionadded:: 0.1
    """


@hookspec
def report_baseline(project: Project, log: Path | None) -> Baseline | None:
    """Say how the work went before notifykit took it over, against how it has gone since; None where it took over none.

    Called by `notifykit report --since-migration`, which is there where a plugin implements this. `log`: a log of the
    time before, where the person has one. `project` is what `Session.open_project` returns. Look only.

    .. versionadded:: 0.1
    """


@hookspec
def rename_kept(old: str, new: str, outbox: Outbox, folder: Path, who: str, why: str) -> bool | None:
    """Give what you keep under a campaign's name its other name. Return True where there was anything.

    Called by `notifykit campaign rename`, within the transaction that renames the campaign in the store: what you do
    to the store through `outbox` is done with it or not at all. What you keep elsewhere must take being renamed again,
    for where the command is killed before the store has it on disk, the same command is run once more. Raise
    `notifykit.errors.CampaignError` where you cannot take something along: nothing is changed in the store then.
    `folder` is the project's; `who` and `why` are the person's, for whatever you record.

    .. versionadded:: 0.1
    """


# Hooks as those above; an observer of a project has methods of these names.
from notifykit.messages.observing import (  # noqa: E402
    channel_paused,
    decided,
    task_failed,
    task_in_doubt,
    task_queued,
    task_receipt,
    task_retried,
    task_sent,
    written_back,
)

OBSERVED = (
    task_queued,
    task_sent,
    task_failed,
    task_in_doubt,
    task_retried,
    task_receipt,
    channel_paused,
    written_back,
    decided,
)
"""The hooks that tell what happened: an observer of a project has methods of these names."""
