"""The opening: a script and notifykit have the same list to tell, are killed at the same instant, and are run again.

The script is run both ways round: it notes who was told after its messages, or before them. What came of each is
counted from what the service noted.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from notifykit.clock import SystemClock
from notifykit.demo.commands import PATIENCE, CommandFailedError, Commands
from notifykit.demo.narration import Narrator, columned
from notifykit.demo.proof import ChannelProof, FlagProof, Proof
from notifykit.demo.request_log import ACCEPTED, RequestLog, read_requests
from notifykit.demo.service import Service
from notifykit.demo.world import OPENING, REQUEST_LOG, unusable
from notifykit.durable import write_new
from notifykit.model import Status
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import open_project
from notifykit.wording.translation import gettext, gettext_noop

AFTER, BEFORE, OURS = gettext_noop("script, flag after"), gettext_noop("script, flag before"), "notifykit"
"""Who tells the list, as the service knows them."""

_WIDTHS = (22, 10, 12, 12, 10)

FOLDERS: Mapping[str, str] = {AFTER: "script-after", BEFORE: "script-before", OURS: "notifykit"}

DUE = 12
KILLED_AT = 6
"""The message over which each is killed: the service took it, and its reply is still out."""

SCRIPT = '''\
"""Tells everybody in list.csv, and notes it there: after the messages, or before them. Saves four rows at a time."""

import csv
import sys
import urllib.request

AFTER = sys.argv[1] == "after"


def save(rows):
    with open("list.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "who", "told"])
        writer.writeheader()
        writer.writerows(rows)


def tell(row):
    url = open("url", encoding="utf-8").read().strip()
    body = ('{"text": "' + row["id"] + '"}').encode()
    urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=120).close()


rows = list(csv.DictReader(open("list.csv", encoding="utf-8", newline="")))
waiting = [row for row in rows if row["told"] == "no"]
for start in range(0, len(waiting), 4):
    some = waiting[start : start + 4]
    for step in (tell, None) if AFTER else (None, tell):
        for row in some:
            if step is None:
                row["told"] = "yes"
            else:
                step(row)
        if step is None:
            save(rows)
'''

PROJECT = """\
senders:
  board: {type: webhook, url: {file: url}, fields: {text: "{key}"}}
dispatch: {workers: 1, lease: 5s, timeout: 60s}
"""

CAMPAIGN = """\
source: {type: csv, path: list.csv, key: id}
strategy: {type: csv_flag, flag: told, unsent: "no", sent: "yes"}
messages:
  - {name: news, recipient: '{{ record["who"] }}', sender: board, template: 'News for {{ record["who"] }}.'}
