"""The old program's code: what can be taken out of it. The plugin `notifykit_inventory` reads it.

No other module of the migration knows that plugin; it is imported only where a person asks about the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError

PLUGIN = "notifykit_inventory"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCleanup:
    """What can be taken out of the old program's code."""

    patch: bytes
    """A diff for `patch -p1`, in the encodings and line ends of the files that it changes."""
    changes: Mapping[str, tuple[bytes, bytes]]
    """The files that it changes, relative to the code's folder, to their content without and with it."""
    deletable: tuple[str, ...]
    """Constants that nothing needs once it is applied, as `file:line: NAME = 'path'`."""
    left_alone: tuple[str, ...]
    """Uses of campaigns that were not migrated, with the reason, as `file:line: what: why`."""
    leftovers: tuple[str, ...]
    """What cannot be taken out safely, as `file:line: why`; lines as they are now."""
    remaining: tuple[str, ...]
    """What is left of the contracts' send status then, as `file:line: what: whose, why`; lines as they will be."""
    remarks: tuple[str, ...]
    """Comments and docstrings that speak of what goes, as `file:line: text`; lines as they will be."""


NOTHING = CodeCleanup(
    patch=b"", changes={}, deletable=(), left_alone=(), leftovers=(), remaining=(), remarks=()
)  # fmt: skip


def check_code_reader(project: Project) -> None:
    """Raise NotifykitError where the plugin, or the library that it needs, is missing. Changes nothing."""
    plugins = project.plugins
    if any(plugin.name == PLUGIN for plugin in plugins.blocked):
        raise PreflightError(
            gettext("`plugins: block:` has {plugin!r}, which --code needs", plugin=PLUGIN),
            mend=gettext("take it out of that list"),
            where=project.file.file,
        )
    for failed in plugins.failed:
        if failed.name == PLUGIN:
            raise PreflightError(gettext("--code needs {failed}", failed=failed))
    if not any(plugin.name == PLUGIN for plugin in plugins.loaded):
        raise PreflightError(
            gettext("--code needs the plugin {plugin!r}, which is not installed", plugin=PLUGIN),
            mend=gettext('pip install --force-reinstall "notifykit-outbox[patch]" brings it back'),
        )
    from notifykit_inventory.patch import require_libcst

    require_libcst()


def plan_cleanup(project: Project, code: Path, migrated: Iterable[str]) -> CodeCleanup:
    """Find out what can be taken out. `migrated` are the status files of migrated campaigns: nothing else is touched.

    Raises NotifykitError where a `legacy` section will not do, or there is nothing at `code`.
    """
    from notifykit_inventory.patch import plan_patch
    from notifykit_inventory.patch.text import job, left, leftover, remark
    from notifykit_inventory.project import status_files

    patch = plan_patch(code, replace(status_files(project), migrated=frozenset(migrated)))
    return CodeCleanup(
        patch=patch.data,
        changes={item.file: (item.before, item.after) for item in patch.changes},
        deletable=tuple(f"{item.file}:{item.line}: {item.name} = {item.value!r}" for item in patch.constants),
        left_alone=tuple(map(job, patch.waiting)),
        leftovers=tuple(map(leftover, patch.leftovers)),
        remaining=tuple(map(left, patch.remaining)),
        remarks=tuple(map(remark, patch.remarks)),
    )
