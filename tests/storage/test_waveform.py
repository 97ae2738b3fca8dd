"""The drawing of a sound: of every type, as high as it is loud, and nothing for what cannot be read."""

from __future__ import annotations

import array
import math
import re
import wave
from pathlib import Path

import pytest

from fakes.films import SOUNDS, sound
from mediasmith.storage.waveform import waveform


def heights(drawing: bytes | None) -> list[float]:
    assert drawing
    return [float(number) for number in re.findall(rb'height="([0-9.]+)" rx', drawing)]


@pytest.mark.parametrize("mime", SOUNDS)
def test_every_type_is_drawn(tmp_path: Path, mime: str) -> None:
    path = tmp_path / "sound"
    path.write_bytes(sound(mime, 1.0))
    assert 10 <= len(heights(waveform(path, mime))) <= 72


def test_bars_are_as_high_as_it_is_loud(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    loud = [int(20_000 * math.sin(number / 5)) for number in range(24_000)]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(array.array("h", [*[0] * 24_000, *loud, *[sample // 4 for sample in loud]]).tobytes())
    drawn = heights(waveform(path, "audio/wav"))
    assert len(drawn) == 72
    assert max(drawn[:23]) == 2
    assert min(drawn[25:47]) > 90
    assert all(20 <= height <= 30 for height in drawn[50:70])


def test_what_cannot_be_read_is_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "sound"
    assert waveform(path, "audio/mpeg") is None
    path.write_bytes(b"no sound")
    assert waveform(path, "audio/mpeg") is None
    assert waveform(path, "text/plain") is None
