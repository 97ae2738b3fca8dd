"""Types by their first bytes, measures, sizes, films and WAV."""

from __future__ import annotations

import io
import math
import subprocess
import sys
import wave
import zlib
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from fakes.films import SOUNDS, VIDEO_MIMES, film, sound
from mediasmith.plugin import media, probe


def picture(form: str, size: tuple[int, int] = (30, 20)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, form)
    return file.getvalue()


def ftyp(*brands: bytes) -> bytes:
    box = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return (len(box) + 4).to_bytes(4, "big") + box + b"\0\0\0\x08free"


HEADS = [
    ("image/png", picture("PNG")),
    ("image/jpeg", picture("JPEG")),
    ("image/webp", picture("WEBP")),
    ("image/gif", picture("GIF")),
    ("image/avif", picture("AVIF")),
    ("image/avif", ftyp(b"mif1", b"miaf", b"avif")),
    ("image/heic", ftyp(b"heic", b"mif1")),
    ("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    (
        "image/svg+xml",
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a <b> --><!DOCTYPE svg PUBLIC "x" "y" [<!ENTITY a "b">]>\n<SVG>',
    ),
    ("video/mp4", ftyp(b"isom", b"iso2", b"mp41")),
    ("video/mp4", ftyp(b"mp42", b"M4A ")),
    ("video/quicktime", ftyp(b"qt  ")),
    ("video/webm", bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d")),
    ("audio/mpeg", b"ID3\x04\0\0\0\0\0\0"),
    ("audio/mpeg", b"\xff\xfb\x90\x64"),
    ("audio/mpeg", b"\xff\xf3\x84\xc4"),
    ("audio/wav", media.wav(bytes(8), rate=8000)),
    ("audio/ogg", b"OggS\0\x02"),
    ("audio/flac", b"fLaC\0\0\0\x22"),
    ("audio/aac", b"\xff\xf1\x50\x80"),
    ("audio/mp4", ftyp(b"M4A ", b"isom")),
]


@pytest.mark.parametrize(("mime", "head"), HEADS)
def test_a_type_is_known_by_its_first_bytes(mime: str, head: bytes) -> None:
    assert media.sniff(head) == mime
    assert media.extension(mime) == media.EXTENSIONS[mime]
    assert media.media_type(mime) == mime.split("/", maxsplit=1)[0]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"{}",
        b"<!DOCTYPE html><html><body><svg></svg>",
        b"<html><svg>",
        b"<svgfoo>",
        b"text about <svg >",
        b"RIFF\0\0\0\0AVI LIST",
        b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska",
        b"\xff\xfe<\0s\0v\0g\0",
        b"\xff\xfb\xf0\0",
        b"\xff\xfb\x9c\0",
        b"MZ\x90\0",
        b"%PDF-1.7",
        ftyp(b"mif1", b"miaf"),
    ],
)
def test_bytes_that_say_nothing_known_have_no_type(head: bytes) -> None:
    assert media.sniff(head) == ""


@given(st.sampled_from(HEADS), st.binary(max_size=64))
def test_what_follows_the_first_bytes_does_not_change_the_type(known: tuple[str, bytes], more: bytes) -> None:
    assert media.sniff(known[1] + more) == known[0]


@given(st.binary(max_size=200))
def test_any_bytes_have_a_known_type_or_none(head: bytes) -> None:
    assert media.sniff(head) in {"", *media.EXTENSIONS}


@pytest.mark.parametrize("part", [b"<?", b"<!---->", b"<!doctype svg [", b"<?a?>", b"<!doctype svg>", b"]   "])
def test_text_made_to_be_slow_is_not(part: bytes) -> None:
    assert media.sniff(part * 200_000) == ""


def test_an_unknown_type_has_a_plain_extension_and_no_family() -> None:
    assert media.extension("application/pdf") == media.extension("") == "bin"
    assert media.media_type("application/pdf") == media.media_type("") == ""


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_is_measured_by_its_header(form: str) -> None:
    data = picture(form, (300, 20))
    assert probe.dimensions(io.BytesIO(data), f"image/{form.lower()}") == (300, 20)


def test_a_picture_larger_than_memory_is_measured_all_the_same() -> None:
    data = bytearray(picture("PNG"))
    data[16:24] = (65_535).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    assert probe.dimensions(io.BytesIO(data), "image/png") == (65_535, 65_535)


@given(st.sampled_from([*probe.IMAGE_MIMES, "image/svg+xml", "image/avif", ""]), st.binary(max_size=100))
def test_a_broken_picture_has_no_dimensions(mime: str, data: bytes) -> None:
    assert probe.dimensions(io.BytesIO(data), mime) is None


