"""What a prompt is understood to say."""

from __future__ import annotations

import pytest

from mediasmith_sketch.composition.element_colours import kinds_of
from mediasmith_sketch.composition.palettes import REGIONS
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.scenery import SCENERY
from mediasmith_sketch.prompt.colour_names import COLOURS
from mediasmith_sketch.prompt.parser import parse_prompt
from mediasmith_sketch.prompt.vocabulary import NOUNS
from sketch.pictures import scene


def test_a_colour_belongs_to_the_thing_it_stands_before() -> None:
    mentions = {
        mention.what: mention for mention in parse_prompt("two red boats under a pale pink sky, no birds").mentions
    }
    assert (mentions["boat"].colours, mentions["boat"].count) == (("#ff0000",), 2)
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
        ("make the red boat blue", [("boat", ("#0000ff",), "change")]),
        ("paint the sky and the sea blue", [("sky", ("#0000ff",), "change"), ("sea", ("#0000ff",), "change")]),
        ("turn the sun into a moon", [("sun", (), "replace"), ("moon", (), "add")]),
        ("hills without trees and a red sun", [("hills", (), ""), ("tree", (), "remove"), ("sun", ("#ff0000",), "")]),
        ("a house with a blue roof", [("house", ("", "#0000ff"), "")]),
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
