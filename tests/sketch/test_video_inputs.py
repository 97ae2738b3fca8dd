"""Videos that start on a picture: it decides the shape, and a broken one costs nothing."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image, ImageOps

from fakes.films import film
from mediasmith.plugin.contract import Accepted
from mediasmith.plugin.errors import InvalidRequest
from mediasmith_sketch.animation.shot import RenderRequest
from sketch.videos import CAPABILITY, File, apart, ask, driver, lightest, make, photo, planned, quarters, started


async def test_it_starts_on_the_picture_it_was_given_and_comes_nearer() -> None:
    source = quarters((450, 300))
    video = await make("zoom in", inputs={"first_frame": [photo(source, "JPEG", quality=95)]}, size="360p")
    first, *_, last = video.pictures()
    assert first.size == (540, 360)
    expected = ImageOps.fit(source, first.size)
    corner = (0, 0, 420, 330)  # the label stands in the other one
    assert apart(first.crop(corner), expected.crop(corner)) < 4
    assert apart(first, last) > 3
    assert video.state is None
    assert any("cannot redraw pictures" in warning for warning in video.warnings)
    assert lightest(first.crop((480, 330, 540, 360))) > 220


@pytest.mark.parametrize(
    ("given", "size", "cropped"),
    [
        ({"size": None}, (1176, 784), False),
        ({"size": "480p"}, (720, 480), False),
        ({"size": None, "aspect_ratio": "1:1"}, (960, 960), True),
        ({"size": "200x100"}, (200, 100), True),
    ],
)
async def test_the_picture_decides_the_shape_unless_words_do(
    given: Mapping[str, Any], size: tuple[int, int], cropped: bool
) -> None:
    own = driver()
    order = await started(own, ask(inputs={"first_frame": [photo(quarters())]}, **given))
    assert (order.scene.width, order.scene.height) == size
    assert any("cropped" in warning for warning in own.warnings) == cropped
    with Image.open(io.BytesIO(b64decode(order.picture))) as picture:
        assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.01)


async def test_a_picture_is_turned_upright_and_shown_on_white() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right by a quarter
    turned = await planned(inputs={"first_frame": [photo(quarters(), "JPEG", exif=exif)]}, size=None)
    assert (turned.scene.width, turned.scene.height) == (784, 1176)
    clear = Image.new("RGBA", (200, 100), (255, 0, 0, 0))
    order = await planned(inputs={"first_frame": [photo(clear)]}, size=None)
    with Image.open(io.BytesIO(b64decode(order.picture))) as picture:
        assert picture.getpixel((50, 50)) == (255, 255, 255)


async def test_from_a_picture_there_is_no_way_back() -> None:
    own = driver()
    order = await started(own, ask("zoom out", inputs={"first_frame": [photo(quarters())]}))
    assert order.motion.zoom == 1
    assert any("nearer instead of going back" in warning for warning in own.warnings)


@pytest.mark.parametrize("role", ["first_frame", "video"])
async def test_a_broken_file_is_the_callers_fault_and_costs_nothing(role: str) -> None:
    mime = "image/png" if role == "first_frame" else "video/mp4"
    with pytest.raises(InvalidRequest, match=r"^file is broken") as caught:
        await started(driver(), ask(inputs={role: [File(b"junk", mime)]}))
    assert caught.value.billed == "no"


async def test_a_picture_too_wide_for_a_size_is_refused_when_it_is_seen() -> None:
    film = await make(size="640x180")
    with pytest.raises(InvalidRequest, match="would be 3840x1080") as caught:
        await started(driver(), ask(inputs={"video": [File(film.data, "video/mp4")]}, size="1080p"))
    assert caught.value.billed == "no"


async def test_a_video_of_another_backend_goes_on_from_its_first_picture() -> None:
    own, colours = driver(), ((200, 40, 40), (40, 40, 200))
    other = film([Image.new("RGB", (96, 96), colour) for colour in colours], "video/webm")
    asked = ask("at night, pan left", inputs={"video": [File(other, "video/webm")]}, size=None, style="poster")
    answer = await CAPABILITY.start(own.call_for(asked))
    assert isinstance(answer, Accepted)
    order = answer.handle
    assert isinstance(order, RenderRequest)
    assert (order.scene.width, order.scene.height) == (960, 960)
    assert order.motion.focus == (0, 0.42)
    with Image.open(io.BytesIO(b64decode(order.picture))) as picture:
        assert apart(picture.convert("RGB"), Image.new("RGB", picture.size, colours[0])) < 4
    assert any("cannot redraw pictures" in warning for warning in own.warnings)
    assert any("style and caption were left out" in warning for warning in own.warnings)
