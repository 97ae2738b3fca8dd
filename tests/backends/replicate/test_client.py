"""Signing in to Replicate, and what its error answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fakes.replicate import KEY, PREDICT, WRONG_KEY, FakeReplicate
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    NotServed,
    OutOfCredit,
    ProviderError,
    RateLimited,
)
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.replicate import backend


async def test_the_default_base_url_is_replicates() -> None:
    async with signed_in(backend, "", KEY) as harness:
        assert str(harness.client.http.base_url) == "https://api.replicate.com/v1/"


async def test_the_check_says_whose_token_it_is(fake: FakeReplicate) -> None:
    assert backend.check
    async with signed_in(backend, fake.base_url, KEY) as harness:
        assert await backend.check(harness.client) == "the user ann is signed in"
    assert fake.counts() == {"GET /v1/account": 1}


async def test_a_rejected_token_names_the_variable(fake: FakeReplicate) -> None:
    async with signed_in(backend, fake.base_url, WRONG_KEY) as harness:
        error = await harness.failure_of()
    assert isinstance(error, MissingKey)
    assert "REPLICATE_API_TOKEN" in str(error)


LOW = "Your rate limit resets in ~9s."

ERRORS: Mapping[str, tuple[int, object, type[MediaError], str | None]] = {
    "wrong input": (422, {"title": "Not valid", "detail": "- input: prompt is required"}, InvalidRequest, "no"),
    "no credit": (402, {"title": "Insufficient credit", "detail": "You have too little."}, OutOfCredit, "no"),
    "too many": (429, {"detail": LOW, "status": 429, "retry_after": 9}, RateLimited, "no"),
    "no such model": (404, {"detail": "The requested model could not be found."}, ModelGone, "no"),
    "broken": (500, {"detail": "Internal error."}, ProviderError, None),
}


@pytest.mark.parametrize("case", ERRORS)
async def test_an_error_has_replicates_words_and_is_asked_for_once(
    fake: FakeReplicate, image: AdapterHarness, case: str
) -> None:
    status, body, kind, billed = ERRORS[case]
    fake.script(PREDICT, {"status": status, "body": body, "times": 3})
    error = await image.failure_of()
    assert (type(error), error.billed) == (kind, billed)
    assert str(dict[str, Any](body)["detail"]).rstrip(".") in error.message  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert fake.paid() == 1


@pytest.mark.parametrize(
    ("headers", "body", "pause"),
    [
        ({"retry-after": "20"}, {"detail": LOW, "retry_after": 9}, 20.0),
        ({}, {"detail": LOW, "retry_after": 9}, 9.0),
        ({}, {"detail": LOW}, None),
        ({}, {"detail": LOW, "retry_after": "soon"}, None),
        ({}, [LOW], None),
    ],
)
async def test_the_pause_is_that_of_the_header_or_the_body(
    fake: FakeReplicate, image: AdapterHarness, headers: dict[str, str], body: object, pause: float | None
) -> None:
    fake.script(PREDICT, {"status": 429, "headers": headers, "body": body})
    error = await image.failure_of()
    assert isinstance(error, RateLimited)
    assert error.retry_after == pause
    assert not pause or f"Wait {pause:.0f} s and" in str(error)


async def test_a_base_url_that_leads_nowhere_says_what_was_asked(fake: FakeReplicate) -> None:
    async with signed_in(backend, fake.url, KEY) as harness:
        error = await harness.failure_of()
    assert isinstance(error, NotServed)
    assert error.message.startswith(f"There is nothing at {fake.url}/models/black-forest-labs/")
    assert error.hint.startswith("Correct MEDIASMITH_REPLICATE_BASE_URL")
