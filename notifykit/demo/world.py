"""The world of the demonstration: a folder with a project, invented data, and what is due in it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import get_args

from filelock import FileLock, Timeout

from notifykit.config.schema import Kind, json_schema
from notifykit.demo.acts import Acts
from notifykit.demo.contracts import AWARD, BEIJING, FLAG, ID, NUMBER, SHANGHAI, contracts, csv_bytes
from notifykit.demo.service import ROBOT_PATH, Service
from notifykit.durable import write_new
from notifykit.errors import ExitCode, NotifykitError, PluginError
from notifykit.plugins.registry import Registry
from notifykit.wording.translation import gettext, gettext_noop

ROBOTS = ("beijing-group", "shanghai-group", "award-desk")
HOOK = "technician-board"
DESKTOP = "desktop"

REQUEST_LOG = "robot-book.jsonl"
"""The service's own record of what was asked of it."""

OPENING = "opening"
"""The folder of the opening, below the demonstration's."""

MARK = ".notifykit-demo"
_LOCK = f"{MARK}.lock"
_MARK_TEXT = gettext_noop(
    "Made by `notifykit demo`, which builds this folder anew each time. Keep nothing of yours in it."
)
_MADE = (
    "campaigns",
    "data",
    "examples",
    "schema",
    "secrets",
    "state",
    "templates",
    "notifykit.yaml",
    OPENING,
    REQUEST_LOG,
)
_SHIPPED = Path(__file__).parent / "project"
_NO_PORT = f"http://127.0.0.1:0{ROBOT_PATH}"
"""What the shipped project says instead of the port that the service will have."""
_MONTH = datetime(2025, 8, 1, 9, tzinfo=timezone(timedelta(hours=8)))
_SEED = 20250801


class WorldError(NotifykitError):
    """The folder cannot become a demonstration's."""


class WorldLockedError(WorldError):
    """Another demonstration is at work in the folder."""

    exit_code = ExitCode.LOCKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A message that has to be accepted exactly once."""

    channel: str
    subject: str
    """What its text tells of: a contract number, a change id."""
    campaign: str
    key: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFile:
    """A campaign's CSV file as it was at the start."""

    campaign: str
    path: Path
    before: bytes
    rows: Sequence[Mapping[str, str]]
    added: Sequence[Mapping[str, str]] = ()
    """Rows that another program appended since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was built."""

    folder: Path
    contracts: tuple[ContractFile, ...]
    changes: tuple[str, ...]
    """Ids of technician changes."""

    @property
    def request_log(self) -> Path:
        """What the service notes."""
        return self.folder / REQUEST_LOG

    @property
    def typed(self) -> Path:
        """What the stand-in for the desktop was given."""
        return self.folder / "state" / "desktop.jsonl"

    def due(self) -> Iterator[Due]:
        """Yield every message that the data asks for: read off the data, with nothing of notifykit in between."""
        for file in self.contracts:
            for row in file.rows:
                if row[FLAG] != "N":
                    continue
                named = {"subject": row[NUMBER], "campaign": file.campaign, "key": row[ID]}
                yield Due(channel=f"{file.campaign}-group", message="group", **named)
                if row[AWARD] == "1":
                    yield Due(channel="award-desk", message="award", **named)
        for change in self.changes:
            named = {"subject": change, "campaign": "technicians", "key": change}
            yield Due(channel=DESKTOP, message="person", **named)
            yield Due(channel=HOOK, message="webhook", **named)


@contextmanager
def claimed(folder: Path, added: Sequence[str] = ()) -> Iterator[None]:
    """Make an empty demonstration's folder, ours until the block ends. `added`: folders in it of added acts.

    Raises WorldError where something else is in it, or it cannot be written; WorldLockedError where another
    demonstration runs there.
    """
    with ExitStack() as held:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_strangers(folder)
            held.enter_context(FileLock(folder / _LOCK, timeout=0))
            _clear(folder, (*_MADE, *added))
        except Timeout:
            mend = gettext("wait until it ends, or name another folder")
            raise WorldLockedError(gettext("another demonstration is at work here"), mend=mend, where=folder) from None
        except OSError as error:
            raise unusable(folder, error) from error
        yield


