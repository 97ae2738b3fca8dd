"""Sizes written as a tier where pixels are due, and in pixels where a tier is."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from fakes.backends import fake
from mediasmith.plugin.contract import Params, Request
from mediasmith.plugin.media import parse_size
from mediasmith.plugin.params import AspectRatio, Size
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.matching import match
from mediasmith.selection.selection_request import SelectionRequest
from mediasmith.selection.size_tiers import same_sizes


class Pixels(Params):
    size: Size | None = None
    aspect_ratio: AspectRatio | None = None


class Tiers(Params):
    size: Literal["1K", "2K", "720p", "4K"] | None = None
    aspect_ratio: Literal["1:1", "16:9", "9:16"] | None = None


def refuses(request: Request[Any]) -> str:
    try:
        parse_size(request.params.size)
    except ValueError as error:
        return str(error).rstrip(".")
    return ""


PIXELS = fake("pixels", params=Pixels, refuses=refuses)
TIERS = fake("tiers", params=Tiers)


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        ("pixels", {"size": "1K"}, {"size": "1024x1024"}),
        ("pixels", {"size": "512"}, {"size": "512x512"}),
        ("pixels", {"size": "1K", "aspect_ratio": "16:9"}, {"size": "1360x768"}),
        ("pixels", {"size": "720p"}, {"size": "1280x720"}),
        ("pixels", {"size": "720p", "aspect_ratio": "9:16"}, {"size": "720x1280"}),
        ("tiers", {"size": "1024x1024"}, {"size": "1K", "aspect_ratio": "1:1"}),
        ("tiers", {"size": "720x1280"}, {"size": "720p", "aspect_ratio": "9:16"}),
        ("tiers", {"size": "3840x2160"}, {"size": "4K", "aspect_ratio": "16:9"}),
    ],
)
def test_a_size_is_sent_as_the_model_takes_it(name: str, given: dict[str, str], sent: dict[str, str]) -> None:
    backend = {"pixels": PIXELS, "tiers": TIERS}[name]
    request = SelectionRequest(kind="image", prompts=("a fox",), words=given)
    candidate = match(request, backend, backend.capabilities[0], backend.capabilities[0].models[0])
    assert isinstance(candidate, Candidate), candidate
    assert candidate.values == sent
    assert candidate.warnings == (f"size {given['size']} was sent as {sent['size']}.",)
    assert candidate.lacks == 1


@pytest.mark.parametrize(
    "words", [{"size": "1000x1000"}, {"size": "1280x720", "aspect_ratio": "1:1"}, {"size": "big"}, {}]
)
def test_nothing_else_is_the_same_size(words: dict[str, str]) -> None:
    assert list(same_sizes(words)) == []
    request = SelectionRequest(kind="image", prompts=("a fox",), words=words)
    if words:
        assert isinstance(match(request, TIERS, TIERS.capabilities[0], TIERS.capabilities[0].models[0]), str)


def test_a_size_that_the_model_takes_is_left_as_it_is() -> None:
    request = SelectionRequest(kind="image", prompts=("a fox",), words={"size": "2K"})
    candidate = match(request, TIERS, TIERS.capabilities[0], TIERS.capabilities[0].models[0])
    assert isinstance(candidate, Candidate)
    assert (candidate.values, candidate.warnings, candidate.lacks) == ({"size": "2K"}, (), 0)
