"""A large file goes to fal's storage, without the key."""

from __future__ import annotations

import httpx2
import pytest

from fakes.fal import FakeFal
from mediasmith.plugin.errors import MediaError
from mediasmith.testing import AdapterHarness, MemorySource

TOKEN, UPLOAD, EDIT = "POST /storage/auth/token", "POST /files/upload", "POST /fal-ai/flux-2/edit"


def large() -> MemorySource:
    """Return a file that says it has 6 MB."""
    file = MemorySource()
    file.size = 6_000_000
    return file


async def test_a_large_file_is_uploaded_with_a_token(fake: FakeFal, edit: AdapterHarness) -> None:
    await edit.submit(inputs={"image": [large(), MemorySource()]})
    token, upload, submitted = fake.log()
    assert (token["path"], upload["path"]) == ("/storage/auth/token?storage_type=fal-cdn-v3", "/files/upload")
    assert [one["headers"]["authorization"] for one in (token, upload)] == ["Key ***", "Bearer ***"]
    assert upload["headers"]["content-type"] == "image/png"
    first, second = submitted["body"]["image_urls"]
    assert first.startswith("https://")
    assert second == await MemorySource().data_uri()


@pytest.mark.parametrize("request_name", [TOKEN, UPLOAD])
async def test_a_file_that_cannot_be_uploaded_costs_nothing(
    fake: FakeFal, edit: AdapterHarness, request_name: str
) -> None:
    fake.script(request_name, {"status": 500, "body": {}})
    with pytest.raises((httpx2.HTTPStatusError, MediaError)) as caught:
        await edit.start(inputs={"image": [large()]})
    assert isinstance(caught.value, MediaError)
    assert caught.value.billed == "no"
    assert EDIT not in fake.counts()
