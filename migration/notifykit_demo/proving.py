"""Proves the claim of the second and third act: what the chat took since the first day, against what was due."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from notifykit.demo.proof import ChannelProof, Proof
from notifykit.demo.proving import Name, prove_channels, prove_flags
from notifykit.demo.request_log import Entry, read_requests
from notifykit_demo.world import LegacyWorld


def prove_legacy(world: LegacyWorld, doubts: Collection[Name]) -> Proof:
    """Compare the chat's log and the CSV files with what was due, from before the crash to now.

    Recipients are compared one by one, and then counted together by audience.
    """
    due = list(world.due())
    entries = arrived(world)
    return Proof(
        tuple(_together(world, prove_channels(due, entries, doubts))),
        tuple(prove_flags(office.grown(), due, entries, doubts) for office in world.offices),
    )


def arrived(world: LegacyWorld) -> list[Entry]:
    """Return what the chat took, each entry under the name of its recipient."""
    found = []
    for entry in read_requests(world.request_log):
        recipient, _, text = entry.text.partition("\n")
        found.append(replace(entry, robot=recipient, text=text))
    return found


def _together(world: LegacyWorld, proofs: Iterable[ChannelProof]) -> list[ChannelProof]:
    audiences: dict[str, ChannelProof] = {}
    for proof in proofs:
        name = world.audience(proof.channel)
        before = audiences.get(name)
        audiences[name] = replace(proof, channel=name) if before is None else _sum(before, proof)
    return list(audiences.values())


def _sum(one: ChannelProof, other: ChannelProof) -> ChannelProof:
    return ChannelProof(
        channel=one.channel,
        due=one.due + other.due,
        once=one.once + other.once,
        in_doubt=one.in_doubt + other.in_doubt,
        twice=one.twice + other.twice,
        never=one.never + other.never,
        strange=one.strange + other.strange,
    )
