"""Options that only one model has are checked by the JSON schema that it declares, and reach the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from fakes.backends import FakeParams, capability, fake
from fakes.selections import Picture, edit_of, editor, first, maker, refusal, request_for
from mediasmith.plugin.contract import JSON, Model
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.matching import match
from mediasmith.selection.selection_request import SelectionRequest

SCHEMA: Mapping[str, JSON] = {
    "type": "object",
    "properties": {"steps": {"$ref": "#/$defs/steps"}, "sampler": {"enum": ["euler", "heun"]}},
    "$defs": {"steps": {"type": "integer", "minimum": 1, "maximum": 50}},
}
MODEL = Model(id="flow", options=SCHEMA)
BACKEND = fake("local", capabilities=(capability(params=FakeParams, models=(MODEL, Model(id="plain"))),))


def matched(model: Model = MODEL, /, **options: JSON) -> Candidate | str:
    request = SelectionRequest(kind="image", prompts=("a fox",), options=options)
    return match(request, BACKEND, BACKEND.capabilities[0], model)


def test_options_of_the_model_stand_beside_the_declared_ones() -> None:
    candidate = matched(steps=30, sampler="euler", mood="calm")
    assert isinstance(candidate, Candidate)
    assert candidate.options == {"steps": 30, "sampler": "euler"}
    assert candidate.params(1).model_dump(exclude_none=True) == {"mood": "calm"}


def test_a_value_is_read_in_the_form_that_the_schema_declares() -> None:
    for steps, mood in (("30", "5"), (30, 5)):
        candidate = matched(steps=steps, sampler="EULER", mood=mood)
        assert isinstance(candidate, Candidate), candidate
        assert candidate.options == {"steps": 30, "sampler": "euler"}
        assert candidate.params(1).model_dump(exclude_none=True) == {"mood": "5"}


def test_a_blank_option_counts_as_not_given_unless_any_text_is_taken() -> None:
    candidate = matched(steps="", sampler=None, mood="")
    assert isinstance(candidate, Candidate), candidate
    assert candidate.values == {"mood": ""}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"steps": 90}, "takes option steps otherwise: 90 is greater than the maximum of 50"),
        ({"sampler": "ddim"}, "takes option sampler otherwise: 'ddim' is not one of ['euler', 'heun']"),
        ({"step": 3}, "has no option 'step' (Did you mean steps?)"),
    ],
)
def test_a_value_that_the_schema_does_not_allow_is_refused(options: dict[str, JSON], reason: str) -> None:
    assert matched(**options) == reason


def test_an_option_that_the_schema_requires_must_be_given() -> None:
    needy = replace(MODEL, options={**SCHEMA, "required": ["steps"]})
    assert matched(needy) == "needs option steps with flow"


def test_another_model_does_not_have_them() -> None:
    assert matched(Model(id="plain"), steps=3) == "has no option 'steps' (Known: mood.)"


ULTRA = Model(
    id="ultra",
    accepts={"quality": False, "seed": False},
    options={"type": "object", "properties": {"quality": {"enum": ["draft", "ultra"]}, "seed": {"type": "integer"}}},
)


def test_an_option_may_be_called_like_a_word_that_the_model_does_not_take() -> None:
    candidate = first(
        request_for(options={"quality": "Ultra", "seed": 7, "style": "vivid"}), maker("a", Picture, ULTRA)
    )
    assert candidate.options == {"quality": "ultra", "seed": 7}
    assert candidate.params(2, 1).model_dump(exclude_none=True) == {"style": "vivid", "n": 2}


def test_the_value_of_such_an_option_is_checked_by_the_schema() -> None:
    asked = request_for(backend="a", options={"quality": "high"})
    assert "takes option quality otherwise: 'high' is not one of" in refusal(asked, maker("a", Picture, ULTRA))


def test_such_a_word_is_left_out_with_a_hint_at_the_option() -> None:
    candidate = first(request_for(words={"quality": "high"}), maker("a", Picture, ULTRA))
    assert candidate.values == {}
    assert candidate.warnings == ("a takes quality with ultra as an option, not as an argument; it was left out.",)


def test_a_word_is_no_option_of_other_models() -> None:
    asked = request_for(backend="a", options={"quality": "high"})
    assert "takes quality as an argument, not as an option" in refusal(asked, maker("a"))


BOTH = Model(
    id="ultra",
    accepts={"quality": ("low", "high")},
    options={"type": "object", "properties": {"quality": {"enum": ["draft", "ultra"]}, "size": {"enum": ["ultra"]}}},
)


def test_a_model_may_take_some_values_of_a_word_and_others_as_an_option() -> None:
    word = first(request_for(words={"quality": "high"}), maker("a", Picture, BOTH))
    assert (word.options, word.params(1).model_dump(exclude_none=True)) == ({}, {"quality": "high", "n": 1})
    option = first(request_for(options={"quality": "Ultra"}), maker("a", Picture, BOTH))
    assert (option.options, option.params(1).model_dump(exclude_none=True)) == ({"quality": "ultra"}, {"n": 1})


def test_such_a_word_and_such_an_option_are_not_taken_together_or_for_one_another() -> None:
    asked = request_for(backend="a", words={"quality": "high"}, options={"quality": "ultra"})
    assert "takes quality as an argument or as an option, not both" in refusal(asked, maker("a", Picture, BOTH))
    asked = request_for(backend="a", words={"size": "ultra"})
    assert "takes size ultra with ultra as an option, not as an argument" in refusal(asked, maker("a", Picture, BOTH))
    asked = request_for(backend="a", options={"quality": "high"})
    assert "takes quality as an argument, unless it is draft, ultra" in refusal(asked, maker("a", Picture, BOTH))


@pytest.mark.parametrize(("earlier", "kept"), [("ultra", {"quality": "ultra"}), ("high", {})])
def test_an_edit_keeps_the_word_as_a_word_and_the_option_as_an_option(earlier: str, kept: dict[str, str]) -> None:
    asked = request_for(origin=replace(edit_of("a"), model="ultra"), inherited={"quality": earlier})
    candidate = first(asked, editor("a", Picture, BOTH))
    assert (candidate.options, candidate.values) == (kept, {"quality": earlier})


@pytest.mark.parametrize(("model", "kept"), [("ultra", {"quality": "ultra"}), ("other", {})])
def test_an_edit_keeps_such_an_option_with_the_model_that_the_file_was_made_with(
    model: str, kept: dict[str, str]
) -> None:
    origin = replace(edit_of("a"), model=model)
    asked = request_for(origin=origin, inherited={"quality": "ultra"})
    assert first(asked, editor("a", Picture, ULTRA)).options == kept
