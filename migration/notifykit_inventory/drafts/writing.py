"""Writes drafts into a folder. A file that is there already stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from notifykit.errors import ExitCode, NotifykitError
from notifykit.wording.translation import gettext
from notifykit_inventory.drafts.drafting import Drafts
from notifykit_inventory.drafts.model import CampaignDraft
from notifykit_inventory.drafts.yaml_form import campaign_file


class DraftsUnwritableError(NotifykitError):
    """The folder for drafts cannot be written."""

    exit_code = ExitCode.PREFLIGHT_FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDraft:
    """A draft, and its file."""

    draft: CampaignDraft
    path: Path
    written: bool
    """False where the file was there already: it was left as it was."""


def write_drafts(drafts: Drafts, folder: Path) -> list[WrittenDraft]:
    """Write a file for each draft that has none yet. Raises DraftsUnwritableError."""
    found = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for draft in drafts.campaigns:
            path = folder / f"{draft.name}.yaml"
            written = True
            try:
                with path.open("x", encoding="utf-8", errors="replace", newline="\n") as file:
                    file.write(campaign_file(draft))
            except FileExistsError:
                written = False
            found.append(WrittenDraft(draft=draft, path=path, written=written))
    except OSError as error:
        raise DraftsUnwritableError(
            gettext("drafts cannot be written ({strerror})", strerror=error.strerror),
            mend=gettext("check --campaigns"),
            where=folder,
        ) from error
    return found
