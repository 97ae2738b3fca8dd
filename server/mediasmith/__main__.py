"""`python -m mediasmith`: the same as the console script `mediasmith`."""

from __future__ import annotations

from mediasmith.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
