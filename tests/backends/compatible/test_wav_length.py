"""WAV files that were sent while they were being made get a true length, and others are left alone."""

from __future__ import annotations

import io
import wave

import pytest

from loopback.sounds import RATE, sound
from mediasmith.plugin.media import wav
from mediasmith_backends.compatible.wav_length import with_true_length

UNKNOWN = b"\xff\xff\xff\xff"
PLAIN = wav(bytes(1600), rate=8000)
NOTE = b"LIST\x03\x00\x00\x00abc\x00"


def test_a_streamed_file_is_as_long_as_its_samples() -> None:
    mended = with_true_length(sound(b"seed", 0.5, "wav"))
    with wave.open(io.BytesIO(mended), "rb") as reader:
        assert reader.getnframes() == RATE // 2
        assert len(reader.readframes(RATE)) == RATE
    assert int.from_bytes(mended[4:8], "little") == len(mended) - 8


@pytest.mark.parametrize("length", [UNKNOWN, b"\0\0\0\0", b"\xff\xff\xff\x7f"])
def test_any_length_that_cannot_be_is_mended(length: bytes) -> None:
    assert with_true_length(PLAIN[:40] + length + PLAIN[44:]) == PLAIN


def test_chunks_before_the_samples_are_kept() -> None:
    noted = PLAIN[:36] + NOTE + b"data" + UNKNOWN + PLAIN[44:]
    mended = with_true_length(noted)
    assert mended[12 : -len(PLAIN[40:])] == noted[12 : -len(PLAIN[40:])]
    assert mended.endswith(NOTE + PLAIN[36:])


@pytest.mark.parametrize("data", [PLAIN, PLAIN + NOTE, b"", b"RIFF", PLAIN[:30], b"ID3" + PLAIN, PLAIN[:36]])
def test_anything_else_is_left_alone(data: bytes) -> None:
    assert with_true_length(data) == data
