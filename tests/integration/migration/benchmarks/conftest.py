from __future__ import annotations

import sys
from pathlib import Path

# The benchmarks are scripts beside the product, not an installed package.
sys.path.insert(0, str(Path(__file__).parents[4]))
