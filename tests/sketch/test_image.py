"""The sketch backend: what it promises of its pictures, its words, its seeds and its edits."""

from __future__ import annotations

import io
import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from math import ceil
from typing import Any, BinaryIO

import anyio
import pytest
from PIL import Image, ImageDraw, ImageFont

from mediasmith.contract import JSON, Ask, Call, Output, Pending, Result, Source
from mediasmith.errors import InvalidRequest, StateGone
from mediasmith.media import sniff
from mediasmith_sketch import backend
from mediasmith_sketch.animation.render_slots import RenderSlots
from mediasmith_sketch.composition.colour_coverage import coverage
from mediasmith_sketch.composition.composer import compose, seed_of
from mediasmith_sketch.composition.element_colours import kinds_of
from mediasmith_sketch.composition.palettes import REGIONS
from mediasmith_sketch.drawing import renderer
from mediasmith_sketch.drawing.colour import distance
from mediasmith_sketch.drawing.figure import reach
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.layout import band_for, lay_out
from mediasmith_sketch.drawing.renderer import render
from mediasmith_sketch.drawing.scenery import SCENERY
from mediasmith_sketch.drawing.typesetting import Space, fit, glyphs, mask, settable
from mediasmith_sketch.image import ImageParams
from mediasmith_sketch.prompt.colour_names import COLOURS
from mediasmith_sketch.prompt.parser import Mention, parse_prompt
from mediasmith_sketch.prompt.vocabulary import MOODS, NOUNS
from mediasmith_sketch.scene import MOST_EDITS, Asked, Element, Scene, Style

CAPABILITY = backend.capabilities[0]
LIGHTHOUSE = "a lighthouse at dusk, teal and amber"
SMALL = "240x160"


@dataclass
class Heard:
    """What a call told on the way."""

    warnings: list[str] = field(default_factory=list[str])
    progress: list[float | None] = field(default_factory=list[float | None])


class Photo:
    """An input picture in memory."""

    def __init__(self, image: Image.Image, kind: str = "PNG", **options: Any) -> None:
        file = io.BytesIO()
        image.save(file, kind, **options)
        self.data = file.getvalue()
        self.name = f"photo.{kind.lower()}"
        self.mime = f"image/{kind.lower()}"
        self.size = len(self.data)
        self.dimensions = image.size

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    async def read(self) -> bytes:
        return self.data

    async def data_uri(self) -> str:
        raise NotImplementedError


def call(
    prompt: str,
    *,
    state: JSON = None,
    images: Sequence[Source] = (),
    heard: Heard | None = None,
    **params: Any,
) -> Call[RenderSlots, ImageParams]:
    told = heard or Heard()
    return Call(
        client=RenderSlots(),
        model=CAPABILITY.models[0],
        file=lambda _mime: pytest.fail("a sketch is given as bytes"),
        report=lambda pending: told.progress.append(pending.progress),
        warn=told.warnings.append,
        prompt=prompt,
        params=ImageParams(**params),
        inputs={"image": images} if images else {},
        state=state,
    )


async def make(prompt: str, **more: Any) -> Result:
    given: dict[str, Any] = {"size": SMALL, **more}
    result = await CAPABILITY.start(call(prompt, **given))
    assert isinstance(result, Result)
    return result


async def draw(prompt: str, **more: Any) -> Image.Image:
    return opened((await make(prompt, **more)).outputs[0])


def opened(output: Output) -> Image.Image:
    assert isinstance(output.body, bytes)
    return Image.open(io.BytesIO(output.body))


def state_of(result: Result) -> Mapping[str, Any]:
    state = result.outputs[0].state
    assert isinstance(state, Mapping)
    return state


def pixels(image: Image.Image) -> list[bytes]:
    data = image.convert("RGB").tobytes()
    return [data[at : at + 3] for at in range(0, len(data), 3)]


def share_of(image: Image.Image, colours: Iterable[str]) -> float:
    """How much of a picture shows one of these colours."""
    wanted = list(colours)
    seen = Counter(pixels(image))
    return (
        sum(
            count
            for pixel, count in seen.items()
            if any(distance(f"#{pixel.hex()}", colour) <= 24 for colour in wanted)
        )
        / seen.total()
    )


