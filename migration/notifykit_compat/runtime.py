"""The shim at work: the project, the outbox, the notifications under way, and what was found."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from notifykit_migration.legacy.numbers import Numbers
from notifykit_migration.legacy.settings import LegacySettings

from notifykit.model import Record, Status, Task
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Enqueued, Filter
from notifykit.pipeline.project import Project
from notifykit.terminal.console import count
from notifykit.wording.translation import gettext
from notifykit_compat.activation import Activation, Activations, Staged
from notifykit_compat.belonging import Belonging, Contract, Waiting
from notifykit_compat.contract_files import ContractFile, FileMap, Sheet
from notifykit_compat.errors import ShimError
from notifykit_compat.findings import Finding, Findings
from notifykit_compat.groups import group_of
from notifykit_compat.others import queue_other
from notifykit_compat.releases import Releases
from notifykit_compat.store import Store
from notifykit_compat.wording import NEVER_SENT

PATIENCE = 60.0
"""Seconds after which a message that waits for its contract is told: much more than a program pauses in between."""

WHO = "legacy program"
"""Who decided, in the audit of what the program does to tasks."""


class Runtime:
    """What all replaced functions share. Safe in any thread."""

    def __init__(
        self, project: Project, settings: LegacySettings, files: FileMap, store: Store, findings: Findings
    ) -> None:
        self.project = project
        self.settings = settings
        self.files = files
        self.store = store
        self.findings = findings
        self.activations = Activations()
        self.releases = Releases(store, self._observe_new, self._remember)
        self._belonging = Belonging(files.by_status.values())
        self._waiting = Waiting()
        self._inside = threading.local()

    # the program's own functions, at work for us ----------------------------------------------------------

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Within this block the thread runs the program's own functions as they are."""
        before = self.is_inside
        self._inside.now = True
        try:
            yield
        finally:
            self._inside.now = before

    @property
    def is_inside(self) -> bool:
        """Whether this thread is within such a block."""
        return getattr(self._inside, "now", False)

    # messages ---------------------------------------------------------------------------------------------

    def take(self, caller: FrameType, one: Staged) -> None:
        """Take a message that the program created: hold it for its contract, or queue it."""
        self.settle_ended(self.activations.ended_here(caller))
        activation = self.activations.around(caller)
        if activation is not None:
            activation.staged.append(one)
        elif (contract := self._belonging.contract_of(one)) is not None:
            self._hold(contract, one)
        else:
            self.queue(one)

    def _hold(self, contract: Contract, one: Staged) -> None:
        """Let a contract's message wait; where the contract is known, one that is there is not queued again."""
        live = self._live(contract.file, contract.record.key)
        wanted = (one.task_type, one.recipient, one.text)
        there = next((task for task in live if (task.task_type, task.recipient, task.text) == wanted), None)
        if there is not None:
            one.id = there.id
        elif live or contract.is_flagged:
            self.queue(one)
        else:
            self._waiting.add(contract, one)

    def take_of(self, file: ContractFile, key: str, one: Staged) -> None:
        """Take a message whose contract the program names. What the campaign wants of it is queued together.

        Raises ShimError and StoreError as `release` does.
        """
        contract = self._belonging.contract(file, key)
        if contract is not None and not self._live(file, key):
            if not contract.is_complete(self._waiting.add(contract, one)):
                return
            staged = self._waiting.take(file.campaign.name, key)
        else:
            staged = [one]
        self.release(Activation.alone(staged), file, key)

    def _live(self, file: ContractFile, key: str) -> list[Task]:
        """Return what there is of a contract, but for what was cancelled."""
        with self.current() as outbox:
            tasks = list(outbox.tasks(Filter(campaign=file.campaign.name, key=key)))
        return [task for task in tasks if task.status is not Status.CANCELLED]

    def made_for(self, activation: Activation | None, file: ContractFile, key: str) -> Activation:
        """Return the notification whose messages a contract's are; else what this thread created for it elsewhere."""
        if activation is not None and activation.staged:
            return activation
        waited = self._waiting.take(file.campaign.name, key)
        return activation if activation is not None and not waited else Activation.alone(waited)

    def tell_waiting(self, seconds: float = PATIENCE) -> None:
        """Tell what has waited so long for the rest of its contract, or for the record that it was sent."""
        for campaign, key, number in self._waiting.older(seconds):
            self.findings.note(
                Finding(
                    place=gettext("campaign {campaign}", campaign=campaign),
                    what=gettext(
                        "{messages} of contract {key} waited for the rest of it, or for its record",
                        messages=count(number, "message"),
                        key=key,
                    ),
                    mend=gettext(
                        "none is sent; let one thread create all that the campaign's file wants, and record it"
                    ),
                )
            )

    def queue(self, one: Staged) -> None:
        """Queue a message that belongs to no campaign. One of an unknown type is never sent, as it never was."""
        self.releases.flush()  # first come, first sent
        channel = self.settings.channels.get(one.task_type)
        with self.store.use() as outbox, outbox.transaction():
            id_ = queue_other(outbox, one, channel or one.task_type)
            if channel is None:
                why = NEVER_SENT(task_type=one.task_type).text
                outbox.decide([id_], Status.CANCELLED, who=WHO, why=why, of=[Status.QUEUED])
        one.id = id_
        if channel is None:
            self.findings.note(
                Finding(
                    place=self.project.file.file.as_posix(),
                    what=gettext(
                        "`legacy.channels` names no channel for messages of type {type}; none is sent",
                        type=one.task_type,
                    ),
                    mend=gettext("name one, as `legacy: {{channels: {{{type}: …}}}}`", type=one.task_type),
                )
            )
        else:
            self._observe([id_])

    def release(self, activation: Activation, file: ContractFile, key: str) -> None:
        """Have what the notification created for this contract queued, in one transaction.

        Raises ShimError where a message has no channel, and StoreError.
        """
        staged, activation.staged = activation.staged, []
        if not staged:
            self._nothing_to_release(activation, file, key)
            return
        sheet = activation.sheets.get(file.campaign.name)
        if sheet is None or (key not in sheet.records and key not in sheet.problems):
            sheet = activation.sheets[file.campaign.name] = self.read(file)
        record = sheet.records.get(key)
        problem = sheet.problems.get(key)
        if problem is None and record is not None:
            problem = self._taken_for_another(sheet, record)
        if problem is not None or record is None:
            what = problem or gettext("no row has the contract id {key!r}", key=key)
            self._note(
                file,
                gettext("{what}; its messages were not released", what=what),
                gettext("mend the row; the next run creates them"),
            )
            return
        group = group_of(file, record, staged, self.settings.channels)
        if isinstance(group, str):
            raise ShimError(group)
        self.releases.add(group)
        for odd in group.odd:
            self._note(file, odd, gettext("correct the campaign's file, so that both mean the same message"))
        for one in group.left:
            self._note(
                file,
                gettext(
                    "a message to {recipient} was created for another contract than {key}, and never released",
                    recipient=one.recipient,
                    key=key,
                ),
                gettext("it is created again when that contract's turn comes"),
            )

    def _taken_for_another(self, sheet: Sheet, record: Record) -> str | None:
        if sheet.alike is None:
            return None
        with self.store.use() as outbox:
            return next(map(str, sheet.alike.held([record], outbox)), None)

    def read(self, file: ContractFile) -> Sheet:
        """Return the rows of a campaign's CSV; none where there is no such file yet. Raises CampaignError."""
        return self._belonging.sheet(file)

    def settle_ended(self, ended: list[Activation]) -> None:
        """Deal with what notifications that are over never released."""
        for activation in ended:
            if not activation.staged:
                continue
            free = [one for one in activation.staged if not self._is_of_a_contract(activation, one)]
            for one in free if activation.returned else ():
                self.queue(one)
            if left := len(activation.staged) - (len(free) if activation.returned else 0):
                self.findings.note(
                    Finding(
                        place=activation.place,
                        what=gettext(
                            "ended before it released {messages} of a contract", messages=count(left, "message")
                        ),
                        mend=gettext("none of them is sent; its next run creates them again"),
                    )
                )

    def id_of(self, one: Staged) -> int | None:
        """Return a message's id; None while its group is not closed."""
        if one.id is None and one.identity is not None:
            campaign, key, message = one.identity
            with self.current() as outbox:
                tasks = outbox.tasks(Filter(campaign=campaign, key=key))
                one.id = next((task.id for task in tasks if task.name == message), None)
        return one.id

    @contextmanager
    def current(self) -> Iterator[SqliteOutbox]:
        """Use the outbox exclusively, with everything in it that was released. Raises StoreError."""
        self.settle_ended(self.activations.ended())
        self.releases.flush()
        with self.store.use() as outbox:
            yield outbox

    def at_exit(self) -> None:
        """Queue what is released, settle what is over, and close the store and what the project holds open."""
        with self.current():
            pass
        self.tell_waiting(0.0)
        self.store.close()
        self.project.close()

    def _is_of_a_contract(self, activation: Activation, one: Staged) -> bool:
        """Whether a message names a contract of which nothing is queued: then its next run creates it again."""
        self.releases.flush()
        for file in activation.files:
            number = file.state.number if file is not None else None
            sheet = activation.sheets.get(file.campaign.name) if file is not None else None
            if file is None or number is None or sheet is None:
                continue
            told = {key: str(record.get(number, "")).strip() for key, record in sheet.records.items()}
            named = Numbers(told.values()).found_in(one.text)
            if any(told[key] in named and not self._is_known(activation, file, key) for key in told):
                return True
        return False

    def _is_known(self, activation: Activation, file: ContractFile, key: str) -> bool:
        if key in activation.loaded.get(file.campaign.name, ()):
            return True
        with self.store.use() as outbox:
            return any(outbox.tasks(Filter(campaign=file.campaign.name, key=key, limit=1)))

    def _nothing_to_release(self, activation: Activation, file: ContractFile, key: str) -> None:
        self.releases.flush()
        if not self._is_known(activation, file, key):
            self._note(
                file,
                gettext("the program says that contract {key} was sent, and created no message for it there", key=key),
                gettext("nothing was recorded; where it is not to be sent, set its flag"),
            )

    def _remember(self, outbox: Outbox, names: Collection[str]) -> None:
        """Keep what these campaigns read and write, as `generate` does. Raises HeldCampaignError."""
        precedence = self.project.precedence(outbox)
        for file in self.files.by_status.values():
            if file.campaign.name in names:
                precedence.remember(file.campaign)

    def _observe_new(self, queued: Enqueued) -> None:
        self._observe(queued.ids)

    def _observe(self, ids: Sequence[int]) -> None:
        if ids and self.project.observers.observed("task_queued"):
            with self.store.use() as outbox:
                tasks: list[Task] = list(outbox.tasks(Filter(ids=tuple(ids))))
            for task in tasks:
                self.project.observers.observe("task_queued", task=task)

    def _note(self, file: ContractFile, what: str, mend: str) -> None:
        place = gettext("campaign {campaign}", campaign=file.campaign.name)
        self.findings.note(Finding(place=place, what=what, mend=mend))
