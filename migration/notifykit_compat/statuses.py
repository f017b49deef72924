"""Stands in for the functions that read and write send-status files.

For contract files the outbox answers, and nothing is written. All other files are read and written by the program's
own functions, into a copy that takes the file's place: so they are as they were before, and never torn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import FileLock, Timeout

from notifykit.durable import copy_alike, replace, sync_file
from notifykit.outbox import SqliteOutbox
from notifykit.roles import Decision
from notifykit.wording.translation import gettext
from notifykit_compat.activation import Activation
from notifykit_compat.contract_files import ContractFile, Sheet, real
from notifykit_compat.errors import ShimError
from notifykit_compat.runtime import Runtime

PATIENCE = 30.0
"""Seconds to wait for another writer of a status file."""

Original = Callable[..., Any]


class Statuses:
    """The send-status functions of `file_utils`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def load_send_status(self, caller: FrameType, original: Original, filename: str) -> Any:
        """Return what was sent: for a contract file every id that has messages, or a flag that says so.

        Raises CampaignError where the campaign was rolled back meanwhile, or its CSV tells nothing.
        """
        runtime = self._runtime
        if runtime.is_inside:
            return original(filename)
        runtime.settle_ended(runtime.activations.ended_here(caller))
        file = runtime.files.by_status.get(real(filename))
        activation = runtime.activations.loading(caller, file)
        if file is None or activation is None:
            return original(filename)
        runtime.project.require_may_generate(file.campaign)
        sheet = runtime.read(file)
        with runtime.current() as outbox:
            self._repair(outbox, file, sheet)
            known = outbox.stored().live_keys(file.campaign.name)
        answer = dict.fromkeys([*known, *sheet.flagged()], file.state.sent_word)
        activation.names[filename] = file
        activation.sheets[file.campaign.name] = sheet
        activation.loaded[file.campaign.name] = set(answer)
        return answer

    def update_send_status(self, caller: FrameType, original: Original, filename: str, key: str, value: Any) -> Any:
        """Release a contract's messages; or set a key in a file that is not a contract campaign's."""
        runtime = self._runtime
        if runtime.is_inside:
            return original(filename, key, value)
        around = runtime.activations.around(caller)
        known = around.names.get(filename) if around is not None else None
        file = known or runtime.files.by_status.get(real(filename))
        if file is None:
            return self._replacing(original, filename, key, value)
        activation = runtime.activations.closing(caller, file)
        runtime.release(runtime.made_for(activation, file, str(key)), file, str(key))
        return None

    def save_send_status(self, caller: FrameType, original: Original, filename: str, status: Mapping[str, Any]) -> Any:
        """Release the messages of the contract that is new in `status`; or write another file whole."""
        runtime = self._runtime
        if runtime.is_inside:
            return original(filename, status)
        file = runtime.files.by_status.get(real(filename))
        if file is None:
            return self._replacing(original, filename, status)
        around, activation = runtime.activations.around(caller), runtime.activations.closing(caller, file)
        loaded = (around or Activation.alone([])).loaded.setdefault(file.campaign.name, set())
        new = [str(key) for key, value in status.items() if value == file.state.sent_word and str(key) not in loaded]
        if len(new) > 1 and activation is not None and activation.staged:
            place = f"{caller.f_code.co_filename}:{caller.f_lineno}"
            raise ShimError(
                gettext(
                    "records {number} contracts at once in {file}, and it cannot be told which messages are whose",
                    number=len(new),
                    file=file.status_file.name,
                ),
                mend=gettext("let it save the file after each contract"),
                where=place,
            )
        for key in new:
            runtime.release(runtime.made_for(activation, file, key), file, key)
        loaded.update(new)
        return None

    def _repair(self, outbox: SqliteOutbox, file: ContractFile, sheet: Sheet) -> None:
        """Owe the flags again that were written once and are unset now: the file was put back, or edited."""
        ledger = outbox.ledger(file.campaign.name)
        decide = file.campaign.strategy.decide
        drifted = [
            key
            for key, record in sheet.records.items()
            if decide(record, ledger) is Decision.REPAIR and ledger.written_back(key)
        ]
        if drifted:
            outbox.reopen_write_back(file.campaign.name, drifted)

    def _replacing(self, original: Original, filename: str, *arguments: Any) -> Any:
        """Let the program's own function work on a copy, which takes the file's place."""
        target = real(filename)
        if not target.parent.is_dir():
            return original(filename, *arguments)  # which says so as it always did
        copy = target.with_name(f"{target.name}.new")
        try:
            with FileLock(f"{target}.lock", timeout=PATIENCE):
                copy.unlink(missing_ok=True)  # left by a process that was killed
                try:
                    if target.exists():
                        try:
                            copy_alike(target, copy)
                        except PermissionError:  # this account may not give a file away: the old way keeps its owner
                            with self._runtime.inside():
                                return original(filename, *arguments)
                    with self._runtime.inside():
                        result = original(str(copy), *arguments)
                    _replace(copy, target)
                finally:
                    copy.unlink(missing_ok=True)
        except Timeout:
            what = gettext("another process has held {name}.lock for {seconds:g} s", name=target.name, seconds=PATIENCE)
            raise ShimError(what, mend=gettext("look what it is doing"), where=filename) from None
        return result


def _replace(copy: Path, target: Path) -> None:
    if not copy.exists():
        return
    sync_file(copy)
    replace(copy, target)