def kept(before: Image.Image, after: Image.Image) -> float:
    """The share of pixels that are identical."""
    pairs = list(zip(pixels(before), pixels(after), strict=True))
    return sum(one == other for one, other in pairs) / len(pairs)


def scene(prompt: str, size: tuple[int, int] = (240, 160), *, seed: int | None = None, **asked: Any) -> Scene:
    return compose(prompt, size, seed_of(prompt) if seed is None else seed, Asked(**asked))


# What is seen


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


def test_a_colour_belongs_to_the_thing_it_stands_before() -> None:
    mentions = {
        mention.what: mention for mention in parse_prompt("two red boats under a pale pink sky, no birds").mentions
    }
    assert (mentions["boat"].colours, mentions["boat"].count) == (("#ff0000",), 2)
    assert mentions["sky"].colours == (parse_prompt("pale pink").loose[0],)
    assert mentions["birds"].verb == "remove"
    assert parse_prompt("a lighthouse, teal and amber").loose == (COLOURS["teal"], COLOURS["amber"])
    assert parse_prompt("a #0a7 car").mentions[0].colours == ("#00aa77",)


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


def test_every_word_means_something_that_is_drawn_or_coloured() -> None:
    drawable = {*FIGURES, *SCENERY, *REGIONS, "title"}
    lost = {what for what in NOUNS.values() if what not in drawable and not set(kinds_of(what)) & drawable}
    assert not lost
    assert set(FIGURES) <= set(NOUNS.values())


@cache
def empty() -> Scene:
    return scene("hills", (120, 80), caption=False).model_copy(update={"elements": ()})


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


# What is set in type


def boxes(one: Scene) -> dict[str, tuple[int, int, int, int]]:
    return {words.name: words.box for words in lay_out(one).words}


CAPTIONS = (
    "",
    "Serendipity",
    "A lighthouse at dusk, teal and amber",
    "Donaudampfschifffahrtsgesellschaftskapitänswitwenpensionsauszahlungsstelle",
    "Φάρος στο ηλιοβασίλεμα, γαλάζιο και κεχριμπάρι " * 3,
    "Маяк на закате, бирюзовый и янтарный " * 20,
)
SIDES = (64, 150, 240, 1024, 4096)


@pytest.mark.parametrize("style", [None, "poster"])
@pytest.mark.parametrize("caption", CAPTIONS)
def test_words_stay_inside_the_picture_and_apart(caption: str, style: Style | None) -> None:
    for width, height, title in itertools.product(SIDES, SIDES, ("", "HELLO", "Some much longer words to be set")):
        band, beside = band_for(width, height, caption.strip(), style)
        one = empty().model_copy(
            update={
                "width": width,
                "height": height,
                "style": style,
                "title": title,
                "caption": caption.strip(),
                "band": band,
                "beside": beside,
            }
        )
        placed, panel = boxes(one), lay_out(one).panel
        assert ("caption" in placed) == bool(band)
        for name in {"label", *placed} - {"title"} if panel else ():
            left, top, right, bottom = placed[name]
            assert panel is not None
            assert panel[0] <= left < right <= panel[0] + panel[2]
            assert panel[1] <= top < bottom <= panel[1] + panel[3]
        assert "label" in placed
        for left, top, right, bottom in placed.values():
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
        for (_, a), (_, b) in itertools.combinations(placed.items(), 2):
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (width, height, placed)


@pytest.mark.parametrize("text", ["Ågjpqy", "Ấn tượng", "Ὓδωρ Ἆρα", "Йожик щ", "ÉÈÇ ț"])
def test_no_letter_is_cut_by_its_box(text: str) -> None:
    block = fit(text, Space(width=400, height=200, largest=30, smallest=9))
    assert block is not None
    left, top, right, bottom = mask(block, (ceil(block.width) + 1, ceil(block.height))).getbbox() or (0, 0, 0, 0)
    truth = ImageFont.truetype(io.BytesIO(_font_file()), 1000).getmask(text).getbbox()
    assert right - left >= (truth[2] - truth[0]) * block.size / 1000 - 1
    assert bottom - top >= (truth[3] - truth[1]) * block.size / 1000 - 1


