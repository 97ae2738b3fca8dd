"""What a whole file is: past its tags, and by its tracks."""

from __future__ import annotations

import io
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fakes.films import SOUNDS, VIDEO_MIMES, film, recording, sound
from mediasmith.plugin import media, probe
from mediasmith.plugin.content_type import content_type

TAG = b"ID3\x04\0\0\0\0\x40\x00" + bytes(0x40 << 7)  # longer than the bytes that are sniffed


def type_of(data: bytes) -> str:
    return content_type(io.BytesIO(data))


@cache
def pictures(mime: str) -> bytes:
    return film([Image.new("RGB", (32, 32), "teal")] * 2, mime)


def branded(data: bytes, brand: bytes) -> bytes:
    return data[:8] + brand + data[12:]


@pytest.mark.parametrize("mime", SOUNDS)
def test_sound_is_known_by_its_first_bytes(mime: str) -> None:
    assert type_of(sound(mime, 0.1)) == mime


@pytest.mark.parametrize("mime", VIDEO_MIMES)
def test_a_film_stays_a_film(mime: str) -> None:
    assert type_of(pictures(mime)) == mime


@pytest.mark.parametrize("brand", [b"mp42", b"isom", b"M4A ", b"3gp4", b"qt  "])
def test_an_mp4_of_sound_alone_is_audio_whatever_its_brand(brand: bytes) -> None:
    assert type_of(branded(sound("audio/mp4", 0.1, form="mp4"), brand)) == "audio/mp4"


def test_the_tracks_of_an_mp4_may_come_after_its_data_or_before_it() -> None:
    data = sound("audio/mp4", 0.1, form="mp4")
    assert data.index(b"mdat") < data.index(b"moov")
    assert type_of(recording("mp4", "aac", options={"movflags": "empty_moov"})) == "audio/mp4"


def test_a_box_may_have_a_long_size() -> None:
    data = sound("audio/mp4", 0.1, form="mp4")
    end = int.from_bytes(data[:4], "big")
    long = b"\0\0\0\x01free" + (24).to_bytes(8, "big") + bytes(8)
    assert type_of(data[:end] + long + data[end:]) == "audio/mp4"


@pytest.mark.parametrize(
    ("form", "codec", "mime"),
    [
        ("webm", "libopus", "audio/webm"),
        ("matroska", "aac", "audio/x-matroska"),
        ("mov", "aac", "audio/mp4"),
        ("aiff", "pcm_s16be", "audio/aiff"),
        ("caf", "pcm_s16be", "audio/x-caf"),
    ],
)
def test_a_container_of_sound_alone_is_audio(form: str, codec: str, mime: str) -> None:
    data = recording(form, codec)
    assert type_of(data) == mime
    assert probe.duration(io.BytesIO(data), mime) == pytest.approx(0.1, abs=0.06)


def test_a_streamed_webm_is_known_by_its_tracks() -> None:
    assert type_of(recording("webm", "libopus", options={"live": "1"})) == "audio/webm"


def test_a_film_in_matroska_is_known_and_can_be_looked_into() -> None:
    data = film([Image.new("RGB", (32, 32), "teal")] * 2, "video/x-matroska")
    assert type_of(data) == "video/x-matroska"
    assert probe.dimensions(io.BytesIO(data), "video/x-matroska") == (32, 32)


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"#!AMR\n\x3c", "audio/amr"),
        (b"#!AMR-WB\n\x44", "audio/amr"),
        (b"FORM\0\0\0\x2eAIFCFVER", "audio/aiff"),
        (b"FORM\0\0\0\x2eILBM", ""),
        (b"RF64\xff\xff\xff\xffWAVEds64", "audio/wav"),
        (b"BW64\xff\xff\xff\xffWAVEds64", "audio/wav"),
        (b"\0\0\0\x08wide\x01\0\0\0mdat", "video/quicktime"),
        (b"\x01\0\0\0mdat", "video/quicktime"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", ""),
    ],
)
def test_other_types_are_known_by_their_first_bytes(head: bytes, mime: str) -> None:
    assert type_of(head + bytes(64)) == mime


def test_a_wav_of_more_than_4_gb_has_the_duration_of_its_samples() -> None:
    wav = media.wav(bytes(16_000), rate=8000)
    sizes = (28).to_bytes(4, "little") + len(wav).to_bytes(8, "little") + (16_000).to_bytes(8, "little") + bytes(12)
    data = b"RF64\xff\xff\xff\xffWAVEds64" + sizes + wav[12:40] + b"\xff\xff\xff\xff" + wav[44:]
    assert type_of(data) == "audio/wav"
    assert probe.duration(io.BytesIO(data), "audio/wav") == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("mime", ["audio/flac", "audio/aac", "audio/mpeg"])
@pytest.mark.parametrize("tags", [TAG, TAG * 2, TAG[:10].replace(b"\x40", b"\0")], ids=["long", "two", "empty"])
def test_a_tag_before_the_sound_does_not_hide_its_type(mime: str, tags: bytes) -> None:
    assert type_of(tags + sound(mime, 0.1)) == mime


def test_a_tag_may_have_a_footer() -> None:
    assert type_of(TAG[:5] + b"\x10" + TAG[6:] + b"3DI" + bytes(7) + b"fLaC\0\0\0\x22") == "audio/flac"


def test_a_tag_before_anything_else_is_an_mp3s() -> None:
    assert type_of(TAG + bytes(100)) == type_of(TAG + pictures("video/mp4")) == type_of(b"ID3") == "audio/mpeg"


@settings(max_examples=60)
@given(st.sampled_from(["mp4", "webm"]), st.data())
def test_damage_never_raises_nor_takes_long(form: str, data: st.DataObject) -> None:
    body = bytearray(_small(form))
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    assert type_of(bytes(body[: data.draw(st.integers(0, len(body)))])) in {"", *media.EXTENSIONS}


@cache
def _small(form: str) -> bytes:
    return recording(form, {"mp4": "aac", "webm": "libopus"}[form])


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x10ftypisom" + bytes(4) + b"\0\0\0\x08free" * 200_000,
        b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + b"\xec\x80" * 500_000,
    ],
    ids=["boxes", "elements"],
)
def test_a_file_of_countless_empty_parts_is_given_up(data: bytes) -> None:
    assert type_of(data) in {"video/mp4", "video/webm", ""}
