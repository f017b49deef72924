"""`notifykit run --once` in the project folder given as the argument."""

from __future__ import annotations

import os
import sys

from notifykit.cli import main

if __name__ == "__main__":
    os.chdir(sys.argv[1])
    sys.argv = ["notifykit", "run", "--once"]
    main()