async def test_a_prompt_is_set_in_full_unless_it_is_very_long() -> None:
    words = "a quiet harbour with nets and gulls, "
    sizes: list[float] = []
    for times in (1, 4, 9):
        one = scene((words * times).strip(), (1024, 768))
        block = next(placed.block for placed in lay_out(one).words if placed.name == "caption")
        assert " ".join(block.lines).lower() == (words * times).strip()
        sizes.append(block.size)
    assert sizes[0] > 1.2 * sizes[1] > 1.44 * sizes[2]
    for size in ((1024, 768), (256, 256)):
        long = next(placed.block for placed in lay_out(scene(words * 200, size)).words if placed.name == "caption")
        assert long.lines[-1].endswith("…")


def test_words_are_broken_only_where_they_do_not_fit() -> None:
    for width in (90, 140, 260):
        block = fit("Φάρος στο ηλιοβασίλεμα", Space(width=width, height=200, largest=40, smallest=9))
        assert block is not None
        assert " ".join(block.lines) == "Φάρος στο ηλιοβασίλεμα"
        assert block.width <= width
    narrow = fit("Donaudampfschifffahrt", Space(width=60, height=200, largest=40, smallest=9))
    assert narrow is not None
    assert "".join(narrow.lines) == "Donaudampfschifffahrt"


def test_lines_are_of_about_the_same_length() -> None:
    for width in range(260, 520, 20):
        space = Space(width=width, height=200, largest=24, smallest=23.9)
        block = fit("the quick brown fox jumps over the lazy dog and then", space)
        assert block is not None
        assert len(block.lines) > 1
        assert min(map(len, block.lines)) >= 0.6 * max(map(len, block.lines)), block.lines


def test_only_letters_of_the_font_are_set() -> None:
    assert settable("🎉🎂 birthday  cake 🎈") == "birthday cake"
    assert settable("cafe\u0301") == "caf\u00e9"
    assert settable("日没の灯台、🎉 …") == ""
    assert settable("lamp\u00ad\u200b\x07post\n灯") == "lamppost"
    assert settable("Φάρος Маяк Ἆ") == "Φάρος Маяк Ἆ"


def test_the_font_draws_every_letter_it_is_said_to_have() -> None:
    font = ImageFont.truetype(io.BytesIO(_font_file()), 32)

    def drawn(char: str) -> bytes:
        image = Image.new("L", (64, 64))
        ImageDraw.Draw(image).text((16, 8), char, font=font, fill=255)
        return image.tobytes()

    assert len(glyphs()) > 900
    boxed = {char for char in glyphs() if drawn(char) == drawn("\U0001f389")}
    assert not boxed
    for script in ("Az09é", "Αωάΰ", "АяЁщ"):
        assert set(script) <= glyphs()


def _font_file() -> bytes:
    return files("mediasmith_sketch").joinpath("fonts/Literata-Medium.ttf").read_bytes()


