"""What xAI's refusals mean."""

from __future__ import annotations

import pytest
from grpc.aio import UsageError

from fakes.xai.state import IMAGE, FakeXAI, Reply
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    NotServed,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
)
from mediasmith.testing import AdapterHarness
from mediasmith_backends.xai import backend


@pytest.mark.parametrize(
    ("status", "kind", "billed"),
    [
        ("UNAUTHENTICATED ", MissingKey, "no"),
        ("INVALID_ARGUMENT Incorrect API key provided: xa***ef.", MissingKey, "no"),
        ("PERMISSION_DENIED The team has no licence.", OutOfCredit, "no"),
        ("RESOURCE_EXHAUSTED The team has used all available credits.", OutOfCredit, "no"),
        ("RESOURCE_EXHAUSTED Too many requests.", RateLimited, "no"),
        ("NOT_FOUND The model is not there.", ModelGone, "no"),
        ("INVALID_ARGUMENT n: it must be from 1 to 10.", InvalidRequest, "no"),
        ("FAILED_PRECONDITION Not now.", InvalidRequest, "no"),
        ("OUT_OF_RANGE n", InvalidRequest, "no"),
        ("INVALID_ARGUMENT Generated image rejected by content moderation.", Refused, None),
        ("PERMISSION_DENIED Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_X", Refused, None),
        ("RESOURCE_EXHAUSTED SERVER: Received message larger than max (2 vs. 1)", InvalidRequest, "no"),
        ("DEADLINE_EXCEEDED ", TimedOut, None),
        ("UNIMPLEMENTED ", NotServed, "no"),
        ("UNAVAILABLE ", Unreachable, None),
        ("INTERNAL Traceback", ProviderError, None),
        ("CANCELLED ", ProviderError, None),
        ("UNKNOWN ", ProviderError, None),
    ],
)
async def test_status_says_what_happened_and_whether_it_was_billed(
    fake: FakeXAI, images: AdapterHarness, status: str, kind: type[MediaError], billed: str | None
) -> None:
    code, _, details = status.partition(" ")
    fake.script(IMAGE, Reply(code=code, details=details))
    error = await images.failure_of()
    assert type(error) is kind
    assert error.billed == billed
    assert "Traceback" not in str(error)


@pytest.mark.parametrize(
    ("metadata", "seconds"), [({"retry-after": "7"}, 7.0), ({"retry-after": "soon"}, None), ({}, None)]
)
async def test_rate_limit_says_how_long_to_wait(
    fake: FakeXAI, images: AdapterHarness, metadata: dict[str, str], seconds: float | None
) -> None:
    fake.script(IMAGE, Reply(code="RESOURCE_EXHAUSTED", metadata=metadata))
    error = await images.failure_of()
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


async def test_rejected_key_names_its_variable(fake: FakeXAI, images: AdapterHarness) -> None:
    fake.script(IMAGE, Reply(code="UNAUTHENTICATED", details="This key has expired."))
    error = await images.failure_of()
    assert isinstance(error, MissingKey)
    assert (error.variables, error.message) == (
        ("XAI_API_KEY",),
        "xAI does not accept its key: This key has expired.",
    )


async def test_spent_account_says_where_to_look(fake: FakeXAI, images: AdapterHarness) -> None:
    fake.script(IMAGE, Reply(code="RESOURCE_EXHAUSTED", details="The team has used all its credits."))
    assert "console.x.ai" in (await images.failure_of()).hint


async def test_prompt_that_cannot_be_encoded_is_refused_before_it_is_sent(
    fake: FakeXAI, images: AdapterHarness
) -> None:
    error = await images.failure_of(prompt="a red \ud800 kite")
    assert isinstance(error, InvalidRequest)
    assert error.billed == "no"
    assert fake.paid() == 0


def test_other_exceptions_of_grpc_are_broken_connections() -> None:
    error = backend.explain(UsageError("The channel is closed."))
    assert isinstance(error, Unreachable)
    assert error.billed is None


def test_other_exceptions_are_not_explained() -> None:
    assert backend.explain(KeyError("no")) is None
