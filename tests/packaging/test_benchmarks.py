"""The benchmarks run, and every line of their table is there. What the figures say is never a test."""

from __future__ import annotations

import io
import math
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
    *(
        f"{at_once} x {form}{preview}, provider takes {latency} ms"
        for at_once, latency, form, preview in product((1, 2), (0, 20), ("jpeg", "png"), ("", " with preview"))
    ),
    *(
        f"peak memory, 2 MB {delivery}{beside}"
        for delivery, beside in product(("streamed", "downloaded"), ("", ", beside 0.1 MB"))
    ),
    *(f"{call}, 300 artifacts beside 16" for call in ("first call", "generate_media", "continue_edit", "get_job")),
]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak memory is read from /proc")
@pytest.mark.timeout(400)
def test_a_smoke_run_prints_every_row_with_figures() -> None:
    run = subprocess.run(
        [sys.executable, "benchmarks", "--smoke"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    head, *rows = [re.split(r"\s{2,}", line) for line in run.stdout.splitlines()]
    assert head == ["what", "ours", "bare", "result", "aim"]
    assert [what for what, *_ in rows] == ROWS
    for _, ours, bare, result, aim in rows:
        assert number(ours) > 0
        assert number(bare) > 0
        assert math.isfinite(number(result))
        assert aim == "-" or number(aim) > 0


def number(figure: str) -> float:
    """Without its unit, of which there must be one."""
    value, unit = figure.split(" ")
    assert unit in {"ms", "MB", "x"}
    return float(value)


def test_a_long_video_of_the_provider_has_its_length_and_plays(provider: Provider) -> None:
    body = get(provider, "/films/3000001").content
    assert len(body) == 3_000_001
    video: Any = av.open(io.BytesIO(body))
    assert len(list(video.decode(video=0))) == 10
    assert video.duration == 1_000_000


@pytest.mark.parametrize("length", ["", "0", "100", "-20000", "2e6", "20_000", "4000000001", "²"])
def test_a_video_of_a_length_that_makes_no_sense_is_not_there(provider: Provider, length: str) -> None:
    assert get(provider, f"/films/{length}").status_code == 404


def test_a_video_that_is_cut_off_is_not_taken_for_a_whole_one(provider: Provider) -> None:
    provider.script("GET /films/{id}", {"truncate": True})
    with pytest.raises(httpx2.RemoteProtocolError):
        get(provider, "/films/3000001")


def get(provider: Provider, path: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx2.get(f"{provider.url}{path}", headers=headers, trust_env=False, verify=False)