def test_the_font_is_free_and_its_licence_is_beside_it() -> None:
    licence = files("mediasmith_sketch").joinpath("fonts/OFL.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    notice = licence.splitlines()[0]
    assert notice.startswith("Copyright")
    assert notice.encode("utf-16-be") in _font_file()
    assert "Reserved Font Name" not in notice
    assert len(_font_file()) < 400_000


async def test_without_a_letter_to_set_there_is_the_label_alone() -> None:
    assert set(boxes(scene("日没の灯台"))) == {"label"}
    assert set(boxes(scene("a cat", caption=False))) == {"label"}
    assert set(boxes(scene("a cat"))) == {"label", "caption"}


async def test_the_label_is_seen_even_on_the_smallest_picture() -> None:
    one = scene("a cat", (64, 64))
    left, top, right, bottom = boxes(one)["label"]
    with_words, without = render(one).crop((left, top, right, bottom)), render(one, words=False)
    assert kept(with_words, without.crop((left, top, right, bottom))) < 0.5


def test_quoted_words_are_set_in_the_picture() -> None:
    assert scene('a poster that says "Summer Sale" with a sun').title == "Summer Sale"
    assert not scene("a boy reading a book").title


# Seeds and parameters


async def test_the_same_call_makes_the_same_pixels() -> None:
    one, other = await make(LIGHTHOUSE), await make(LIGHTHOUSE)
    assert one.outputs == other.outputs


async def test_another_seed_makes_another_picture_and_none_is_the_prompts_own() -> None:
    plain = await draw(LIGHTHOUSE)
    assert plain.tobytes() == (await draw(LIGHTHOUSE, seed=seed_of(LIGHTHOUSE))).tobytes()
    assert kept(plain, await draw(LIGHTHOUSE, seed=1)) < 0.9


async def test_several_pictures_of_a_prompt_differ_by_seed() -> None:
    heard = Heard()
    many = (await make(LIGHTHOUSE, n=3, seed=2**32 - 2, heard=heard)).outputs
    assert len({opened(output).tobytes() for output in many}) == 3
    assert opened(many[2]).tobytes() == (await draw(LIGHTHOUSE, seed=0)).tobytes()
    assert heard.progress[-1] == 1


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
    assert opened(output).size == (240, 160)


def asked(**params: Any) -> Ask[ImageParams]:
    return Ask(model=CAPABILITY.models[0], prompt="hills", params=ImageParams(**params), inputs={})


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
    fox = [pixel for pixel in pixels(image.convert("RGB")) if pixel == b"\xff\x00\x00"]
    assert len(fox) > 100


async def test_the_prompt_decides_about_the_background_unless_told() -> None:
    assert (await draw("a sticker of a red fox")).mode == "RGBA"
    assert (await draw("a sticker of a red fox", background="opaque")).mode == "RGB"
    assert (await draw("a red fox")).mode == "RGB"
    heard = Heard()
    assert (await draw("a sticker of a red fox", output_format="jpeg", heard=heard)).mode == "RGB"
    assert any("jpeg" in warning for warning in heard.warnings)


async def test_a_transparent_thing_takes_the_colour_that_would_be_the_skys() -> None:
    image = await draw("logo of a coffee cup, teal", background="transparent", caption=False)
    seen = [pixel for pixel in pixels(image) if pixel == bytes.fromhex("008080")]
    assert len(seen) > 300
    assert image.crop((0, 0, 60, 160)).getchannel("A").getextrema() == (0, 0)


# Reference pictures


def card(*colours: str) -> Image.Image:
    """A picture of vertical stripes."""
    image = Image.new("RGB", (60 * len(colours), 60), colours[0])
    for at, colour in enumerate(colours):
        image.paste(colour, (60 * at, 0, 60 * at + 60, 60))
    return image


async def test_reference_pictures_are_shown_and_leave_the_words_alone() -> None:
    colours = ["#12ab9c", "#ab129c", "#9cab12", "#129cab"]
    for count in (1, 2, 3, 4):
        heard = Heard()
        photos = [
            Photo(card(colour), kind) for colour, kind in zip(colours, ("PNG", "PNG", "WEBP", "PNG"), strict=True)
        ]
        image = await draw("a mood board", images=photos[:count], size="480x360", heard=heard)
        for colour in colours[:count]:
            assert share_of(image, [colour]) > 0.02, (count, colour)
        plain = await draw("a mood board", size="480x360")
        panel = (0, boxes(scene("a mood board", (480, 360)))["label"][1], 480, 360)
        assert image.crop(panel).tobytes() == plain.crop(panel).tobytes()
        assert heard.warnings


async def test_a_reference_picture_stands_upright() -> None:
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
    assert share_of(edited, ["#ff0000"]) > 0.05


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16"])
async def test_every_kind_of_picture_can_be_a_reference(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert (await draw("a photo", images=[Photo(Image.new(mode, (40, 30)), kind)])).size == (240, 160)


async def test_a_broken_reference_is_named() -> None:
    broken = Photo(card("#12ab9c"))
    broken.data = broken.data[:60]
    with pytest.raises(InvalidRequest, match="image 2 is broken"):
        await make("a mood board", images=[Photo(card("#12ab9c")), broken])


# Edits


async def test_the_state_redraws_the_picture_and_is_small_json() -> None:
    result = await make(LIGHTHOUSE)
    state = json.loads(json.dumps(state_of(result)))
    assert state["version"] == 1
    assert render(Scene.model_validate(state)).tobytes() == opened(result.outputs[0]).tobytes()
    assert len(json.dumps(state)) < 4000


async def test_the_state_stays_small_whatever_is_asked() -> None:
    state: JSON = None
    heard = Heard()
    for words in ("Ж" * 9000 + " boats" * 300, *(f"add 12 boats, {'Щ' * 900} {at}" for at in range(MOST_EDITS + 3))):
        state = (await make(words, state=state, heard=heard)).outputs[0].state
    assert len(json.dumps(state)) < 64_000
    assert any("The picture is full" in warning for warning in heard.warnings)
    assert (await make("at night", state=state)).outputs


@pytest.mark.parametrize(
    ("words", "least"),
    [
        ("add a small red boat", 0.9),
        ("make the lighthouse red", 0.9),
        ("add a moon", 0.8),
        ("remove the tower", 0.8),
        ("add the text HELLO", 0.8),
        ("replace the sun with a moon", 0.7),
        ("make the sun smaller", 0.7),
        ("flurble the grommet", 0.6),
    ],
)
async def test_an_edit_changes_what_it_names_and_keeps_the_rest(words: str, least: float) -> None:
    before = await make(LIGHTHOUSE)
    after = await draw(words, state=before.outputs[0].state)
    assert least <= kept(opened(before.outputs[0]), after) < 1


async def test_edits_do_what_they_say() -> None:
    state = (await make(LIGHTHOUSE)).outputs[0].state

    async def after(words: str) -> Scene:
        return Scene.model_validate((await make(words, state=state)).outputs[0].state)

    def kinds(one: Scene) -> list[str]:
        return [element.kind for element in one.elements]

    assert (await after("make the sky purple")).palette.sky == COLOURS["purple"]
    assert kinds(await after("add two red boats")).count("boat") == 2
    assert "lighthouse" not in kinds(await after("remove the lighthouse"))
    assert "lighthouse" not in kinds(await after("please take it away: delete the tower"))
    assert {"moon", "stars"} <= set(kinds(await after("at night")))
    assert (await after("add the text HELLO")).title == "HELLO"
    assert (await after('write "Open Day" in the sky')).title == "Open Day"
    assert (await after("turn the lighthouse into a castle")).elements != Scene.model_validate(state).elements
    assert "castle" in kinds(await after("turn the lighthouse into a castle"))
    red = next(one for one in (await after("make the lighthouse red and white")).elements if one.kind == "lighthouse")
    assert (red.main, red.trim) == ("#ff0000", "#ffffff")
    assert not (await after("remove the caption")).band
    assert (await after("remove the background")).cutout


async def test_an_edited_region_shows_its_colour() -> None:
    state = (await make(LIGHTHOUSE, caption=False)).outputs[0].state
    assert share_of(await draw("make the sky purple", state=state, caption=False), [COLOURS["purple"]]) > 0.15


@pytest.mark.parametrize("caption", [True, False])
async def test_an_edit_that_is_not_understood_is_seen_and_said(caption: bool) -> None:
    before = await make(LIGHTHOUSE, caption=caption)
    state, image = before.outputs[0].state, opened(before.outputs[0])
    for _ in range(3):
        heard = Heard()
        result = await make("flurble the grommet", state=state, caption=caption, heard=heard)
        assert any("did not understand this edit" in warning for warning in heard.warnings)
        assert kept(image, opened(result.outputs[0])) < 1
        state, image = result.outputs[0].state, opened(result.outputs[0])
    assert ("grommet" in Scene.model_validate(state).caption) == caption


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("remove the elephant", "There was no elephant to remove."),
        ("make the castle blue", "There was no castle, so one was added."),
        ("add the text 你好", "Latin, Greek and Cyrillic"),
        ("make the sky teal", "did not understand"),
        ("", "did not understand"),
    ],
)
async def test_what_an_edit_could_not_do_is_said(words: str, said: str) -> None:
    before = await make(LIGHTHOUSE)
    heard = Heard()
    after = await draw(words, state=before.outputs[0].state, heard=heard)
    assert any(said in warning for warning in heard.warnings)
    assert kept(opened(before.outputs[0]), after) < 1