@given(st.binary(max_size=2000), st.sampled_from([8000, 24_000, 44_100]), st.integers(1, 2), st.sampled_from([1, 2, 4]))
def test_wrapped_sound_can_be_read_back(pcm: bytes, rate: int, channels: int, width: int) -> None:
    wrapped = media.wav(pcm, rate=rate, channels=channels, width=width)
    frames = len(pcm) // (channels * width)
    assert media.sniff(wrapped) == "audio/wav"
    assert len(wrapped) == 44 + frames * channels * width
    assert probe.duration(io.BytesIO(wrapped), "audio/wav") == round(frames / rate, 3)
    with wave.open(io.BytesIO(wrapped)) as reader:
        assert reader.getparams()[:4] == (channels, width, rate, frames)
        assert reader.readframes(frames) == pcm[: frames * channels * width]


@pytest.mark.parametrize("claim", [0, 0xFFFFFFFF])
def test_a_streamed_wav_is_as_long_as_the_file(claim: int) -> None:
    data = bytearray(media.wav(bytes(48_000), rate=24_000))
    data[40:44] = claim.to_bytes(4, "little")
    assert probe.duration(io.BytesIO(data), "audio/wav") == 1.0


def test_coded_samples_in_a_wav_have_a_duration() -> None:
    data = bytearray(media.wav(bytes(4000), rate=8000, width=1))
    data[20] = 7  # not samples as they are, but mu-law
    assert probe.duration(io.BytesIO(data), "audio/wav") == 0.5


@given(st.binary(max_size=100))
def test_broken_sound_has_no_duration(data: bytes) -> None:
    whole = media.wav(bytes(100), rate=8000)
    assert probe.duration(io.BytesIO(whole[:20] + data[:10]), "audio/wav") is None
    assert probe.duration(io.BytesIO(data), "audio/wav") is None
    assert probe.duration(io.BytesIO(whole), "audio/mpeg") is None
    assert probe.duration(io.BytesIO(whole), "image/png") is None


@pytest.mark.parametrize("mime", SOUNDS)
def test_sound_of_every_type_has_its_duration(mime: str) -> None:
    data = sound(mime, 2.5)
    assert media.sniff(data) == mime
    assert probe.duration(io.BytesIO(data), mime) == pytest.approx(2.5, abs=0.05)
    assert probe.dimensions(io.BytesIO(data), mime) is None


@cache
def halves(mime: str, turned: int = 0, streamed: bool = False) -> bytes:
    """A film of a second: red on the left, blue on the right, and white at last."""
    picture = Image.new("RGB", (96, 64), "#c01010")
    picture.paste("#1010c0", (48, 0, 96, 64))
    pictures = [*[picture] * 23, Image.new("RGB", (96, 64), "white")]
    return film(pictures, mime, turned=turned, streamed=streamed)


@pytest.mark.parametrize("mime", VIDEO_MIMES)
def test_a_film_has_its_size_and_its_duration(mime: str) -> None:
    data = halves(mime)
    file = io.BytesIO(data)
    assert media.sniff(data) == mime
    assert probe.dimensions(file, mime) == (96, 64)
    assert probe.duration(file, mime) == 1  # wherever an earlier reader left off


def test_a_film_that_does_not_say_how_long_it_is_is_read_to_its_end() -> None:
    streamed = halves("video/webm", streamed=True)
    assert b"\x44\x89" in halves("video/webm")[:300]  # the element that says so
    assert b"\x44\x89" not in streamed[:300]
    assert probe.duration(io.BytesIO(streamed), "video/webm") == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("turned", "size"), [(90, (64, 96)), (-90, (64, 96)), (180, (96, 64))])
def test_a_film_is_measured_as_it_is_shown(turned: int, size: tuple[int, int]) -> None:
    assert probe.dimensions(io.BytesIO(halves("video/mp4", turned)), "video/mp4") == size


def test_sound_in_a_films_clothes_has_a_duration_and_no_size() -> None:
    data = sound("audio/mp4", 1, form="mp4")
    assert media.sniff(data) == "video/mp4"
    assert probe.duration(io.BytesIO(data), "video/mp4") == pytest.approx(1, abs=0.03)
    assert probe.dimensions(io.BytesIO(data), "video/mp4") is None


@pytest.mark.parametrize("mime", VIDEO_MIMES)
def test_a_films_pictures_come_with_their_times(mime: str) -> None:
    shown = list(probe.video_frames(io.BytesIO(halves(mime)), mime, 1000))
    assert [second for second, _ in shown] == pytest.approx([number / 24 for number in range(24)], abs=0.002)
    first, last = shown[0][1], shown[-1][1]
    assert (first.size, first.mode) == ((96, 64), "RGB")
    assert is_about(first, (8, 32), (192, 16, 16))
    assert is_about(first, (88, 32), (16, 16, 192))
    assert is_about(last, (8, 32), (255, 255, 255))


