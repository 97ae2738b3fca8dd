"""The shared words: one type and one meaning each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import INPUT_WORDS, WORDS, AspectRatio, Count, Seed, Size

ADAPTERS: Mapping[Any, TypeAdapter[object]] = {
    one: TypeAdapter[object](one) for one in (AspectRatio, Size, Seed, Count)
}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *((AspectRatio, text) for text in ("1:1", "16:9", "9:19.5", "2.35:1", "1000:1")),
        *((Size, text) for text in ("1024x1024", "64x64", "3840x2160", "512", "768", "1K", "1.5K", "2k", "4K", "4k")),
        *((Size, text) for text in ("360p", "720p", "1080p")),
        *((Seed, seed) for seed in (0, 4_294_967_295)),
        *((Count, count) for count in (1, 10)),
    ],
    ids=str,
)
def test_value_is_accepted(word: object, value: str | int) -> None:
    assert ADAPTERS[word].validate_python(value) == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *((AspectRatio, text) for text in ("", "wide", "16x9", "16/9", "0:1", "1:0", "-1:1", "1:1 ", " 1:1", "1:1\n")),
        *((AspectRatio, text) for text in ("16:9:1", "10000:1", "1.234:1", "\u0661:\u0661", "1:")),
        *((Size, text) for text in ("", "big", "1024X768", "0x0", "00x00", "1024x", "99999x100000", "9K", "K")),
        *((Size, text) for text in ("12", "000p", "1024x768\n", "\u0665\u0661\u0662", "1080i", "1024 x 768")),
        *((Seed, seed) for seed in (-1, 4_294_967_296, 1.5, "x")),
        *((Count, count) for count in (0, 11, 1.5)),
    ],
    ids=repr,
)
def test_value_is_refused(word: object, value: object) -> None:
    with pytest.raises(ValidationError):
        ADAPTERS[word].validate_python(value)


def test_only_words_that_tune_the_result_are_advisory() -> None:
    assert {name for name, word in WORDS.items() if not word.binding} == {"quality", "instructions", "speed", "seed"}


def test_every_word_has_a_short_description() -> None:
    for name, word in [*WORDS.items(), *INPUT_WORDS.items()]:
        assert word.about.endswith("."), name
        assert 5 < len(word.about) <= 80, name
        assert word.about.isascii(), name


def test_every_role_has_one_argument() -> None:
    roles = [*INPUT_WORDS, *(role for word in INPUT_WORDS.values() for role in word.prefixes.values())]
    assert sorted(roles) == sorted(get_args(Role))
    assert not INPUT_WORDS.keys() & WORDS.keys()


def test_only_images_and_voice_samples_may_be_several() -> None:
    assert {name for name, word in INPUT_WORDS.items() if word.many} == {"image", "voice_sample"}
    assert {name for name, word in INPUT_WORDS.items() if word.prefixes} == {"image"}
