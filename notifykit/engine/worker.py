"""The worker: hears bells and does what they are about, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import psycopg
from procrastinate import App
from procrastinate.exceptions import ConnectorException, ProcrastinateException
from procrastinate.jobs import Status

from notifykit.engine.bells import LANES, Bell, drain_bell, queue_of, ring, ring_once
from notifykit.engine.database import EngineDatabase, told
from notifykit.engine.drains import Drains
from notifykit.engine.outboxes import Outboxes
from notifykit.engine.rounds import Rounds
from notifykit.engine.watcher import Watcher
from notifykit.errors import NotifykitError, StoreError
from notifykit.metrics.counting import Counting
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext

log = logging.getLogger(__name__)

T = TypeVar("T")

AT_A_PLACE = 4
"""Campaigns that are generated or settled at once."""
_BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before each further try to reach the engine's database."""
_NO_SIGN = 30.0
"""Seconds after which a worker that gives no sign of life loses its jobs."""
_PATIENCE = 2.0
"""Seconds that a task has to end after it was cancelled, before it is cancelled once more."""
_QUIET = ("procrastinate", "psycopg.pool", "asyncio")
"""Loggers of what a worker itself says in one line."""


class Worker:
    """One process's share of the work. `run` may be called once."""

    def __init__(
        self,
        project: Project,
        *,
        lanes: bool = True,
        place: bool = True,
        concurrency: int = 8,
        say: Callable[[str], None],
    ) -> None:
        """`lanes`: it sends; `place`: it looks after the files of its place; `concurrency`: channels that it sends on
        at once. `say` is given a line when it starts, is cut off, and is back."""
        self._project = project
        self._lanes = lanes
        self._place = place
        self._say = say
        self._concurrency = concurrency
        self._outboxes = Outboxes(project.open_outbox, project.clock)
        self._drains = Drains(project, self._outboxes)
        self._rounds = Rounds(project, self._outboxes)
        self._lane_threads = ThreadPoolExecutor(concurrency, "drain")
        self._place_threads = ThreadPoolExecutor(AT_A_PLACE, "place")
        self._tick_threads = ThreadPoolExecutor(1, "tick")
        self._at_work: set[asyncio.Task[None]] = set()
        self._told_to_stop = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._app: App | None = None

    def stop(self) -> None:
        """Finish what is on the wire, then end. From any thread."""
        self._told_to_stop = True
        self._drains.stop()
        if self._loop is not None and self._stopping is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._stopping.set)

    def run(self) -> None:
        """Work until told to stop.

        Raises EngineError and StoreError where it cannot begin; what happens to a server later is waited out.
        """
        for name in _QUIET:
            if not log.isEnabledFor(logging.INFO):
                logging.getLogger(name).setLevel(logging.CRITICAL)
        outbox = self._project.open_outbox()
        serving = [name for name, on in ((LANES, self._lanes), ("place", self._place)) if on]
        does = f"worker ({', '.join(serving)})"
        self._watcher = Watcher(self._project, outbox, does=does, on_lost=self._lost)
        self._database = EngineDatabase.of(self._project.configuration.settings, outbox.identity)
        # psycopg cannot use Windows's usual loop.
        loop = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
        logged = self._rounds.watch.logged
        with logged.counting(), Counting(self._project, logged), loop as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda _loop, about: log.debug("%s", about))
        if self._told_to_stop:
            self._stopping.set()
        self._watcher.start()
        try:
            await self._outlast()
        finally:
            self._drains.stop()
            for pool in (self._lane_threads, self._place_threads, self._tick_threads):
                await asyncio.to_thread(pool.shutdown)
            await asyncio.to_thread(self._drains.join)
            await asyncio.to_thread(self._watcher.stop)
            self._outboxes.close()

    async def _outlast(self) -> None:
        """Be connected, and be so again."""
        assert self._stopping is not None  # noqa: S101 - `_main` made it
        started, tries = False, 0
        while not self._stopping.is_set():
            try:
                await self._database.prepare()
                async with self._database.app().open_async() as app:
                    self._say(gettext("the engine is back") if started else gettext("started"))
                    started, tries = True, 0
                    await self._work(app)
            except (psycopg.Error, ProcrastinateException, OSError) as error:
                if not started:
                    raise told(error) from error
                if not tries:
                    self._say(gettext("cut off, trying again: {what}", what=told(error).what))
                log.debug("cut off", exc_info=error)
            wait = _BACKOFF[min(tries, len(_BACKOFF) - 1)]
            tries += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def _work(self, app: App) -> None:
        """Hear bells and ring, until told to stop; raises what cut it off."""
        assert self._stopping is not None  # noqa: S101 - `_main` made it
        self._add_jobs(app)
        self._app = app
        parts: list[Coroutine[Any, Any, Any]] = [self._stopping.wait(), self._ring_in_time(app)]
        if self._lanes:
            parts.append(self._hear(app, LANES, self._concurrency))
        if self._place:
            parts.append(self._hear(app, queue_of(self._project.configuration.settings.place), AT_A_PLACE))
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended(tasks)
            if self._stopping.is_set() and self._at_work:
                # What is on the wire is finished; bells for what is left are rung.
                await asyncio.wait(self._at_work)
            self._app = None
        if not self._stopping.is_set():
            for task in done:
                task.result()
            raise OSError(gettext("the server closed a connection"))

    def _hear(self, app: App, queue: str, concurrency: int) -> Coroutine[Any, Any, None]:
        """Return a worker of procrastinate. It ends where it is cut off, with an exception or without."""
        return app.run_worker_async(
            queues=[queue],
            name=self._watcher.name,
            concurrency=concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=0,  # what jobs do goes on: see `_apart`
            delete_jobs="always",
            update_heartbeat_interval=_NO_SIGN / 3,
            stalled_worker_timeout=_NO_SIGN,
        )

    def _add_jobs(self, app: App) -> None:
        """Add the jobs, by the names and arguments of `bells`."""

        @app.task(name="drain")
        async def drain(channel: str, **_: int) -> None:
            await self._apart(self._drain(channel))

        @app.task(name="generate")
        async def generate(campaign: str, **_: int) -> None:
            await self._apart(self._round(self._place_threads, partial(self._rounds.generate, campaign)))

        @app.task(name="settle")
        async def settle(campaign: str) -> None:
            await self._apart(self._round(self._place_threads, partial(self._rounds.settle, campaign)))

        @app.task(name="tick")
        async def tick(**_: int) -> None:
            await self._apart(self._round(self._tick_threads, self._rounds.tick))

        # A worker of procrastinate that has no periodic job does not notice that its other tasks failed.
        @app.periodic(cron="* * * * * */30")
        @app.task(name="rescue", queue=LANES, queueing_lock="rescue")
        async def rescue(timestamp: int) -> None:  # noqa: ARG001 - when it was to be
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_NO_SIGN):
                if job.id is not None:
                    with suppress(ConnectorException):  # its worker has finished it after all
                        await app.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)

    async def _apart(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work of a job, which goes on where the job is cancelled because its worker was cut off."""
        task = asyncio.create_task(work)
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        await asyncio.shield(task)

    async def _drain(self, channel: str) -> None:
        drained = await self._in(self._lane_threads, partial(self._drains.run, channel))
        if drained is None:
            return
        bells = [drain_bell(channel)] if drained.more else []
        if drained.owing:
            bells += await self._in(self._tick_threads, partial(self._rounds.owing, drained.owing)) or []
        await self._ring(bells)

    async def _round(self, threads: Executor, work: Callable[[], list[Bell]]) -> None:
        await self._ring(await self._in(threads, work) or [])

    async def _in(self, threads: Executor, work: Callable[[], T]) -> T | None:
        """Return what comes of work in another thread; None, after a line, where it cannot be done now."""
        assert self._loop is not None  # noqa: S101 - `_main` made it
        try:
            return await self._loop.run_in_executor(threads, work)
        except NotifykitError as error:
            passing = isinstance(error, StoreError) and error.passing
            log.log(logging.INFO if passing else logging.ERROR, "%s", error)
        except Exception:
            log.exception("a job cannot go on")
        return None

    async def _ring(self, bells: Sequence[Bell]) -> None:
        """Ring, where there is a connection; the next tick rings for what is left."""
        if self._app is not None and bells:
            try:
                await ring(self._app, bells)
            except ConnectorException as error:
                log.info("bells are lost: %s", error)

    def _lost(self, channels: set[str]) -> None:
        """Ring for channels whose claims were taken from a worker that is gone. From the watcher's thread."""
        bells = [drain_bell(channel) for channel in sorted(channels)]
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                asyncio.run_coroutine_threadsafe(self._ring(bells), self._loop)

    async def _ring_in_time(self, app: App) -> None:
        """Ring for what comes round, once in each period over all machines, by the store's clock."""
        settings = self._project.configuration.settings
        while True:
            periods = [(Bell("tick"), settings.engine.tick)] if self._lanes else []
            if self._place:
                generating = await self._in(self._tick_threads, self._rounds.generating) or []
                periods += [(bell, settings.interval) for bell in generating]
            now = self._watcher.now()
            for bell, period in periods:
                await ring_once(app, bell, int(now // period * period * 1000))
            shortest = min((period for _, period in periods), default=settings.interval)
            await asyncio.sleep(min(shortest - now % shortest, settings.interval - now % settings.interval) + 0.01)


async def _ended(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and again: a cancellation that meets the end of what it is to end may be lost."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_PATIENCE)
    await asyncio.gather(*tasks, return_exceptions=True)