def is_about(picture: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    """Whether a picture has about this colour in this place."""
    found = picture.crop((*place, place[0] + 1, place[1] + 1)).tobytes()
    return max(abs(a - b) for a, b in zip(found, colour, strict=True)) < 24


@pytest.mark.parametrize(("turned", "red"), [(90, (16, 40)), (-90, (16, 8)), (180, (40, 16))])
def test_a_films_pictures_are_upright_and_no_larger_than_asked(turned: int, red: tuple[int, int]) -> None:
    _, picture = next(probe.video_frames(io.BytesIO(halves("video/mp4", turned)), "video/mp4", 48))
    assert max(picture.size) == 48
    assert is_about(picture, red, (192, 16, 16))


class Watched(io.BytesIO):
    """A file that knows how much of it was read at most at a time, and in all."""

    largest = 0
    whole = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.largest, self.whole = max(self.largest, len(data)), self.whole + len(data)
        return data


def test_memory_stays_flat_whatever_the_size_of_a_film() -> None:
    data = halves("video/mp4")
    padding = (len(data) + 5_000_008).to_bytes(4, "big") + b"free" + bytes(len(data) + 5_000_000)
    for file in (Watched(data + padding), Watched(sound("audio/aac", 60))):
        mime = media.sniff(file.getvalue())
        assert probe.duration(file, mime)
        assert file.largest <= 1 << 16
        assert file.whole < 1_000_000


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*VIDEO_MIMES, *SOUNDS]), st.data())
def test_no_damage_to_a_film_or_to_sound_is_an_error(mime: str, data: st.DataObject) -> None:
    body = bytearray(halves(mime) if mime in VIDEO_MIMES else recorded(mime))
    for _ in range(data.draw(st.integers(0, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    damaged = io.BytesIO(bytes(body[: data.draw(st.integers(0, len(body)))]))
    seconds, size = probe.duration(damaged, mime), probe.dimensions(damaged, mime)
    assert seconds is None or seconds > 0
    assert size is None or min(size) > 0


@cache
def recorded(mime: str) -> bytes:
    return sound(mime, 0.5)


def test_a_broken_film_says_nothing_not_even_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    damaged = bytearray(halves("video/mp4"))
    start = damaged.index(b"mdat") + 40
    damaged[start : start + 300] = bytes(300)
    for data in (damaged, b"\0\0\0\x18ftypisom" + bytes(100), b"junk", b""):
        file = io.BytesIO(data)
        probe.duration(file, "video/mp4")
        probe.dimensions(file, "video/mp4")
        with suppress(Exception):
            list(probe.video_frames(file, "video/mp4", 100))
    assert capfd.readouterr() == ("", "")


def test_pictures_are_measured_without_pyav() -> None:
    code = (
        "import io, sys; from mediasmith import media; from mediasmith.testing.doubles import png; "
        "print(probe.dimensions(io.BytesIO(png()), 'image/png'), probe.duration(io.BytesIO(png()), 'image/png'), "
        "probe.duration(io.BytesIO(media.wav(bytes(8), rate=8)), 'audio/wav'), 'av' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "(16, 16) None 0.5 False\n"


@given(st.integers(1, 99_999), st.integers(1, 99_999))
def test_a_size_reads_as_it_is_written(width: int, height: int) -> None:
    assert media.parse_size(f"{width}x{height}") == (width, height)


@pytest.mark.parametrize(
    "text", ["", "1024", "1024X768", "0x10", "-1x5", "1x", "1024x768 ", "1e3x5", "٣x٣", "123456x1"]
)
def test_any_other_text_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="WIDTHxHEIGHT"):
        media.parse_size(text)


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(200_000, 8_000_000),
    st.sampled_from([1, 2, 8, 16, 64]),
    st.sampled_from([1500, 2048, 4096]),
)
def test_a_ratio_gives_sides_that_fit_it(wide: int, high: int, pixels: int, multiple: int, largest: int) -> None:
    try:
        width, height = media.fit_ratio(f"{wide}:{high}", pixels=pixels, multiple=multiple, largest=largest)
    except ValueError:
        assert largest // multiple * multiple * min(wide, high) / max(wide, high) < multiple
        return
    assert width % multiple == height % multiple == 0
    assert multiple <= width <= largest
    assert multiple <= height <= largest
    ideal = math.sqrt(pixels * wide / high), math.sqrt(pixels * high / wide)
    assume(max(ideal) <= largest - multiple)
    assert abs(width - ideal[0]) <= multiple / 2
    assert abs(height - ideal[1]) <= multiple / 2


def test_common_ratios_give_common_sizes() -> None:
    assert media.fit_ratio("1:1", pixels=1024 * 1024) == (1024, 1024)
    assert media.fit_ratio("16:9", pixels=1920 * 1080) == (1920, 1080)
    assert media.fit_ratio("1.5:1", pixels=1536 * 1024, multiple=64) == (1536, 1024)
    assert media.fit_ratio("4:1", pixels=64_000_000) == (4096, 1024)


@pytest.mark.parametrize(
    "ratio", ["", "16", "0:1", "1:0", "0.00:1", "-1:1", "1000:1", "1:9999", "a:b", "1:1 ", "nan:1", "1e3:1"]
)
def test_nonsense_is_no_ratio(ratio: str) -> None:
    with pytest.raises(ValueError, match="aspect ratio"):
        media.fit_ratio(ratio, pixels=1_000_000)
