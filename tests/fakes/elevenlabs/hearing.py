"""Which voices are heard in a sound, for tests: each has a tone of its own."""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

import av

from fakes.elevenlabs.catalogue import LOWEST, STEP

_RATE = 8_000
_WINDOW = _RATE // 20
_SURE = 3_000  # how far up and down a swing goes that counts


def voices_in(data: bytes, form: str | None = None, **options: str) -> Sequence[int]:
    """How high the voices are that speak here, one after the other, in Hz.

    Sound without a header needs its `form` and options as FFmpeg calls them: `s16le`, `sample_rate="16000"`.
    """
    heard = array("h", b"".join(_decoded(data, form, options)))
    windows = [_height(heard[at : at + _WINDOW]) for at in range(0, len(heard) - _WINDOW + 1, _WINDOW)]
    # Where one voice ends and the next begins, a window has something of both.
    steady = (height for height, run in groupby(windows) if len(list(run)) > 1)
    return [height for height, _ in groupby(steady)]


def _decoded(data: bytes, form: str | None, options: dict[str, str]) -> Iterator[bytes]:
    opened: Any = av.open(io.BytesIO(data), format=form, options=options)  # its types are only partly known
    resampler = av.AudioResampler("s16", "mono", _RATE)
    with opened as container:
        for frame in (*container.decode(audio=0), None):
            for piece in resampler.resample(frame):
                yield bytes(piece.planes[0])[: 2 * piece.samples]


def _height(window: Sequence[int]) -> int:
    """How high the loudest tone is, to the next step of the voices."""
    swings = [swing > 0 for swing in window if abs(swing) > _SURE]
    rises = sum(later and not earlier for earlier, later in pairwise(swings))
    return LOWEST + STEP * round((rises * _RATE / _WINDOW - LOWEST) / STEP)
