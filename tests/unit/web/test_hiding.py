"""Who may not see texts and recipients is shown none of either."""

from pathlib import Path
from typing import cast

from notifykit.model import Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.values import Transition
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.steps import claim, finish, queue
from notifykit.web.hiding import HIDDEN, hiding
from notifykit.wording import Wording
from notifykit.wording.host import HOST


def test_whom_a_service_left_out_is_not_shown(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "outbox.db", FakeClock()) as outbox:
        (id_,) = queue(outbox, "A")
        (taken,) = claim(outbox)
        finish(outbox, taken, Outcome.accepted(undelivered=("guo-xu",)), Transition(status=Status.SENT))
        hidden = hiding(cast(OpenedOutbox, outbox), Wording(HOST))
        assert [one.undelivered for one in hidden.attempts(id_)] == [(HIDDEN,)]
        assert [one.undelivered for one in hidden.outcomes([id_]).values()] == [(HIDDEN,)]
        assert outbox.outcomes([id_])[id_].undelivered == ("guo-xu",)
