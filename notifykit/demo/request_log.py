"""The log of every request that the demo's service had: the proof is made from what it says was accepted."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request, as the service saw it."""

    robot: str
    """The name of the robot, or of the webhook, that was addressed."""
    answer: str
    """`accepted`, `lost` (the service broke down over it), or the code of the refusal."""
    text: str

    def tells_of(self, subject: str) -> bool:
        """Whether the text has this contract number, and not as a part of a longer one."""
        return re.search(rf"(?<![A-Za-z0-9-]){re.escape(subject)}(?![A-Za-z0-9-])", self.text) is not None


class RequestLog:
    """JSON lines in a file, one for each request, written before the answer leaves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Condition()
        self._answers: list[str] = []

    def note(self, entry: Entry) -> None:
        """Add an entry, durable for any reader of the file."""
        line = json.dumps(asdict(entry), ensure_ascii=False)
        with self._turn:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
            self._answers.append(entry.answer)
            self._turn.notify_all()

    def wait_for(self, count: int, timeout: float) -> bool:
        """Wait until so many requests were accepted. False where that takes longer than `timeout` seconds."""
        with self._turn:
            return self._turn.wait_for(lambda: self._answers.count(ACCEPTED) >= count, timeout)


def read_requests(path: Path) -> list[Entry]:
    """Return the entries in order; none where nothing was ever asked of the service."""
    if not path.exists():
        return []
    return [Entry(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
