"""What a function that a message is given to raises where nothing was sent."""

from __future__ import annotations


class NotSent(Exception):  # noqa: N818 - a report, not a defect
    """Raise it from the function while nothing can have left yet: the message is tried again.

    `code` is a short word for what stood in the way (`window_not_found`), and is stored: no text of another
    error, which might hold a secret. `after` is the number of seconds to wait; None leaves it to the campaign.
    """

    def __init__(self, code: str = "", *, after: float | None = None) -> None:
        super().__init__(code)
        self.code = code or type(self).__name__
        self.after = after
