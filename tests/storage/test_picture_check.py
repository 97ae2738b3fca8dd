"""Pictures are whole, or found out."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from fakes.photos import encoded, halves, of_several
from mediasmith.config.settings import Settings
from mediasmith.storage.inputs.picture_check import check_picture, damage_named

SCENE = Image.effect_noise((300, 200), 60).convert("RGB")
"""Something that no part of it can be left out of."""

END = b"\xff\xd9"


def size_of(data: bytes, mime: str) -> tuple[int, int]:
    return check_picture(io.BytesIO(data), mime, "cat", Settings())


JPEGS = {
    "plain": encoded(SCENE, "JPEG"),
    "progressive": encoded(SCENE, "JPEG", progressive=True),
    "restarting": encoded(SCENE, "JPEG", restart_marker_rows=1),
    "full colour": encoded(SCENE, "JPEG", subsampling=0),
    "grey": encoded(SCENE.convert("L"), "JPEG"),
    "CMYK": encoded(SCENE.convert("CMYK"), "JPEG"),
}


@pytest.mark.parametrize("data", JPEGS.values(), ids=JPEGS)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9, 0.99])
def test_a_jpeg_that_is_cut_off_is_found(data: bytes, part: float) -> None:
    for cut in (data[: int(len(data) * part)], data[: int(len(data) * part)] + b"\xff"):
        with pytest.raises(OSError, match=r"truncated|broken"):
            size_of(cut, "image/jpeg")


@pytest.mark.parametrize("data", JPEGS.values(), ids=JPEGS)
def test_a_jpeg_that_lacks_only_its_end_mark_is_whole(data: bytes) -> None:
    assert data.endswith(END)
    assert (
        size_of(data, "image/jpeg")
        == size_of(data[:-1], "image/jpeg")
        == size_of(data[:-2], "image/jpeg")
        == (300, 200)
    )


def test_what_follows_a_jpeg_does_not_count() -> None:
    assert size_of(JPEGS["plain"] + bytes(1000), "image/jpeg") == (300, 200)
    assert size_of(of_several(SCENE, SCENE), "image/jpeg") == (300, 200)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"save_all": True, "append_images": [halves((300, 200))]}])
def test_a_webp_that_is_cut_off_is_found(options: dict[str, Any]) -> None:
    data = encoded(SCENE, "WEBP", **options)
    assert size_of(data, "image/webp") == (300, 200)
    for part in (0.3, 0.6, 0.9):
        with pytest.raises(OSError, match="decode"):
            size_of(data[: int(len(data) * part)], "image/webp")


def test_a_webp_whose_pixels_end_early_is_found() -> None:
    data = encoded(SCENE, "WEBP")
    assert size_of(data, "image/webp") == (300, 200)
    pixels = data[20 : len(data) // 4 * 2]
    container = b"WEBPVP8 " + len(pixels).to_bytes(4, "little") + pixels
    with pytest.raises((OSError, ValueError)):
        size_of(b"RIFF" + len(container).to_bytes(4, "little") + container, "image/webp")


def test_damage_is_said_of_the_file() -> None:
    with (
        pytest.raises(Exception, match=r"^beach\.jpg begins as image/jpeg but is damaged"),
        damage_named("beach.jpg", "image/jpeg"),
    ):
        size_of(JPEGS["plain"][:900], "image/jpeg")
