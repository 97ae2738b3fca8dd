"""From starting the process to the answer of tools/list, beside a bare server of one tool, in turns.

    uv run python benchmarks/start.py [RUNS]

The aim is a ratio of at most 1.15. Byte code is compiled first, as an installer does.
"""

from __future__ import annotations

import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BARE = """
from mcp.server import MCPServer

server = MCPServer("bare")


@server.tool()
def hello(name: str) -> str:
    \"\"\"Greets.\"\"\"
    return f"hello {name}"


server.run()
"""

HANDSHAKE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}},
}


def start(command: list[str], env: dict[str, str]) -> float:
    """Seconds from the start to the list of tools."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for message, answered in (
            (HANDSHAKE, True),
            ({"jsonrpc": "2.0", "method": "notifications/initialized"}, False),
            ({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, True),
        ):
            process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline() if answered else b""
        seconds = time.perf_counter() - began
        assert b'"tools"' in answer
        process.stdin.close()
    return seconds


def pair(ours: list[str], bare: list[str], env: dict[str, str], *, turn: int) -> tuple[float, float]:
    """Seconds of both; which goes first changes, for the machine's speed does too."""
    if turn % 2:
        return start(ours, env), start(bare, env)
    alone = start(bare, env)
    return start(ours, env), alone


def main() -> None:
    """Measure and print one line."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    root = Path(__file__).parents[1]
    for folder in ("server", "backends"):
        compileall.compile_dir(root / folder, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "bare.py")
        bare.write_text(BARE, encoding="utf-8")
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        env["MEDIASMITH_DATA_DIR"] = folder
        ours = [sys.executable, "-c", "from mediasmith.cli import main; main([])"]
        pairs = [pair(ours, [sys.executable, str(bare)], env, turn=turn) for turn in range(runs + 1)][1:]
    mediasmith, alone = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"start to tools/list, median of {runs}: {mediasmith * 1e3:.0f} ms, bare {alone * 1e3:.0f} ms, {ratio:.2f} x")


if __name__ == "__main__":
    main()
