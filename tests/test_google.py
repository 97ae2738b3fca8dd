"""How Google is reached with a key, what its refusals mean, and which files are uploaded."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from fakes.google import KEY, FakeGoogle, running
from fakes.google.errors import WRONG_KEY
from mediasmith.config.credentials import access
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    ProviderError,
    RateLimited,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.google import backend
from mediasmith_backends.google.images import image
from mediasmith_backends.google.inputs import INLINE

MADE, UPLOADED = "POST /v1/interactions", "POST /upload/v1/files"

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeGoogle) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.url, KEY, capability=image) as hands:
        yield hands


# Signing in


async def test_nothing_of_the_environment_goes_out(fake: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    away = "http://127.0.0.1:9"
    undeclared = {
        "GOOGLE_API_KEY": "AIzaSyOfSomebodyElse",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_USE_ENTERPRISE": "true",
        "GOOGLE_CLOUD_PROJECT": "undeclared-project",
        "GOOGLE_CLOUD_LOCATION": "undeclared-place",
        "GOOGLE_GENAI_API_VERSION": "v9",
        "GOOGLE_GENAI_CLIENT_MODE": "replay",
        "GOOGLE_GENAI_REPLAYS_DIRECTORY": "/nowhere",
        "GOOGLE_GEMINI_BASE_URL": away,
        "GOOGLE_VERTEX_BASE_URL": away,
    }
    for name, value in undeclared.items():
        monkeypatch.setenv(name, value)
    async with signed_in(backend, fake.url, KEY, capability=image) as hands:
        await hands.submit()
    [sent] = fake.log()
    assert sent["path"] == "/v1/interactions"
    assert not [value for value in undeclared.values() if value in f"{sent['headers']}" and len(value) > 4]


async def test_the_address_is_the_one_declared_or_the_providers_own(fake: FakeGoogle) -> None:
    declared = {"GOOGLE_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": fake.url + "/"}
    async with backend.connect(access(backend, declared)) as client:
        await AdapterHarness(backend, client).submit()
    assert fake.paid() == 1
    async with signed_in(backend, "") as hands:
        assert hands.client.url == "https://generativelanguage.googleapis.com"


@pytest.mark.parametrize(
    ("url", "key", "kind"),
    [
        ("", WRONG_KEY, MissingKey),
        ("", "schlüssel", MissingKey),
        ("http://127.0.0.1:port", KEY, InvalidRequest),
        ("nowhere", KEY, InvalidRequest),
        ("http://127.0.0.1:9", KEY, Unreachable),
    ],
)
async def test_a_wrong_key_or_address_is_told_and_costs_nothing(
    fake: FakeGoogle, url: str, key: str, kind: type[MediaError]
) -> None:
    async with signed_in(backend, url or fake.url, key) as hands:
        error = await hands.fails()
    assert type(error) is kind
    assert error.billed == "no"
    assert kind is not MissingKey or "GOOGLE_API_KEY or GEMINI_API_KEY" in str(error)
    assert key not in str(error)


async def test_the_client_does_not_show_its_key(hands: AdapterHarness) -> None:
    assert KEY not in repr(hands.client)


# Refusals


def told(status: str = "", *details: Mapping[str, object]) -> dict[str, Any]:
    return {"error": {"code": 1, "message": "Words of Google's.", "status": status, "details": details}}


PAUSE = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "20.5s"}
BLOCKED = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_SERVICE_BLOCKED"}

ODD: Any = {"error": {"message": 7, "details": [3, {"reason": ["no"]}]}}

REFUSALS: Mapping[str, tuple[int, object, type[MediaError], str | None]] = {
    "wrong": (400, told("INVALID_ARGUMENT"), InvalidRequest, "no"),
    "not here": (400, told("FAILED_PRECONDITION"), Unsuitable, "no"),
    "a key that may not": (403, told("PERMISSION_DENIED", BLOCKED), MissingKey, "no"),
    "no key": (401, told("UNAUTHENTICATED"), MissingKey, "no"),
    "not allowed": (403, told("PERMISSION_DENIED"), Unsuitable, "no"),
    "no such model": (404, told("NOT_FOUND"), ModelGone, "no"),
    "too many": (429, told("RESOURCE_EXHAUSTED", PAUSE), RateLimited, "no"),
    "broken": (500, told("INTERNAL"), ProviderError, None),
    "overloaded": (503, told("UNAVAILABLE"), ProviderError, "no"),
    "too slow": (504, told("DEADLINE_EXCEEDED"), TimedOut, None),
    "a word for a code": (400, {"error": {"code": "invalid_request", "message": "No."}}, InvalidRequest, "no"),
    "a list": (400, [told("FAILED_PRECONDITION")], Unsuitable, "no"),
    "odd parts": (400, ODD, InvalidRequest, "no"),
    "no object": (500, ["no"], ProviderError, None),
    "a text": (500, "no", ProviderError, None),
    "an empty list": (500, [], ProviderError, None),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refusal_is_told_by_its_status_and_details_and_is_asked_for_once(
    fake: FakeGoogle, hands: AdapterHarness, case: str
) -> None:
    status, body, kind, billed = REFUSALS[case]
    fake.script(MADE, {"status": status, "body": body, "times": 5})
    error = await hands.fails()
    assert type(error) is kind
    assert error.billed == billed
    assert getattr(error, "retry_after", 20.5) == 20.5
    assert fake.counts() == {MADE: 1}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refused_upload_is_told_in_the_same_way_and_nothing_is_paid(
    fake: FakeGoogle, hands: AdapterHarness, case: str
) -> None:
    status, body, kind, _ = REFUSALS[case]
    fake.script(UPLOADED, {"status": status, "body": body, "times": 5})
    error = await hands.fails(inputs={"image": [heavy()]})
    assert type(error) is kind
    assert error.billed == "no"
    assert getattr(error, "retry_after", 20.5) == 20.5
    assert fake.counts() == {UPLOADED: 1}


async def test_a_header_also_says_how_long_to_wait(fake: FakeGoogle, hands: AdapterHarness) -> None:
    fake.script(MADE, {"status": 429, "headers": {"retry-after": "7"}, "body": told()})
    error = await hands.fails()
    assert isinstance(error, RateLimited)
    assert error.retry_after == 7.0


# Files


def heavy(colour: bytes = b"\x20\x60\xc0") -> MemorySource:
    """A file that says it has no room in a request."""
    source = MemorySource(colour)
    source.size = INLINE + 1
    return source


def inside(source: MemorySource) -> dict[str, str]:
    return {"type": "image", "data": base64.b64encode(source.data).decode(), "mime_type": "image/png"}


async def test_what_has_no_room_in_the_request_is_uploaded_and_used_when_it_is_ready(
    fake: FakeGoogle, hands: AdapterHarness
) -> None:
    fake.settings(processing=1)
    light = MemorySource(b"\xff\0\0")
    await hands.submit(inputs={"image": [heavy(), light]})
    assert fake.counts() == {UPLOADED: 2, "GET /v1/files/{id}": 1, MADE: 1}
    first, second, words = fake.bodies(MADE)[0]["input"][0]["content"]
    assert first["uri"].startswith("https://generativelanguage.googleapis.com/v1/files/")
    assert "data" not in first
    assert second == inside(light)
    assert words["text"] == "a red kite"


async def test_files_share_the_room_there_is(fake: FakeGoogle, hands: AdapterHarness) -> None:
    half = [MemorySource(bytes([shade, 0, 0])) for shade in range(3)]
    for source in half:
        source.size = INLINE // 2
    await hands.submit(inputs={"image": half})
    blocks = fake.bodies(MADE)[0]["input"][0]["content"]
    assert ["data" in block for block in blocks[:3]] == [True, True, False]


@pytest.mark.parametrize(
    "file",
    [{"state": "FAILED"}, {"state": "ACTIVE"}, {"state": None}, {"name": 7}, {}],
    ids=str,
)
async def test_an_upload_that_cannot_be_used_ends_it_before_anything_is_paid(
    fake: FakeGoogle, hands: AdapterHarness, file: Mapping[str, object]
) -> None:
    told = {"x-goog-upload-status": "final", "x-goog-upload-url": f"{fake.url}/upload/v1/files?upload_id=none"}
    fake.script(UPLOADED, {"headers": told, "body": {"file": file}, "times": 2})
    error = await hands.fails(inputs={"image": [heavy()]})
    assert isinstance(error, ProviderError)
    assert error.billed == "no"
    assert fake.paid() == 0


async def test_a_large_file_is_uploaded_in_pieces(fake: FakeGoogle, hands: AdapterHarness) -> None:
    source = MemorySource()
    source.data += bytes(10_000_000)  # the SDK cuts at 8 MiB
    source.size = len(source.data)
    await hands.submit(inputs={"image": [source]})
    assert fake.counts() == {UPLOADED: 3, MADE: 1}


async def test_an_upload_goes_nowhere_else(fake: FakeGoogle, hands: AdapterHarness) -> None:
    away = "http://169.254.169.254/upload/v1/files?upload_id=none"
    elsewhere = {"headers": {"x-goog-upload-url": away, "x-goog-upload-status": "active"}, "body": {}}
    fake.script(UPLOADED, elsewhere, {"headers": {"x-goog-upload-status": "final"}, "body": {}})
    await hands.fails(inputs={"image": [heavy()]})
    assert fake.counts() == {UPLOADED: 2}
