"""Files that messages carry: read and hashed when a message is rendered, kept in the store, given to its sender."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakValueDictionary

from notifykit.config.paths import in_folder, unusable
from notifykit.durable.ordinary import Stamp, read_ordinary, stamp
from notifykit.secrets import Surroundings
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

__all__ = ["LARGEST", "Attachment"]

LARGEST = 25 * 1024**2
"""Bytes of one file that a message may carry. An option of a sender may allow less."""

OTHER = "application/octet-stream"
"""The media type of a file whose name tells none (RFC 2046, 4.5.1)."""

STEP = 1_000_000_000
"""Nanoseconds for which a file that was just written is read anew: file systems count times in steps, and two changes
in one step look alike."""

_KEYS = ("file", "name", "media_type")
"""What YAML may say of a file, beside its bare path."""


def _no_contents() -> bytes:
    raise RuntimeError("this attachment was made without contents")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a message carries: the type of a field of a sender's `message_options`.

    In YAML: a path, or a mapping of `file` (a path), `name` (what the recipient sees; the path's own name without it)
    and `media_type` (told by the name without it). Each is a template; paths are relative to notifykit.yaml.
    """

    name: str
    """What the recipient sees: without a folder."""
    media_type: str
    """Such as `image/png`."""
    size: int
    """Bytes."""
    sha256: str
    """Of the contents: 64 hexadecimal digits."""
    contents: Callable[[], bytes] = field(default=_no_contents, repr=False, compare=False)

    @classmethod
    def of(cls, name: str, data: bytes, media_type: str | None = None) -> Self:
        """Make one of bytes. `media_type` None: as the name tells."""
        return cls._of(name, _Contents(data), media_type)

    @classmethod
    def _of(cls, name: str, contents: _Contents, media_type: str | None) -> Self:
        kind = media_type or mimetypes.guess_type(name)[0] or OTHER
        return cls(name, kind, len(contents.data), contents.sha256, contents)

    def read(self) -> bytes:
        """Return the contents, as they were when the message was rendered: the same for every attempt."""
        return self.contents()

    def as_data(self) -> dict[str, Any]:
        """Return it as it is stored with its message, as JSON: without the contents."""
        return {"name": self.name, "media_type": self.media_type, "size": self.size, "sha256": self.sha256}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.with_info_plain_validator_function(_validated)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        text = {"type": "string"}
        file = {
            "type": "object",
            "properties": dict.fromkeys(_KEYS, text),
            "required": ["file"],
            "additionalProperties": False,
        }
        return {"anyOf": [text, file]}


class _Contents:
    """The bytes of a file, and their hash."""

    __slots__ = ("__weakref__", "data", "sha256", "stamp")

    def __init__(self, data: bytes, at: Stamp = None) -> None:
        self.data = data
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.stamp = at

    def __call__(self) -> bytes:
        return self.data


class FilesOfMessages:
    """Reads the files that messages are to carry: a validation context for values that were rendered.

    A file that did not change is read once for messages that are held in memory at the same time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: WeakValueDictionary[Path, _Contents] = WeakValueDictionary()

    def contents(self, path: str) -> _Contents:
        """Return what a file holds. Raises ValueError that says why it cannot be carried."""
        if (wrong := _wrong_path(self.folder, path)) is not None:
            raise ValueError(wrong)
        file = in_folder(self.folder, path)
        if isinstance(path, PathWithin) and not _within(file, below := in_folder(self.folder, path.folder)):
            raise ValueError(gettext('"{path}" leads out of the folder {folder}', path=str(path), folder=below))
        at = stamp(file)
        if (known := self._read.get(file)) is not None and known.stamp == at:
            return known
        try:
            made = _Contents(read_ordinary(file, LARGEST), at)
        except FileNotFoundError:
            raise ValueError(gettext("no file {file}", file=file)) from None
        except OSError as error:
            raise ValueError(gettext("{file} cannot be read ({why})", file=file, why=error.strerror)) from None
        if at is not None and time.time_ns() - at[3] > STEP:
            self._read[file] = made
        return made


class PathWithin(str):
    """A path that a template gave: it must lead to a file below the folder that the template itself names.

    A link within that folder may lead to another place in it, and to none outside.
    """

    __slots__ = ("folder",)
    folder: str

    def __new__(cls, path: str, template: str) -> Self:
        """`template`: as it is written; what stands before its first expression names the folder."""
        made = super().__new__(cls, path)
        made.folder = os.path.dirname(template.partition("{")[0])  # noqa: PTH120 - of a text
        return made


@dataclass(frozen=True, slots=True)
class KeptContents:
    """Finds the contents of attachments that are stored: a validation context for options as they are stored."""

    read: Callable[[str], bytes]
    """By the hash."""


def _within(file: Path, folder: Path) -> bool:
    """Whether a file is below a folder, also where links lead."""
    real = Path(os.path.realpath(file))  # Path.resolve raises where links go round
    return file.is_relative_to(folder) and real.is_relative_to(os.path.realpath(folder))


def _wrong_path(folder: Path, path: str) -> str | None:
    if not path.strip():
        return gettext("must be a path")
    return unusable(folder, path)


def _validated(value: object, info: ValidationInfo) -> Attachment:
    """Make an attachment of what YAML says, or of what is stored; of a template nothing is read."""
    if isinstance(value, Attachment):
        return value
    if isinstance(info.context, KeptContents):
        return _stored(value, info.context)
    said = {"file": value} if isinstance(value, str) else value
    if not isinstance(said, Mapping) or not all(isinstance(one, str) for one in said.values()):
        raise ValueError(gettext("must be a path, or a mapping of file, name and media_type"))
    if unknown := sorted(set(said) - set(_KEYS)):
        raise ValueError(gettext('has no key "{key}"; it takes file, name and media_type', key=unknown[0]))
    if "file" not in said:
        raise ValueError(gettext("needs the key file: a path"))
    path = said["file"]
    if isinstance(info.context, FilesOfMessages):
        contents = info.context.contents(path)
        return Attachment._of(_name(said.get("name") or Path(path).name), contents, said.get("media_type"))  # noqa: SLF001
    folder = Surroundings.of(info).folder
    if "{{" not in path and "{%" not in path and (wrong := _wrong_path(folder, path)) is not None:
        raise ValueError(wrong)
    return Attachment(path, said.get("media_type") or OTHER, 0, "")


def _name(name: str) -> str:
    """Return a name that is one. Raises ValueError: record data may not lead out of a folder, nor end a header."""
    if not name.strip() or not name.isprintable() or {"/", "\\"} & set(name) or name in (os.curdir, os.pardir):
        raise ValueError(gettext("its name {name!r} is no name of a file", name=name))
    return name


def _stored(value: object, kept: KeptContents) -> Attachment:
    if not isinstance(value, Mapping):
        raise ValueError(gettext("must be an attachment"))  # noqa: TRY004 - pydantic's way
    try:
        name, media_type, size, sha256 = (value[key] for key in ("name", "media_type", "size", "sha256"))
    except KeyError:
        raise ValueError(gettext("must be an attachment")) from None
    data = kept.read(str(sha256))
    return Attachment(str(name), str(media_type), int(size), str(sha256), _Contents(data))
