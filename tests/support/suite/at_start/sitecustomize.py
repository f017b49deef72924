"""Python imports this when it starts: processes that tests start have the clock of the tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import coarse_clock

sys.path.pop()
coarse_clock.from_environment()
