"""The command line. Clients start it as a server, often, so that path loads nothing but the server."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code. `argv` is by default the process's own."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words in ([], ["serve"]) and not os.environ.get("_MEDIASMITH_COMPLETE"):
        from mediasmith.cli.serve import serve_over_stdio  # noqa: PLC0415 - heavy: the MCP SDK

        return serve_over_stdio()
    from mediasmith.cli.commands import run  # noqa: PLC0415 - heavy: click, of which a server has no use

    return run(words)