def build(folder: Path, service: Service) -> World:
    """Fill a claimed folder. The service must be listening. Raises WorldError where that cannot be written."""
    rng = random.Random(_SEED)  # noqa: S311 - invented data
    try:
        copy_files(_SHIPPED, folder)
        project = folder / "notifykit.yaml"
        project.write_text(project.read_text("utf-8").replace(_NO_PORT, service.robot_url), "utf-8")
        for name in ("data", "state", "secrets"):
            (folder / name).mkdir(mode=0o700)
        for name, key in service.keys.items():
            secret = service.hook_url(name) if name == HOOK else key
            file = folder / "secrets" / name
            write_new(file, f"{secret}\n".encode())
        files = (
            _contracts(folder, "beijing", "PerformanceData-BJ-Aug.csv", contracts(BEIJING, _MONTH, 24, rng), sent=3),
            _contracts(folder, "shanghai", "PerformanceData-SH-Aug.csv", contracts(SHANGHAI, _MONTH, 16, rng), sent=2),
        )
        changes = _changes(6)
        text = json.dumps(changes, ensure_ascii=False, indent=4)
        (folder / "data" / "technician-changes.json").write_text(text, "utf-8")
    except OSError as error:
        raise unusable(folder, error) from error
    return World(folder=folder, contracts=files, changes=tuple(str(change[0]) for change in changes))


def folder_of(acts: Acts) -> str:
    """Return the name of the folder that added acts have. Raises PluginError where it will not do."""
    name = acts.folder
    if name != Path(name).name or name in ("", "..") or name.startswith(MARK) or name in _MADE:
        raise PluginError(
            gettext("its acts cannot have the folder {name!r}", name=name),
            mend=gettext("name one that is none of the demonstration's"),
        )
    return name


def _refuse_strangers(folder: Path) -> None:
    if not (folder / MARK).exists() and any(path.name != _LOCK for path in folder.iterdir()):
        raise WorldError(
            gettext("is not empty, and no earlier demonstration's"), mend=gettext("name a new folder"), where=folder
        )


def write_schemas(folder: Path, registry: Registry) -> None:
    """Write what `notifykit schema` prints to where the editor lines of the YAML files lead."""
    (folder / "schema").mkdir()
    for kind in get_args(Kind):
        text = json.dumps(json_schema(registry, kind), ensure_ascii=False, indent=2)
        (folder / "schema" / f"{kind}.json").write_text(text + "\n", "utf-8")


def _clear(folder: Path, made: Sequence[str]) -> None:
    """Remove what an earlier demonstration made, and nothing else."""
    (folder / MARK).write_text(gettext(_MARK_TEXT) + "\n", "utf-8")
    for name in made:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def copy_files(source: Path, target: Path) -> None:
    """Copy what is shipped, but not their modes: what is installed may be read-only."""
    for file in source.rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            copy = target / file.relative_to(source)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(file.read_bytes())


def _contracts(folder: Path, campaign: str, name: str, rows: list[dict[str, str]], *, sent: int) -> ContractFile:
    for row in rows[:sent]:
        row[FLAG] = "Y"
    path, before = folder / "data" / name, csv_bytes(rows)
    path.write_bytes(before)
    return ContractFile(campaign=campaign, path=path, before=before, rows=rows)


def _changes(count: int) -> list[list[object]]:
    technicians = (("测试师傅一", "测试防水服务部"), ("测试师傅二", "演示修缮服务部"), ("测试师傅三", "测试防水服务部"))
    rows: list[list[object]] = []
    for nth in range(count):
        technician, company = technicians[nth % len(technicians)]
        moment = _MONTH + timedelta(hours=3 * nth)
        word = "上线" if nth < len(technicians) else "下线"
        rows.append([f"TC-{nth + 1:04d}", f"{moment:%Y-%m-%dT%H:%M:%S.%f%z}", technician, company, "", [word]])
    return rows


def unusable(folder: Path, error: OSError) -> WorldError:
    """Return the error to raise where a folder cannot be written to."""
    return WorldError(
        gettext("cannot be used ({error})", error=error.strerror or error),
        mend=gettext("name a folder that you may write to"),
        where=folder,
    )
