"""Previews: small enough, true to the original, and never an error."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from fakes.films import VIDEO_MIMES, film
from mediasmith.plugin import media, probe
from mediasmith.storage.previews import MAX_BYTES, SHEET_BYTES, SHEET_SIDE, SIDE, SINGLES, Preview, previews

Color = tuple[int, ...]
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def saved(path: Path, picture: Image.Image, form: str = "PNG", **options: object) -> tuple[Path, str]:
    picture.save(path, form, **options)
    return path, f"image/{form.lower()}"


def opened(preview: Preview) -> Image.Image:
    assert media.sniff(preview.data) == preview.mime
    return Image.open(io.BytesIO(preview.data))


def assert_like(picture: Image.Image, place: tuple[int, int], color: Color) -> None:
    """The pixel has about this colour: lossy types are never exact."""
    found = picture.convert("RGB").getpixel(place)
    assert isinstance(found, tuple)
    assert max(abs(a - b) for a, b in zip(found, color, strict=True)) < 24


def halves(size: tuple[int, int], left: Color = RED, right: Color = BLUE) -> Image.Image:
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


@pytest.mark.parametrize(
    ("form", "size", "small"),
    [
        ("JPEG", (2000, 1000), (512, 256)),
        ("JPEG", (1000, 2001), (256, 512)),
        ("JPEG", (513, 100), (512, 100)),
        ("JPEG", (512, 512), (512, 512)),
        ("JPEG", (20, 10), (20, 10)),
        ("JPEG", (5000, 3), (512, 1)),
        ("PNG", (600, 1201), (256, 512)),
        ("WEBP", (1200, 600), (512, 256)),
    ],
)
async def test_a_preview_is_the_image_made_small(
    tmp_path: Path, form: str, size: tuple[int, int], small: tuple[int, int]
) -> None:
    (preview,) = await previews([saved(tmp_path / "a", halves(size), form)])
    picture = opened(preview)
    assert preview.mime == "image/jpeg"
    assert picture.size == small
    assert len(preview.data) <= MAX_BYTES
    assert_like(picture, (picture.width // 8, picture.height // 2), RED)
    assert_like(picture, (picture.width * 7 // 8, picture.height // 2), BLUE)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "RGBA", "LA", "RGB"])
async def test_every_pixel_format_is_shown(tmp_path: Path, mode: str) -> None:
    grey = Image.new("L", (800, 400), 0)
    grey.paste(255, (400, 0, 800, 400))
    picture = grey.convert("RGB").convert(mode)
    (preview,) = await previews([saved(tmp_path / "a", picture, "JPEG" if mode == "CMYK" else "PNG")])
    assert preview.mime == "image/jpeg"
    assert_like(opened(preview), (64, 128), (0, 0, 0))
    assert_like(opened(preview), (448, 128), WHITE)


async def test_a_16_bit_image_is_shown_in_8_bits(tmp_path: Path) -> None:
    (preview,) = await previews([saved(tmp_path / "a", Image.new("I;16", (600, 600), 0x8000))])
    assert_like(opened(preview), (256, 256), (128, 128, 128))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
async def test_a_transparent_image_stays_transparent(tmp_path: Path, mode: str) -> None:
    picture = Image.new("RGBA", (1000, 1000), (255, 255, 255, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 500, 1000))
    (preview,) = await previews([saved(tmp_path / "a", picture.convert(mode))])
    shown = opened(preview)
    assert preview.mime == "image/webp"
    assert shown.size == (512, 512)
    assert shown.convert("RGBA").getchannel("A").getpixel((100, 256)) == 0
    assert_like(shown, (400, 256), WHITE)


async def test_a_rotated_photograph_is_shown_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated by a quarter turn
    file = saved(tmp_path / "a", halves((1000, 500)), "JPEG", exif=exif)
    (preview,) = await previews([file])
    shown = opened(preview)
    assert shown.size == (256, 512)
    assert_like(shown, (128, 64), RED)
    assert_like(shown, (128, 448), BLUE)
    assert ImageOps.exif_transpose(shown).size == (256, 512)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
async def test_even_noise_fits_the_limit(tmp_path: Path, mode: str) -> None:
    noise = Image.frombytes(mode, (520, 520), os.urandom(520 * 520 * len(mode)))
    made = await previews([saved(tmp_path / "noise", noise, compress_level=0)] * (SINGLES + 4))
    assert len(made) == SINGLES + 1
    assert all(0 < len(preview.data) <= MAX_BYTES for preview in made[:SINGLES])
    assert len(made[-1].data) <= SHEET_BYTES
    assert sum(len(preview.data) for preview in made) <= 400_000


async def test_profiles_and_comments_are_left_out(tmp_path: Path) -> None:
    profile = os.urandom(60_000)
    for form in ("JPEG", "PNG", "WEBP"):
        file = saved(
            tmp_path / "a", Image.new("RGBA" if form == "WEBP" else "RGB", (64, 64)), form, icc_profile=profile
        )
        (preview,) = await previews([file])
        assert len(preview.data) < 2000
    file = saved(tmp_path / "a", Image.new("RGB", (64, 64)), "JPEG", comment=b"x" * 60_000)
    (preview,) = await previews([file])
    assert len(preview.data) < 2000


async def test_previews_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    colors = [RED, GREEN, BLUE, WHITE]
    files = [saved(tmp_path / f"{color}", Image.new("RGB", (900, 900), color)) for color in colors]
    for preview, color in zip(await previews(files), colors, strict=True):
        assert_like(opened(preview), (256, 256), color)


@pytest.mark.parametrize(("more", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (4, 2, 2), (5, 3, 2), (12, 4, 3)])
async def test_from_the_fifth_image_on_there_is_one_sheet(tmp_path: Path, more: int, columns: int, rows: int) -> None:
    wide, high = Image.new("RGB", (700, 350), RED), Image.new("RGBA", (350, 700), BLUE)
    files = [saved(tmp_path / "0", wide)] * SINGLES
    files += [saved(tmp_path / f"{number}", wide if number % 2 else high) for number in range(1, more + 1)]
    made = await previews(files)
    assert len(made) == SINGLES + 1
    sheet = opened(made[-1])
    cell = sheet.width // columns
    assert made[-1].mime == "image/jpeg"
    assert sheet.size == (columns * cell, rows * cell)
    assert max(sheet.size) <= SHEET_SIDE
    assert cell >= min(SIDE, SHEET_SIDE // columns - 4)
    for place in range(more):
        row, column = divmod(place, columns)
        middle = (column * cell + cell // 2, row * cell + cell // 2)
        assert_like(sheet, middle, BLUE if place % 2 else RED)
        beside = (middle[0], middle[1] - cell * 3 // 8) if place % 2 == 0 else (middle[0] - cell * 3 // 8, middle[1])
        assert_like(sheet, beside, WHITE)


async def test_a_sheet_shows_transparent_images_on_white(tmp_path: Path) -> None:
    ghost = saved(tmp_path / "a", Image.new("RGBA", (400, 400), (255, 0, 0, 0)))
    made = await previews([ghost] * (SINGLES + 1))
    assert made[-1].mime == "image/jpeg"
    assert_like(opened(made[-1]), (200, 200), WHITE)


async def test_other_files_have_no_preview(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("<svg/>")
    (tmp_path / "a.mp3").write_bytes(b"ID3")
    others = [
        (tmp_path / "a.svg", "image/svg+xml"),
        (tmp_path / "a.mp3", "audio/mpeg"),
    ]
    assert await previews(others) == []
    assert await previews([]) == []
    assert len(await previews([*others, saved(tmp_path / "b", halves((9, 9)))] * SINGLES)) == SINGLES


def saved_video(path: Path, *pictures: Image.Image, mime: str = "video/mp4", turned: int = 0) -> tuple[Path, str]:
    path.write_bytes(film(pictures, mime, turned=turned))
    return path, mime


@pytest.mark.parametrize("mime", VIDEO_MIMES)
async def test_a_video_is_shown_by_a_frame(tmp_path: Path, mime: str) -> None:
    (preview,) = await previews([saved_video(tmp_path / "a", *[halves((600, 300))] * 3, mime=mime)])
    frame = opened(preview)
    assert (preview.mime, frame.size) == ("image/jpeg", (512, 256))
    assert len(preview.data) <= MAX_BYTES
    assert_like(frame, (64, 128), RED)
    assert_like(frame, (448, 128), BLUE)


async def test_a_rotated_video_is_shown_upright(tmp_path: Path) -> None:
    (preview,) = await previews([saved_video(tmp_path / "a", halves((640, 320)), turned=-90)])
    frame = opened(preview)
    assert frame.size == (256, 512)
    assert_like(frame, (128, 64), RED)
    assert_like(frame, (128, 448), BLUE)


async def test_a_video_that_begins_in_black_is_shown_by_a_later_frame(tmp_path: Path) -> None:
    black, faint = Image.new("RGB", (320, 160)), Image.new("RGB", (320, 160), (9, 9, 9))
    (preview,) = await previews([saved_video(tmp_path / "a", *[black] * 10, faint, *[halves((320, 160))] * 4)])
    assert_like(opened(preview), (40, 80), RED)


async def test_a_video_that_stays_black_is_not_searched_to_its_end(tmp_path: Path) -> None:
    black = Image.new("RGB", (320, 160))
    (preview,) = await previews([saved_video(tmp_path / "a", *[black] * 30, *[halves((320, 160))] * 10)])
    assert_like(opened(preview), (40, 80), (0, 0, 0))


async def test_a_frame_before_the_damage_is_shown(tmp_path: Path) -> None:
    black = Image.new("RGB", (320, 160))
    path, mime = saved_video(tmp_path / "a", black, black, *[halves((320, 160))] * 40, mime="video/webm")
    data = bytearray(path.read_bytes())
    start = len(data) * 8 // 25
    data[start : start + 400] = b"\xff" * 400
    path.write_bytes(data)
    with path.open("rb") as file, pytest.raises(ValueError, match="Invalid data"):
        list(probe.video_frames(file, mime, SIDE))
    (preview,) = await previews([(path, mime)])
    assert_like(opened(preview), (40, 80), (0, 0, 0))


async def test_videos_and_images_share_a_sheet(tmp_path: Path) -> None:
    files = [saved(tmp_path / f"{number}", halves((300, 300))) for number in range(SINGLES)]
    red = saved_video(tmp_path / "red", Image.new("RGB", (400, 400), RED))
    blue = saved(tmp_path / "blue", Image.new("RGB", (400, 400), BLUE))
    made = await previews([*files, red, blue])
    assert len(made) == SINGLES + 1
    sheet = opened(made[-1])
    assert_like(sheet, (sheet.width // 4, sheet.height // 2), RED)
    assert_like(sheet, (sheet.width * 3 // 4, sheet.height // 2), BLUE)


async def test_an_unreadable_video_has_no_preview(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, mime = saved_video(tmp_path / "a", *[halves((320, 160))] * 4)
    whole = path.read_bytes()
    for data in (b"", b"junk", whole[: len(whole) // 2], whole[:60] + bytes(len(whole))):
        path.write_bytes(data)
        assert await previews([(path, mime), (path, "video/webm"), (tmp_path / "missing", mime)]) == []
    assert capfd.readouterr() == ("", "")


def test_previews_of_images_do_not_load_pyav(tmp_path: Path) -> None:
    path, mime = saved(tmp_path / "a", halves((60, 60)))
    code = (
        "import sys, anyio, pathlib; from mediasmith.storage.previews import previews; "
        f"shown = anyio.run(previews, [(pathlib.Path({str(path)!r}), {mime!r})] * 6); "
        "print(len(shown), 'av' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == f"{SINGLES + 1} False\n"


async def test_an_unreadable_image_has_no_preview(tmp_path: Path) -> None:
    whole = saved(tmp_path / "whole", halves((600, 600)))
    data = whole[0].read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) // 2])
    (tmp_path / "other").write_bytes(b"GIF89a")
    broken = [
        (tmp_path / "cut", "image/png"),
        (tmp_path / "other", "image/png"),
        (tmp_path / "missing", "image/png"),
        (tmp_path, "image/png"),
        (whole[0], "image/jpeg"),
    ]
    assert await previews(broken) == []
    made = await previews([whole, *broken, whole, whole])
    assert len(made) == 2
    assert opened(made[-1]).width >= 2 * 400


async def test_an_image_of_too_many_pixels_has_no_preview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path / "a", halves((600, 100)))
    monkeypatch.setattr("mediasmith.storage.previews._MAX_PIXELS", 60_000)
    assert len(await previews([file])) == 1
    monkeypatch.setattr("mediasmith.storage.previews._MAX_PIXELS", 59_999)
    assert await previews([file]) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=50)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.data())
async def test_no_damage_raises_an_error(tmp_path: Path, form: str, data: st.DataObject) -> None:
    path, mime = saved(tmp_path / "a", halves((64, 64)), form)
    body = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(body[: data.draw(st.integers(0, len(body)))])
    assert len(await previews([(path, mime)])) <= 1
