"""The text of a patch: what is to be known about it as comments, then the diffs."""

from __future__ import annotations

from notifykit.wording.translation import gettext, gettext_noop
from notifykit_inventory.model import Owner, Use, UseKind
from notifykit_inventory.patch.diff import file_diff
from notifykit_inventory.patch.model import Leftover, Patch, PatchContent, Remark
from notifykit_inventory.wording import said

_HEAD = gettext_noop(
    "Takes the contracts' send status out of this code; the technicians' stays. Review it, then apply it in "
    "this folder\nwith `patch -p1 < FILE` or `git apply FILE`.\n\nOnly for code whose contracts notifykit itself "
    "generates (`notifykit generate`): under `notifykit shim`, the old\nprogram's calls are what is replaced, "
    "and have to stay."
)


JOBS = (UseKind.CALL, UseKind.PASS, UseKind.CONSTANT)
"""The uses by which people know a job."""


def job(use: Use) -> str:
    """Return a line about a use of a campaign that was not migrated."""
    place, name, why = f"{use.place.file}:{use.place.line}", use.name, said(use.why)
    if not use.place.function:
        return gettext("{place}: {name}: {why}", place=place, name=name, why=why)
    return gettext("{place}: {name} in {function}: {why}", place=place, name=name, function=use.place.function, why=why)


def leftover(item: Leftover) -> str:
    """Return a line about what could not be taken out."""
    return f"{item.file}:{item.line}: {item.why}"


def left(use: Use) -> str:
    """Return a line about a use that is there after the patch, for a person."""
    return gettext(
        "{file}:{line}: {kind} {name}: {owner}, {why}",
        file=use.place.file,
        line=use.place.line,
        kind=said(use.kind),
        name=use.name,
        owner=said(use.owner),
        why=said(use.why),
    )


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
    lines = gettext(_HEAD).split("\n")
    if not content.changes:
        lines += ["", gettext("There is nothing that can be taken out.")]
    if content.leftovers:
        lines += ["", gettext("Not taken out, since that might not be safe (lines as they are now):")]
        lines += [f"  {leftover(item)}" for item in content.leftovers]
    if remaining:
        lines += ["", gettext("What is left for a person (lines as they are after the patch):")]
        lines += [f"  {left(use)}" for use in remaining]
    if waiting:
        lines += ["", gettext("Left alone, since the campaigns were not migrated (lines as they are after the patch):")]
        lines += [f"  {job(use)}" for use in waiting]
    if content.remarks:
        lines += [
            "",
            gettext(
                "Comments and docstrings that speak of what goes, for a person (lines as they are after the patch):"
            ),
        ]
        lines += [f"  {remark(item)}" for item in content.remarks]
    suspect = [item for item in content.after.unread if item.suspect]
    if suspect:
        lines += ["", gettext("Could not be read, and may use send status:")]
        lines += [f"  {item.file}: {item.reason}" for item in suspect]
    return "".join(f"# {line}".rstrip() + "\n" for line in "\n".join(lines).splitlines())
