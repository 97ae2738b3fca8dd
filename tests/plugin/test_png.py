"""PNG files chunk by chunk."""

from __future__ import annotations

import io
import struct
import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter, PngImagePlugin

from fakes.photos import chunk, encoded, halves
from mediasmith.plugin import pictures, png

WHOLE = encoded(halves())


def with_chunk(added: bytes, data: bytes = WHOLE) -> bytes:
    """A PNG with a chunk behind its header."""
    return data[:33] + added + data[33:]


def compressed(data: bytes) -> bytes:
    return b"name\0\0" + zlib.compress(data)


AROUND = {
    "large profile": chunk(b"iCCP", compressed(bytes(2 << 20))),
    "damaged profile": chunk(b"iCCP", b"name\0\0junk"),
    "profile without a name": chunk(b"iCCP", b"junk"),
    "large text": chunk(b"zTXt", compressed(bytes(2 << 20))),
    "damaged text": chunk(b"zTXt", b"name\0\0junk"),
    "text in no encoding": chunk(b"iTXt", b"\xff\0\1\0\0\0\xff\xfe"),
    "unknown method": chunk(b"zTXt", b"name\0\7" + zlib.compress(b"text")),
    "wrong checksum": chunk(b"tEXt", b"name\0text", intact=False),
    "short measures": chunk(b"pHYs", b"\0"),
    "broken turn": chunk(b"eXIf", b"junk", intact=False),
    "animation": chunk(b"acTL", b"\0"),
}


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_what_surrounds_the_pixels_does_not_matter(around: bytes) -> None:
    for data in (with_chunk(around), WHOLE[:-12] + around + WHOLE[-12:]):
        png.check_chunks(io.BytesIO(data))
        picture = pictures.open_image(io.BytesIO(data), "image/png")
        assert pictures.orientation(picture) == 1
        assert picture.tobytes() == halves().tobytes()


def test_pillow_alone_refuses_some_of_these() -> None:
    """Else there would be no need for all this."""
    with pytest.raises(ValueError, match="MAX_TEXT_CHUNK"):
        Image.open(io.BytesIO(with_chunk(AROUND["large profile"])))


def test_a_small_profile_and_the_turn_are_kept_wherever_they_are() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turn = chunk(b"eXIf", exif.tobytes()[6:])
    for data in (with_chunk(turn), WHOLE[:-12] + turn + WHOLE[-12:]):
        picture = pictures.open_image(io.BytesIO(with_chunk(chunk(b"iCCP", compressed(b"profile")), data)), "image/png")
        assert (pictures.orientation(picture), picture.info["icc_profile"]) == (6, b"profile")


@pytest.mark.parametrize(
    "data",
    [
        WHOLE[:-12],
        WHOLE[:-1],
        WHOLE[:50],
        WHOLE[:33],
        WHOLE[:8],
        b"",
        WHOLE[:33] + WHOLE[-12:],
        WHOLE.replace(b"IDAT", b"ID\0T"),
    ],
    ids=["no end", "half an end", "half", "header", "signature", "nothing", "no pixels", "no chunk"],
)
def test_a_png_that_lacks_something_is_found(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut off|damaged|not a"):
        png.check_chunks(io.BytesIO(data))


@given(st.integers(8, len(WHOLE) - 1))
def test_every_changed_byte_is_found(place: int) -> None:
    changed = bytearray(WHOLE)
    changed[place] ^= 0x20
    with pytest.raises(ValueError, match=r"cut off|damaged|not a"):
        png.check_chunks(io.BytesIO(changed))


def test_what_follows_the_end_does_not_count() -> None:
    png.check_chunks(io.BytesIO(WHOLE + b"PK\5\6" + bytes(18)))


def noisy(mode: str, size: tuple[int, int] = (23, 37)) -> Image.Image:
    return Image.frombytes(mode, size, Random(1).randbytes(size[0] * size[1] * len(mode)))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
@pytest.mark.parametrize("rows", [1, 5, 36, 37, 100])
def test_bands_are_the_picture(mode: str, rows: int) -> None:
    smooth = noisy(mode).filter(ImageFilter.GaussianBlur(4))  # so that all filters are used
    for picture in (noisy(mode), smooth):
        file = io.BytesIO(encoded(picture))
        source = pictures.open_image(file, "image/png")
        assert png.can_read_bands(source)
        found = list(png.bands(file, source, rows))
        assert [band.height for band in found[:-1]] == [rows] * (len(found) - 1)
        assert b"".join(band.tobytes() for band in found) == picture.tobytes()


def test_bands_keep_the_transparent_colour() -> None:
    file = io.BytesIO(encoded(halves(), transparency=(200, 30, 30)))
    first, *_ = png.bands(file, pictures.open_image(file, "image/png"), 8)
    assert first.convert("RGBA").getpixel((0, 0)) == (200, 30, 30, 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16"])
def test_pictures_that_take_little_memory_have_no_bands(mode: str) -> None:
    file = io.BytesIO(encoded(Image.new(mode, (8, 8))))
    assert not png.can_read_bands(pictures.open_image(file, "image/png"))


def test_interlaced_pictures_and_those_of_16_bits_a_colour_have_no_bands() -> None:
    for depth, interlaced in ((16, 0), (8, 1)):
        header = struct.pack(">IIBBBBB", 1, 1, depth, 2, 0, 0, interlaced)
        pixels = zlib.compress(b"\0" + bytes(3 * depth // 8))
        data = WHOLE[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
        picture = pictures.open_image(io.BytesIO(data), "image/png")
        assert isinstance(picture, PngImagePlugin.PngImageFile)
        assert not png.can_read_bands(picture)


def test_bands_of_a_picture_that_is_cut_off_fail() -> None:
    data = WHOLE[: len(WHOLE) // 2]
    with pytest.raises(EOFError, match="end early"):
        list(png.bands(io.BytesIO(data), pictures.open_image(io.BytesIO(WHOLE), "image/png"), 4))
