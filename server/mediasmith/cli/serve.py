"""Start the server on standard input and output."""

from __future__ import annotations

import gc
import sys

import anyio

from mediasmith.cli.exit_codes import ExitCode


def serve_over_stdio() -> ExitCode:
    """Serve until the client disconnects."""
    # What a start loads stays until the end: looking for garbage in it takes a tenth of the time of a start.
    gc.disable()
    from mediasmith.mcp.stdio import serve_stdio  # noqa: PLC0415 - heavy: the MCP SDK

    if _is_at_terminal():
        sys.stderr.write("Serving MCP on standard input and output; press Ctrl-C to stop. See mediasmith --help.\n")
        sys.stderr.flush()
    try:
        anyio.run(serve_stdio)
    except KeyboardInterrupt:  # before the server handles signals, or where it cannot
        return ExitCode.INTERRUPTED
    return ExitCode.DONE


def _is_at_terminal() -> bool:
    stdin: object = sys.stdin  # None in a process that has no standard input
    return stdin is not None and sys.stdin.isatty()
