"""What any store must do to be used by the host, as tests."""

import pytest

pytest.register_assert_rewrite(
    *(
        f"{__name__}.{part}"
        for part in (
            "steps",
            "queueing",
            "periods",
            "postponing",
            "claiming",
            "limits",
            "key_limits",
            "results",
            "receipts",
            "settling",
            "undoing",
            "rewriting",
            "looking",
            "campaigns",
            "carrying",
            "keys",
            "clocks",
            "pulsing",
            "recent",
            "counting",
            "concurrency",
            "digest_times",
            "digests",
            "connections",
        )
    )
)

from notifykit.testing.outbox.campaigns import CampaignsContract  # noqa: E402
from notifykit.testing.outbox.carrying import CarryingContract  # noqa: E402
from notifykit.testing.outbox.claiming import ClaimingContract  # noqa: E402
from notifykit.testing.outbox.clocks import ClocksContract  # noqa: E402
from notifykit.testing.outbox.concurrency import ConcurrencyContract  # noqa: E402
from notifykit.testing.outbox.connections import ConnectionsContract  # noqa: E402
from notifykit.testing.outbox.counting import CountingContract  # noqa: E402
from notifykit.testing.outbox.digest_times import DigestTimesContract  # noqa: E402
from notifykit.testing.outbox.digests import DigestsContract  # noqa: E402
from notifykit.testing.outbox.key_limits import KeyLimitsContract  # noqa: E402
from notifykit.testing.outbox.keys import KeysContract  # noqa: E402
from notifykit.testing.outbox.limits import LimitsContract  # noqa: E402
from notifykit.testing.outbox.looking import LookingContract  # noqa: E402
from notifykit.testing.outbox.periods import PeriodsContract  # noqa: E402
from notifykit.testing.outbox.postponing import PostponingContract  # noqa: E402
from notifykit.testing.outbox.pulsing import PulseContract  # noqa: E402
from notifykit.testing.outbox.queueing import QueueingContract  # noqa: E402
from notifykit.testing.outbox.receipts import ReceiptsContract  # noqa: E402
from notifykit.testing.outbox.recent import RecentContract  # noqa: E402
from notifykit.testing.outbox.results import ResultsContract  # noqa: E402
from notifykit.testing.outbox.rewriting import RewritingContract  # noqa: E402
from notifykit.testing.outbox.settling import DecidingContract, SettlingContract  # noqa: E402
from notifykit.testing.outbox.undoing import UndoingContract  # noqa: E402

__all__ = ["ConcurrencyContract", "ConnectionsContract", "OutboxContract"]


class OutboxContract(
    QueueingContract,
    PeriodsContract,
    PostponingContract,
    ClaimingContract,
    LimitsContract,
    KeyLimitsContract,
    ResultsContract,
    ReceiptsContract,
    SettlingContract,
    DecidingContract,
    UndoingContract,
    RewritingContract,
    LookingContract,
    CampaignsContract,
    CarryingContract,
    KeysContract,
    ClocksContract,
    PulseContract,
    RecentContract,
    CountingContract,
    DigestsContract,
    DigestTimesContract,
):
    """Subclass it as `TestMyStore`, and say how your store is opened.

        class TestMyStore(OutboxContract):
            def open_outbox(self, folder, clock):
                return MyStore.open(folder / "outbox.db", clock=clock)

    `open_outbox` is called several times for the same folder: each gives one more connection to the same store.
    """
