"""A patch for a person to review: it takes the contracts' send status out of legacy code, and leaves the technicians'.

Nothing is changed here; a person applies the patch with `patch -p1` or `git apply`. The modules `building`, `file`,
`layout`, `stripping`, `units` and `values` import libcst, which only the extra `patch` installs; this one does not.
"""

from __future__ import annotations

from pathlib import Path

from notifykit.errors import ExitCode, NotifykitError
from notifykit.wording.translation import gettext
from notifykit_inventory.patch.model import Patch
from notifykit_inventory.patch.text import as_patch
from notifykit_inventory.words import StatusFiles

INSTALL = 'pip install "notifykit-outbox[patch]"'


class LibcstMissingError(NotifykitError):
    """A patch is asked for where libcst cannot be imported; nothing was changed."""

    exit_code = ExitCode.PREFLIGHT_FAILED


def require_libcst() -> None:
    """Raise LibcstMissingError, with the command that installs it, where libcst cannot be imported."""
    try:
        import libcst  # noqa: F401
    except ImportError as error:
        raise LibcstMissingError(
            gettext(
                "taking send status out of the old code needs libcst ({error}); install it: {command}",
                error=error,
                command=INSTALL,
            )
        ) from error


def plan_patch(root: Path, files: StatusFiles | None = None) -> Patch:
    """Return the patch for the code in a folder. `files` are the status files that a project names: where these say
    which were migrated, nothing else is taken out.

    Raises NotifykitError where there is nothing at the path, LibcstMissingError where libcst cannot be imported.
    """
    require_libcst()
    from notifykit_inventory.patch.building import PatchBuilder

    return as_patch(PatchBuilder(root, files).build())
