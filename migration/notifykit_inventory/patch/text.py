"""The text of a patch: what is to be known about it as comments, then the diffs."""

from __future__ import annotations

from notifykit_inventory.model import Owner, Use, UseKind
from notifykit_inventory.patch.diff import file_diff
from notifykit_inventory.patch.model import Leftover, Patch, PatchContent, Remark

_HEAD = """\
Takes the contracts' send status out of this code; the technicians' stays. Review it, then apply it in this folder
with `patch -p1 < FILE` or `git apply FILE`.

Only for code whose contracts notifykit itself generates (`notifykit generate`): under `notifykit shim`, the old
program's calls are what is replaced, and have to stay."""


JOBS = (UseKind.CALL, UseKind.PASS, UseKind.CONSTANT)
"""The uses by which people know a job."""


def job(use: Use) -> str:
    """Return a line about a use of a campaign that was not migrated."""
    within = f" in {use.place.function}" if use.place.function else ""
    return f"{use.place.file}:{use.place.line}: {use.name}{within}: {use.why.text}"


def leftover(item: Leftover) -> str:
    """Return a line about what could not be taken out."""
    return f"{item.file}:{item.line}: {item.why}"


def left(use: Use) -> str:
    """Return a line about a use that is there after the patch, for a person."""
    return f"{use.place.file}:{use.place.line}: {use.kind} {use.name}: {use.owner}, {use.why.text}"


def remark(item: Remark) -> str:
    """Return a line about a comment or docstring."""
    return f"{item.file}:{item.line}: {item.text}"


def as_patch(content: PatchContent) -> Patch:
    """Return a patch as it is written to a file."""
    remaining = tuple(use for use in content.after.uses if use.remains)
    waiting = tuple(use for use in content.after.uses if use.owner is Owner.WAITING and use.kind in JOBS)
    diffs = [file_diff(item.file, item.before, item.after) for item in content.changes]
    return Patch(
        text="".join([_comment(content, remaining, waiting), *diffs]),
        changes=content.changes,
        constants=content.constants,
        leftovers=content.leftovers,
        remaining=remaining,
        waiting=waiting,
        remarks=content.remarks,
    )


def _comment(content: PatchContent, remaining: tuple[Use, ...], waiting: tuple[Use, ...]) -> str:
    lines = _HEAD.split("\n")
    if not content.changes:
        lines += ["", "There is nothing that can be taken out."]
    if content.leftovers:
        lines += ["", "Not taken out, since that might not be safe (lines as they are now):"]
        lines += [f"  {leftover(item)}" for item in content.leftovers]
    if remaining:
        lines += ["", "What is left for a person (lines as they are after the patch):"]
        lines += [f"  {left(use)}" for use in remaining]
    if waiting:
        lines += ["", "Left alone, since the campaigns were not migrated (lines as they are after the patch):"]
        lines += [f"  {job(use)}" for use in waiting]
    if content.remarks:
        lines += [
            "",
            "Comments and docstrings that speak of what goes, for a person (lines as they are after the patch):",
        ]
        lines += [f"  {remark(item)}" for item in content.remarks]
    suspect = [item for item in content.after.unread if item.suspect]
    if suspect:
        lines += ["", "Could not be read, and may use send status:"]
        lines += [f"  {item.file}: {item.reason}" for item in suspect]
    return "".join(f"# {line}".rstrip() + "\n" for line in "\n".join(lines).splitlines())
