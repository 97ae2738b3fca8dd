"""Draw what a sound looks like: its loudness over time, as a small SVG."""

from __future__ import annotations

import math
from array import array
from itertools import pairwise
from pathlib import Path

from mediasmith.plugin import probe

_RATE = 8000  # samples of a second, enough to see how loud it is
_STEP = 400  # samples of which the loudest is kept at first: a twentieth of a second
_BARS = 72
_WIDTH, _HEIGHT = 288, 96
_INK = "#8a877f"  # can be seen on light and dark


def waveform(path: Path, mime: str) -> bytes | None:
    """Return a drawing of a sound file, or None if it cannot be read. This blocks."""
    try:
        with path.open("rb") as file:
            loudest = array("H")
            for piece in probe.audio_samples(file, mime, _RATE):
                samples = array("h", piece)
                loudest.extend(max(map(abs, samples[at : at + _STEP])) for at in range(0, len(samples), _STEP))
    except Exception:  # noqa: BLE001 - a broken file may raise anything, and a drawing is never worth an error
        return None
    return _draw(loudest) if loudest else None


def _draw(loudest: array[int]) -> bytes:
    """Draw as many bars as there is room for, the loudest one as high as the picture."""
    bars = min(_BARS, len(loudest))
    edges = [len(loudest) * number // bars for number in range(bars + 1)]
    peaks = [max(loudest[start:end]) for start, end in pairwise(edges)]
    most = max(*peaks, 1)
    step = _WIDTH / bars
    rects = "".join(
        _bar(number * step, step, max(2, math.ceil(_HEIGHT * peak / most))) for number, peak in enumerate(peaks)
    )
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} fill="{_INK}">{rects}</svg>'.encode()


def _bar(x: float, step: float, height: int) -> str:
    y = (_HEIGHT - height) / 2
    return f'<rect x="{x:.1f}" y="{y:g}" width="{step * 0.6:.1f}" height="{height}" rx="1"/>'
