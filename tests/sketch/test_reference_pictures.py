"""Reference pictures in a sketch."""

from __future__ import annotations

import pytest
from PIL import Image

from mediasmith.plugin.errors import InvalidRequest
from mediasmith_sketch.drawing.colour import distance
from mediasmith_sketch.prompt.colour_names import COLOURS
from sketch.pictures import CAPABILITY, Notes, Photo, boxes, draw, make, opened, pixels, scene, share_of


def card(*colours: str) -> Image.Image:
    """A picture of vertical stripes."""
    image = Image.new("RGB", (60 * len(colours), 60), colours[0])
    for at, colour in enumerate(colours):
        image.paste(colour, (60 * at, 0, 60 * at + 60, 60))
    return image


async def test_reference_pictures_are_shown_and_leave_the_words_alone() -> None:
    colours = ["#12ab9c", "#ab129c", "#9cab12", "#129cab"]
    for count in (1, 2, 3, 4):
        notes = Notes()
        photos = [
            Photo(card(colour), kind) for colour, kind in zip(colours, ("PNG", "PNG", "WEBP", "PNG"), strict=True)
        ]
        image = await draw("a mood board", images=photos[:count], size="480x360", notes=notes)
        for colour in colours[:count]:
            assert share_of(image, [colour]) > 0.02, (count, colour)
        plain = await draw("a mood board", size="480x360")
        panel = (0, boxes(scene("a mood board", (480, 360)))["label"][1], 480, 360)
        assert image.crop(panel).tobytes() == plain.crop(panel).tobytes()
        assert notes.warnings


async def test_a_reference_picture_is_shown_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the left of the data is the top of the picture
    photo = Photo(card("#ff0000", "#0000ff"), "JPEG", exif=exif, quality=95)
    seen = pixels(await draw("", images=[photo], size="200x200", caption=False))
    reds = [at // 200 for at, pixel in enumerate(seen) if distance(f"#{pixel.hex()}", "#fe0000") < 12]
    blues = [at // 200 for at, pixel in enumerate(seen) if distance(f"#{pixel.hex()}", "#0000fe") < 12]
    assert reds
    assert blues
    assert max(reds) <= min(blues) + 1


async def test_a_single_reference_gives_the_picture_its_shape() -> None:
    assert (await draw("", images=[Photo(Image.new("RGB", (90, 180)))], size=None)).size == (728, 1448)


async def test_a_scene_with_reference_pictures_is_edited_from_its_file() -> None:
    result = await make("a mood board", images=[Photo(card("#12ab9c"))])
    assert result.outputs[0].state is None
    assert CAPABILITY.edits == "image"
    edited = await draw("add a red boat", images=[Photo(opened(result.outputs[0]))])
    assert share_of(edited, ["#12ab9c"]) > 0.02
    assert share_of(edited, [COLOURS["red"]]) > 0.05


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16"])
async def test_every_kind_of_picture_can_be_a_reference(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert (await draw("a photo", images=[Photo(Image.new(mode, (40, 30)), kind)])).size == (150, 100)


async def test_a_picture_of_16_bit_grey_keeps_its_greys() -> None:
    image = await draw("", images=[Photo(Image.new("I;16", (60, 40), 32_768))], size="240x160", caption=False)
    assert pixels(image)[80 * 240 + 120] == bytes((128, 128, 128))


async def test_a_broken_reference_is_named() -> None:
    broken = Photo(card("#12ab9c"))
    broken.data, broken.name = broken.data[:60], "beach.png"
    with pytest.raises(InvalidRequest, match=r"^beach\.png is broken"):
        await make("a mood board", images=[Photo(card("#12ab9c")), broken])
