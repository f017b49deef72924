"""What a campaign reads and writes, as plain values: by them, two names for the same data are recognised.

Files are told apart as the file system does: other spellings of a path, links, and names that differ in case where case
does not count, are one file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

from notifykit.campaign.campaign import Campaign
from notifykit.model import CampaignData
from notifykit.secrets import Secret, SecretMissingError

_FILE = "file:"


def data_of(campaign: Campaign, folder: Path) -> CampaignData | None:
    """Return what a campaign reads and writes; paths within the project's folder are relative to it.

    None where its source does not say what it reads: it is no dataclass, or a secret that names it is not set.
    """
    source = campaign.source
    reads = getattr(source, "reads", source)
    writes = getattr(campaign.strategy, "writes", None)
    key = getattr(source, "key", "")
    try:
        found = _text(reads, folder)
        return CampaignData(
            campaign=campaign.name,
            source=found,
            target=_text(Path(os.path.realpath(reads)), folder) if isinstance(reads, Path) else found,
            key=key if isinstance(key, str) else "",
            writes="" if writes is None else _text(writes, folder),
        )
    except (SecretMissingError, TypeError):
        return None


def options_of(source: object, folder: Path) -> str:
    """Return all options of a source as text that is the same in every process; of one without, its class alone."""
    try:
        return _text(source, folder)
    except (SecretMissingError, TypeError):
        return f"{type(source).__module__}.{type(source).__qualname__}"


def same_data(one: CampaignData, other: CampaignData, folder: Path) -> bool:
    """Whether both read the same and write the same. That nothing is written counts as the same, too."""
    return _same(one.writes, other.writes, folder) and any(
        _same(mine, theirs, folder) for mine in {one.source, one.target} for theirs in {other.source, other.target}
    )


def _same(one: str, other: str, folder: Path) -> bool:
    if one == other:
        return True
    if not (one.startswith(_FILE) and other.startswith(_FILE)):
        return False
    mine, theirs = (folder / name.removeprefix(_FILE) for name in (one, other))
    if os.path.normcase(mine) == os.path.normcase(theirs):
        return True
    try:
        return mine.samefile(theirs)
    except OSError:
        return False


def _text(value: object, folder: Path) -> str:
    """Return a value as text that is the same in every process. Raises TypeError where there is none for it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Path):
        return _FILE + _within(value, folder)
    if isinstance(value, Secret):  # never the value: a store is copied and handed on
        return "secret:" + hashlib.sha256(value.reveal().encode()).hexdigest()[:16]
    return json.dumps(_plain(value, folder), ensure_ascii=False, sort_keys=True)


def _plain(value: object, folder: Path) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | Path | Secret):
        return _text(value, folder)
    if isinstance(value, Mapping):
        return {str(name): _plain(item, folder) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, folder) for item in value]
    if is_dataclass(value):
        options = {field.name: _plain(getattr(value, field.name), folder) for field in fields(value) if field.init}
        return {"class": f"{type(value).__module__}.{type(value).__qualname__}", **options}
    raise TypeError(f"{type(value).__name__} has no plain form")


def _within(path: Path, folder: Path) -> str:
    """Return the path within the project, so that both may move; the whole path of a file elsewhere.

    Either spelling of the project's folder will do: as it is written, or as its links lead.
    """
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - a link keeps its own name
    for inside in (Path(os.path.abspath(folder)), Path(os.path.realpath(folder))):  # noqa: PTH100
        if whole.is_relative_to(inside):
            return whole.relative_to(inside).as_posix()
    return whole.as_posix()
