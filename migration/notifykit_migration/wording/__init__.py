"""Every reason, accident and warning of a migration, in both languages."""

from notifykit.wording import Wording
from notifykit.wording.host import HOST
from notifykit_migration.wording.acceptance import POINTS
from notifykit_migration.wording.accidents import ACCIDENTS
from notifykit_migration.wording.advice import ADVICE
from notifykit_migration.wording.fit import FIT
from notifykit_migration.wording.holds import HOLDS
from notifykit_migration.wording.proven import PROVEN
from notifykit_migration.wording.queue_nothing import QUEUE_NOTHING
from notifykit_migration.wording.warnings import WARNINGS
from notifykit_migration.wording.way_back import WAY_BACK

SENTENCES = (*HOLDS, *PROVEN, *ACCIDENTS, *WARNINGS, *FIT, *WAY_BACK, *QUEUE_NOTHING, *POINTS, *ADVICE)

WORDING = Wording((*HOST, *SENTENCES))
"""What this package and the host can say; what other plugins stored keeps its text."""
