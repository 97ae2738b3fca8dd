"""What a request would cost at the most."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from fakes.backends import AnyJson
from fakes.declared import backend, capability
from mediasmith.plugin.contract import JSON, Accepts, Model, Params, Price, Range
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.pricing import Measured, estimate
from mediasmith.testing import MemorySource

Unit = Literal["image", "megapixel", "second", "minute", "1k_chars", "call"]


class Clip(Params):
    size: str | None = None
    quality: str | None = None
    duration: Annotated[float, Field(ge=1, le=20)] | None = None


class Defaulted(Params):
    duration: Annotated[int, Field(ge=1, le=20)] = 8


class Sized(Params):
    size: str = "720p"


class Listed(Params):
    duration: Literal[4, 6, 8] | None = None


class Open(Params):
    duration: Annotated[float, Field(ge=1)] | None = None


class Timeless(Params):
    voice: str | None = None
    instructions: str | None = None


def price(usd: float, per: Unit = "image", **when: Any) -> Price:
    return Price(usd=usd, per=per, when=when, as_of=date(2026, 11, 20), source="https://prices.example")


def cost(  # noqa: PLR0913 - what a cost depends on
    *prices: Price,
    params: type[Params] = Clip,
    accepts: Accepts = True,
    not_inherited: tuple[str, ...] = (),
    count: int = 1,
    prompt: str = "a fox",
    measured: Measured | None = None,
    **choice: Any,
) -> float | None:
    """The estimate for a model with these prices."""
    model = Model(id="m", prices=prices, accepts={"duration": accepts})
    makes = replace(capability("video", params), models=(model,), edits="video", not_inherited=not_inherited)
    made: dict[str, Any] = {"values": {}, **choice}
    chosen = Candidate(backend=backend("a", makes), capability=makes, model=model, **made)
    return estimate(chosen, prompt=prompt, count=count, measured=measured)


def test_without_a_price_the_cost_is_unknown() -> None:
    assert cost() is None


def test_a_free_model_costs_nothing_which_is_known() -> None:
    assert cost(price(0)) == 0


def test_each_file_is_paid_for() -> None:
    assert cost(price(0.04), count=3) == pytest.approx(0.12)


def test_the_dearest_matching_price_counts() -> None:
    prices = (price(0.02, quality="low"), price(0.2, quality="high"), price(0.05))
    assert cost(*prices) == pytest.approx(0.2)
    assert cost(*reversed(prices)) == pytest.approx(0.2)
    assert cost(*prices, values={"quality": "low"}) == pytest.approx(0.05)
    assert cost(*prices, values={"quality": "high"}) == pytest.approx(0.2)


def test_a_price_matches_unless_a_given_word_contradicts_it() -> None:
    both = price(0.3, size="1080p", quality="high")
    assert cost(both) == pytest.approx(0.3)
    assert cost(both, values={"size": "1080p"}) == pytest.approx(0.3)
    assert cost(both, values={"size": "720p"}) is None
    assert cost(both, values={"size": "1080p", "quality": "low"}) is None


def test_a_word_that_is_left_to_the_provider_may_turn_out_dear() -> None:
    prices = (price(0.02, quality="low"), price(0.2, quality="high"))
    assert cost(*prices, values={"quality": "auto"}) == pytest.approx(0.2)


def test_what_the_provider_says_it_used_counts_where_a_price_speaks_of_it() -> None:
    prices = (price(0.02, quality="low", size="1x1"), price(0.2, quality="high", size="1x1"), price(0.3, size="2x2"))

    def used(given: dict[str, JSON], **values: JSON) -> float | None:
        return cost(*prices, values=given, measured=Measured(values=values))

    assert used({}, quality="low", size="1x1") == pytest.approx(0.02)
    assert used({"quality": "auto"}, quality="low", size="1x1") == pytest.approx(0.02)
    assert used({"size": "1x1"}, quality="low") == pytest.approx(0.02)
    assert used({}, quality="low", size="9x9") == pytest.approx(0.3)
    assert used({"quality": "high", "size": "1x1"}, quality="odd", mood="calm") == pytest.approx(0.2)


def test_a_word_that_is_not_given_counts_as_its_default() -> None:
    prices = (price(0.02, size="720p"), price(0.2, size="1080p"))
    assert cost(*prices, params=Sized) == pytest.approx(0.02)
    assert cost(*prices, params=Sized, values={"size": "1080p"}) == pytest.approx(0.2)


def test_seconds_and_minutes_are_of_the_duration_asked_for() -> None:
    assert cost(price(0.1, "second"), values={"duration": 6}, count=2) == pytest.approx(1.2)
    assert cost(price(0.6, "minute"), values={"duration": 6}, count=2) == pytest.approx(0.12)


def test_what_was_made_counts_once_its_length_is_known() -> None:
    assert cost(price(0.1, "second"), measured=Measured(seconds=7.5), count=2) == pytest.approx(0.75)
    assert cost(price(0.6, "minute"), params=Open, measured=Measured(seconds=30)) == pytest.approx(0.3)
    assert cost(price(0.1), measured=Measured(seconds=7.5)) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("params", "accepts", "seconds"),
    [
        (Defaulted, True, 8),
        (Defaulted, Range(low=1, high=15), 8),
        (Clip, True, 20),
        (Clip, Range(low=1, high=15), 15),
        (Clip, (5, 10), 10),
        (Listed, True, 8),
        (Listed, (4, 6), 6),
        (Open, Range(low=1, high=15), 15),
        (Open, True, None),
        (Timeless, True, None),
    ],
)
def test_a_duration_left_open_is_the_default_or_the_longest_that_the_model_makes(
    params: type[Params], accepts: Accepts, seconds: float | None
) -> None:
    assert cost(price(1, "second"), params=params, accepts=accepts) == seconds


def test_characters_are_counted_by_the_thousand() -> None:
    assert cost(price(0.1, "1k_chars"), prompt="x" * 500, count=2) == pytest.approx(0.1)
    assert cost(price(0.1, "1k_chars"), prompt="") == 0


@pytest.mark.parametrize(("told", "characters"), [("x" * 188, 200), ("", 9), (None, 9)])
def test_instructions_are_characters_as_well(told: str | None, characters: int) -> None:
    usd = cost(price(1, "1k_chars"), params=Timeless, prompt="Good day.", values={"instructions": told}, count=2)
    assert usd == pytest.approx(2 * characters / 1000)


def test_a_call_may_make_several_files() -> None:
    for count, calls in ((1, 1), (4, 1), (5, 2), (8, 2), (9, 3)):
        assert cost(price(1, "call"), per_call=4, count=count) == calls


FRAME, FILM = MemorySource(), MemorySource(mime="video/mp4")


def test_input_images_are_paid_for_with_every_call_and_other_files_are_not() -> None:
    shown = replace(price(0.05), input_image_usd=0.01)
    inputs = {"first_frame": (FRAME,), "image": (FRAME, FRAME), "video": (FILM,)}
    assert cost(shown) == 0.05
    assert cost(shown, inputs=inputs) == 0.08
    assert cost(shown, inputs=inputs, per_call=4, count=4) == 0.23
    assert cost(shown, inputs=inputs, per_call=4, count=5) == 0.31
    assert (
        cost(replace(price(0.1, "second"), input_image_usd=0.01), inputs=inputs, measured=Measured(seconds=2)) == 0.23
    )


def test_an_estimate_is_not_above_a_limit_by_a_rounding_error() -> None:
    assert cost(replace(price(0.05), input_image_usd=0.01), inputs={"image": (FRAME,)}) == 0.06


@pytest.mark.parametrize("edit", [{"state": AnyJson(1)}, {"inputs": {"video": (FILM,)}}], ids=["state", "file"])
def test_an_edit_does_not_count_by_the_defaults_of_what_is_left_to_the_file(edit: dict[str, Any]) -> None:
    prices = (price(0.02, size="720p"), price(0.2, size="1080p"))
    assert cost(*prices, params=Sized, not_inherited=("size",), **edit) == pytest.approx(0.2)
    assert cost(*prices, params=Sized, **edit) == pytest.approx(0.02)
    assert cost(price(1, "second"), params=Defaulted, not_inherited=("duration",), **edit) == 20
    assert (
        cost(price(1, "second"), params=Defaulted, not_inherited=("duration",), inputs={"first_frame": (FRAME,)}) == 8
    )


def test_a_matching_price_that_cannot_be_counted_makes_the_cost_unknown() -> None:
    assert cost(price(0.01), price(0.1, "second"), params=Timeless) is None
    assert cost(price(0.01), price(0.1, "second", voice="b"), params=Timeless, values={"voice": "a"}) == 0.01


class Sizes(Params):
    size: str | None = None


@pytest.mark.parametrize(
    ("values", "accepts", "measured", "usd"),
    [
        ({"size": "2000x1000"}, True, None, 0.4),
        ({"size": "2K"}, True, None, None),
        ({}, ("1000x1000", "1000X2000"), None, 0.4),
        ({}, ("1000x1000", "auto"), None, None),
        ({}, True, None, None),
        ({"size": "2K"}, True, Measured(megapixels=4.2), 0.42),
    ],
    ids=["the size asked for", "a tier", "the largest that is listed", "a size left open", "no size", "measured"],
)
def test_megapixels_are_those_of_the_size(
    values: dict[str, Any], accepts: Accepts, measured: Measured | None, usd: float | None
) -> None:
    model = Model(id="m", prices=(price(0.1, "megapixel"),), accepts={"size": accepts})
    makes = replace(capability("image", Sizes), models=(model,))
    chosen = Candidate(backend=backend("a", makes), capability=makes, model=model, values=values)
    assert estimate(chosen, prompt="a fox", count=2, measured=measured) == usd


@pytest.mark.parametrize(("values", "usd"), [({}, 0.3), ({"size": "2000x1000"}, 0.4)])
def test_megapixels_of_a_size_left_open_are_the_models(values: dict[str, Any], usd: float) -> None:
    model = Model(id="m", pixels=1_500_000, prices=(price(0.1, "megapixel"),))
    makes = replace(capability("image", Sizes), models=(model,))
    chosen = Candidate(backend=backend("a", makes), capability=makes, model=model, values=values)
    assert estimate(chosen, prompt="a fox", count=2) == usd
