"""The proof of the second and third act: what the chat took since the first day, whoever sent it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from notifykit.demo.book import Entry, read_book
from notifykit.demo.legacy_world import LegacyWorld
from notifykit.demo.proof import ChannelProof, Name, Proof, prove_channels, prove_flags


def prove_legacy(world: LegacyWorld, doubts: Collection[Name]) -> Proof:
    """Compare the chat's book and the CSV files with what was due, from before the crash to now.

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
    for entry in read_book(world.book):
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