"""


def play(home: Path, narrator: Narrator) -> Proof:
    """Live through it in a claimed folder, and prove what came of it. Raises WorldError, CommandFailedError."""
    narrator.chapter("First, one kill: a script, and notifykit", "先看一次意外：脚本与 notifykit")
    folder = home / OPENING
    service = Service((), tuple(FOLDERS), RequestLog(folder / REQUEST_LOG), SystemClock())
    with service.running():
        keys = _build(folder, service)
        runs = {name: Commands(folder / place, narrator.say) for name, place in FOLDERS.items()}
        narrator.tell(
            gettext(
                "{number} people are to be told, from three copies of one list. A script of thirty lines tells one "
                "copy and notes it after its messages; tells another and notes it before them; notifykit has the "
                "third. All three are killed at the same instant, when the service has taken message {killed_at} of "
                "each and not answered yet.",
                number=DUE,
                killed_at=KILLED_AT,
            )
        )
        runs[OURS].run("generate")
        _kill(service, runs)
        narrator.tell(gettext("Killed (SIGKILL), all three. Then each is run again, to its end:"))
        runs[AFTER].run_python("script.py", "after")
        runs[BEFORE].run_python("script.py", "before")
        runs[OURS].run("dispatch")
        runs[OURS].run("settle")
    doubts = _doubts(folder / FOLDERS[OURS])
    found = {name: _counted(folder, name, keys, doubts if name == OURS else ()) for name in FOLDERS}
    _tell(narrator, found)
    return Proof((found[OURS],), (_flags(folder / FOLDERS[OURS] / "list.csv", keys, doubts),))


def _build(folder: Path, service: Service) -> list[str]:
    """Make the three folders; returns the keys of those who are to be told."""
    keys = [f"P-{number:02}" for number in range(1, DUE + 1)]
    rows = "".join(f"{key},person {key[2:]},no\n" for key in keys)
    try:
        for name, place in FOLDERS.items():
            home = folder / place
            (home / "campaigns").mkdir(parents=True)
            (home / "list.csv").write_text(f"id,who,told\n{rows}", encoding="utf-8", newline="\n")
            write_new(home / "url", f"{service.hook_url(name)}\n".encode())
            if name == OURS:
                (home / "notifykit.yaml").write_text(PROJECT, encoding="utf-8")
                (home / "campaigns" / "news.yaml").write_text(CAMPAIGN, encoding="utf-8")
            else:
                (home / "campaigns").rmdir()
                (home / "script.py").write_text(SCRIPT, encoding="utf-8")
    except OSError as error:
        raise unusable(folder, error) from error
    return keys


def _kill(service: Service, runs: Mapping[str, Commands]) -> None:
    """Start all three, and kill them when the service holds a reply to each."""
    holds = [service.hold(name, KILLED_AT, accepts=True) for name in FOLDERS]
    with ExitStack() as stack:
        started = [
            stack.enter_context(runs[AFTER].beside("script.py", "after", python=True)),
            stack.enter_context(runs[BEFORE].beside("script.py", "before", python=True)),
            stack.enter_context(runs[OURS].beside("dispatch")),
        ]
        if not all(hold.wait(PATIENCE) for hold in holds):
            raise CommandFailedError(
                gettext("one of the three did not come as far as it should; is this machine very busy?")
            )
        for process in started:
            process.kill()
    service.let_go()


def _doubts(folder: Path) -> Sequence[str]:
    """Return the keys of what notifykit lists as in doubt."""
    with closing(open_project(folder / "notifykit.yaml").open_outbox(create=False)) as outbox:
        return [task.key for task in outbox.tasks(Filter(statuses=(Status.IN_DOUBT,)))]


def _counted(folder: Path, name: str, keys: Sequence[str], doubts: Sequence[str]) -> ChannelProof:
    """Count from the service's book what came of one list."""
    book = [entry for entry in read_requests(folder / REQUEST_LOG) if (entry.robot, entry.answer) == (name, ACCEPTED)]
    told = Counter({key: sum(entry.tells_of(key) for entry in book) for key in keys})
    sure = [key for key in keys if key not in doubts]
    return ChannelProof(
        channel=name,
        due=len(keys),
        once=sum(told[key] == 1 for key in sure),
        in_doubt=len(doubts),
        twice=tuple(key for key in keys if told[key] > 1),
        never=tuple(key for key in sure if not told[key]),
        strange=len(book) - told.total(),
    )


def _flags(file: Path, keys: Sequence[str], doubts: Sequence[str]) -> FlagProof:
    data = file.read_bytes()
    flags = {row["id"]: row["told"] for row in csv.DictReader(io.StringIO(data.decode(), newline=""))}
    expected = {key: "no" if key in doubts else "yes" for key in keys}
    before = sum(len(f"{key},person {key[2:]},{flags.get(key, '')}\n") for key in keys) + len("id,who,told\n")
    return FlagProof(
        file=file.name,
        rows=len(keys),
        set_now=sum(flag == "yes" for flag in flags.values()),
        wrong=tuple(key for key in keys if flags.get(key) != expected[key]),
        other_bytes=len(data) - before,
        held=len(doubts),
    )


def _tell(narrator: Narrator, found: Mapping[str, ChannelProof]) -> None:
    narrator.tell(gettext("What the service noted, of {number} who were to be told once each:", number=DUE))
    headings = (gettext("told once"), gettext("told twice"), gettext("never told"), gettext("in doubt"))
    narrator.line(columned(("", *headings), _WIDTHS))
    for name, item in found.items():
        doubt = str(item.in_doubt) if name == OURS else gettext("unknown")
        numbers = (str(item.once), str(len(item.twice)), str(len(item.never)), doubt)
        narrator.line(columned((gettext(name), *numbers), _WIDTHS))
    narrator.tell(
        gettext(
            "The script says nothing of it: its list is full of flags. notifykit repeats nothing and drops "
            "nothing; what was on the wire when it was killed it lists, for a person who can ask."
        )
    )
