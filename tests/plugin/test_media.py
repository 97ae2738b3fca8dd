"""Types by their first bytes, sizes, aspect ratios and WAV."""

from __future__ import annotations

import io
import math
import wave

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from PIL import Image

from mediasmith.plugin import media


def image_file(form: str, size: tuple[int, int] = (30, 20)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, form)
    return file.getvalue()


def ftyp(*brands: bytes) -> bytes:
    box = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return (len(box) + 4).to_bytes(4, "big") + box + b"\0\0\0\x08free"


HEADS = [
    ("image/png", image_file("PNG")),
    ("image/jpeg", image_file("JPEG")),
    ("image/webp", image_file("WEBP")),
    ("image/gif", image_file("GIF")),
    ("image/avif", image_file("AVIF")),
    ("image/avif", ftyp(b"mif1", b"miaf", b"avif")),
    ("image/heic", ftyp(b"heic", b"mif1")),
    ("image/heic", ftyp(b"heim", b"mif1")),
    ("image/tiff", image_file("TIFF")),
    ("image/tiff", b"MM\0*\0\0\0\x08\0\x01"),
    ("image/bmp", image_file("BMP")),
    ("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    (
        "image/svg+xml",
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a <b> --><!DOCTYPE svg PUBLIC "x" "y" [<!ENTITY a "b">]>\n<SVG>',
    ),
    ("video/mp4", ftyp(b"isom", b"iso2", b"mp41")),
    ("video/mp4", ftyp(b"mp42", b"M4A ")),
    ("video/quicktime", ftyp(b"qt  ")),
    ("video/webm", bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d")),
    ("audio/mpeg", b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\x64"),
    ("audio/mpeg", b"\xff\xfb\x90\x64"),
    ("audio/mpeg", b"\xff\xf3\x84\xc4"),
    ("audio/wav", media.wav(bytes(8), rate=8000)),
    ("audio/ogg", b"OggS\0\x02"),
    ("audio/flac", b"fLaC\0\0\0\x22"),
    ("audio/aac", b"\xff\xf1\x50\x80"),
    ("audio/mp4", ftyp(b"M4A ", b"isom")),
    ("audio/aac", b"ID3\x04\0\0\0\0\0\x02\0\0\xff\xf1\x50\x80"),
    ("video/x-matroska", b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska"),
]


@pytest.mark.parametrize(("mime", "head"), HEADS)
def test_type_is_known_by_the_first_bytes(mime: str, head: bytes) -> None:
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
        b"II*\0\x10\0\0\0CR\x02\0",
        b"BMW drives past the lighthouse",
        b"BM\0\0\0\0",
        b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88anything",
        b"\xff\xfe<\0s\0v\0g\0",
        b"\xff\xfb\xf0\0",
        b"\xff\xfb\x9c\0",
        b"MZ\x90\0",
        b"%PDF-1.7",
        ftyp(b"mif1", b"miaf"),
    ],
)
def test_unknown_bytes_have_no_type(head: bytes) -> None:
    assert media.sniff(head) == ""


@given(st.sampled_from(HEADS), st.binary(max_size=64))
def test_later_bytes_do_not_change_the_type(known: tuple[str, bytes], more: bytes) -> None:
    assert media.sniff(known[1] + more) == known[0]


@pytest.mark.parametrize(("mime", "head"), HEADS)
def test_another_file_behind_it_does_not_change_the_type(mime: str, head: bytes) -> None:
    assert {media.sniff(head + other) for _, other in HEADS} == {mime}


@given(st.binary(max_size=200))
def test_any_bytes_have_a_known_type_or_none(head: bytes) -> None:
    assert media.sniff(head) in {"", *media.EXTENSIONS}


@pytest.mark.parametrize("part", [b"ID3" + bytes(7), b"\0\0\0\x08wide", b"FORM"])
def test_hostile_bytes_are_sniffed_without_recursion(part: bytes) -> None:
    assert media.sniff(part * 200_000) in {"", "audio/mpeg", "video/quicktime"}


@pytest.mark.parametrize("part", [b"<?", b"<!---->", b"<!doctype svg [", b"<?a?>", b"<!doctype svg>", b"]   "])
def test_hostile_text_is_sniffed_fast(part: bytes) -> None:
    assert media.sniff(part * 200_000) == ""


@given(st.binary(max_size=2000), st.sampled_from([8000, 24_000, 44_100]), st.integers(1, 2), st.sampled_from([1, 2, 4]))
def test_wav_can_be_read_back(pcm: bytes, rate: int, channels: int, width: int) -> None:
    wrapped = media.wav(pcm, rate=rate, channels=channels, width=width)
    frames = len(pcm) // (channels * width)
    assert media.sniff(wrapped) == "audio/wav"
    assert len(wrapped) == 44 + frames * channels * width
    with wave.open(io.BytesIO(wrapped)) as reader:
        assert reader.getparams()[:4] == (channels, width, rate, frames)
        assert reader.readframes(frames) == pcm[: frames * channels * width]


def test_unknown_type_has_a_plain_extension_and_no_media_type() -> None:
    assert media.extension("application/pdf") == media.extension("") == "bin"
    assert media.media_type("application/pdf") == media.media_type("") == ""


@given(st.integers(1, 99_999), st.integers(1, 99_999))
def test_size_is_parsed(width: int, height: int) -> None:
    assert media.parse_size(f"{width}x{height}") == (width, height)


@pytest.mark.parametrize(
    "text", ["", "1024", "1024X768", "0x10", "-1x5", "1x", "1024x768 ", "1e3x5", "٣x٣", "123456x1"]
)
def test_any_other_text_is_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match="WIDTHxHEIGHT"):
        media.parse_size(text)


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(200_000, 8_000_000),
    st.sampled_from([1, 2, 8, 16, 64]),
    st.sampled_from([1500, 2048, 4096]),
)
@example(1, 23, 210_148, 64, 1500)  # the shorter side is 64 exactly
def test_sides_fit_the_ratio_and_the_limits(wide: int, high: int, pixels: int, multiple: int, largest: int) -> None:
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
def test_any_other_text_is_not_a_ratio(ratio: str) -> None:
    with pytest.raises(ValueError, match="aspect ratio"):
        media.fit_ratio(ratio, pixels=1_000_000)
