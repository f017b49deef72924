"""Puts states of the legacy model on disk: one in a world of its own, or hundreds side by side in one.

Side by side they keep their meaning where nothing is shared but what they agree on: whether rows were purged, whether
the send-status file is torn, and how the attempts are known. Ids are the one thing that all rows share: every block's
rows up to its last completed one come first, then what was not reached of each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import legacy_project
from decision_oracle import Evidence, Expected, expected
from legacy_model import AWARD, CUT, GROUP, Model, Row, State
from legacy_project import KINDS
from legacy_world import LegacyWorld

LOG = "logs/legacy.log"
STALE_DAYS = 9


@dataclass(slots=True)
class Block:
    """One state of the model, and what its contracts and rows are called on disk."""

    model: Model
    state: State
    contracts: list[Mapping[str, str]] = field(default_factory=list)
    """Cells of each contract's CSV row, also of one that is not there."""
    ids: dict[int, int] = field(default_factory=dict)
    """Id of the model to id in the table."""

    def key(self, contract: int) -> str:
        return self.contracts[contract]["合同ID(_id)"]

    def message(self, contract: int, message: str) -> tuple[str, str]:
        """(recipient, text), as it arrives."""
        cells = self.contracts[contract]
        return legacy_project.recipient_of(message, cells, "beijing"), legacy_project.text_of(message, cells)


@dataclass(frozen=True, slots=True)
class Packed:
    """A world made of blocks."""

    world: LegacyWorld
    blocks: Sequence[Block]
    evidence: Evidence

    @property
    def options(self) -> list[str]:
        """What `migrate` is told."""
        found = ["--log", str(self.world.folder / LOG)] if self.evidence.log else []
        return [*found, *(["--stopped", "idle"] if self.evidence.idle else [])]

    def expectations(self) -> dict[str, tuple[Block, int, Expected]]:
        """What the decision table says about each contract that CSV or JSON knows, by its key."""
        found = {}
        for block in self.blocks:
            for contract in range(len(block.model.awards)):
                said = expected(block.model, block.state, contract, self.evidence)
                if said is not None:
                    found[block.key(contract)] = (block, contract, said)
        return found


def pack(folder: Path, states: Sequence[tuple[Model, State]], evidence: Evidence) -> Packed:
    """Build the world. States that do not agree on what they share are a mistake of the caller."""
    assert len({(state.purged, state.torn) for _, state in states}) == 1
    world = LegacyWorld(folder, technicians=False)
    blocks = [Block(model, state) for model, state in states]
    words: dict[str, str] = {}
    with world.together():
        for block in blocks:
            _write_files(world, block, words)
        for block in blocks:
            tail = block.state.tail
            _write_rows(world, block, [row for row in block.state.rows if row not in tail], evidence)
        for block in blocks:
            _write_rows(world, block, block.state.tail, evidence)
        burnt = [world.task("send_wecom_message", "", "", "completed")] if blocks[0].state.purged else []
    if burnt:
        world.purge(*burnt)
    _write_json(world, blocks, words)
    if evidence.log:
        _write_log(world, blocks)
    return Packed(world, blocks, evidence)


def _write_files(world: LegacyWorld, block: Block, words: dict[str, str]) -> None:
    state = block.state
    block.contracts = [world.row(award=award) for award in block.model.awards]
    for contract, flag in state.csv:
        cells = dict(block.contracts[contract])
        if flag == CUT:
            cells = dict(list(cells.items())[:8])
        else:
            cells["是否发送通知"] = flag
        world.append(cells)
    for contract, word in state.json or ():
        words[block.key(contract)] = word


def _write_rows(world: LegacyWorld, block: Block, rows: Sequence[Row], evidence: Evidence) -> None:
    for row in rows:
        recipient, text = block.message(row.contract, row.message)
        block.ids[row.id] = world.task(
            KINDS[row.message],
            recipient,
            text,
            "completed" if row.done else "pending",
            age_days=STALE_DAYS if evidence.stale else 0,
        )


def _write_json(world: LegacyWorld, blocks: Sequence[Block], words: dict[str, str]) -> None:
    text = json.dumps(words, ensure_ascii=False, indent=4)
    if blocks[0].state.torn:
        text = text[:-2] + ',\n    "20250' if words else ""
    elif all(block.state.json is None for block in blocks):
        return
    world.status_file().write_text(text, encoding="utf-8")


def _write_log(world: LegacyWorld, blocks: Sequence[Block]) -> None:
    lines = []
    for block in blocks:
        for row in block.state.rows:
            id_ = block.ids[row.id]
            if row.done or row.tries:
                lines.append(f"INFO Executing task ID: {id_}, type: {KINDS[row.message]}")
            if row.done:
                lines.append(f"INFO Task ID: {id_} completed successfully")
            elif row.tries == "raised":
                lines.append(f"ERROR Error executing task ID {id_}: 找不到窗口")
    path = world.folder / LOG
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


__all__ = ["AWARD", "GROUP", "Block", "Packed", "pack"]
