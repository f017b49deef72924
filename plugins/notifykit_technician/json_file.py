"""The source `json_file`: an array in a JSON file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from notifykit.durable.ordinary import read_ordinary
from notifykit.errors import CampaignError
from notifykit.model import Problem, Record
from notifykit.options import ProjectPath
from notifykit.wording.translation import gettext
from notifykit_technician.row_options import RowOptions


@dataclass(kw_only=True)
class JsonFile(RowOptions):
    """Reads positional rows or objects from a JSON file."""

    path: ProjectPath

    @property
    def reads(self) -> Path:
        """The file."""
        return self.path

    def read(self) -> list[Record | Problem]:
        """Return the rows in order.

        Raises CampaignError, with line and column, where the file cannot be read or is no JSON.
        """
        try:
            data = read_ordinary(self.path, None)
        except OSError as error:
            raise CampaignError(
                f"{error.strerror}", mend=gettext("correct `path`, or its permissions"), where=self.path
            ) from error
        mend = gettext("mend it there, or wait: if it is being written, the next pass reads it")
        return self.records(data, str(self.path), mend)
