"""The loaded plugins, as the host uses them."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from notifykit.errors import PluginClash, PluginError, pass_interrupt
from notifykit.plugins.checks import SPECIFIED
from notifykit.plugins.commands import COMMAND_HOOKS, LazyCommand, commands_of
from notifykit.plugins.named import OfferBrokenError
from notifykit.plugins.registry import Registry
from notifykit.plugins.report import LoadedPlugin, PluginId, failure
from notifykit.plugins.together import Together
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    import click

    from notifykit.plugins.failed import FailedPlugin
    from notifykit.wording import Sentence, Wording
    from notifykit.wording.translation import Catalogue

log = logging.getLogger(__name__)

Offered = TypeVar("Offered")


class Plugins:
    """Everything that came of loading. Build it with `load_plugins`."""

    def __init__(
        self,
        *,
        objects: Mapping[str, object],
        alone: Mapping[str, pluggy.HookRelay],
        registry: Registry,
        loaded: Sequence[LoadedPlugin],
        failed: list[FailedPlugin],
        blocked: tuple[PluginId, ...],
        warnings: tuple[str, ...],
        strict: bool,
    ) -> None:
        self.registry = registry
        self.loaded = tuple(loaded)
        self.blocked = blocked
        self.warnings = warnings
        """What was asked of loading and had no effect."""
        self._failed = failed
        self._strict = strict
        self._alone = alone
        self.hook = Together(alone, {plugin.name: (objects[plugin.name], plugin.hooks) for plugin in loaded})
        """Calls a hook of all plugins at once; what one of them raises comes through."""
        self._observers: dict[str, tuple[tuple[str, Callable[..., Any]], ...]] = {}
        self._complained: set[tuple[str, str]] = set()
        self._commands: dict[str, LazyCommand] = {}

    @property
    def failed(self) -> tuple[FailedPlugin, ...]:
        """What is left out, and why."""
        return tuple(self._failed)

    def observed(self, hook: str) -> bool:
        """Whether any plugin implements this hook."""
        return bool(self._in_turn(hook))

    def observe(self, hook: str, **arguments: object) -> None:
        """Call an observer hook of each plugin for itself, from any thread.

        What a plugin raises is logged as a warning under its name, the first time with its traceback.
        """
        self.ask(hook, **arguments)

    def ask(self, hook: str, **arguments: object) -> list[Any]:
        """Do so, and return what each of them says, but for None."""
        said: list[Any] = []
        for name, call in self._in_turn(hook):
            try:
                said += call(**arguments) or ()
            except BaseException as error:
                pass_interrupt(error)
                first = (name, hook) not in self._complained
                self._complained.add((name, hook))
                log.warning("plugin %r failed in %s: %s", name, hook, type(error).__name__, exc_info=first)
        return said

    def _in_turn(self, hook: str) -> tuple[tuple[str, Callable[..., Any]], ...]:
        """Return each plugin's implementation, in pluggy's calling order: `tryfirst`, then the last registered."""
        if (found := self._observers.get(hook)) is None:
            if hook not in SPECIFIED:
                raise KeyError(hook)
            implementations = getattr(self.hook, hook).get_hookimpls()
            names = [implementation.plugin_name for implementation in reversed(implementations)]
            found = self._observers[hook] = tuple((name, getattr(self._alone[name], hook)) for name in names)
        return found

    def add_commands(self, cli: click.Group) -> None:
        """Let each plugin add its commands. One that raises, or takes a name that is in use, adds none.

        Raises PluginError, listing every failure, where the plugins were loaded strictly.
        """
        for plugin in self.loaded:
            if COMMAND_HOOKS.isdisjoint(plugin.hooks):
                continue
            try:
                self._commands |= commands_of(plugin, self._alone[plugin.name], cli)
            except BaseException as error:
                pass_interrupt(error)
                self._failed.append(failure(plugin, error))
                log.debug("%s failed to add its commands", plugin, exc_info=True)
        if self._strict:
            self.import_offered()

    def import_offered(self) -> None:
        """Import every type and command that was offered by its place, take all reasons, and record those that fail.

        Commands are those that `add_commands` has added. Raises PluginError, listing every failure, where the
        plugins were loaded strictly.
        """
        offers = (offer.load for offer in self.registry.offers())
        commands = (command.load for command in self._commands.values())
        for load in itertools.chain[Callable[[], object]](offers, commands):
            try:
                load()
            except OfferBrokenError as error:
                if error.failed not in self._failed:
                    self._failed.append(error.failed)
        _ = self.wording, self.catalogues
        if self._strict:
            raise_for(self._failed)

    @cached_property
    def wording(self) -> Wording:
        """The sentences of notifykit and of each plugin; a plugin that takes a code in use has none.

        Raises PluginError where plugins were loaded strictly, and the reasons of one will not do.
        """
        from notifykit.wording import Wording  # needed only where reasons are shown or chosen by
        from notifykit.wording.host import HOST

        taken = {sentence.code for sentence in HOST}

        def code_of(sentence: Sentence) -> str:
            if sentence.code in taken:
                raise PluginClash(
                    gettext("it offers the reason {code!r}, which is notifykit's", code=sentence.code),
                    mend=gettext("call it something else"),
                )
            return sentence.code

        return Wording([*HOST, *self.collect("register_reasons", code_of)])

    @cached_property
    def catalogues(self) -> Sequence[Catalogue]:
        """The translations that plugins bring; a plugin whose catalogue cannot be read has none.

        Raises PluginError where plugins were loaded strictly, and the catalogue of one will not do.
        """
        from notifykit.wording.translation import LOCALES, Catalogue  # English needs none

        def domain_of(catalogue: Catalogue) -> str:
            if not isinstance(catalogue, Catalogue):
                raise PluginError(
                    gettext("it offers {catalogue!r} as translations", catalogue=catalogue),
                    mend=gettext("offer a Catalogue"),
                )
            for language in LOCALES:
                catalogue.read(language)
            return catalogue.domain

        return self.collect("register_translations", domain_of)

    def collect(self, hook: str, name_of: Callable[[Offered], str]) -> list[Offered]:
        """Return what each plugin offers by a hook whose one argument, `register`, takes one thing at a time.

        `name_of` returns the name that an offer claims, or raises PluginError where the offer will not do. A plugin
        that raises, or claims a name which another one has, offers nothing and is recorded in `failed`.

        Raises PluginError, listing every failure, where the plugins were loaded strictly.
        """
        found: dict[str, Offered] = {}
        holders: dict[str, LoadedPlugin] = {}
        for plugin in self.loaded:
            if hook not in plugin.hooks:
                continue
            try:
                offered = self._offered(plugin, hook, name_of)
                if taken := sorted(offered.keys() & holders.keys()):
                    raise PluginClash(  # noqa: TRY301 - recorded like whatever else goes wrong here
                        gettext(
                            "it offers {name!r} by {hook}, which is taken by {holder}",
                            name=taken[0],
                            hook=hook,
                            holder=holders[taken[0]],
                        ),
                        mend=gettext("block one of the two"),
                    )
            except BaseException as error:
                pass_interrupt(error)
                self._failed.append(failure(plugin, error))
                log.debug("%s failed in %s", plugin, hook, exc_info=True)
            else:
                found.update(offered)
                holders.update(dict.fromkeys(offered, plugin))
        if self._strict:
            raise_for(self._failed)
        return list(found.values())

    def _offered(self, plugin: LoadedPlugin, hook: str, name_of: Callable[[Offered], str]) -> dict[str, Offered]:
        offers: list[Offered] = []
        getattr(self._alone[plugin.name], hook)(register=offers.append)
        named = {name_of(offer): offer for offer in offers}
        if len(named) < len(offers):
            raise PluginClash(
                gettext("it offers one name twice by {hook}", hook=hook), mend=gettext("rename one of them")
            )
        return named

    def listing(self) -> dict[str, list[object]]:
        """Return plain data for JSON: `plugins`, `blocked`, `failed`, `warnings`."""
        return {
            "plugins": [plugin.as_data() for plugin in self.loaded],
            "blocked": [plugin.as_data() for plugin in self.blocked],
            "failed": [plugin.as_data() for plugin in self._failed],
            "warnings": list(self.warnings),
        }


def raise_for(failed: Sequence[FailedPlugin]) -> None:
    """Raise PluginError where there is any failure."""
    if failed:
        raise PluginError(gettext("with --strict-plugins a broken plugin is fatal:"), more=list(map(str, failed)))
