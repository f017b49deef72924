"""Several programs at work on one CSV file, none of which knows of the others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from notifykit_contract.flags import FlagColumn, write_flags
from processes import running

APPENDER = """
import csv, os, random, sys, time
path, enough, number, rng = sys.argv[1], sys.argv[2], 0, random.Random(1)
while number < 18_000 or not os.path.exists(enough):
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for _ in range(rng.randrange(1, 150)):  # up to several flushes of the buffer
            number += 1
            writer.writerow([f"new-{number}", "N", "新,行" * 9])
    time.sleep(rng.random() * (0.01 if number < 18_000 else 0.5))  # whoever found no gap so far finds one now
print(number)
"""


@pytest.mark.parametrize("sent", ["Y", "sent"])
def test_no_row_that_another_job_appends_is_lost(tmp_path: Path, sent: str) -> None:
    path = tmp_path / "orders.csv"
    keys = [f"old-{number}" for number in range(3000)]
    path.write_bytes(b"\xef\xbb\xbfid,flag,x\r\n" + b"".join(b"%b,N,\r\n" % key.encode() for key in keys))
    column = FlagColumn(key="id", flag="flag", unsent="N", sent=sent)
    flags = dict.fromkeys(keys, "N")
    waiting = iter(keys)
    enough = tmp_path / "enough"
    command = [sys.executable, "-c", APPENDER, str(path), str(enough)]
    with running(command) as appender:
        while appender.poll() is None:
            key = next(waiting)
            while key not in write_flags(path, column, [key]).done:
                pass
            flags[key] = sent
            if list(flags.values()).count(sent) > 5:
                enough.touch()
        appended = int(appender.communicate()[0])
    expected = [f"{key},{flag},\r\n" for key, flag in flags.items()]
    expected += [f'new-{number + 1},N,"{"新,行" * 9}"\r\n' for number in range(appended)]
    assert path.read_bytes().decode("utf-8-sig").splitlines(keepends=True)[1:] == expected


OTHER_PROGRAM = """
import os, random, sys, time
path, rounds, enough, rng = sys.argv[1], int(sys.argv[2]), sys.argv[3], random.Random(7)
number = 0

def rows():
    for _ in range(1000):
        with open(path, encoding="utf-8") as file:
            head, *found = file.readlines()
        if found:
            return head, found

def append(fresh):
    with open(path, "a", encoding="utf-8") as file:
        file.write(fresh)

def save(fresh):
    head, found = rows()
    rng.shuffle(found)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.writelines([head, *found, fresh])
    os.replace(path + ".new", path)

def rewrite(fresh):
    head, found = rows()
    rng.shuffle(found)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines([head, *found, fresh])

while number < rounds or not os.path.exists(enough):
    number += 1
    rng.choice([append, save, rewrite])(f"{number:05},{'x' * 600},N\\n")
    time.sleep(rng.random() * (0.002 if number < rounds else 0.5))  # whoever found no gap so far finds one now
print(number)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no way to keep these windows shut")
@pytest.mark.parametrize("sent", ["Y", "sent"])
@pytest.mark.parametrize("rounds", [150, pytest.param(3000, marks=[pytest.mark.deep, pytest.mark.crash])])
def test_beside_a_program_that_appends_saves_and_sorts_no_row_is_lost_and_no_other_flagged(
    tmp_path: Path, sent: str, rounds: int
) -> None:
    """All rows are alike but for their keys, which stand far from the flags."""
    path = tmp_path / "orders.csv"
    path.write_text("id,x,flag\n" + "".join(f"old{number:02},{'x' * 600},N\n" for number in range(20)))
    column = FlagColumn(key="id", flag="flag", unsent="N", sent=sent)
    ours = {f"{number:05}" for number in range(0, rounds, 2)} | {f"old{number:02}" for number in range(0, 20, 2)}
    enough = tmp_path / "enough"
    command = [sys.executable, "-c", OTHER_PROGRAM, str(path), str(rounds), str(enough)]
    with running(command) as other:
        while other.poll() is None:
            if write_flags(path, column, ours).done:
                enough.touch()
        saved = int(other.communicate()[0])
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    there = {f"{number:05}" for number in range(1, saved + 1)} | {f"old{number:02}" for number in range(20)}
    assert sorted(row[0] for row in rows) == sorted(there)
    assert {key for key, _, flag in rows if flag != "N"} <= ours
    assert write_flags(path, column, ours & there).done == ours & there
    assert {item.name for item in tmp_path.iterdir()} == {"orders.csv", ".orders.csv.notifykit.lock", "enough"}


@pytest.mark.parametrize("sent", ["Y", "sent"])
def test_processes_that_flag_the_same_file_wait_for_each_other(
    tmp_path: Path, sent: str, flagger: Callable[..., list[str]]
) -> None:
    path = tmp_path / "orders.csv"
    keys = [str(number) for number in range(400)]
    path.write_text("id,flag\n" + "".join(f"{key},N\n" for key in keys))
    workers = [
        subprocess.Popen(flagger(path, sent, keys[start::4]), stdout=subprocess.PIPE, text=True) for start in range(4)
    ]
    assert [worker.communicate(timeout=60)[0].split() for worker in workers] == [["100"]] * 4
    assert path.read_text() == "id,flag\n" + "".join(f"{key},{sent}\n" for key in keys)
