"""The content of inputs: their size, their type, and everything that can be wrong with a file."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from fakes.films import sound
from fakes.input_files import IMAGE_ROLES, PNG, One, is_there, picture, png_uri
from fakes.photos import encoded, halves, opened
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import wav
from mediasmith.storage.inputs.checks import check_mask
from mediasmith.storage.inputs.references import Inputs

MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\0" * 64
MP3 = b"ID3\x04" + b"\0" * 64
WAV = wav(bytes(3200), rate=16_000)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_that_claims(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def fail_to_load(_picture: Image.Image) -> None:
    pytest.fail("the pixels were decompressed")


# Content


async def test_an_empty_file_is_refused(one: One, project: Path) -> None:
    (project / "cat.png").write_bytes(b"")
    with pytest.raises(InvalidRequest, match=r"^image: 'cat.png' is empty\. "):
        await one("cat.png")


async def test_a_file_may_be_as_large_as_the_limit_and_no_larger(one: One, project: Path) -> None:
    (project / "cat.mp3").write_bytes(MP3.ljust(200_000, b"\0"))
    assert (await one("cat.mp3", "audio")).size == 200_000
    (project / "cat.mp3").write_bytes(MP3.ljust(200_001, b"\0"))
    with pytest.raises(InvalidRequest, match="200,001 bytes; at most 200,000"):
        await one("cat.mp3", "audio")


async def test_a_data_uri_may_be_as_large_as_the_limit_and_no_larger(one: One) -> None:
    assert (await one(png_uri(MP3.ljust(200_000, b"\0")), "audio")).size == 200_000
    with pytest.raises(InvalidRequest, match="at most 200,000"):
        await one(png_uri(MP3.ljust(200_001, b"\0")), "audio")


async def test_a_large_data_uri_is_refused_before_it_is_decoded(one: One, scratch: Path) -> None:
    with pytest.raises(InvalidRequest, match="The data: URI has 300,000 bytes; at most 200,000"):
        await one(f"data:image/png;base64,{'!' * 400_000}")
    assert not is_there(scratch)


@pytest.mark.parametrize("role", IMAGE_ROLES)
async def test_an_image_role_takes_images_only(one: One, project: Path, role: Role) -> None:
    for content in (MP4, MP3, WAV, b"hello, this is text", b"\0" * 100):
        (project / "cat.png").write_bytes(content)
        with pytest.raises(InvalidRequest, match=r"use an? (PNG )?image"):
            await one("cat.png", role)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_an_image_is_named_and_measured_by_its_bytes(one: One, project: Path, kind: str) -> None:
    (project / "cat.txt").write_bytes(picture(kind, (30, 20)))
    file = await one("cat.txt")
    extension = "jpg" if kind == "JPEG" else kind.lower()
    assert (file.name, file.mime, file.dimensions) == (f"cat.{extension}", f"image/{kind.lower()}", (30, 20))


async def test_an_svg_has_no_dimensions(one: One, project: Path) -> None:
    (project / "cat.svg").write_bytes(SVG)
    file = await one("cat.svg")
    assert (file.mime, file.dimensions) == ("image/svg+xml", None)


async def test_a_picture_that_is_also_an_archive_is_a_picture(one: One, project: Path) -> None:
    (project / "cat.zip").write_bytes(PNG + b"PK\x05\x06" + b"\0" * 18)
    assert (await one("cat.zip")).name == "cat.png"


@pytest.mark.parametrize(
    ("role", "content", "name"),
    [
        ("audio", MP3, "take.mp3"),
        ("audio", WAV, "take.wav"),
        ("audio", MP4, "take.mp4"),
        ("voice_sample", WAV, "take.wav"),
        ("voice_sample", MP4, "take.mp4"),
        ("video", MP4, "take.mp4"),
    ],
)
async def test_audio_and_video_roles_take_recordings(
    one: One, project: Path, role: Role, content: bytes, name: str
) -> None:
    (project / "take.x").write_bytes(content)
    file = await one("take.x", role)
    assert (file.name, file.dimensions) == (name, None)


@pytest.mark.parametrize(("role", "content"), [("audio", PNG), ("voice_sample", PNG), ("video", PNG), ("video", MP3)])
async def test_audio_and_video_roles_take_nothing_else(one: One, project: Path, role: Role, content: bytes) -> None:
    (project / "take.mp4").write_bytes(content)
    with pytest.raises(InvalidRequest, match=rf"^{role}: 'take.mp4' is (image/png|audio/mpeg); use a "):
        await one("take.mp4", role)


@pytest.mark.parametrize(
    "content",
    [PNG[:16], PNG[:40], PNG[: len(PNG) // 2], PNG[:-12], PNG[:60] + b"\xff" + PNG[61:], PNG[:8] + b"x" * 500],
    ids=["header", "first chunk", "half", "no end", "flipped byte", "not one"],
)
async def test_a_png_that_is_not_whole_is_refused(one: One, project: Path, content: bytes) -> None:
    (project / "cat.png").write_bytes(content)
    with pytest.raises(InvalidRequest, match="begins as image/png but is damaged, truncated"):
        await one("cat.png")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
async def test_a_picture_cut_off_in_its_header_is_refused(one: One, project: Path, kind: str) -> None:
    (project / "cat").write_bytes(picture(kind)[:24])
    with pytest.raises(InvalidRequest, match=f"begins as image/{kind.lower()} but is damaged"):
        await one("cat")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
async def test_a_picture_that_is_cut_off_is_refused_by_name(one: One, project: Path, kind: str) -> None:
    data = picture(kind, (300, 200))
    (project / "cat").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(InvalidRequest, match=f"^image: 'cat' begins as image/{kind.lower()} but is damaged"):
        await one("cat")


async def test_a_recording_is_known_by_its_tracks(one: One, project: Path) -> None:
    (project / "memo.m4a").write_bytes(sound("audio/mp4", 0.1, form="mp4"))
    assert (await one("memo.m4a", "voice_sample")).mime == "audio/mp4"
    with pytest.raises(InvalidRequest, match=r"'memo\.m4a' is audio/mp4; use a video"):
        await one("memo.m4a", "video")


@pytest.mark.parametrize(("width", "height"), [(1001, 1000), (10_000, 10_000), (13_000, 13_000), (65_535, 65_535)])
async def test_a_header_with_too_many_pixels_is_refused_before_decompression(
    one: One, project: Path, monkeypatch: pytest.MonkeyPatch, width: int, height: int
) -> None:
    (project / "cat.png").write_bytes(png_that_claims(width, height))
    monkeypatch.setattr(Image.Image, "load", fail_to_load)
    with pytest.raises(InvalidRequest, match=f"is {width:,} x {height:,} pixels; at most 1,000,000 in all"):
        await one("cat.png")


async def test_the_settings_set_the_limit_of_pixels(inputs: Inputs, one: One, project: Path) -> None:
    (project / "cat.png").write_bytes(png_that_claims(13_000, 13_000))
    settings = inputs.settings.model_copy(update={"max_pixels": 13_000 * 13_000})
    file = await one("cat.png", inputs=replace(inputs, settings=settings))
    assert file.dimensions == (13_000, 13_000)


# Masks


async def test_a_mask_of_the_images_size_is_accepted(inputs: Inputs, project: Path, scratch: Path) -> None:
    (project / "cat.jpg").write_bytes(picture("JPEG"))
    (project / "other.jpg").write_bytes(picture("JPEG", (10, 10)))
    found = await inputs.resolve({"mask": [png_uri()], "image": ["cat.jpg", "other.jpg"]}, scratch)
    assert found["mask"][0].dimensions == found["image"][0].dimensions


async def test_a_mask_of_another_size_is_refused(inputs: Inputs, project: Path, scratch: Path) -> None:
    (project / "cat.png").write_bytes(picture(size=(30, 20)))
    with pytest.raises(InvalidRequest) as caught:
        await inputs.resolve({"image": ["cat.png"], "mask": [png_uri()]}, scratch)
    assert caught.value.message == (
        "mask: mask.png is 64 x 48 pixels, and cat.png, the first image, is 30 x 20 pixels; their sizes must be equal."
    )
    assert caught.value.billed == "no"


@pytest.mark.parametrize(("photo", "mask"), [(6, 1), (1, 6), (6, 8)])
async def test_image_and_mask_are_compared_as_they_are_shown(
    inputs: Inputs, project: Path, scratch: Path, photo: int, mask: int
) -> None:
    sizes = {1: (48, 64), 6: (64, 48), 8: (64, 48)}
    (project / "cat.jpg").write_bytes(encoded(halves(sizes[photo]), "JPEG", orientation=photo))
    (project / "mask.png").write_bytes(encoded(halves(sizes[mask]), orientation=mask))
    found = await inputs.resolve({"image": ["cat.jpg"], "mask": ["mask.png"]}, scratch)
    for role in ("image", "mask"):
        assert opened(await found[role][0].read()).size == found[role][0].dimensions == (48, 64)
    (project / "mask.png").write_bytes(encoded(halves((64, 48))))
    with pytest.raises(InvalidRequest, match=r"cat\.jpg, the first image, is 48 x 64 pixels"):
        await inputs.resolve({"image": ["cat.jpg"], "mask": ["mask.png"]}, scratch)


async def test_a_mask_must_be_a_png(one: One, project: Path) -> None:
    (project / "mask.png").write_bytes(picture("JPEG"))
    with pytest.raises(InvalidRequest, match=r"^mask: 'mask.png' is image/jpeg; use a PNG image\. "):
        await one("mask.png", "mask")


async def test_an_svg_cannot_be_masked(one: One, project: Path) -> None:
    (project / "cat.svg").write_bytes(SVG)
    image, mask = await one("cat.svg"), await one(png_uri(), "mask")
    with pytest.raises(InvalidRequest, match=r"cat\.svg, the first image, is of unknown size"):
        check_mask(mask, image)


async def test_a_mask_without_an_image_is_left_to_the_caller_to_check(one: One) -> None:
    assert (await one(png_uri(), "mask")).dimensions == (64, 48)
