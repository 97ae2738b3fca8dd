"""Still pictures: opened, upright, and small."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest
from PIL import Image

from fakes.photos import BLUE, HEIC, RED, encoded, halves, is_about
from mediasmith.plugin import pictures

GREEN = (30, 150, 30)


def small(data: bytes, mime: str, side: int = 1000) -> Image.Image:
    return pictures.small_image(io.BytesIO(data), mime, side)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_a_picture_of_every_type_becomes_small(form: str) -> None:
    found = small(encoded(halves((640, 320)), form), f"image/{form.lower()}", 100)
    assert (found.size, found.mode) == ((100, 50), "RGB")
    assert is_about(found, (0.2, 0.5), RED)
    assert is_about(found, (0.8, 0.5), BLUE)


def test_a_picture_of_an_iphone_can_be_read() -> None:
    found = small(HEIC, "image/heic")
    assert found.size == (64, 32)
    assert is_about(found, (0.2, 0.5), RED)


def test_a_picture_of_an_iphone_needs_an_extra_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(_name: str) -> None:
        return None

    monkeypatch.setattr("importlib.util.find_spec", find_nothing)
    assert not pictures.can_open("image/heic")
    with pytest.raises(ValueError, match="not an image that can be opened"):
        small(HEIC, "image/heic")


@pytest.mark.parametrize("mime", ["image/svg+xml", "image/x-icon", "video/mp4", ""])
def test_other_types_cannot_be_opened(mime: str) -> None:
    assert not pictures.can_open(mime)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_a_turned_picture_is_shown_upright(form: str, orientation: int) -> None:
    upright = halves((64, 32))
    upright.paste(GREEN, (0, 16, 64, 32))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's names of the turns that lead back
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    data = encoded(stored, form, orientation=orientation, **({} if form == "TIFF" else {"quality": 95}))
    picture = pictures.open_image(io.BytesIO(data), f"image/{form.lower()}")
    assert pictures.shown_size(picture) == (64, 32)
    found = small(data, f"image/{form.lower()}")
    assert found.size == (64, 32)
    assert is_about(found, (0.2, 0.2), RED)
    assert is_about(found, (0.8, 0.2), BLUE)
    assert is_about(found, (0.5, 0.8), GREEN)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0junk", b"Exif\0\0II*\0\xff\xff\xff\xff", b""])
def test_broken_exif_data_is_passed_over(exif: bytes) -> None:
    data = encoded(halves(), "JPEG", exif=exif)
    assert pictures.orientation(pictures.open_image(io.BytesIO(data), "image/jpeg")) == 1


@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_is_passed_over(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    data = encoded(halves(), "JPEG", exif=exif)
    assert pictures.orientation(pictures.open_image(io.BytesIO(data), "image/jpeg")) == 1


@pytest.mark.parametrize("side", [1000, 20])
@pytest.mark.parametrize("grey", [0, 257, 32_768, 65_535])
def test_16_bit_grey_keeps_its_greys(grey: int, side: int) -> None:
    found = small(encoded(Image.new("I;16", (60, 40), grey)), "image/png", side)
    assert is_about(found, (0.5, 0.5), (grey >> 8,) * 3)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "1", "CMYK"])
@pytest.mark.parametrize("side", [1000, 20])
def test_a_picture_of_every_mode_is_red_green_and_blue(mode: str, side: int) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    assert small(encoded(Image.new(mode, (60, 40)), form), f"image/{form.lower()}", side).mode in {"RGB", "RGBA"}


@pytest.mark.parametrize("side", [1000, 20])
def test_transparency_is_kept_where_there_is_some(side: int) -> None:
    ghost = Image.new("RGBA", (60, 40), (*RED, 100))
    found = small(encoded(ghost), "image/png", side)
    assert found.getchannel("A").getextrema() == (100, 100)
    assert is_about(found, (0.5, 0.5), RED)
    ghost.putalpha(255)
    assert small(encoded(ghost), "image/png", side).mode == "RGB"


@pytest.mark.parametrize("form", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_large_picture_is_the_same_as_a_small_one(monkeypatch: pytest.MonkeyPatch, form: str, mode: str) -> None:
    picture = halves((400, 200)).convert(mode)
    if mode == "RGBA":
        picture.putalpha(128)
    data, mime = encoded(picture.convert("RGB") if form == "JPEG" else picture, form), f"image/{form.lower()}"
    expected = small(data, mime, 50)
    monkeypatch.setattr(pictures, "_BANDED", 0)
    monkeypatch.setattr(pictures, "_BAND_PIXELS", 5000)
    found = small(data, mime, 50)
    assert (found.size, found.mode) == (expected.size, expected.mode)
    assert is_about(found, (0.2, 0.9), expected.convert("RGB").getpixel((10, 22)))  # pyright: ignore[reportArgumentType]
    assert is_about(found, (0.8, 0.9), expected.convert("RGB").getpixel((40, 22)))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_a_tiff_in_16_bit_grey_keeps_its_light(mode: str) -> None:
    grey = Image.new(mode, (8, 8), 0x8000)
    assert small(encoded(grey, "TIFF"), "image/tiff").getpixel((4, 4)) == (128, 128, 128)


def test_the_thumbnail_of_a_raw_picture_is_not_taken_for_it() -> None:
    with pytest.raises(ValueError, match="raw picture of a camera"):
        small(encoded(halves(), "TIFF", tiffinfo={254: 1}), "image/tiff")


def test_a_picture_that_would_need_too_much_memory_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_LARGEST", {"image/avif": 2047})
    with pytest.raises(ValueError, match="2,048 pixels"):
        small(encoded(halves(), "AVIF"), "image/avif")


@pytest.mark.parametrize(("subsampling", "samples"), [(0, 6144), (1, 4096), (2, 3072)])
def test_a_progressive_jpeg_that_would_need_too_much_memory_is_not_decoded(
    monkeypatch: pytest.MonkeyPatch, subsampling: int, samples: int
) -> None:
    monkeypatch.setattr(pictures, "_MOST_SAMPLES", samples)
    picture = encoded(halves(), "JPEG", progressive=True, subsampling=subsampling)
    assert small(picture, "image/jpeg").size == (64, 32)
    monkeypatch.setattr(pictures, "_MOST_SAMPLES", samples - 1)
    assert small(encoded(halves(), "JPEG", subsampling=subsampling), "image/jpeg").size == (64, 32)
    with pytest.raises(ValueError, match="2,048 pixels"):
        small(picture, "image/jpeg")


def test_one_large_picture_is_decoded_at_a_time() -> None:
    inside = Event()

    def decode(size: tuple[int, int]) -> Thread:
        def run() -> None:
            with pictures.decoding(size):
                inside.set()

        thread = Thread(target=run)
        thread.start()
        return thread

    with pictures.decoding((4000, 4000)):
        decode((1000, 1000)).join()
        assert inside.is_set()
        inside.clear()
        waiting = decode((4000, 4000))
        assert not inside.wait(0.1)
    waiting.join()
    assert inside.is_set()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux alone says how much memory a program took")
@pytest.mark.parametrize(("form", "side", "limit"), [("PNG", 5000, 80_000_000), ("WEBP", 3600, 120_000_000)])
def test_a_large_picture_takes_little_memory(tmp_path: Path, form: str, side: int, limit: int) -> None:
    """As a whole, this PNG would take 100 MB, and this WebP 200 MB."""
    path = tmp_path / "large"
    Image.new("RGB", (side, side)).save(path, form, method=0, compress_level=1)
    code = f"""
import re
from pathlib import Path
from PIL import Image, PngImagePlugin, WebPImagePlugin
from mediasmith.plugin import pictures
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
before = peak()
with open({str(path)!r}, "rb") as file:
    size = pictures.small_image(file, "image/{form.lower()}", 500).size
print(*size, peak() - before)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    width, height, grown = map(int, run.stdout.split())
    assert (width, height) == (500, 500)
    assert grown < limit
