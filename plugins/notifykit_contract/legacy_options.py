"""What the old contract jobs kept beside the CSV: a send-status JSON file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from notifykit.legacy import Disposal, LegacyState
from notifykit.options import OptionError
from notifykit.wording.translation import gettext

SENT_WORD = "发送成功"
NUMBER = "合同编号(contractdocNum)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractState:
    """The send-status file of a contract job. A migration retires it: the outbox takes its place."""

    status_file: Path
    """The send-status JSON, such as state/send_status_bj_aug.json; relative to notifykit.yaml."""
    sent_word: str = SENT_WORD
    """The value under a key that the old program took for *sent*; any other does not block."""
    number: str = NUMBER
    """The column whose value stands in the texts of the old messages: rows of the task table are matched by it."""

    def __post_init__(self) -> None:
        """Raise ValueError for an option that says nothing."""
        if not self.status_file.name:
            raise OptionError(
                "status_file",
                gettext("names no file"),
                mend=gettext("name the send-status JSON file of the old program"),
            )
        for option in ("sent_word", "number"):
            if not getattr(self, option):
                raise OptionError(
                    option, gettext("is empty"), mend=gettext("leave it out where the usual word is meant")
                )

    def state(self, campaign: str) -> LegacyState:
        """Name the file, which a migration retires."""
        return LegacyState(
            campaign=campaign,
            status_file=self.status_file,
            sent_word=self.sent_word,
            disposal=Disposal.RETIRE,
            number=self.number,
        )
