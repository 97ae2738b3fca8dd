"""The image capability: what is seen, seeds, parameters and files."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cache
from typing import Any

import anyio
import pytest
from PIL import Image

from mediasmith.plugin.contract import Pending, Request
from mediasmith.plugin.media import sniff
from mediasmith_sketch import backend
from mediasmith_sketch.composition.colour_coverage import coverage
from mediasmith_sketch.composition.composer import seed_of
from mediasmith_sketch.drawing import renderer
from mediasmith_sketch.drawing.figure import reach
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.renderer import render
from mediasmith_sketch.drawing.scenery import SCENERY
from mediasmith_sketch.image import ImageParams
from mediasmith_sketch.prompt.colour_names import COLOURS
from mediasmith_sketch.prompt.parser import Mention
from mediasmith_sketch.prompt.vocabulary import MOODS
from mediasmith_sketch.scene import Element
from sketch.pictures import (
    CAPABILITY,
    LIGHTHOUSE,
    Notes,
    call,
    draw,
    empty,
    kept,
    make,
    opened,
    pixels,
    scene,
    share_of,
)


@pytest.mark.parametrize(
    ("prompt", "names", "size"),
    [
        (LIGHTHOUSE, "teal amber", "240x160"),
        (LIGHTHOUSE, "teal amber", "135x240"),
        (LIGHTHOUSE, "teal amber", "320x136"),
        (LIGHTHOUSE, "teal amber", "64x64"),
        ("a small red boat on a calm sea", "red", "240x160"),
        ("quarterly report in ochre and mint", "ochre mint", "135x240"),
        ("a black cat", "black", "320x136"),
        ("portrait of a woman in a terracotta dress", "terracotta", "96x96"),
        ("rocket in space, hot pink", "hotpink", "240x160"),
        ("abstract navy and gold pattern", "navy gold", "135x240"),
        ("a white house under a blue sky", "white blue", "320x136"),
    ],
)
async def test_the_colours_a_prompt_names_cover_a_fifth_of_the_picture(prompt: str, names: str, size: str) -> None:
    assert share_of(await draw(prompt, size=size), [COLOURS[name] for name in names.split()]) >= 0.2


async def test_named_colours_cover_a_fifth_without_a_caption_and_in_every_style() -> None:
    for more in ({"caption": False}, {"style": "poster"}, {"style": "geometric"}):
        assert share_of(await draw("a green balloon", **more), [COLOURS["green"]]) >= 0.2, more


async def test_different_prompts_never_make_the_same_picture() -> None:
    prompts = ["猫", "犬", "", "a cat", "a  cat", "A cat", "a cat.", "🎉", "synergy", "synergies"]
    drawn = [(await draw(prompt, caption=False, seed=7)).tobytes() for prompt in prompts]
    assert len(set(drawn)) == len(prompts)


def test_the_words_of_a_prompt_are_what_is_drawn() -> None:
    drawn = {element.kind for element in scene("a castle in the mountains at night, with fireworks").elements}
    assert {"castle", "mountains", "moon", "stars", "fireworks"} <= drawn
    assert "sun" not in drawn
    assert scene("quarterly synergy").plan == "abstract"
    assert scene("a calm sunset").plan == "outdoors"


def test_what_a_prompt_rules_out_is_not_drawn() -> None:
    assert not {"sun", "cloud"} & {element.kind for element in scene("hills with no sun, without clouds").elements}


@cache
def blank() -> Image.Image:
    return render(empty())


@pytest.mark.parametrize("kind", [*FIGURES, *SCENERY])
def test_everything_that_can_be_drawn_is_seen(kind: str) -> None:
    element = Element(kind=kind, x=0.5, y=0.8, size=0.4, z=60, seed=3)
    assert kept(blank(), render(empty().model_copy(update={"elements": (element,)}))) < 0.999


@pytest.mark.parametrize("size", [(240, 160), (160, 240), (480, 130)])
def test_no_figure_is_cut_by_the_edge(size: tuple[int, int]) -> None:
    for name, figure in FIGURES.items():
        left, up, right = reach(figure)
        if left + right > 1.6:
            continue  # trains and bridges leave the picture on purpose
        one = scene(f"a huge {name}", size, caption=False)
        unit = min(min(size) * 1.25, (size[0] * size[1]) ** 0.5)
        for element in one.elements:
            if element.kind == name and element.z > 20 and name not in {"portrait", "man"}:
                x, y, tall = element.x * size[0], element.y * size[1], element.size * unit
                assert x - max(left, right) * tall >= 0, name
                assert x + max(left, right) * tall <= size[0], name
                assert y - up * tall >= 0, name


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a red kite over a beach with kids", ["This was drawn without: kite, kids."]),
        (LIGHTHOUSE, []),
        ("a bunch of flowers in a field, a man by a lake", ["This was drawn without: bunch."]),
        ("a cat, a dog, a fox, a bear, an owl, a deer, a car and a bus by the sea", ["This was drawn without: bus."]),
    ],
)
async def test_what_is_not_drawn_is_told(prompt: str, said: list[str]) -> None:
    notes = Notes()
    await make(prompt, notes=notes, n=2)
    assert [warning.partition(" A sketch ")[0] for warning in notes.warnings] == said


async def test_what_an_abstract_picture_leaves_out_is_told() -> None:
    notes = Notes()
    await make("a cat", style="geometric", notes=notes)
    assert notes.warnings[0].startswith("This was drawn without: cat.")


@pytest.mark.parametrize("prompt", ["portrait of a woman with red hair", "a blue bird, retro", "a magenta flower"])
async def test_a_thing_does_not_vanish_before_what_is_behind_it(prompt: str) -> None:
    one = scene(prompt, (240, 160), caption=False)
    figure = max((element for element in one.elements if element.kind in FIGURES), key=lambda element: element.z)
    behind = [element for element in one.elements if element.kind in {"spot", "arch"}]
    assert behind
    for element in behind:
        paint = element.main or "disc"
        assert getattr(one.palette, paint, paint) not in {figure.main, figure.trim}


async def test_the_same_call_makes_the_same_pixels() -> None:
    one, other = await make(LIGHTHOUSE), await make(LIGHTHOUSE)
    assert one.outputs == other.outputs


async def test_another_seed_makes_another_picture_and_none_is_the_prompts_own() -> None:
    plain = await draw(LIGHTHOUSE)
    assert plain.tobytes() == (await draw(LIGHTHOUSE, seed=seed_of(LIGHTHOUSE))).tobytes()
    assert kept(plain, await draw(LIGHTHOUSE, seed=1)) < 0.9


async def test_several_pictures_of_a_prompt_differ_by_seed() -> None:
    notes = Notes()
    many = (await make(LIGHTHOUSE, n=3, seed=2**32 - 2, notes=notes)).outputs
    assert len({opened(output).tobytes() for output in many}) == 3
    assert opened(many[2]).tobytes() == (await draw(LIGHTHOUSE, seed=0)).tobytes()
    assert notes.progress[-1] == 1


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ({"size": None}, (1256, 840)),
        ({"size": None, "aspect_ratio": "1:1"}, (1024, 1024)),
        ({"size": None, "aspect_ratio": "9:16"}, (768, 1368)),
        ({"size": "640x64"}, (640, 64)),
        ({"size": "64x640"}, (64, 640)),
        ({"size": "320x180", "aspect_ratio": "16:9"}, (320, 180)),
    ],
)
async def test_size_and_ratio_are_kept(given: dict[str, Any], size: tuple[int, int]) -> None:
    assert (await draw("hills", **given)).size == size


@pytest.mark.parametrize(("kind", "mime"), [("png", "image/png"), ("jpeg", "image/jpeg"), ("webp", "image/webp")])
async def test_the_file_is_of_the_type_that_was_asked_for(kind: str, mime: str) -> None:
    (output,) = (await make("hills", output_format=kind)).outputs
    assert isinstance(output.body, bytes)
    assert (output.mime, sniff(output.body)) == (mime, mime)
    assert opened(output).size == (150, 100)


def asked(**params: Any) -> Request[ImageParams]:
    return Request(model=CAPABILITY.models[0], prompt="hills", params=ImageParams(**params), inputs={})


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"background": "transparent", "output_format": "jpeg"}, "transparent needs output_format png or webp"),
        ({"size": "63x200"}, "from 64 to 4096"),
        ({"size": "200x4097"}, "from 64 to 4096"),
        ({"size": "2K"}, "1024x768"),
        ({"size": "400x400", "aspect_ratio": "16:9"}, "size 400x400 does not have the aspect_ratio 16:9"),
        ({"aspect_ratio": "200:1"}, "from 64 to 4096"),
    ],
)
def test_what_cannot_be_is_refused_aloud(params: dict[str, Any], said: str) -> None:
    assert said in CAPABILITY.refuses(asked(**params))


def test_what_can_be_is_not_refused() -> None:
    for params in ({}, {"size": "4096x4096"}, {"size": "1366x768", "aspect_ratio": "16:9"}, {"aspect_ratio": "64:1"}):
        assert CAPABILITY.refuses(asked(**params)) == ""


async def test_every_option_changes_the_picture() -> None:
    variants: list[dict[str, Any]] = [{}, {"caption": False}, {"style": "geometric"}, {"style": "poster"}]
    variants += [{"background": "transparent"}, {"seed": 5}]
    drawn = [await draw("a red fox", **more) for more in variants]
    assert len({image.convert("RGBA").tobytes() for image in drawn}) == len(variants)


async def test_a_transparent_picture_has_no_sky_but_a_whole_subject() -> None:
    image = await draw("a red fox", background="transparent", caption=False)
    assert image.mode == "RGBA"
    assert image.getpixel((0, 0)) == (0, 0, 0, 0)
    alpha = image.getchannel("A")
    assert alpha.histogram()[255] > 0.1 * image.width * image.height
    fox = [pixel for pixel in pixels(image.convert("RGB")) if f"#{pixel.hex()}" == COLOURS["red"]]
    assert len(fox) > 100


async def test_the_prompt_decides_about_the_background_unless_a_parameter_does() -> None:
    assert (await draw("a sticker of a red fox")).mode == "RGBA"
    assert (await draw("a sticker of a red fox", background="opaque")).mode == "RGB"
    assert (await draw("a red fox")).mode == "RGB"
    notes = Notes()
    assert (await draw("a sticker of a red fox", output_format="jpeg", notes=notes)).mode == "RGB"
    assert any("jpeg" in warning for warning in notes.warnings)


async def test_a_transparent_thing_takes_the_colour_that_would_be_the_skys() -> None:
    image = await draw("logo of a coffee cup, teal", background="transparent", caption=False)
    seen = [pixel for pixel in pixels(image) if pixel == bytes.fromhex("008080")]
    assert len(seen) > 300
    assert image.crop((0, 0, 37, 100)).getchannel("A").getextrema() == (0, 0)


def test_moods_have_palettes() -> None:
    for mood in set(MOODS.values()):
        assert scene(f"hills, {mood}", (64, 64)).palette.sky


def test_measuring_counts_what_is_seen() -> None:
    one = scene("hills", (240, 160), caption=False).model_copy(update={"elements": ()})
    sky = one.palette.model_copy(update=dict.fromkeys(("sky", "low"), "#123456"))
    assert coverage(one.model_copy(update={"palette": sky}), ["#123456"]) > 0.99
    assert coverage(one.model_copy(update={"palette": sky}), ["#ff0000"]) == 0
    assert Mention(what="cat").count == 1


async def test_drawing_leaves_the_event_loop_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    encode = renderer.encode

    def noted(image: Image.Image, kind: str) -> bytes:
        threads.append(threading.get_ident())
        return encode(image, kind)

    monkeypatch.setattr(renderer, "encode", noted)
    await make("hills", n=2)
    assert len(threads) == 2
    assert threading.get_ident() not in threads


async def test_it_can_be_cancelled_between_pictures() -> None:
    drawn: list[float | None] = []
    with anyio.CancelScope() as scope:

        def stop(pending: Pending) -> None:
            drawn.append(pending.progress)
            scope.cancel()

        await CAPABILITY.start(replace(call("hills", size="64x64", n=10), report=stop))
    assert scope.cancelled_caught
    assert drawn == [0.1]


async def test_it_costs_nothing_and_says_that_it_is_a_draft() -> None:
    result = await make("hills")
    assert result.cost_usd == 0
    assert "not a generated picture" in str(result.details["draft"])
    (model,) = CAPABILITY.models
    assert model.draft
    assert [price.usd for price in model.prices] == [0]
    assert CAPABILITY.preference < 0
    assert not backend.keys
