"""What error answers mean, by their status and details, in both families of the SDK's exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fakes.google import FakeGoogle
from fakes.google.answers import error_body
from fakes.google.files import UPLOAD
from fakes.google.interaction_routes import CREATE
from fakes.google.veo import START
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    NotPermitted,
    Overloaded,
    ProviderError,
    RateLimited,
    TimedOut,
    Unreachable,
)
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.image import image
from mediasmith_backends.google.inputs import INLINE_BYTES
from mediasmith_backends.google.veo import veo


@pytest.fixture
def harness(fake: FakeGoogle, gemini: Google) -> AdapterHarness:
    return AdapterHarness(backend, gemini, image)


PAUSE = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "20.5s"}
BLOCKED = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_SERVICE_BLOCKED"}
ODD: Any = {"error": {"message": 7, "details": [3, {"reason": ["no"]}]}}

ERRORS: Mapping[str, tuple[int, object, type[MediaError], str | None]] = {
    "invalid": (400, error_body("INVALID_ARGUMENT"), InvalidRequest, "no"),
    "not in this country": (400, error_body("FAILED_PRECONDITION"), NotPermitted, "no"),
    "a restricted key": (403, error_body("PERMISSION_DENIED", BLOCKED), MissingKey, "no"),
    "no key": (401, error_body("UNAUTHENTICATED"), MissingKey, "no"),
    "not allowed": (403, error_body("PERMISSION_DENIED"), NotPermitted, "no"),
    "no such model": (404, error_body("NOT_FOUND"), ModelGone, "no"),
    "too many requests": (429, error_body("RESOURCE_EXHAUSTED", PAUSE), RateLimited, "no"),
    "broken": (500, error_body("INTERNAL"), ProviderError, None),
    "overloaded": (503, error_body("UNAVAILABLE"), Overloaded, "no"),
    "too slow": (504, error_body("DEADLINE_EXCEEDED"), TimedOut, None),
    "a word for a code": (400, {"error": {"code": "invalid_request", "message": "No."}}, InvalidRequest, "no"),
    "a list": (400, [error_body("FAILED_PRECONDITION")], NotPermitted, "no"),
    "odd parts": (400, ODD, InvalidRequest, "no"),
    "a list of text": (500, ["no"], ProviderError, None),
    "text": (500, "no", ProviderError, None),
    "an empty list": (500, [], ProviderError, None),
}


@pytest.mark.parametrize("case", ERRORS)
async def test_an_error_answer_is_explained_and_the_request_is_not_sent_again(
    fake: FakeGoogle, harness: AdapterHarness, case: str
) -> None:
    status, body, kind, billed = ERRORS[case]
    fake.script(CREATE, {"status": status, "body": body, "times": 5})
    error = await harness.failure_of()
    assert (type(error), error.billed) == (kind, billed)
    assert kind is not MissingKey or error.message.endswith(": Words of Google's.")
    assert getattr(error, "retry_after", 20.5) == 20.5
    assert fake.counts() == {CREATE: 1}


@pytest.mark.parametrize("case", ERRORS)
async def test_an_upload_that_is_rejected_is_explained_in_the_same_way_and_nothing_is_billed(
    fake: FakeGoogle, harness: AdapterHarness, case: str
) -> None:
    status, body, kind, _ = ERRORS[case]
    fake.script(UPLOAD, {"status": status, "body": body, "times": 5})
    large = MemorySource()
    large.size = INLINE_BYTES + 1
    error = await harness.failure_of(inputs={"image": [large]})
    assert (type(error), error.billed) == (kind, "no")
    assert getattr(error, "retry_after", 20.5) == 20.5
    assert fake.counts() == {UPLOAD: 1}


async def test_a_header_also_says_how_long_to_wait(fake: FakeGoogle, harness: AdapterHarness) -> None:
    fake.script(CREATE, {"status": 429, "headers": {"retry-after": "7"}, "body": error_body()})
    error = await harness.failure_of()
    assert isinstance(error, RateLimited)
    assert error.retry_after == 7.0


async def test_a_connection_that_breaks_is_explained(fake: FakeGoogle, harness: AdapterHarness) -> None:
    fake.script(CREATE, {"reset": True, "times": 5})
    error = await harness.failure_of()
    assert (type(error), error.billed) == (Unreachable, None)
    assert fake.counts() == {CREATE: 1}


async def test_a_token_that_is_rejected_names_the_credentials_file(fake: FakeGoogle, enterprise: Google) -> None:
    fake.script(START["veo-3.1-generate-001"], {"status": 401, "body": error_body("UNAUTHENTICATED")})
    error = await AdapterHarness(backend, enterprise, veo).failure_of()
    assert isinstance(error, MissingKey)
    assert "GOOGLE_APPLICATION_CREDENTIALS" in str(error)