async def test_an_understood_edit_warns_of_nothing() -> None:
    heard = Heard()
    await make("add a small red boat", state=(await make(LIGHTHOUSE)).outputs[0].state, heard=heard)
    assert not heard.warnings


async def test_sizes_and_formats_of_an_edit_apply() -> None:
    state = (await make(LIGHTHOUSE, caption=False)).outputs[0].state
    plain = await draw("add a moon", state=state, size=None, caption=False)
    larger = await make("add a moon", state=state, size="480x320", output_format="webp", caption=False)
    assert plain.size == (240, 160)
    assert (opened(larger.outputs[0]).size, larger.outputs[0].mime) == ((480, 320), "image/webp")
    pairs = list(zip(pixels(plain.reduce(10)), pixels(opened(larger.outputs[0]).reduce(20)), strict=True))
    assert sum(distance(f"#{one.hex()}", f"#{other.hex()}") < 40 for one, other in pairs) > 0.9 * len(pairs)


async def test_parameters_of_an_edit_count_where_they_change() -> None:
    state = (await make(LIGHTHOUSE, seed=3)).outputs[0].state
    plain = await draw("add a moon", state=state, seed=3)
    assert plain.tobytes() == (await draw("add a moon", state=state)).tobytes()
    variants = [{"seed": 4}, {"style": "poster"}, {"caption": False}, {"background": "transparent"}]
    for more in variants:
        assert kept(plain, await draw("add a moon", state=state, **{"seed": 3, **more})) < 0.95, more
    two = (await make("add a moon", state=state, seed=3, n=2)).outputs
    assert opened(two[0]).tobytes() == plain.tobytes()
    assert kept(opened(two[0]), opened(two[1])) < 0.95


