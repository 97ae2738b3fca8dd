"""What holds for every selection among the declared backends, whatever is asked for."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.declared import ELEVENLABS, GOOGLE, INSTALLED, OPENAI, OPENROUTER, SKETCH, XAI
from fakes.selections import (
    EDITED,
    FOX,
    edit_of,
    having,
    request_for,
)
from mediasmith.config.field_schemas import field_schemas
from mediasmith.plugin.contract import JSON, Backend
from mediasmith.plugin.errors import InvalidRequest, MissingKey, NothingSuitable
from mediasmith.plugin.params import WORDS
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.ranking import SelectionContext, select
from mediasmith.selection.selection_request import SelectionRequest

VALUES: Mapping[str, tuple[JSON, ...]] = {
    "aspect_ratio": ("1:1", "16:9", "21:9"),
    "size": ("512", "1K", "4K", "1080p", "1024x1024"),
    "duration": (0.5, 3, 8, 15, 60),
    "quality": ("low", "high", "max"),
    "background": ("auto", "transparent"),
    "output_format": ("png", "svg", "mp3", "wav"),
    "voice": ("ash",),
    "language": ("en",),
    "speed": (0.25, 1, 4),
    "generate_audio": (True, False),
    "seed": (7,),
}


pairs = st.sampled_from([(word, value) for word, values in VALUES.items() for value in values])


words = st.lists(pairs, max_size=2).map(dict[str, JSON])


inputs = st.fixed_dictionaries({}, optional={role: st.just((FOX,)) for role in ("image", "mask")})


OPTIONS: tuple[dict[str, JSON], ...] = (
    {},
    {"loop": True},
    {"output_compression": 50},
    {"output_compression": 101},
)


kinds = st.sampled_from(["image", "video", "speech", "music"])


origins = st.none() | st.builds(
    edit_of,
    st.sampled_from([one.name for one in INSTALLED]),
    native=st.booleans(),
    file=st.sampled_from([EDITED, None]),
)


requests = st.builds(
    request_for,
    kinds,
    words=words,
    inherited=words,
    options=st.sampled_from(OPTIONS),
    inputs=inputs,
    draft=st.booleans(),
    origin=origins,
)


missing = st.dictionaries(st.sampled_from([one.name for one in INSTALLED]), st.just("no key"), max_size=4)


def answer(asked: SelectionRequest, installed: SelectionContext) -> tuple[Candidate, ...] | str:
    """The choices, or the refusal with its type."""
    try:
        return select(asked, installed)
    except (InvalidRequest, MissingKey, NothingSuitable) as error:
        return f"{type(error).__name__}: {error}"


@settings(max_examples=200)
@given(asked=requests, missing=missing, named=st.sampled_from(["", *(one.name for one in INSTALLED)]))
def test_the_same_question_has_the_same_answer_and_nothing_is_changed(
    asked: SelectionRequest, missing: dict[str, str], named: str
) -> None:
    asked, installed = replace(asked, backend=named), having(*INSTALLED, missing=missing, order=("xai",))
    before = copy.deepcopy((asked, installed.missing, installed.order))
    got = answer(asked, installed)
    assert answer(copy.deepcopy(asked), installed) == got
    assert (asked, installed.missing, installed.order) == before


@settings(max_examples=200)
@given(asked=requests, missing=missing)
def test_every_choice_can_be_sent_and_every_word_is_taken_or_warned_about(
    asked: SelectionRequest, missing: dict[str, str]
) -> None:
    got = answer(asked, having(*INSTALLED, missing=missing))
    for choice in () if isinstance(got, str) else got:
        assert choice.backend.name not in missing
        assert choice.params(1)
        assert choice.params(choice.per_call, first=3)
        fields = field_schemas(choice.capability.params)
        size_note = f"size {asked.words.get('size')} was sent as {choice.values.get('size')}."
        written_otherwise = {"size", "aspect_ratio"} if size_note in choice.warnings else set[str]()
        for word, value in {**asked.inherited, **asked.words, **asked.options}.items():
            if word not in written_otherwise and str(choice.values.get(word)).casefold() != str(value).casefold():
                assert word in asked.inherited or not WORDS[word].binding
                assert re.search(rf"\b{word}\b", " ".join(choice.warnings)), word
        assert choice.values.keys() <= fields.keys()
        assert asked.inputs.keys() <= choice.capability.takes.keys()


@settings(max_examples=200)
@given(
    asked=requests,
    named=st.sampled_from([OPENAI, GOOGLE, XAI, OPENROUTER, ELEVENLABS, SKETCH]),
    others=st.lists(st.sampled_from(INSTALLED), unique_by=lambda one: one.name),
    place=st.integers(0, 5),
)
def test_another_backend_never_changes_what_a_named_one_does(
    asked: SelectionRequest, named: Backend[None], others: list[Backend[None]], place: int
) -> None:
    rest = [other for other in others if other.name != named.name]
    asked = replace(asked, backend=named.name)
    crowd = having(*rest[:place], named, *rest[place:])
    assert answer(asked, crowd) == answer(asked, having(named))
