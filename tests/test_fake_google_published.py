"""The fake of Google against what the provider publishes of its interactions, where that is at hand."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import httpx2
import pytest

from fakes.google import KEY, running
from fakes.google.__main__ import CONTRACT
from fakes.google.samples import DRAWING, MUSIC, SHOT, SPEECH
from loopback.contract import Contract

MADE = "POST /v1/interactions"


@pytest.fixture(scope="module")
def contract() -> Contract:
    if CONTRACT is None:
        pytest.skip("what the provider publishes is not at hand")
    return CONTRACT


@pytest.fixture(scope="module")
def browser() -> Generator[httpx2.Client]:
    headers = {"x-goog-api-key": KEY}
    with running() as fake, httpx2.Client(base_url=fake.url, headers=headers, trust_env=False, timeout=30) as browser:
        yield browser


@pytest.mark.parametrize(
    "body",
    [
        DRAWING,
        {**DRAWING, "input": "forbidden"},
        {**DRAWING, "input": "a breakdown"},
        {**DRAWING, "input": "a kite, step by step"},
        {**DRAWING, "background": True},
        SPEECH,
        MUSIC,
        SHOT,
    ],
    ids=["picture", "blocked", "failed", "series", "background", "speech", "music", "video"],
)
def test_an_answer_is_of_the_shape_that_is_published(
    browser: httpx2.Client, contract: Contract, body: dict[str, Any]
) -> None:
    answer = browser.post("/v1/interactions", json=body)
    assert answer.status_code == 200
    assert not contract.answer_objection(MADE, 200, answer.json())


PICTURE = {"type": "image", "data": "", "alt": "a kite"}


@pytest.mark.parametrize(
    "words",
    [
        {"generation_config": {"steps": 4}},
        {"response_format": {"type": "image", "colour": "red"}},
        {"response_format": {"type": "image", "delivery": "by hand"}},
        {"generation_config": {"speech_config": [{"pitch": 1}]}},
        {"input": [{"type": "user_input", "content": [PICTURE]}]},
    ],
    ids=str,
)
def test_what_is_published_knows_no_such_request(contract: Contract, words: dict[str, Any]) -> None:
    assert contract.objection(MADE, "application/json", {**DRAWING, **words})
    assert not contract.objection(MADE, "application/json", dict(DRAWING))