async def test_edits_branch_and_follow_each_other() -> None:
    first = (await make(LIGHTHOUSE)).outputs[0].state
    moon = (await make("add a moon", state=first)).outputs[0].state
    both = Scene.model_validate((await make("add a red boat", state=moon)).outputs[0].state)
    assert {"moon", "boat", "sun"} <= {element.kind for element in both.elements}
    other = Scene.model_validate((await make("add a red boat", state=first)).outputs[0].state)
    assert "moon" not in {element.kind for element in other.elements}
    assert both.prompts == (LIGHTHOUSE, "add a moon", "add a red boat")


@pytest.mark.parametrize("change", [{"version": 2}, {"palette": {}}, {"width": 10}, {"more": 1}])
async def test_a_scene_of_another_version_is_gone(change: dict[str, JSON]) -> None:
    state = {**state_of(await make(LIGHTHOUSE)), **change}
    with pytest.raises(StateGone):
        await make("add a moon", state=state)


@pytest.mark.parametrize(
    ("words", "mentions"),
    [
        ("make the red boat blue", [("boat", ("#0000ff",), "change")]),
        ("paint the sky and the sea blue", [("sky", ("#0000ff",), "change"), ("sea", ("#0000ff",), "change")]),
        ("turn the sun into a moon", [("sun", (), "replace"), ("moon", (), "add")]),
        ("hills without trees and a red sun", [("hills", (), ""), ("tree", (), "remove"), ("sun", ("#ff0000",), "")]),
        ("a house with a blue roof", [("house", ("", "#0000ff"), "")]),
    ],
)
def test_sentences_are_read(words: str, mentions: list[tuple[str, tuple[str, ...], str]]) -> None:
    assert [(one.what, one.colours, one.verb) for one in parse_prompt(words, edit=True).mentions] == mentions


def test_reading_stands_anything() -> None:
    for text in ("light " * 900, "#" * 50, "\ud800 a cat", "make " * 50, "no no no", '"', "a\u0301" * 50, "red, " * 99):
        assert isinstance(parse_prompt(text, edit=True).mentions, tuple)
        assert scene(text, (64, 64)).width == 64


def test_moods_have_palettes() -> None:
    for mood in set(MOODS.values()):
        assert scene(f"hills, {mood}", (64, 64)).palette.sky


def test_measuring_counts_what_is_seen() -> None:
    one = scene("hills", caption=False).model_copy(update={"elements": ()})
    sky = one.palette.model_copy(update=dict.fromkeys(("sky", "low"), "#123456"))
    assert coverage(one.model_copy(update={"palette": sky}), ["#123456"]) > 0.99
    assert coverage(one.model_copy(update={"palette": sky}), ["#ff0000"]) == 0
    assert Mention(what="cat").count == 1


# How it works


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
