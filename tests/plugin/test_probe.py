"""Dimensions, durations and frames of media files."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fakes.films import SOUNDS, VIDEO_MIMES, film, sound
from mediasmith.plugin import media, pictures, probe


def image_file(form: str, size: tuple[int, int] = (30, 20)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, form)
    return file.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_image_has_the_dimensions_of_its_header(form: str) -> None:
    data = image_file(form, (300, 20))
    assert probe.dimensions(io.BytesIO(data), f"image/{form.lower()}") == (300, 20)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_image_without_its_end_is_known(form: str) -> None:
    data, mime = image_file(form, (300, 20)), f"image/{form.lower()}"
    assert not probe.ends_early(io.BytesIO(data), mime)
    assert probe.ends_early(io.BytesIO(data[: len(data) * 3 // 4]), mime)


def test_image_larger_than_memory_has_dimensions() -> None:
    data = bytearray(image_file("PNG"))
    data[16:24] = (65_535).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    assert probe.dimensions(io.BytesIO(data), "image/png") == (65_535, 65_535)


@given(st.sampled_from([*pictures.IMAGE_MIMES, "image/svg+xml", ""]), st.binary(max_size=100))
def test_broken_image_has_no_dimensions(mime: str, data: bytes) -> None:
    assert probe.dimensions(io.BytesIO(data), mime) is None


@pytest.mark.parametrize("claim", [0, 0xFFFFFFFF])
def test_streamed_wav_is_as_long_as_its_file(claim: int) -> None:
    data = bytearray(media.wav(bytes(48_000), rate=24_000))
    data[40:44] = claim.to_bytes(4, "little")
    assert probe.duration(io.BytesIO(data), "audio/wav") == 1.0


def test_compressed_wav_has_a_duration() -> None:
    data = bytearray(media.wav(bytes(4000), rate=8000, width=1))
    data[20] = 7  # mu-law instead of PCM
    assert probe.duration(io.BytesIO(data), "audio/wav") == 0.5


@given(st.binary(max_size=100))
def test_broken_audio_has_no_duration(data: bytes) -> None:
    whole = media.wav(bytes(100), rate=8000)
    assert probe.duration(io.BytesIO(whole[:20] + data[:10]), "audio/wav") is None
    assert probe.duration(io.BytesIO(data), "audio/wav") is None
    assert probe.duration(io.BytesIO(whole), "audio/mpeg") is None
    assert probe.duration(io.BytesIO(whole), "image/png") is None


@pytest.mark.parametrize("mime", SOUNDS)
def test_audio_of_every_type_has_a_duration(mime: str) -> None:
    data = sound(mime, 2.5)
    assert media.sniff(data) == mime
    assert probe.duration(io.BytesIO(data), mime) == pytest.approx(2.5, abs=0.05)
    assert probe.dimensions(io.BytesIO(data), mime) is None


@cache
def sample_video(mime: str, rotation: int = 0, streamed: bool = False) -> bytes:
    """A video of one second: red on the left, blue on the right, and white at the end."""
    picture = Image.new("RGB", (96, 64), "#c01010")
    picture.paste("#1010c0", (48, 0, 96, 64))
    pictures = [*[picture] * 23, Image.new("RGB", (96, 64), "white")]
    return film(pictures, mime, turned=rotation, streamed=streamed)


@pytest.mark.parametrize("mime", VIDEO_MIMES)
def test_video_has_dimensions_and_a_duration(mime: str) -> None:
    data = sample_video(mime)
    file = io.BytesIO(data)
    assert media.sniff(data) == mime
    assert probe.dimensions(file, mime) == (96, 64)
    assert probe.duration(file, mime) == 1  # although the file was read before


def test_video_without_a_stated_duration_is_read_to_its_end() -> None:
    streamed = sample_video("video/webm", streamed=True)
    assert b"\x44\x89" in sample_video("video/webm")[:300]  # the element that says so
    assert b"\x44\x89" not in streamed[:300]
    assert probe.duration(io.BytesIO(streamed), "video/webm") == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("rotation", "size"), [(90, (64, 96)), (-90, (64, 96)), (180, (96, 64))])
def test_rotated_video_has_the_dimensions_that_are_shown(rotation: int, size: tuple[int, int]) -> None:
    assert probe.dimensions(io.BytesIO(sample_video("video/mp4", rotation)), "video/mp4") == size


def test_mp4_without_video_has_a_duration_alone() -> None:
    data = sound("audio/mp4", 1, form="mp4")
    assert media.sniff(data) == "video/mp4"
    assert probe.duration(io.BytesIO(data), "video/mp4") == pytest.approx(1, abs=0.03)
    assert probe.dimensions(io.BytesIO(data), "video/mp4") is None


@pytest.mark.parametrize("mime", VIDEO_MIMES)
def test_frames_come_with_their_times(mime: str) -> None:
    shown = list(probe.video_frames(io.BytesIO(sample_video(mime)), mime, 1000))
    assert [second for second, _ in shown] == pytest.approx([number / 24 for number in range(24)], abs=0.002)
    first, last = shown[0][1], shown[-1][1]
    assert (first.size, first.mode) == ((96, 64), "RGB")
    assert is_about(first, (8, 32), (192, 16, 16))
    assert is_about(first, (88, 32), (16, 16, 192))
    assert is_about(last, (8, 32), (255, 255, 255))


def is_about(picture: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    """Whether an image has about this colour in this place."""
    found = picture.crop((*place, place[0] + 1, place[1] + 1)).tobytes()
    return max(abs(a - b) for a, b in zip(found, colour, strict=True)) < 24


@pytest.mark.parametrize(("rotation", "red"), [(90, (16, 40)), (-90, (16, 8)), (180, (40, 16))])
def test_frames_are_upright_and_scaled_down(rotation: int, red: tuple[int, int]) -> None:
    _, picture = next(probe.video_frames(io.BytesIO(sample_video("video/mp4", rotation)), "video/mp4", 48))
    assert max(picture.size) == 48
    assert is_about(picture, red, (192, 16, 16))


class CountingFile(io.BytesIO):
    """A file that counts the bytes read, at most at a time and in all."""

    largest = 0
    whole = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.largest, self.whole = max(self.largest, len(data)), self.whole + len(data)
        return data


def test_large_files_are_read_in_small_pieces() -> None:
    data = sample_video("video/mp4")
    padding = (len(data) + 5_000_008).to_bytes(4, "big") + b"free" + bytes(len(data) + 5_000_000)
    for file in (CountingFile(data + padding), CountingFile(sound("audio/aac", 60))):
        mime = media.sniff(file.getvalue())
        assert probe.duration(file, mime)
        assert file.largest <= 1 << 16
        assert file.whole < 1_000_000


@settings(max_examples=60)
@given(st.sampled_from([*VIDEO_MIMES, *SOUNDS]), st.data())
def test_damaged_file_never_raises(mime: str, data: st.DataObject) -> None:
    body = bytearray(sample_video(mime) if mime in VIDEO_MIMES else short_audio(mime))
    for _ in range(data.draw(st.integers(0, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    damaged = io.BytesIO(bytes(body[: data.draw(st.integers(0, len(body)))]))
    seconds, size = probe.duration(damaged, mime), probe.dimensions(damaged, mime)
    assert seconds is None or seconds > 0
    assert size is None or min(size) > 0


@cache
def short_audio(mime: str) -> bytes:
    return sound(mime, 0.5)


def test_broken_video_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    damaged = bytearray(sample_video("video/mp4"))
    start = damaged.index(b"mdat") + 40
    damaged[start : start + 300] = bytes(300)
    for data in (damaged, b"\0\0\0\x18ftypisom" + bytes(100), b"junk", b""):
        file = io.BytesIO(data)
        probe.duration(file, "video/mp4")
        probe.dimensions(file, "video/mp4")
        with suppress(Exception):
            list(probe.video_frames(file, "video/mp4", 100))
    assert capfd.readouterr() == ("", "")


def test_images_and_wav_are_measured_without_pyav() -> None:
    code = (
        "import io, sys; from mediasmith.plugin import media, probe; from mediasmith.testing.doubles import png; "
        "print(probe.dimensions(io.BytesIO(png()), 'image/png'), probe.duration(io.BytesIO(png()), 'image/png'), "
        "probe.duration(io.BytesIO(media.wav(bytes(8), rate=8)), 'audio/wav'), 'av' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "(16, 16) None 0.5 False\n"
