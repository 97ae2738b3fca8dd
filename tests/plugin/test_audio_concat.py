"""Audio files of one format, concatenated."""

from __future__ import annotations

import io
from typing import Any

import av
import pytest

from loopback.sounds import RATE, sound, tone
from mediasmith.plugin.audio_concat import concat_audio
from mediasmith.plugin.media import sniff, wav
from mediasmith.plugin.probe import duration

FORMS = {
    "mp3": ("audio/mpeg", "mp3"),
    "opus": ("audio/ogg", "ogg"),
    "aac": ("audio/aac", "aac"),
    "flac": ("audio/flac", "flac"),
    "wav": ("audio/wav", "wav"),
}
LENGTHS = (1.0, 1.37, 0.71, 1.5, 0.9)


def decoded(data: bytes, form: str) -> tuple[float, int]:
    """Return the seconds and the frames of audio in a file; broken audio raises."""
    opened: Any = av.open(io.BytesIO(data), "r", format=form, options={"err_detect": "explode"})
    with opened as container:
        frames = list(container.decode(audio=0))
        return sum(frame.samples for frame in frames) / container.streams.audio[0].rate, len(frames)


@pytest.mark.parametrize("form", FORMS)
def test_audio_of_every_type_keeps_its_length_and_can_be_decoded(form: str) -> None:
    mime, reader = FORMS[form]
    parts = [sound(bytes([number]), seconds, form) for number, seconds in enumerate(LENGTHS)]
    whole = concat_audio(parts, mime)
    due = sum(decoded(part, reader)[0] for part in parts)
    assert sniff(whole) == mime
    assert decoded(whole, reader)[0] == pytest.approx(due, abs=0.1)
    assert duration(io.BytesIO(whole), mime) == pytest.approx(due, abs=0.1)
    assert concat_audio(parts, mime) == whole


@pytest.mark.parametrize("form", ["mp3", "opus"])
@pytest.mark.parametrize("count", [1, 8, 21, 40])
def test_many_parts_add_no_pauses(form: str, count: int) -> None:
    mime, reader = FORMS[form]
    parts = [sound(bytes([number]), 0.5 + 0.011 * number, form) for number in range(count)]
    due = sum(decoded(part, reader)[0] for part in parts)
    whole = concat_audio(parts, mime)
    assert decoded(whole, reader)[0] == pytest.approx(due, abs=0.03)
    assert duration(io.BytesIO(whole), mime) == pytest.approx(due, abs=0.03)


def test_ogg_has_one_header() -> None:
    whole = concat_audio([sound(b"a", 0.5, "opus"), sound(b"b", 0.5, "opus")], "audio/ogg")
    assert [whole.count(mark) for mark in (b"OpusHead", b"OpusTags")] == [1, 1]


def test_mp3_has_one_header_and_copied_frames() -> None:
    parts = [sound(b"a", 1.0, "mp3"), sound(b"b", 1.0, "mp3")]
    assert [part.count(b"Xing") + part.count(b"Info") for part in parts] == [1, 1]
    whole = concat_audio(parts, "audio/mpeg")
    assert whole.count(b"Xing") + whole.count(b"Info") == 1
    assert whole.count(b"ID3") == 1
    assert whole.endswith(parts[1][-2000:])


def test_aac_is_its_parts_one_after_another() -> None:
    parts = [sound(b"a", 0.5, "aac"), sound(b"b", 0.5, "aac")]
    assert concat_audio(parts, "audio/aac") == b"".join(parts)


def test_wav_and_flac_lose_no_sample() -> None:
    parts = [tone(b"a", 0.5), tone(b"b", 0.25)]
    streamed = [sound(b"a", 0.5, "wav"), sound(b"b", 0.25, "wav")]
    assert concat_audio(streamed, "audio/wav") == wav(b"".join(parts), rate=RATE)
    packed = concat_audio([sound(b"a", 0.5, "flac"), sound(b"b", 0.25, "flac")], "audio/flac")
    opened: Any = av.open(io.BytesIO(packed), format="flac")
    with opened as container:
        samples = b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in container.decode(audio=0))
    assert samples == b"".join(parts)


@pytest.mark.parametrize(
    ("parts", "mime"),
    [
        ([b"no audio"], "audio/mpeg"),
        ([b""], "audio/ogg"),
        ([sound(b"a", 0.1, "wav"), b"RIFF"], "audio/wav"),
        ([b"\0" * 100], "audio/flac"),
        ([wav(bytes(100), rate=8000), wav(bytes(100), rate=16_000)], "audio/wav"),
        ([], "audio/mpeg"),
        ([b"x"], "audio/mp4"),
        ([b"x"], ""),
    ],
)
def test_other_files_are_a_value_error(parts: list[bytes], mime: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        concat_audio(parts, mime)
