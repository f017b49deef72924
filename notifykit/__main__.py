"""`python -m notifykit` is the command `notifykit`."""

from __future__ import annotations

from notifykit.cli import main

if __name__ == "__main__":
    main()
