"""What the old contract jobs kept beside the CSV: a send-status JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from notifykit.errors import ConfigError
from notifykit.legacy import Disposal, LegacyState

KIND = "contract"
SENT_WORD = "发送成功"
NUMBER = "合同编号(contractdocNum)"
"""The column whose value stands in the texts of the old program's messages."""


def state_of(campaign: str, options: Mapping[str, object]) -> LegacyState | None:
    """Return the state that a `legacy:` section of kind `contract` names; None for other kinds.

    Raises ConfigError where the section does not name a file, or a word or column of it is none.
    """
    if options.get("kind") != KIND:
        return None
    file, word = options.get("status_file"), options.get("sent_word", SENT_WORD)
    if not isinstance(file, str) or not file:
        raise ConfigError(
            f"campaign {campaign}: legacy.status_file is {file!r}; name the send-status JSON file of the old program, "
            "such as state/send_status_bj_aug.json"
        )
    if not isinstance(word, str) or not word:
        raise ConfigError(
            f"campaign {campaign}: legacy.sent_word is {word!r}; name the value that meant *sent*, such as {SENT_WORD}"
        )
    number = options.get("number", NUMBER)
    if not isinstance(number, str) or not number:
        raise ConfigError(
            f"campaign {campaign}: legacy.number is {number!r}; name the column whose value stands in the texts of the "
            f"old messages, such as {NUMBER}"
        )
    return LegacyState(
        campaign=campaign, status_file=Path(file), sent_word=word, disposal=Disposal.RETIRE, number=number
    )
