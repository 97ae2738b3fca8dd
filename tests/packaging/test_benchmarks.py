"""The benchmarks run and print every row of their table. No test depends on the figures."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest

from fakes.provider import KEY, Provider

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parents[2]
ROWS = [
    "start to tools/list",
    "memory after the start",
    "first call beside later ones",
    "memory loaded before the first call",
    *(f"2 at once, provider takes {latency} ms" for latency in (0, 500)),
    "one image with preview",
    *(f"2 at once with previews, provider takes {latency} ms" for latency in (0, 500)),
    "peak memory, 2 at once",
    "background work of 500 ms",
    "memory of each of 3 running jobs",
    "CPU of waiting, per 100 running jobs",
    "a call beside 3 running jobs",
    *(
        f"peak memory, 2 MB {delivery}{beside}"
        for delivery, beside in product(("streamed", "downloaded"), ("", ", beside 0.1 MB"))
    ),
    *(f"{call}, 300 artifacts beside 16" for call in ("first call", "generate_media", "continue_edit", "get_job")),
    *(f"CPU of {command}" for command in ("--help", "backends", "generate", "one TAB")),
]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak memory is read from /proc")
@pytest.mark.timeout(400)
def test_a_smoke_run_prints_every_row_with_figures() -> None:
    run = subprocess.run(
        [sys.executable, "benchmarks", "--smoke"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode in {0, 1}, run.stderr
    assert "Traceback" not in run.stderr
    header, *rows = [re.split(r"\s{2,}", line) for line in run.stdout.splitlines()]
    assert header == ["what", "ours", "bare", "result", "accept", "aim"]
    assert [what for what, *_ in rows] == ROWS
    for _, ours, bare, result, accept, aim, *over in rows:
        assert number(ours) >= 0
        assert bare == "-" or number(bare) > 0
        assert number(aim) <= number(accept)
        assert over == (["over"] if number(result) > number(accept) else [])


def number(figure: str) -> float:
    """Return a figure without its unit, which it must have."""
    value, unit = figure.split(" ")
    assert unit in {"ms", "MB", "kB", "s", "%", "x"}
    return float(value)


def test_the_stub_providers_video_has_the_size_asked_for_and_can_be_decoded(provider: Provider) -> None:
    body = get(provider, "/films/3000001").content
    assert len(body) == 3_000_001
    video: Any = av.open(io.BytesIO(body))
    assert len(list(video.decode(video=0))) == 10
    assert video.duration == 1_000_000


@pytest.mark.parametrize("length", ["", "0", "100", "-20000", "2e6", "20_000", "4000000001", "²"])
def test_a_video_of_an_invalid_size_is_not_found(provider: Provider, length: str) -> None:
    assert get(provider, f"/films/{length}").status_code == 404


def test_a_truncated_video_is_not_accepted_as_complete(provider: Provider) -> None:
    provider.script("GET /films/{id}", {"truncate": True})
    with pytest.raises(httpx2.RemoteProtocolError):
        get(provider, "/films/3000001")


def get(provider: Provider, path: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx2.get(f"{provider.url}{path}", headers=headers, trust_env=False, verify=False)
