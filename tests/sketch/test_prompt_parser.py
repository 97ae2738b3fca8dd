"""What a prompt is understood to say."""

from __future__ import annotations

from colorsys import rgb_to_hsv

import pytest
from PIL.ImageColor import colormap, getrgb

from mediasmith_sketch.composition.element_colours import kinds_of
from mediasmith_sketch.composition.palettes import REGIONS
from mediasmith_sketch.drawing.colour import chroma
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.scenery import SCENERY
from mediasmith_sketch.prompt.colour_names import COLOURS
from mediasmith_sketch.prompt.parser import parse_prompt
from mediasmith_sketch.prompt.vocabulary import NOUNS
from sketch.pictures import scene

RED, BLUE = COLOURS["red"], COLOURS["blue"]


def test_a_colour_belongs_to_the_thing_it_stands_before() -> None:
    mentions = {
        mention.what: mention for mention in parse_prompt("two red boats under a pale pink sky, no birds").mentions
    }
    assert (mentions["boat"].colours, mentions["boat"].count) == ((RED,), 2)
    assert mentions["sky"].colours == (parse_prompt("pale pink").loose[0],)
    assert mentions["birds"].verb == "remove"
    assert parse_prompt("a lighthouse, teal and amber").loose == (COLOURS["teal"], COLOURS["amber"])
    assert parse_prompt("a #0a7 car").mentions[0].colours == ("#00aa77",)


def test_every_word_means_something_that_is_drawn_or_coloured() -> None:
    drawable = {*FIGURES, *SCENERY, *REGIONS, "title"}
    lost = {what for what in NOUNS.values() if what not in drawable and not set(kinds_of(what)) & drawable}
    assert not lost
    assert set(FIGURES) <= set(NOUNS.values())


@pytest.mark.parametrize(
    ("words", "mentions"),
    [
        ("make the red boat blue", [("boat", (BLUE,), "change")]),
        ("paint the sky and the sea blue", [("sky", (BLUE,), "change"), ("sea", (BLUE,), "change")]),
        ("turn the sun into a moon", [("sun", (), "replace"), ("moon", (), "add")]),
        ("hills without trees and a red sun", [("hills", (), ""), ("tree", (), "remove"), ("sun", (RED,), "")]),
        ("a house with a blue roof", [("house", ("", BLUE), "")]),
    ],
)
def test_sentences_are_read(words: str, mentions: list[tuple[str, tuple[str, ...], str]]) -> None:
    assert [(one.what, one.colours, one.verb) for one in parse_prompt(words, edit=True).mentions] == mentions


def test_any_text_can_be_parsed() -> None:
    for text in ("light " * 900, "#" * 50, "\ud800 a cat", "make " * 50, "no no no", '"', "a\u0301" * 50, "red, " * 99):
        assert isinstance(parse_prompt(text, edit=True).mentions, tuple)
        assert scene(text, (64, 64)).width == 64


def test_quoted_words_are_set_in_the_picture() -> None:
    assert scene('a poster that says "Summer Sale" with a sun').title == "Summer Sale"
    assert not scene("a boy reading a book").title


@pytest.mark.parametrize(
    ("prompt", "things"),
    [
        ("a red kite over a beach with kids", "kite kids"),
        ("kids flying a kite on the windy beach", "kids kite"),
        ("a samurai warrior with a sword under a cherry tree", "warrior sword"),
        ("a cat wearing a hat and sunglasses", "hat sunglasses"),
        ("an octopus playing chess", "octopus chess"),
        ("ein roter Drachen am Strand", "drachen strand"),
        ("ひまわり畑と青い空", "ひまわり畑と青い空"),
        ("a lighthouse at dusk, teal and amber", ""),
        ("a golden retriever puppy, the sea is wild", ""),
        ("photorealistic, 8k, highly detailed portrait of a woman, in the style of a poster", ""),
        ('a steampunk airship and a sign that says "Kites"', "sign"),
        ("a boat sails past a wooden barn", ""),
    ],
)
def test_the_things_that_are_not_known_are_found(prompt: str, things: str) -> None:
    assert parse_prompt(prompt).unread == tuple(things.split())


@pytest.mark.parametrize(
    ("prompt", "words"),
    {
        "eine rote Scheune im Schnee": "rote scheune schnee",
        "une maison bleue sous la pluie": "maison bleue pluie",
        "una casa roja": "casa roja",
        "красный дом в снегу": "красный дом снегу",
        "लाल घर": "लाल घर",
        "a café by the sea": "café",
    }.items(),
)
def test_every_word_of_another_language_is_unread(prompt: str, words: str) -> None:
    assert parse_prompt(prompt).unread == tuple(words.split())


def test_few_things_are_named_however_long_a_prompt_is() -> None:
    unread = parse_prompt(", ".join(f"{letter * 90}" for letter in "bcdfghjklm")).unread
    assert [len(thing) for thing in unread] == [25] * 5


# Colours


def test_named_colours_are_toned_down_and_codes_are_exact() -> None:
    assert all(chroma(colour) < 0.235 for colour in COLOURS.values())
    assert [COLOURS[name] for name in ("teal", "amber", "ivory", "white")] == [
        "#008080",
        "#ffbf00",
        "#fffff0",
        "#ffffff",
    ]
    assert parse_prompt("a #ff0000 car").mentions[0].colours == ("#ff0000",)


def test_a_colour_that_is_toned_down_keeps_its_hue() -> None:
    for name in colormap:
        raw, toned = bytes(getrgb(name)), COLOURS.get(name, "")
        if toned and chroma(toned) > 0.05:
            turn = abs(rgb_to_hsv(*raw)[0] - rgb_to_hsv(*bytes.fromhex(toned[1:]))[0])
            assert min(turn, 1 - turn) < 0.06, name
