"""Input files: inline while there is room, and uploaded otherwise."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest

from fakes.google import FakeGoogle
from fakes.google.files import FILE, UPLOAD
from fakes.google.interaction_routes import CREATE
from mediasmith.plugin.errors import ProviderError
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.image import image
from mediasmith_backends.google.inputs import INLINE_BYTES


@pytest.fixture
def harness(fake: FakeGoogle, gemini: Google) -> AdapterHarness:
    return AdapterHarness(backend, gemini, image)


def large() -> MemorySource:
    """Return a file that claims to be too large for a request."""
    source = MemorySource()
    source.size = INLINE_BYTES + 1
    return source


async def test_a_large_file_is_uploaded_and_used_when_it_is_ready(fake: FakeGoogle, harness: AdapterHarness) -> None:
    fake.settings(processing=1)
    small = MemorySource(b"\xff\0\0")
    await harness.submit(inputs={"image": [large(), small]})
    assert fake.counts() == {UPLOAD: 2, FILE: 1, CREATE: 1}
    first, second, text = fake.bodies(CREATE)[0]["input"][0]["content"]
    assert first["uri"].startswith("https://generativelanguage.googleapis.com/v1/files/")
    assert "data" not in first
    assert second == {
        "type": "image",
        "data": base64.b64encode(small.data).decode(),
        "mime_type": "image/png",
    }
    assert text["text"] == "a red kite"


async def test_files_share_the_room_in_a_request(fake: FakeGoogle, harness: AdapterHarness) -> None:
    halves = [MemorySource(bytes([shade, 0, 0])) for shade in range(3)]
    for source in halves:
        source.size = INLINE_BYTES // 2
    await harness.submit(inputs={"image": halves})
    blocks = fake.bodies(CREATE)[0]["input"][0]["content"]
    assert ["data" in block for block in blocks[:3]] == [True, True, False]


@pytest.mark.parametrize("file", [{"state": "FAILED"}, {"state": "ACTIVE"}, {"state": None}, {"name": 7}, {}], ids=str)
async def test_an_upload_that_cannot_be_used_fails_before_anything_is_billed(
    fake: FakeGoogle, harness: AdapterHarness, file: Mapping[str, object]
) -> None:
    headers = {"x-goog-upload-status": "final", "x-goog-upload-url": f"{fake.url}/upload/v1/files?upload_id=none"}
    fake.script(UPLOAD, {"headers": headers, "body": {"file": file}, "times": 2})
    error = await harness.failure_of(inputs={"image": [large()]})
    assert (type(error), error.billed) == (ProviderError, "no")
    assert fake.paid() == 0


async def test_a_very_large_file_is_uploaded_in_pieces(fake: FakeGoogle, harness: AdapterHarness) -> None:
    source = MemorySource()
    source.data += bytes(10_000_000)  # the SDK cuts at 8 MiB
    source.size = len(source.data)
    await harness.submit(inputs={"image": [source]})
    assert fake.counts() == {UPLOAD: 3, CREATE: 1}


async def test_an_upload_goes_to_no_other_host(fake: FakeGoogle, harness: AdapterHarness) -> None:
    away = "http://169.254.169.254/upload/v1/files?upload_id=none"
    elsewhere = {"headers": {"x-goog-upload-url": away, "x-goog-upload-status": "active"}, "body": {}}
    fake.script(UPLOAD, elsewhere, {"headers": {"x-goog-upload-status": "final"}, "body": {}})
    await harness.failure_of(inputs={"image": [large()]})
    assert fake.counts() == {UPLOAD: 2}
