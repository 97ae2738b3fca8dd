"""One call for a 1.5 MB picture that is there at once, beside the bare request for it, in turns.

    uv run python benchmarks/call.py [CALLS]

The aim is at most 12 ms of our own without a preview, and with one at most 10 ms more for a JPEG, 30 for a PNG.
"""

from __future__ import annotations

import base64
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp import Client

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parents[1] / "tests/fakes/stub")]

from fakes.provider import KEY, Provider, running  # noqa: E402 - it lies in the tests
from mediasmith.app import App  # noqa: E402
from mediasmith.installation import Installation  # noqa: E402
from mediasmith.opening import opening  # noqa: E402
from mediasmith.settings import Settings  # noqa: E402


async def ours(client: Client, number: int) -> float:
    """Milliseconds of one call through the server."""
    began = time.perf_counter()
    result = await client.call_tool("generate_media", {"prompt": f"picture {number}", "backend": "stub_now"})
    assert not result.is_error, result.content
    return (time.perf_counter() - began) * 1e3


async def bare(http: httpx2.AsyncClient, number: int) -> float:
    """Milliseconds of the same request without the server, the picture decoded."""
    began = time.perf_counter()
    answer = await http.post("/make", json={"prompt": f"picture {number}", "model": "now-2"})
    base64.b64decode(answer.json()["images"][0]["b64"])
    return (time.perf_counter() - began) * 1e3


async def measure(provider: Provider, calls: int, *, fixed: str, preview: bool) -> tuple[float, float]:
    """Median milliseconds of our call and of the bare one."""
    provider.script("POST /make", {"fixed": fixed, "times": 2 * calls + 10})
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder, "data"), output_dir=Path(folder, "out"), preview=preview)
        installation = Installation.load(settings=settings, env=provider.env())
        headers = {"authorization": f"Bearer {KEY}"}
        async with (
            opening(installation) as opened,
            Client(App(opened)) as client,
            httpx2.AsyncClient(base_url=provider.url, headers=headers) as http,
        ):
            pairs = [(await ours(client, number), await bare(http, number)) for number in range(calls + 3)]
    provider.reset()
    one, other = zip(*pairs[3:], strict=True)
    return statistics.median(one), statistics.median(other)


async def main() -> None:
    """Measure and print a small table."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    rows: list[tuple[str, Any]] = []
    with running() as provider:
        for fixed in ("jpeg", "png"):
            for preview in (False, True):
                name = f"{fixed}, {'with' if preview else 'without'} preview"
                rows.append((name, await measure(provider, calls, fixed=fixed, preview=preview)))
    for name, (mine, alone) in rows:
        print(f"{name:24} {mine:6.1f} ms, bare {alone:5.1f} ms, ours {mine - alone:5.1f} ms")


if __name__ == "__main__":
    anyio.run(main)
