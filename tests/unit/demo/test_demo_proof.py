"""The proof must fail when the claim is false: each way in which it can be false is tried."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from notifykit.demo.contracts import ID, NUMBER, csv_lines
from notifykit.demo.proof import FlagProof
from notifykit.demo.proving import Name, prove_channels, prove_flags, typed_entries
from notifykit.demo.request_log import ACCEPTED, Entry
from notifykit.demo.service import Service
from notifykit.demo.world import ContractFile, Due, World, build, claimed


@pytest.fixture
def world(tmp_path: Path, service: Service) -> World:
    with claimed(tmp_path / "demo"):
        return build(tmp_path / "demo", service)


@pytest.fixture
def due(world: World) -> list[Due]:
    return list(world.due())


@pytest.fixture
def entries(due: list[Due]) -> list[Entry]:
    return [Entry(robot=item.channel, answer=ACCEPTED, text=f"合同 {item.subject}，金额 1") for item in due]


def holds(due: list[Due], entries: list[Entry], doubts: set[Name] | None = None) -> bool:
    return all(proof.holds for proof in prove_channels(due, entries, doubts or set()))


def name(item: Due) -> Name:
    return item.campaign, item.key, item.message


def test_each_exactly_once_holds(due: list[Due], entries: list[Entry]) -> None:
    proofs = prove_channels(due, entries, set())
    assert all(proof.holds for proof in proofs)
    assert sum(proof.once for proof in proofs) == sum(proof.due for proof in proofs) == len(due)


def test_refused_and_lost_requests_do_not_count(due: list[Due], entries: list[Entry]) -> None:
    assert holds(due, [*entries, replace(entries[0], answer="45009"), replace(entries[0], answer="lost")])
    assert not holds(due, [replace(entries[0], answer="lost"), *entries[1:]])


def test_one_that_never_came(due: list[Due], entries: list[Entry]) -> None:
    assert not holds(due, entries[1:])
    (proof,) = [proof for proof in prove_channels(due, entries[1:], set()) if proof.channel == due[0].channel]
    assert (proof.never, proof.once) == ((due[0].subject,), proof.due - 1)


def test_one_that_came_twice(due: list[Due], entries: list[Entry]) -> None:
    assert not holds(due, [*entries, entries[0]])
    assert not holds(due, [*entries, entries[0]], {name(due[0])})


def test_one_at_the_wrong_channel(due: list[Due], entries: list[Entry]) -> None:
    assert not holds(due, [replace(entries[0], robot="technician-board"), *entries[1:]])
    assert not holds(due, [*entries, replace(entries[0], robot="nobody's")])


def test_a_message_that_nobody_was_due(due: list[Due], entries: list[Entry]) -> None:
    assert not holds(due, [*entries, Entry(robot=due[0].channel, answer=ACCEPTED, text="合同 YHWX-0")])


def test_a_listed_doubt_holds_whether_it_came_or_not(due: list[Due], entries: list[Entry]) -> None:
    for found in (entries, entries[1:]):
        (proof,) = [proof for proof in prove_channels(due, found, {name(due[0])}) if proof.channel == due[0].channel]
        assert proof.holds
        assert (proof.in_doubt, proof.once) == (1, proof.due - 1)


# flags ----------------------------------------------------------------------------------------------------


def flagged(world: World) -> ContractFile:
    file = world.contracts[0]
    file.path.write_bytes(file.before.replace(b",N,", b",Y,"))
    return file


def test_all_flags_set_and_nothing_else(world: World, due: list[Due], entries: list[Entry]) -> None:
    proof = prove_flags(flagged(world), due, entries)
    assert proof == FlagProof(file="PerformanceData-BJ-Aug.csv", rows=24, set_now=21, wrong=(), other_bytes=0)
    assert proof.holds


def test_no_flag_set_where_all_was_accepted(world: World, due: list[Due], entries: list[Entry]) -> None:
    proof = prove_flags(world.contracts[0], due, entries)
    assert (len(proof.wrong), proof.holds) == (21, False)


def test_a_flag_too_many(world: World, due: list[Due], entries: list[Entry]) -> None:
    award = next(item for item in due if item.message == "award" and item.campaign == "beijing")
    without = [entry for entry in entries if not (entry.robot == "award-desk" and entry.tells_of(award.subject))]
    proof = prove_flags(flagged(world), due, without)
    assert (proof.wrong, proof.holds) == ((award.subject,), False)


def test_a_flag_taken_back(world: World, due: list[Due], entries: list[Entry]) -> None:
    file = flagged(world)
    file.path.write_bytes(file.path.read_bytes().replace(b",Y,", b",N,", 1))
    assert prove_flags(file, due, entries).wrong == (file.rows[0]["合同编号(contractdocNum)"],)


def test_another_byte_changed(world: World, due: list[Due], entries: list[Entry]) -> None:
    file = flagged(world)
    data = file.path.read_bytes()
    file.path.write_bytes(data.replace(b",10000,", b",10001,", 2))
    proof = prove_flags(file, due, entries)
    assert (proof.other_bytes, proof.holds) == (2, False)
    file.path.write_bytes(data + b"\r\n")
    assert not prove_flags(file, due, entries).holds


def test_a_row_that_is_gone(world: World, due: list[Due], entries: list[Entry]) -> None:
    file = flagged(world)
    lines = file.path.read_bytes().splitlines(keepends=True)
    file.path.write_bytes(b"".join([*lines[:5], *lines[6:]]))
    assert not prove_flags(file, due, entries).holds


def test_the_flag_of_what_is_in_doubt_stays_as_it_was(world: World, due: list[Due], entries: list[Entry]) -> None:
    file = world.contracts[0]
    assert prove_flags(file, due, [], {name(item) for item in due}).wrong == ()
    proof = prove_flags(flagged(world), due, [], {name(item) for item in due})
    assert (proof.held, len(proof.wrong)) == (21, 21)


def test_rows_that_were_appended_count_as_well(world: World, due: list[Due], entries: list[Entry]) -> None:
    row = {**world.contracts[0].rows[-1], ID: "1120250800000000099", NUMBER: "YHWX-BJ-SDHY-2025080099"}
    more = replace(due[0], key=row[ID], subject=row[NUMBER])
    file = replace(flagged(world), added=(row,))
    assert prove_flags(file, due, entries).other_bytes == -1
    file.path.write_bytes(file.path.read_bytes() + csv_lines([row]))
    assert prove_flags(file, [*due, more], entries).holds
    assert prove_flags(file, [*due, more], [*entries, told(more)]).wrong == (row[NUMBER],)
    file.path.write_bytes(file.path.read_bytes() + csv_lines([row]))
    assert not prove_flags(file, [*due, more], entries).holds


def told(item: Due) -> Entry:
    return Entry(robot=item.channel, answer=ACCEPTED, text=item.subject)


def test_what_the_desktop_was_given(tmp_path: Path) -> None:
    path = tmp_path / "desktop.jsonl"
    assert typed_entries(path) == []
    path.write_text('{"key": "TC-0001", "text": "上线"}\n{"key": "TC-00', encoding="utf-8")
    assert typed_entries(path) == [Entry(robot="desktop", answer=ACCEPTED, text="TC-0001")]
