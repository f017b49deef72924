"""Several programs at work on one CSV file, none of which knows of the others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from notifykit_contract.flags import FlagColumn, write_flags

APPENDER = """
import csv, random, sys, time
path, number, rng = sys.argv[1], 0, random.Random(1)
for _ in range(60):
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for _ in range(rng.randrange(1, 150)):  # up to several flushes of the buffer
            number += 1
            writer.writerow([f"new-{number}", "N", "新,行" * 9])
    time.sleep(rng.random() * 0.01)
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
    command = [sys.executable, "-c", APPENDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as appender:
        while appender.poll() is None:
            key = next(waiting)
            while key not in write_flags(path, column, [key]).done:
                pass
            flags[key] = sent
        appended = int(appender.communicate()[0])
    assert list(flags.values()).count(sent) > 5
    expected = [f"{key},{flag},\r\n" for key, flag in flags.items()]
    expected += [f'new-{number + 1},N,"{"新,行" * 9}"\r\n' for number in range(appended)]
    assert path.read_bytes().decode("utf-8-sig").splitlines(keepends=True)[1:] == expected


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
