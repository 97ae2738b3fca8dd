"""Measure the CPU time of commands."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

from anyio import to_thread
from comparison import Row

_COMMAND = str(Path(sys.executable).with_name("mediasmith"))
_TAB: Mapping[str, str] = {
    "_MEDIASMITH_COMPLETE": "bash_complete",
    "COMP_WORDS": "mediasmith generate --b",
    "COMP_CWORD": "2",
}
_CASES: Mapping[str, tuple[Sequence[str], Mapping[str, str], float]] = {
    "--help": (["--help"], {}, 0.1),
    "backends": (["backends"], {}, 0.5),
    "generate": (["generate", "a fox", "--size", "64x64"], {}, 0.9),
    "one TAB": ([], _TAB, 0.25),
}
"""The arguments, the environment, and the CPU seconds that are accepted."""


async def rows(*, smoke: bool) -> AsyncGenerator[Row]:
    """Yield a row for each command."""
    with tempfile.TemporaryDirectory() as folder:
        base = {"PATH": os.environ["PATH"], "HOME": folder, "MEDIASMITH_OUTPUT_DIR": folder}
        for name, (arguments, env, accept) in _CASES.items():
            seconds = [
                await to_thread.run_sync(_run, [_COMMAND, *arguments], {**base, **env})
                for _ in range(1 if smoke else 5)
            ]
            pairs = [(figure, 0.0) for figure in seconds]
            yield Row(what=f"CPU of {name}", pairs=pairs, unit="s", result="alone", accept=accept, aim=accept)


def _run(command: Sequence[str], env: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
