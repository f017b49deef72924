"""Stands in for `task_scheduler`: notifykit dispatches and settles."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

from notifykit.errors import StoreError
from notifykit.outbox import SqliteOutbox
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.pipeline.run import Pass, settle_all
from notifykit.wording import Language
from notifykit.wording.translation import gettext, spoken
from notifykit_compat import others
from notifykit_compat.findings import Finding
from notifykit_compat.runtime import Runtime

log = logging.getLogger(__name__)

Original = Callable[..., Any]


class Scheduler:
    """The functions of `task_scheduler`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._turn = threading.Lock()
        self._using = threading.RLock()
        """Held while the dispatcher's connection is used by others than the dispatcher."""
        self._stop = threading.Event()
        self._dispatcher: Dispatcher | None = None
        self._outbox: SqliteOutbox | None = None
        """The dispatcher's own connection."""
        self._others = others.campaign_of(runtime.project, runtime.settings)

    def check_tasks(self, _caller: FrameType, _original: Original) -> None:
        """Send what is due now, and write results back."""
        self.work()

    def execute_task(self, _caller: FrameType, _original: Original, _task: Any) -> None:
        """Send what is due now: the task that was asked for among it, where its turn has come."""
        self.work()

    def start(self, _caller: FrameType, _original: Original) -> None:
        """Do so again and again, until the program ends. A store that is locked ends a pass, not the loop."""
        while not self._stop.is_set():
            try:
                self.work()
            except StoreError as error:
                if not error.passing:
                    raise
                log.warning("the outbox: %s", error)
            self._stop.wait(self._runtime.settings.interval)

    def stop(self) -> None:
        """End the loop of `start`, and wait until what is on the wire is recorded."""
        self._stop.set()
        if (dispatcher := self._dispatcher) is not None:
            dispatcher.stop()
        if self._turn.acquire(timeout=self._runtime.project.configuration.settings.dispatch.timeout):
            if self._outbox is not None:
                self._outbox.close()
            self._turn.release()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Have no transaction open on its connection meanwhile; calls go on."""
        with self._using, self._dispatcher.quiet() if self._dispatcher is not None else nullcontext():
            yield

    def close_copy(self) -> None:
        """Close what a forked process has of the connection."""
        if self._outbox is not None:
            self._outbox.close()

    def work(self) -> Pass:
        """One pass. A second thread that asks for one meanwhile waits for its turn."""
        runtime, project = self._runtime, self._runtime.project
        runtime.tell_waiting()
        with runtime.current():
            this_pass = Pass()
        with self._turn:
            dispatcher, outbox = self._sending()
            if self._stop.is_set():
                return this_pass
            with self._using:
                self._adopt(outbox)
            this_pass.dispatched = dispatcher.run(drain=False)
            with self._using:
                settle_all(project, outbox, (self._others, *project.described), this_pass)
        wording = project.plugins.wording
        for settled in this_pass.settled:
            for reason in settled.refused:
                runtime.findings.note(
                    Finding(
                        place=gettext("campaign {campaign}", campaign=settled.campaign),
                        what=wording.say(wording.known(reason), Language(spoken())),
                        mend=gettext("the flag follows as soon as it can"),
                    )
                )
        for campaign, error in this_pass.failures.items():
            place = gettext("campaign {campaign}", campaign=campaign)
            runtime.findings.note(Finding(place=place, what=str(error), mend=gettext("the others go on")))
        return this_pass

    def _adopt(self, outbox: SqliteOutbox) -> None:
        """Take over what was left pending in the old way."""
        runtime = self._runtime
        stale = others.adopt_rows(outbox, runtime.settings, runtime.project.clock.now())
        if stale:
            runtime.findings.note(
                Finding(
                    place=str(runtime.project.store_file()),
                    what=gettext(
                        "{number:,} pending rows of the old program are more than 7 days old, and are not sent",
                        number=stale,
                    ),
                    mend=gettext("delete those that nobody wants any more"),
                )
            )

    def _sending(self) -> tuple[Dispatcher, SqliteOutbox]:
        """Return the dispatcher of all passes: one of a pass alone never sees a claim stand still for a whole lease."""
        project = self._runtime.project
        if self._outbox is None:
            self._outbox = project.open_file(create=False)
        if self._dispatcher is None:
            self._dispatcher = Dispatcher(
                self._outbox,
                project.configuration.channels,
                {campaign.name: campaign for campaign in (self._others, *project.described)},
                project.configuration.settings.dispatch,
                project.clock,
                observers=project.observers,
                rng=random.Random(),  # noqa: S311 - jitter
            )
        return self._dispatcher, self._outbox
