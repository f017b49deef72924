"""Runs a command and prints the most memory it ever held, in megabytes (10^6 bytes).

A process of its own, and a small one: what Linux reports of a child begins at the size of its parent.
"""

from __future__ import annotations

import subprocess
import sys


def main() -> int:
    """Run the command given as arguments; its output goes to stderr."""
    if sys.platform == "win32":
        sys.exit("Windows does not tell what a process held at most")
    import resource

    done = subprocess.run(sys.argv[1:], check=False, stdout=sys.stderr)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
