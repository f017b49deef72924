"""Giving a campaign another name: everything that the store keeps under the one goes under the other, in one step."""

from __future__ import annotations

from notifykit.errors import NotifykitError
from notifykit.model import Status
from notifykit.outbox.digests import digests_of
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project
from notifykit.pipeline.source_state import rename_state
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext, joined

_LISTED = 10


def rename(project: Project, outbox: Outbox, old: str, new: str, *, who: str, why: str) -> int:
    """Rename a campaign in the store, and what plugins keep of it, after its file; returns how many messages it has.

    Raises NotifykitError, and changes nothing: where neither the store nor a plugin knows such a campaign, its file is
    still there under the old name, no file has the new one, something of it is being sent, both have the same messages,
    or a plugin cannot take along what it keeps.
    """
    _require_renamed_file(project, old, new)
    with outbox.transaction():
        for name in (old, new, digests_of(old), digests_of(new)):
            if task := next(iter(outbox.tasks(Filter(campaign=name, statuses=(Status.SENDING,), limit=1))), None):
                raise NotifykitError(
                    gettext("task {id} ({name} {key}) is being sent", id=task.id, name=name, key=task.key),
                    mend=(
                        gettext(
                            "stop `notifykit run` and `notifykit dispatch` (or wait until it is done), then run this "
                            "again"
                        )
                    ),
                )
        if keys := outbox.shared_keys(old, new):
            more = gettext(", … and {number} more", number=len(keys) - _LISTED) if len(keys) > _LISTED else ""
            raise NotifykitError(
                gettext(
                    "{old} and {new} both have messages of {number} keys ({keys}{more}), which may have been "
                    "sent twice",
                    old=old,
                    new=new,
                    number=len(keys),
                    keys=joined(gettext(", "), keys[:_LISTED]),
                    more=more,
                ),
                mend=gettext("nothing was changed: keep the name with `name: {old}` in the file", old=old),
            )
        number = outbox.rename_campaign(old, new, who=who, why=why)
        rename_state(outbox, old, new)
        if not (project.rename_kept(old, new, outbox, who=who, why=why) or number):
            known = {item.campaign for item in outbox.figures()}
            raise NotifykitError(
                gettext('the store knows no campaign "{old}"{near}', old=old, near=hint(old, sorted(known)))
            )
        return number


def _require_renamed_file(project: Project, old: str, new: str) -> None:
    described = project.described_names
    if old in described:
        raise NotifykitError(
            gettext('a file still describes campaign "{old}"', old=old),
            mend=gettext("rename that file first (or its `name:`), then run this again"),
        )
    if new not in described:
        raise NotifykitError(
            gettext('no file describes campaign "{new}"{near}', new=new, near=hint(new, sorted(described))),
            mend=(
                gettext(
                    "rename the file to {new}.yaml (or write `name: {new}` in it) first, then run this again", new=new
                )
            ),
        )
