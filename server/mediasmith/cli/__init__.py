"""The command line. As a server it is started often and by clients, so that serving comes before everything else."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code, as `mediasmith.cli.exit_codes` names them. `argv` is by default the process's own."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words in ([], ["serve"]) and not os.environ.get("_MEDIASMITH_COMPLETE"):
        from mediasmith.cli.serve import over_stdio  # noqa: PLC0415 - heavy: the MCP SDK

        return over_stdio()
    from mediasmith.cli.commands import run  # noqa: PLC0415 - heavy: click, of which a server has no use

    return run(words)
