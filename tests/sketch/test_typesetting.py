"""Captions, labels and titles: where they go, how they are set, and the font."""

from __future__ import annotations

import io
import itertools
from importlib.resources import files
from math import ceil

import pytest
from PIL import Image, ImageDraw, ImageFont

from mediasmith_sketch.drawing.fonts import own_face
from mediasmith_sketch.drawing.layout import band_for, lay_out
from mediasmith_sketch.drawing.renderer import render
from mediasmith_sketch.drawing.typesetting import Space, fit, mask, settable
from mediasmith_sketch.scene import Style
from sketch.pictures import boxes, empty, kept, scene

CAPTIONS = (
    "",
    "Serendipity",
    "A lighthouse at dusk, teal and amber",
    "Donaudampfschifffahrtsgesellschaftskapitänswitwenpensionsauszahlungsstelle",
    "Φάρος στο ηλιοβασίλεμα, γαλάζιο και κεχριμπάρι " * 3,
    "Маяк на закате, бирюзовый и янтарный " * 20,
)


SIZES = ((64, 64), (64, 4096), (4096, 64), (150, 150), (240, 150), (150, 1024), (1024, 240), (1024, 1024), (4096, 4096))


@pytest.mark.parametrize("style", [None, "poster"])
@pytest.mark.parametrize("caption", CAPTIONS)
def test_words_stay_inside_the_picture_and_apart(caption: str, style: Style | None) -> None:
    titles = itertools.cycle(("", "HELLO", "Some much longer words to be set"))
    for (width, height), title in zip(SIZES, titles, strict=False):
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
    assert settable("lamp\u00ad\u200b\x07post\n") == "lamppost"
    assert settable("lamppost 灯") == ""
    assert settable("Φάρος Маяк Ἆ") == "Φάρος Маяк Ἆ"


def test_the_font_draws_every_letter_of_its_character_map() -> None:
    font = ImageFont.truetype(io.BytesIO(_font_file()), 32)

    def drawn(char: str) -> bytes:
        image = Image.new("L", (64, 64))
        ImageDraw.Draw(image).text((16, 8), char, font=font, fill=255)
        return image.tobytes()

    glyphs = {char for char in map(chr, range(0x10000)) if own_face().has(char) and char.isprintable()}
    assert len(glyphs) > 900
    boxed = {char for char in glyphs if drawn(char) == drawn("\U0001f389")}
    assert not boxed
    for script in ("Az09é", "Αωάΰ", "АяЁщ"):
        assert set(script) <= glyphs


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
