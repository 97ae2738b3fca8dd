"""The earlier prompts of an edit as context for a model."""

from __future__ import annotations

from typing import Any

import pytest

from mediasmith.plugin.contract import Model, Params, Request
from mediasmith.plugin.lineage import prompt_with_lineage, shorten_lineage


def edit(*lineage: str, prompt: str = "add a moon", model: Model | None = None) -> Request[Any]:
    return Request(model=model or Model(id="m"), prompt=prompt, params=Params(), inputs={}, lineage=lineage)


def test_a_prompt_without_earlier_ones_is_sent_as_it_is() -> None:
    assert prompt_with_lineage(edit()) == prompt_with_lineage(edit("", " ")) == "add a moon"


def test_earlier_prompts_are_context_and_the_last_one_is_the_order() -> None:
    text = prompt_with_lineage(edit("a barn\nin the snow", "at night"))
    assert "done; do not repeat them:\n- a barn in the snow\n- at night\n" in text
    assert text.endswith("keep the rest as it is: add a moon")


def test_the_context_is_bounded_however_long_the_lineage_is() -> None:
    text = prompt_with_lineage(edit("a barn", *(f"edit {number} {'x' * 9000}" for number in range(100))))
    assert len(text) < 1500
    assert "- a barn\n- edit 96 " in text


@pytest.mark.parametrize(("most", "sent"), [(100, "add a moon"), (1000, "For context")])
def test_context_that_is_too_long_for_the_model_is_left_out(most: int, sent: str) -> None:
    model = Model(id="m", max_prompt=most)
    assert prompt_with_lineage(edit("a barn in the snow", model=model)).startswith(sent)


def test_the_first_and_the_last_prompts_are_kept() -> None:
    assert shorten_lineage("abcdef", most=3, characters=9) == ("a", "e", "f")
    assert shorten_lineage(["abcdef"], most=3, characters=2) == ("ab…",)
    assert shorten_lineage((), most=3, characters=2) == ()
