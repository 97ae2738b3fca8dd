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
    ("of", "fine"),
    [
        *((AspectRatio, text) for text in ("1:1", "16:9", "9:19.5", "2.35:1", "1000:1")),
        *((Size, text) for text in ("1024x1024", "64x64", "3840x2160", "512", "768", "1K", "1.5K", "2k", "4K", "4k")),
        *((Size, text) for text in ("360p", "720p", "1080p")),
        *((Seed, seed) for seed in (0, 4_294_967_295)),
        *((Count, count) for count in (1, 10)),
    ],
    ids=str,
)
def test_what_the_words_take(of: object, fine: str | int) -> None:
    assert ADAPTERS[of].validate_python(fine) == fine


@pytest.mark.parametrize(
    ("of", "wrong"),
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
def test_what_the_words_do_not_take(of: object, wrong: object) -> None:
    with pytest.raises(ValidationError):
        ADAPTERS[of].validate_python(wrong)


def test_the_binding_words_change_what_is_made_and_the_others_tune_it() -> None:
    assert {name for name, word in WORDS.items() if not word.binding} == {"quality", "instructions", "speed", "seed"}


def test_every_word_says_what_it_is_in_a_short_sentence() -> None:
    for name, word in [*WORDS.items(), *INPUT_WORDS.items()]:
        assert word.about.endswith("."), name
        assert 5 < len(word.about) <= 80, name
        assert word.about.isascii(), name


def test_every_role_has_one_argument() -> None:
    roles = [*INPUT_WORDS, *(role for word in INPUT_WORDS.values() for role in word.prefixes.values())]
    assert sorted(roles) == sorted(get_args(Role))
    assert not INPUT_WORDS.keys() & WORDS.keys()


def test_only_references_and_recordings_of_a_voice_come_in_numbers() -> None:
    assert {name for name, word in INPUT_WORDS.items() if word.many} == {"image", "voice_sample"}
    assert {name for name, word in INPUT_WORDS.items() if word.prefixes} == {"image"}
