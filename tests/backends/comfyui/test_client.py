"""Signing in to a ComfyUI, and asking it what it is."""

from __future__ import annotations

import pytest

from fakes.comfyui import FakeComfyUI
from mediasmith.testing import KEY, signed_in
from mediasmith_backends.comfyui import backend


@pytest.mark.parametrize(("key", "sent"), [(KEY, "Bearer ***"), ("", None)])
async def test_a_key_is_sent_only_where_there_is_one(fake: FakeComfyUI, key: str, sent: str | None) -> None:
    assert backend.check
    async with signed_in(backend, fake.url, key) as harness:
        assert await backend.check(harness.client) == "ComfyUI 0.3.64 on cpu"
    assert fake.log()[0]["headers"].get("authorization") == sent


async def test_less_may_be_said_of_it(fake: FakeComfyUI) -> None:
    assert backend.check
    fake.script("GET /system_stats", {"body": {"system": {}, "devices": 7}})
    async with signed_in(backend, fake.url, "") as harness:
        assert await backend.check(harness.client) == "ComfyUI"


async def test_the_usual_address_is_this_machines() -> None:
    async with signed_in(backend, "", "") as harness:
        assert harness.client.base_url == "http://127.0.0.1:8188"
