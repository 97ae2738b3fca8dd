"""Pictures in the form that providers take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fakes.photos import BLUE, HEIC, RED, encoded, halves, is_about, of_several, opened
from mediasmith.plugin import pictures
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.storage.inputs import conversion
from mediasmith.storage.inputs.conversion import conformed, first_picture
from mediasmith.storage.inputs.input_file import InputFile, version_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path


def sent(folder: Path, data: bytes, mime: str = "image/jpeg") -> InputFile:
    """What goes out for a picture."""
    path = folder / "cat"
    path.write_bytes(data)
    given = InputFile(
        path=path,
        name="cat.x",
        mime=mime,
        size=len(data),
        dimensions=None,
        version=version_of(path.stat()),
    )
    with path.open("rb") as file:
        return conformed(given, file, folder / "scratch", "cat.x")


def content(file: InputFile) -> bytes:
    with file.open() as opened_file:
        return opened_file.read()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_is_upright_goes_as_it_is(folder: Path, form: str) -> None:
    file = sent(folder, encoded(halves(), form), f"image/{form.lower()}")
    assert (file.path, file.note, file.substitute) == (folder / "cat", "", None)
    assert not list((folder / "scratch").iterdir())


@pytest.mark.parametrize(
    ("mode", "colours", "kept"), [("L", b"GRAY", False), ("CMYK", b"CMYK", False), ("RGB", b"RGB ", True)]
)
def test_a_copy_in_rgb_has_no_profile_of_other_colours(folder: Path, mode: str, colours: bytes, *, kept: bool) -> None:
    profile = bytes(16) + colours + bytes(100)
    file = sent(folder, encoded(halves().convert(mode), "TIFF", icc_profile=profile), "image/tiff")
    assert file.substitute
    copy = opened(content(file.substitute))
    assert (copy.mode, "icc_profile" in copy.info) == ("RGB", kept)


@pytest.mark.parametrize("mime", ["image/svg+xml", "audio/mpeg", "video/mp4"])
def test_what_is_no_picture_to_be_opened_goes_as_it_is(folder: Path, mime: str) -> None:
    assert sent(folder, b"anything", mime).path == folder / "cat"


@pytest.mark.parametrize(
    ("form", "mime", "becomes"),
    [("JPEG", "image/jpeg", "image/jpeg"), ("PNG", "image/png", "image/png"), ("WEBP", "image/webp", "image/jpeg")],
)
def test_a_turned_picture_goes_upright(folder: Path, form: str, mime: str, becomes: str) -> None:
    file = sent(folder, encoded(halves(), form, orientation=6), mime)
    assert (file.mime, file.dimensions, file.note) == (becomes, (32, 64), "")
    assert (file.path.parent, file.size) == (folder / "scratch", len(content(file)))
    copy = opened(content(file))
    assert (copy.size, copy.getexif().get(0x0112, 1)) == ((32, 64), 1)
    assert is_about(copy, (0.5, 0.2), RED)
    assert is_about(copy, (0.5, 0.8), BLUE)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16"])
def test_a_turned_png_keeps_all_it_holds(folder: Path, mode: str) -> None:
    picture = Image.new(mode, (6, 4))
    picture.putpixel(
        (0, 0), 1 if mode in {"P", "L", "1"} else 300 if mode == "I;16" else (9, 77) if mode == "LA" else (9, 8, 7, 77)
    )
    copy = opened(content(sent(folder, encoded(picture, orientation=3), "image/png")))
    assert (copy.mode, copy.tobytes()) == (mode, picture.transpose(Image.Transpose.ROTATE_180).tobytes())


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_turned_jpeg_is_as_fine_as_before(folder: Path, mode: str, subsampling: int) -> None:
    data = encoded(halves((160, 80)).convert(mode), "JPEG", orientation=6, quality=70, subsampling=subsampling)
    copy = opened(content(sent(folder, data)))
    assert copy.mode == mode
    assert getattr(copy, "quantization") == getattr(opened(data), "quantization")  # noqa: B009 - not every picture has it


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_turned_picture_keeps_its_colour_profile(folder: Path, form: str) -> None:
    data = encoded(halves(), form, orientation=8, icc_profile=b"a profile")
    assert opened(content(sent(folder, data, f"image/{form.lower()}"))).info["icc_profile"] == b"a profile"


def test_a_turned_picture_that_is_large_becomes_smaller_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "_MOST_TURNED", 64 * 32 // 3)
    file = sent(folder, encoded(halves(), "JPEG", orientation=6))
    assert file.dimensions == opened(content(file)).size == (16, 32)
    assert file.note == "cat.x was sent upright, reduced to 16 x 32 pixels."


@pytest.mark.parametrize(
    ("form", "mode", "becomes"),
    [
        ("GIF", "RGB", "PNG"),
        ("AVIF", "RGB", "JPEG"),
        ("AVIF", "RGBA", "PNG"),
        ("HEIC", "", "JPEG"),
        ("TIFF", "RGB", "PNG"),
        ("BMP", "RGB", "PNG"),
    ],
)
def test_a_picture_of_a_rare_type_has_a_copy_of_a_common_one(folder: Path, form: str, mode: str, becomes: str) -> None:
    picture = halves().convert(mode or "RGB")
    if mode == "RGBA":
        picture.putalpha(100)
    data, mime = HEIC if form == "HEIC" else encoded(picture, form), f"image/{form.lower()}"
    file = sent(folder, data, mime)
    assert (file.path, file.mime, file.note) == (folder / "cat", mime, "")
    assert file.substitute
    assert (file.substitute.mime, file.substitute.dimensions) == (f"image/{becomes.lower()}", (64, 32))
    assert file.substitute.name == ("cat.jpg" if becomes == "JPEG" else "cat.png")
    assert file.substitute.note == f"cat.x was sent as a {becomes}."
    copy = opened(content(file.substitute))
    assert copy.format == becomes
    assert is_about(copy, (0.2, 0.5), RED)


def test_of_an_animation_the_first_picture_is_sent(folder: Path) -> None:
    data = encoded(Image.new("RGB", (8, 8), RED), "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8), BLUE)])
    copy = sent(folder, data, "image/gif").substitute
    assert copy
    assert copy.note == "The first picture of cat.x was sent as a PNG."
    assert is_about(opened(content(copy)), (0.5, 0.5), RED)


def test_a_picture_of_an_iphone_is_left_where_it_cannot_be_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def can_open(mime: str) -> bool:
        return mime != "image/heic"

    monkeypatch.setattr(pictures, "can_open", can_open)
    assert sent(folder, HEIC, "image/heic").substitute is None


@pytest.mark.parametrize(("form", "data"), [("gif", encoded(halves((300, 300)), "GIF")), ("heic", HEIC)])
def test_damage_is_found_while_converting(folder: Path, form: str, data: bytes) -> None:
    with pytest.raises(InvalidRequest, match=rf"^cat\.x begins as image/{form} but is damaged"):
        sent(folder, data[: len(data) * 3 // 4], f"image/{form}")


def test_a_full_disk_is_not_the_pictures_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    data = encoded(halves(), "JPEG", orientation=6)
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space left"):
        sent(folder, data)


def test_the_first_picture_of_several_goes_alone_and_unchanged(folder: Path) -> None:
    first = halves((160, 80))
    data = of_several(first, Image.new("RGB", (160, 80), BLUE))
    assert b"MPF\0" in data
    file = sent(folder, data)
    copy = opened(content(file))
    assert (file.mime, file.note, copy.format, copy.getexif()) == ("image/jpeg", "", "JPEG", {})
    assert b"MPF\0" not in content(file)
    assert copy.tobytes() == opened(data).tobytes() == opened(encoded(first, "JPEG")).tobytes()
    assert content(file).endswith(b"\xff\xd9")


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"restart_marker_rows": 1}, {"icc_profile": b"x" * 100_000}]
)
def test_the_first_picture_of_several_is_found_however_it_is_stored(folder: Path, options: dict[str, Any]) -> None:
    plain = encoded(Image.effect_noise((64, 64), 90).convert("RGB"), "JPEG", **options)
    listed = plain[:2] + b"\xff\xe2\0\x0aMPF\0junk"[:12] + plain[2:]
    assert first_picture(listed + encoded(halves(), "JPEG")) == plain


def test_the_first_picture_of_several_must_end() -> None:
    with pytest.raises(ValueError, match="no end"):
        first_picture(encoded(halves(), "JPEG")[:-2])


def test_a_turned_picture_of_several_goes_upright_and_alone(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(halves(), "MPO", save_all=True, append_images=[halves()], exif=exif)
    file = sent(folder, data)
    assert file.dimensions == (32, 64)
    assert b"MPF\0" not in content(file)


def test_a_copy_is_private(folder: Path) -> None:
    file = sent(folder, encoded(halves(), "JPEG", orientation=6))
    assert file.path.stat().st_mode & 0o777 == 0o600
