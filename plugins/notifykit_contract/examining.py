"""What a CSV file is of which nothing is known yet: for `notifykit init`."""

from __future__ import annotations

import codecs
from collections import Counter
from pathlib import Path

from notifykit.errors import CampaignError
from notifykit.model import Problem
from notifykit.start import DataFile
from notifykit.terminal.console import count
from notifykit.wording.translation import gettext, gettext_noop
from notifykit_contract.encoding import AUTO, GB18030, UTF_8, codec_named
from notifykit_contract.files import explain, read_whole
from notifykit_contract.head import Head, read_head
from notifykit_contract.problems import shape_problem, undecodable, zero_bytes
from notifykit_contract.rows import Row, cell_bytes, row_at
from notifykit_contract.wording import WORDING

USUAL = (
    "编号",
    "订单号",
    "合同编号",
    "合同ID(_id)",
    "是否发送通知",
    "姓名",
    "手机",
    "手机号",
    "电话",
    "邮箱",
    "备注",
    "状态",
    "日期",
)
"""Names of columns by which a header in another encoding than UTF-8 is known."""

SEPARATORS = {
    b",": gettext_noop("commas"),
    b";": gettext_noop("semicolons"),
    b"\t": gettext_noop("tabs"),
    b"|": gettext_noop("vertical bars"),
}


def examine(file: Path, encoding: str, most: int) -> DataFile:
    """Read the header, and the cells of at most `most` rows. Raises CampaignError where the file cannot be used."""
    try:
        codec = codec_named(encoding)
    except ValueError as error:
        raise CampaignError(f"--encoding: {error}") from None
    try:
        data = read_whole(file)
    except OSError as error:
        raise CampaignError(WORDING.said(explain(file, error))) from error
    head = _head(data, file, codec)
    rows, unread = _rows(data, file, head, most)
    repeated = tuple(name for name, number in Counter(head.names).items() if name and number > 1)
    return DataFile(
        source="csv",
        strategy="csv_flag",
        columns={name: tuple(row[at] for row in rows) for name, at in head.columns.items()},
        options={} if head.codec == UTF_8 else {"encoding": head.codec},
        unread=unread,
        repeated=repeated,
        facts=(
            gettext("encoding: {codec} ({why})", codec=head.codec, why=_why(data, head, encoding)),
            gettext("separator: commas (counted in the header)"),
            *filter(None, [unread]),
            *(
                gettext('several columns are called "{name}", and none of them is used; rename all but one', name=name)
                for name in repeated
            ),
        ),
    )


def _rows(data: bytes, file: Path, head: Head, most: int) -> tuple[list[list[str]], str]:
    """Return the cells of at most `most` rows that can be read, and what to say of the others."""
    rows: list[list[str]] = []
    bad: list[Problem] = []
    at, line = head.body, head.line
    while at < len(data) and len(rows) + len(bad) < most:
        row = row_at(data, at, len(head.names))
        read = _cells(data, head, row, f"{file}:{line}")
        if isinstance(read, Problem):
            bad.append(read)
        elif any(read):
            rows.append(read)
        line += data.count(b"\n", at, row.next) or 1
        at = row.next
    if not bad:
        return rows, ""
    return rows, gettext("{rows} cannot be read, the first: {first}", rows=count(len(bad), "row"), first=bad[0])


def _cells(data: bytes, head: Head, row: Row, place: str) -> list[str] | Problem:
    if row.start <= (zero := data.find(b"\0", row.start, row.next)):
        return zero_bytes(place, zero, None)
    try:
        data[row.start : row.end].decode(head.codec)
    except UnicodeDecodeError as error:
        offset = row.start + error.start
        return undecodable(place, head.codec, data[offset], offset, None)
    if row.fault:
        return shape_problem(place, row, len(head.names), None)
    return [cell_bytes(data, span).decode(head.codec) for span in row.cells]


def _head(data: bytes, file: Path, codec: str) -> Head:
    separator = _separator(data)
    if separator != b",":
        raise CampaignError(
            gettext(
                "its columns are separated by {separators}, and the CSV source reads commas",
                separators=gettext(SEPARATORS[separator]),
            ),
            mend=gettext("save it with commas (in a spreadsheet: CSV UTF-8)"),
            where=f"{file}:1",
        )
    try:
        head = read_head(data, str(file), None, codec, words=USUAL)
    except CampaignError as error:
        if codec != AUTO or "`encoding:`" not in error.mend:
            raise
        mend = gettext("name the right one with --encoding, or save the file as UTF-8 (in a spreadsheet: CSV UTF-8)")
        raise CampaignError(error.what, mend=mend, where=error.where) from error
    if head is None:
        raise CampaignError(gettext("it is empty"), mend=gettext("its first line names the columns"), where=file)
    return head


def _separator(data: bytes) -> bytes:
    """Return what stands most often between the quoted texts of the first line that has anything."""
    first = next(filter(None, map(bytes.strip, data.removeprefix(codecs.BOM_UTF8).splitlines())), b"")
    bare = b"".join(first.split(b'"')[::2])
    return max(SEPARATORS, key=bare.count)


def _why(data: bytes, head: Head, named: str) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return gettext("its byte order mark says so")
    if not head.found:
        return gettext("--encoding {named} says so", named=named)
    if data.isascii():
        return gettext("it is ASCII alone")
    return gettext("its column names prove it") if head.codec == GB18030 else gettext("its text proves it")
