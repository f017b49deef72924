"""procrastinate in its defaults, but for the number of jobs at once: the engine itself as a queue of messages."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from typing import Any

import psycopg

from benchmarks.world import Text

SCHEMA = "rival"


class ProcrastinateQueue:
    """One job a message."""

    def __init__(self, address: str) -> None:
        self._procrastinate: Any = importlib.import_module("procrastinate")
        with psycopg.connect(address, autocommit=True) as db:
            db.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            db.execute(f"CREATE SCHEMA {SCHEMA}")
        self._address = f"{address}&options=-csearch_path%3D{SCHEMA}"
        with self._app(self._procrastinate.SyncPsycopgConnector(conninfo=self._address)).open() as app:
            app.schema_manager.apply_schema()

    def _app(self, connector: Any) -> Any:
        return self._procrastinate.App(connector=connector)

    def put_all(self, texts: Sequence[Text], batch: int) -> None:
        """Defer so many at once."""
        with self._app(self._procrastinate.SyncPsycopgConnector(conninfo=self._address)).open() as app:
            task = app.configure_task("send", allow_unknown=True)
            for start in range(0, len(texts), batch):
                task.batch_defer(
                    *({"recipient": one.recipient, "text": one.text} for one in texts[start : start + batch])
                )

    def dispatch(self, concurrency: int) -> int:
        """Run jobs until none is left; returns how many were run."""
        done = 0
        app = self._app(self._procrastinate.PsycopgConnector(conninfo=self._address))

        async def send(recipient: str, text: str) -> None:  # noqa: ARG001
            nonlocal done
            done += 1

        app.task(name="send")(send)

        async def work() -> None:
            async with app.open_async():
                await app.run_worker_async(wait=False, concurrency=concurrency, install_signal_handlers=False)

        asyncio.run(work())
        return done
