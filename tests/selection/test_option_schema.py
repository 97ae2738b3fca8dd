"""Options that only one model has are checked by the JSON schema that it declares, and reach the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from fakes.backends import FakeParams, capability, fake
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
